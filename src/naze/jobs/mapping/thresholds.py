"""How sure a model was of some rows, and whether a bigger model agreed, go in; a threshold for a cascade comes out.

A cascade keeps the own model's answer where it is sure enough and takes the bigger model's elsewhere; so it disagrees
with the bigger model only on rows that it keeps. The higher the threshold, the fewer of these: the loss never grows. For
such losses Bates et al. show that the lowest threshold above which every threshold's upper confidence bound stays below
the allowed loss keeps that loss with the bound's confidence, though it was chosen on the same sample; no second half of
the sample is needed. The loss of a row is 0 or 1, so the bound is the exact one for a binomial share.

Source: Bates, Angelopoulos, Lei, Malik and Jordan 2021, Distribution-free, risk-controlling prediction sets, theorem 1;
Clopper and Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the binomial.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from naze.errors import ConfigurationError

__all__ = ["CONFIDENCE", "Threshold", "choose_threshold", "least_sample", "lowest_share"]

CONFIDENCE = 0.95
"""Of the bound: in one of twenty samples at most the true agreement is below what was asked for."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """How sure a model has to be, and what was found on the sample."""

    below: float
    """Rows of which the model is less sure than this go to the bigger one; infinite: all rows."""
    target: float
    """The agreement that was asked for."""
    sample: int
    """Rows that both models answered."""
    kept: int
    """Of them, those of which the model is sure enough."""
    agreed: int
    """Rows of the sample on which the cascade says what the bigger model says."""
    low: float
    """Lower end of the one-sided interval of the agreement, at the confidence `CONFIDENCE`; the upper end is 1."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary, ready for JSON."""
        return {**asdict(self), "below": None if math.isinf(self.below) else self.below}

    def __str__(self) -> str:
        where = (
            "all rows go to the bigger model" if math.isinf(self.below) else f"unsure below {self.below:.3f}"
        )
        return (
            f"{where}: on a sample of {self.sample:,} rows the answers agree with the bigger model's on {self.agreed:,} "
            f"({self.agreed / self.sample:.1%}), with {CONFIDENCE:.0%} confidence on at least {self.low:.1%} of all rows; "
            f"{self.kept:,} of the sample need no bigger model"
        )


def choose_threshold(sureness: Sequence[float], agrees: Sequence[bool], target: float) -> Threshold:
    """Choose the lowest threshold whose agreement is at least the target, with confidence.

    Args:
        sureness: (rows,) probability of the model's own answer, 0 to 1, of a random sample; 0 where it has none.
        agrees: (rows,) whether the bigger model says the same.
        target: the agreement asked for, between 0 and 1.

    Raises:
        ConfigurationError: the sample is too small to show it even where both models always agree.

    Example:
        >>> found = choose_threshold([0.9] * 60 + [0.6] * 40, [True] * 60 + [True, False] * 20, 0.95)
        >>> found.below, found.kept, round(found.low, 3)
        (0.9, 60, 0.97)
    """
    rows = len(sureness)
    if rows < least_sample(target):
        raise ConfigurationError(
            f"a sample of {rows:,} rows cannot show an agreement of {target:g} with {CONFIDENCE:.0%} confidence, even "
            f"without a single disagreement; at least {least_sample(target):,} are needed. Give a larger sample or a lower "
            "agreement."
        )
    best = Threshold(math.inf, target, rows, 0, rows, lowest_share(rows, rows))
    pairs = sorted(zip(sureness, agrees, strict=True), reverse=True)
    disagreed = place = 0
    while place < rows and pairs[place][0] > 0:
        below = pairs[place][0]
        while place < rows and pairs[place][0] == below:
            disagreed += not pairs[place][1]
            place += 1
        low = lowest_share(rows - disagreed, rows)
        if low < target:
            break
        best = Threshold(below, target, rows, place, rows - disagreed, low)
    return best


def lowest_share(count: int, total: int) -> float:
    """Return the lower end of the exact one-sided interval of a share, at the confidence `CONFIDENCE`."""
    from scipy.stats import beta

    return 0.0 if count == 0 else float(beta.ppf(1 - CONFIDENCE, count, total - count + 1))


def least_sample(target: float) -> int:
    """Return how many rows can show an agreement at all: so many without a disagreement."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(target))
