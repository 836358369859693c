"""What is under way goes in; whether another prompt may join it comes out: little is in flight, so that little can be lost.

A pipeline that reads all prompts side by side finishes none for minutes, and a run that is stopped then has nothing. So no
more work is under way than was already spent, and never more than a minute of it: the first answers end early, a steady
stream follows, and the same command again after a kill makes headway. Where one prompt alone takes longer, it goes alone.
"""

import time
from collections.abc import Callable

__all__ = ["Admission"]

LEAST_SECONDS = 5.0
"""Work that may be under way from the start."""
MOST_SECONDS = 60.0
"""Work that may be under way at any time, and lost at once."""
SPENT_SHARE = 0.5
"""Of the time since the beginning, the share whose work may be under way."""
_NEWEST_SHARE = 0.3
"""Of the speed measured last in the speed that is reckoned with."""


class Admission:
    """Bounds the tokens that are read and not answered yet by how fast this machine reads.

    Args:
        clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._speed: float | None = None
        """Tokens read a second; None: nothing was read yet."""
        self._began: float | None = None
        self._last_read = 0.0

    @property
    def tokens_per_second(self) -> float | None:
        """Prompt tokens read a second, as measured so far; None before the first prompt was read."""
        return self._speed

    def begin(self) -> None:
        """Begin with nothing under way; the speed measured before stays known."""
        self._began = self._last_read = self._clock()

    def admits(self, tokens: int) -> bool:
        """Tell whether another prompt may join.

        Args:
            tokens: prompt tokens under way, of prompts that are not answered yet; none of them cached.
        """
        if tokens == 0:
            return True
        if self._speed is None or self._began is None:
            return False
        spent = self._clock() - self._began
        return tokens < self._speed * min(MOST_SECONDS, max(LEAST_SECONDS, spent * SPENT_SHARE))

    def note_read(self, tokens: int) -> None:
        """Note what has been read since the last time that something was.

        Args:
            tokens: of prompts that are read now, without what was cached; 0: none has come to its end.
        """
        if tokens <= 0:
            return
        now = self._clock()
        seconds, self._last_read = now - self._last_read, now
        if seconds <= 0:
            return
        speed = tokens / seconds
        share = 1.0 if self._speed is None else _NEWEST_SHARE
        self._speed = speed * share + (self._speed or 0.0) * (1 - share)
