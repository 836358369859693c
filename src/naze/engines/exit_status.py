"""A process's exit status goes in; how it ended comes out, in words, on every system."""

import signal
import sys

__all__ = ["how_it_ended"]

_KILLED: int | None = None
if sys.platform != "win32":  # Windows has no such signal
    _KILLED = signal.SIGKILL


def how_it_ended(status: int, number: int, remedy: str) -> str:
    """Say how a process ended.

    Args:
        status: as the system tells it.
        number: of the signal that ended it, if one did.
        remedy: what helps where the system ended it for want of memory.

    Example:
        >>> how_it_ended(1, -1, "")
        'left with exit status 1'
    """
    if number not in set(signal.Signals):
        return f"left with exit status {status}"
    how = f"was ended by {signal.Signals(number).name}"
    return f"{how} (often: the system ran out of memory; {remedy} helps)" if number == _KILLED else how
