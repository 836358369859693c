"""What is under way goes in; whether another prompt may join it comes out: little is in flight, so that little can be lost.

An engine that works on all prompts side by side finishes none for minutes, and a run that is stopped then has nothing. So
the first two answers are written before the rest begins, each finished answer lets eight more join, and no more are under way
than this machine answers in a minute: whatever stops a run costs at most about a minute of work, or one answer where that
takes longer, and the same command again makes headway.
"""

import time
from collections.abc import Callable, Hashable

__all__ = ["SHORT_TOKENS", "Admission"]

FIRST = 2
"""Prompts that may be under way before any is answered."""
FOR_EACH_ANSWER = 8
"""Prompts that may join for each answer that is whole."""
MOST_SECONDS = 60.0
"""As many prompts may be under way as are answered in this time."""
SHORT_TOKENS = 32
"""Answers of at most so many tokens are whole about as soon as their prompts are read; only reading holds them back."""
_NEWEST_SHARE = 0.3
"""Of the rate measured last in the rate that is reckoned with."""


class Admission:
    """Bounds the prompts under way by what was answered so far and by how fast this machine answers.

    Args:
        clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answered = 0
        self._rate: float | None = None
        """Prompts answered a second."""
        self._under_way: dict[Hashable, tuple[float, float]] = {}
        """When each joined, and how much had been under way until then, in prompts times seconds."""
        self._load = 0.0
        """Prompts under way, summed over time."""
        self._counted_until = 0.0

    @property
    def limit(self) -> int:
        """How many prompts may be under way now."""
        ramp = FIRST + FOR_EACH_ANSWER * self._answered
        return ramp if self._rate is None else max(1, min(ramp, int(self._rate * MOST_SECONDS)))

    def admits(self, *, being_written: bool = True) -> bool:
        """Tell whether another prompt may join those that have.

        Args:
            being_written: whether one of them has been read: until then the first answer would only come later.
        """
        return not self._under_way or (being_written and len(self._under_way) < self.limit)

    def begin(self) -> None:
        """Begin with nothing under way; the rate measured before stays known, and the first answers come first again."""
        self._under_way.clear()
        self._answered = 0

    def join(self, prompt: Hashable) -> None:
        """Note that a prompt is under way."""
        now = self._count()
        self._under_way[prompt] = now, self._load

    def leave(self, prompt: Hashable) -> None:
        """Note that a prompt's answer is whole; one that never joined counts for nothing.

        By Little's law the rate is the mean number under way, over a prompt's time there, divided by that time.
        """
        now = self._count()
        began, load = self._under_way.pop(prompt, (now, self._load))
        if now <= began:
            return
        self._answered += 1
        rate = (self._load - load) / (now - began) ** 2
        self._rate = rate if self._rate is None else _NEWEST_SHARE * rate + (1 - _NEWEST_SHARE) * self._rate

    def _count(self) -> float:
        now = self._clock()
        self._load += len(self._under_way) * (now - self._counted_until)
        self._counted_until = now
        return now
