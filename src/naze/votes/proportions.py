"""Counts go in; a share with its 95 % interval comes out."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

__all__ = ["Proportion"]

Z_95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many.

    Example:
        >>> share = Proportion(609, 1214)
        >>> round(share.share, 3), round(share.low, 3), round(share.high, 3)
        (0.502, 0.474, 0.53)
    """

    count: int
    total: int

    @property
    def share(self) -> float | None:
        """0 to 1; None of nothing."""
        return self.count / self.total if self.total else None

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""
        return None if (ends := self._interval()) is None else ends[0]

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        return None if (ends := self._interval()) is None else ends[1]

    def to_dict(self) -> dict[str, Any]:
        """Lay it out as what JSON can hold."""
        return {
            "count": self.count, "total": self.total, "share": self.share, "low": self.low, "high": self.high,
        }  # fmt: skip

    def _interval(self) -> tuple[float, float] | None:
        """Wilson's score interval.

        Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference, p. 209.
        """
        if not self.total:
            return None
        share, total = self.count / self.total, self.total
        scale = 1 + Z_95**2 / total
        middle = (share + Z_95**2 / (2 * total)) / scale
        half = Z_95 / scale * sqrt(share * (1 - share) / total + Z_95**2 / (4 * total**2))
        return max(0.0, middle - half), min(1.0, middle + half)
