"""What an engine is doing before an answer is whole goes in; whoever watches is told.

One way for all engines: an engine calls `tell` where it knows something new, and a run watches with `watched_by`. Tokens
read and written keep a person's progress line moving while no answer has come to its end; the text so far of the prompt that
was begun first can be shown as it is written. An engine that knows nothing before an answer is whole tells nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from naze.records import Prompt

__all__ = ["Watcher", "Working", "is_watched", "tell", "watched_by"]


@dataclass(frozen=True, slots=True)
class Working:
    """What was done since the last time."""

    prompts_read: int = 0
    """Prompts that have been read to their end."""
    tokens_read: int = 0
    """Of these prompts, without what was cached."""
    tokens_written: int = 0
    prompt: Prompt | None = None
    """The one, of those under way, that was begun first."""
    text: str = ""
    """What has been written about it so far."""


Watcher = Callable[[Working], None]
_WATCHER: ContextVar[Watcher | None] = ContextVar("who watches the engines", default=None)


@contextmanager
def watched_by(watcher: Watcher | None) -> Iterator[None]:
    """Have a watcher told what engines do meanwhile, in this thread."""
    before = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(before)


def is_watched() -> bool:
    """Tell whether anybody watches: what costs something to find out is not worth it otherwise."""
    return _WATCHER.get() is not None


def tell(working: Working) -> None:
    """Tell whoever watches."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(working)
