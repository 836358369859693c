"""Figures of votes go in, summed by prompt; intervals that know that votes on one prompt are alike come out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.factors.held_out import Ints
from naze.factors.matrix import Floats
from naze.votes.proportions import Z_95

__all__ = [
    "LEAST_PROMPTS",
    "Estimate",
    "Estimates",
    "bootstrap_interval",
    "resample",
    "share_interval",
    "sums_by",
]

LEAST_PROMPTS = 10
"""With fewer prompts no interval is given and nothing is tested."""
_CELLS = 4_000_000
"""Weights that are held at once, so that memory stays bounded."""
_MOST_UNDEFINED = 0.05
"""Where a statistic is undefined in more of the resamples, it has no interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval. None: it cannot be had from these votes."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Estimates:
    """One figure of every factor: arrays (factors,), NaN where it cannot be had."""

    value: Floats
    low: Floats
    high: Floats

    def at(self, factor: int) -> Estimate:
        """Return the figure of one factor."""
        return Estimate(*(known(array[factor]) for array in (self.value, self.low, self.high)))

    def where(self, enough: NDArray[np.bool_]) -> "Estimates":
        """Leave the interval out wherever `enough` is false."""
        return Estimates(self.value, *(np.where(enough, end, np.nan) for end in (self.low, self.high)))


def sums_by(values: Floats, groups: Ints, count: int) -> Floats:
    """Add up what belongs to one group.

    Args:
        values: (votes, …).
        groups: (votes,), 0 to count - 1.
        count: groups.

    Returns:
        (count, …).
    """
    sums = np.zeros((count, *values.shape[1:]))
    if len(values):
        order = np.argsort(groups, kind="stable")
        met, starts = np.unique(groups[order], return_index=True)
        sums[met] = np.add.reduceat(values[order], starts, axis=0)
    return sums


def resample(sums: Floats, resamples: int, seed: int) -> Floats:
    """Draw as many prompts as there are, with replacement, again and again, and add up what they hold.

    The same seed draws the same prompts whatever is added up, so that figures of one resample belong together.

    Args:
        sums: (prompts, …).
        resamples: draws.
        seed: decides the draws.

    Returns:
        (resamples, …).

    Source: Field and Welsh 2007, "Bootstrapping clustered data": the cluster bootstrap.
    """
    count = len(sums)
    if not count:
        return np.zeros((resamples, *sums.shape[1:]))
    flat = sums.reshape(count, -1)
    drawn = np.empty((resamples, flat.shape[1]))
    random = np.random.default_rng(seed)
    step = max(1, _CELLS // max(count, 1))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = random.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        weights = np.bincount(picks.ravel(), minlength=rows * count).reshape(rows, count)
        drawn[start : start + rows] = weights.astype(np.float64) @ flat
    return drawn.reshape(resamples, *sums.shape[1:])


def bootstrap_interval(draws: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the percentile interval over resamples, NaN where more than 1 in 20 of them is undefined.

    Args:
        draws: (resamples, factors), NaN where a resample has no such figure.
        level: confidence.

    Source: Efron and Tibshirani 1993, An introduction to the bootstrap, chapter 13.
    """
    low, high = np.full(draws.shape[1], np.nan), np.full(draws.shape[1], np.nan)
    undefined = np.isnan(draws)
    usable = undefined.mean(axis=0) <= _MOST_UNDEFINED
    if usable.any():
        ends = [50 * (1 - level), 50 * (1 + level)]
        low[usable], high[usable] = np.nanpercentile(draws[:, usable], ends, axis=0)
    return low, high


def share_interval(hits: Floats, totals: Floats, z: float = Z_95) -> Estimates:
    """Estimate shares, with Wilson's interval at the effective number of votes.

    Votes on one prompt say less than as many votes on different prompts. The number of votes is divided by the
    design effect, the variance of the share between prompts over that of independent votes, and never by less
    than 1. Where every prompt has one vote, this is Wilson's interval of the votes. Where all or none are hits,
    the variance says nothing, and a prompt counts as if its votes were one: by Kish's formula, n / (Σm²/Σm).

    Args:
        hits: (prompts, factors), how many of the votes on a prompt are hits.
        totals: (prompts, factors), how many votes there are.
        z: two-sided point of the normal distribution.

    Sources: Wilson 1927, p. 209. Kish 1965, Survey sampling, sections 5.4 and 8.2. The combination: Franco,
    Little, Louis and Slud 2019, "Comparative study of confidence intervals for proportions in complex surveys".
    """
    count, total = (totals > 0).sum(axis=0), totals.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits.sum(axis=0) / total
        between = count / (count - 1) * ((hits - share * totals) ** 2).sum(axis=0) / total**2
        effect = between / (share * (1 - share) / total)
        effect = np.where((share > 0) & (share < 1), effect, (totals**2).sum(axis=0) / total)
        effective = total / np.where(np.isfinite(effect), np.maximum(effect, 1.0), np.nan)
        scale = 1 + z**2 / effective
        middle = (share + z**2 / (2 * effective)) / scale
        half = z / scale * np.sqrt(share * (1 - share) / effective + z**2 / (4 * effective**2))
        estimates = Estimates(share, np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0))
    return estimates.where(count >= LEAST_PROMPTS)


def known(value: float) -> float | None:
    """Return a number as it is, and None for what is none."""
    return float(value) if np.isfinite(value) else None
