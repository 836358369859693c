"""The command line that a person typed goes in; a run's manifest keeps it, so that the same command can be named again.

What the person who typed it should know of how something was read is noted here too, each thing once.
"""

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["as_typed", "called_as", "heard_by", "note", "typed_command", "was_noted"]

_COMMAND: ContextVar[str] = ContextVar("the command line that is carried out", default="")


@contextmanager
def called_as(words: Sequence[str]) -> Iterator[None]:
    """Have runs keep this command line as what made them.

    Args:
        words: of the command line, `naze` itself left out.
    """
    token = _COMMAND.set(as_typed("naze", *words))
    try:
        yield
    finally:
        _COMMAND.reset(token)


def typed_command() -> str:
    """Tell the command line that is carried out; empty where Python calls."""
    return _COMMAND.get()


Hearer = Callable[[str], None]
_HEARER: ContextVar[tuple[Hearer, set[str]] | None] = ContextVar(
    "who hears notes, and those that were heard", default=None
)


@contextmanager
def heard_by(hearer: Hearer) -> Iterator[None]:
    """Have somebody hear every note, each once, until the end of the block."""
    token = _HEARER.set((hearer, set()))
    try:
        yield
    finally:
        _HEARER.reset(token)


def note(words: str) -> None:
    """Note what the person should know; in Python, where nobody hears, it stands in the result alone."""
    listening = _HEARER.get()
    if listening is not None and words not in listening[1]:
        listening[1].add(words)
        listening[0](words)


def was_noted(words: str) -> bool:
    """Tell whether the person has heard of it."""
    listening = _HEARER.get()
    return listening is not None and words in listening[1]


def as_typed(*words: str | Path) -> str:
    """Put words together as a person types them in the shell of this system.

    Example:
        >>> as_typed("naze", "runs", "show", "runs/my votes")
        "naze runs show 'runs/my votes'"
    """
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if sys.platform == "win32" else shlex.join(texts)
