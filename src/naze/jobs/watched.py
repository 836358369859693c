"""Runs go in; how many of their texts had a fault, and what became of it, comes out: the counts that every command tells."""

from dataclasses import dataclass

from naze.generations import Run

__all__ = ["Watched"]


@dataclass(frozen=True, slots=True)
class Watched:
    """Counts of texts with a fault.

    Example:
        >>> Watched(3, 2) + Watched(1, 1)
        Watched(asked_again=4, mended=3)
    """

    asked_again: int = 0
    """Prompts that were asked once more in another way."""
    mended: int = 0
    """Those of them whose second answer was better and is kept."""

    def __add__(self, other: "Watched") -> "Watched":
        return Watched(self.asked_again + other.asked_again, self.mended + other.mended)

    @classmethod
    def of(cls, run: Run) -> "Watched":
        """Count those of a run."""
        summary = run.summary()
        return cls(summary.asked_again, summary.mended)
