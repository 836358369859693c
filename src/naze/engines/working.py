"""What an engine is doing before an answer is whole goes in; whoever watches is told.

One way for all engines: an engine calls `tell` where it knows something new, and a run watches with `watched_by`. Tokens
read and written keep a person's progress line moving while no answer has come to its end; the text so far of the prompt that
was begun first can be shown as it is written. An engine that knows nothing before an answer is whole tells nothing.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from naze.records import Prompt

__all__ = ["TOLD_EVERY_SECONDS", "Telling", "Watcher", "Working", "is_watched", "tell", "watched_by"]


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


TOLD_EVERY_SECONDS = 0.25
"""As often at most whoever watches is told."""
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


class Telling:
    """Gathers what is heard of one prompt, and tells it a few times a second.

    Args:
        prompt: that is answered.
    """

    def __init__(self, prompt: Prompt) -> None:
        self.text = ""
        """What has been written so far."""
        self._prompt = prompt
        self._read = self._written = self._prompts_read = self._read_in_all = 0
        self._told = time.monotonic()

    def begin(self) -> None:
        """The prompt is asked, or asked again: nothing has been read or written."""
        self.text, self._read_in_all = "", 0

    def read(self, tokens: int) -> None:
        """So many tokens of the prompt have been read by now."""
        self._read += max(0, tokens - self._read_in_all)
        self._read_in_all = tokens
        self._tell_in_time()

    def write(self, text: str) -> None:
        """A further token has been written; the first one says that the prompt was read to its end."""
        if not self.text:
            self._prompts_read = 1
        self.text += text
        self._written += 1
        self._tell_in_time()

    def finish(self) -> None:
        """Tell what is left to tell."""
        if self._read or self._written:
            tell(Working(self._prompts_read, self._read, self._written, self._prompt, self.text))
        self._told, self._read, self._written, self._prompts_read = time.monotonic(), 0, 0, 0

    def _tell_in_time(self) -> None:
        if time.monotonic() - self._told >= TOLD_EVERY_SECONDS:
            self.finish()
