"""The command line that a person typed goes in; a run's manifest keeps it, so that the same command can be named again."""

import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["as_typed", "called_as", "typed_command"]

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


def as_typed(*words: str | Path) -> str:
    """Put words together as a person types them in the shell of this system.

    Example:
        >>> as_typed("naze", "runs", "show", "runs/my votes")
        "naze runs show 'runs/my votes'"
    """
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if sys.platform == "win32" else shlex.join(texts)
