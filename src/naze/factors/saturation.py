"""Which votes name which kinds of reasons goes in; whether more explanations would find more kinds comes out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.errors import InputError

__all__ = ["Saturation", "saturation_curve"]

_TAIL = 0.1
"""The last part of the explanations, by which the curve's slope at its end is told."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """How many kinds of reasons were found in how many explanations."""

    sizes: tuple[int, ...]
    """Numbers of explanations, rising; the last is all of them."""
    found: tuple[float, ...]
    """Kinds named by at least `least_votes` of so many explanations: the mean over resamples."""
    low: tuple[float, ...]
    """2.5th percentile over resamples."""
    high: tuple[float, ...]
    """97.5th percentile over resamples."""
    least_votes: int
    observed: int
    """Kinds named by at least one explanation."""
    unseen: float
    """Estimated kinds that no explanation names yet; a lower bound."""
    slope: float
    """Kinds that the last tenth of the explanations added, on average."""

    @property
    def would_find_more(self) -> bool:
        """Whether a tenth more explanations can be expected to find at least one more kind."""
        return self.slope >= 1


def saturation_curve(
    vote_ids: Sequence[str],
    kinds: NDArray[np.integer],
    *,
    explanation_count: int | None = None,
    rare: tuple[int, int] | None = None,
    least_votes: int = 3,
    points: int = 20,
    resamples: int = 200,
    seed: int = 0,
) -> Saturation:
    """Draw the curve of kinds found against explanations read, and estimate what is unseen.

    Explanations are taken in random order, again and again; a kind is found at the explanation that is the
    `least_votes`-th to name it. The kinds themselves stay those of the whole corpus.

    Args:
        vote_ids: the vote of each reason.
        kinds: int array (n_reasons,): the kind of each reason, `Merged.assignment`; below 0: none.
        explanation_count: explanations in all, those without a reason included; None: those in `vote_ids`.
        rare: kinds that one explanation alone and that two name, `Merged.rare`, where `kinds` does not hold them any
            more; None: as in `kinds`.
        least_votes: explanations that must name a kind before it counts as found.
        points: sizes at which the curve is told.
        resamples: orders that are drawn.
        seed: decides the orders.

    Raises:
        InputError: no reason belongs to any kind.

    Source:
        The curve: Gotelli and Colwell 2001, "Quantifying biodiversity", sample-based accumulation. Unseen kinds:
        Chao 1987, "Estimating the population size for capture-recapture data with unequal catchability", in its
        bias-corrected form (m-1)/m * q1 (q1-1) / (2 (q2+1)), with q1 and q2 the kinds named by one and by two of
        m explanations (Chao2, the form of Chao1 for presence in samples).
    """
    voters, kind_of = _pairs(vote_ids, kinds)
    if not len(voters):
        raise InputError("no reason belongs to any kind; there is nothing to draw a saturation curve of.")
    count = max(explanation_count or 0, int(voters.max()) + 1)
    named = np.bincount(kind_of)
    sizes = np.unique(np.linspace(count / points, count, points).round().astype(int))
    sizes = sizes[sizes >= 1]
    before = round(count * (1 - _TAIL))
    found = _found(voters, kind_of, count, np.r_[sizes, before], least_votes, resamples, seed)
    slope = float(found[:, -2].mean() - found[:, -1].mean())
    found = found[:, :-1]
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    return Saturation(
        sizes=tuple(sizes.tolist()),
        found=tuple(found.mean(0).round(3).tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        least_votes=least_votes,
        observed=int((named > 0).sum()),
        unseen=_unseen(*(rare or (int((named == 1).sum()), int((named == 2).sum()))), count),
        slope=slope,
    )


def _pairs(
    vote_ids: Sequence[str], kinds: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair of explanation and kind once, both numbered."""
    place: dict[str, int] = {}
    voters = np.fromiter((place.setdefault(name, len(place)) for name in vote_ids), np.int64, len(vote_ids))
    known = np.asarray(kinds) >= 0
    if not known.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    kind_of = np.asarray(kinds, np.int64)[known]
    width = int(kind_of.max()) + 1
    pairs = np.unique(voters[known] * width + kind_of)
    return pairs // width, pairs % width


def _found(
    voters: NDArray[np.int64],
    kind_of: NDArray[np.int64],
    count: int,
    sizes: NDArray[np.int64],
    least_votes: int,
    resamples: int,
    seed: int,
) -> NDArray[np.int64]:
    """Count, for each order drawn and each size, the kinds found: int array (resamples, sizes)."""
    random = np.random.default_rng(seed)
    by_kind = np.argsort(kind_of, kind="stable")
    voters, kind_of = voters[by_kind], kind_of[by_kind]
    starts = np.flatnonzero(np.r_[True, np.diff(kind_of) > 0])
    enough = np.diff(np.r_[starts, len(kind_of)]) >= least_votes
    found = np.zeros((resamples, len(sizes)), np.int64)
    for row in range(resamples):
        turn = random.permutation(count)[voters]
        in_turn = np.sort(kind_of * count + turn) % count
        met = in_turn[starts[enough] + least_votes - 1]
        found[row] = np.searchsorted(np.sort(met), sizes, side="left")
    return found


def _unseen(once: int, twice: int, count: int) -> float:
    return max(0.0, (count - 1) / count * once * (once - 1) / (2 * (twice + 1)))
