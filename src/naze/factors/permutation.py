"""What factors say and what people decided go in; how likely that much agreement is by chance comes out.

Under the null hypothesis people decide without regard to what a factor says. Then the outcomes of one prompt could
as well stand beside the verdicts on another, and how often they agree so, by chance, is seen by trying.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from naze.factors.held_out import HeldOut, Ints
from naze.factors.matrix import Floats
from naze.factors.resampling import resample, sums_by
from naze.records import Outcome

__all__ = ["Permuted", "Stability", "permutation_test", "q_values", "stability"]

_CELLS = 4_000_000
"""Outcomes that are held at once, so that memory stays bounded."""
_LEAST_STRATUM = 5
"""Prompts among which outcomes are exchanged, at least."""


@dataclass(frozen=True)
class Permuted:
    """A statistic of every factor, and what it is by chance."""

    observed: Floats
    """(factors,): above 0 where the factor goes with the outcome as its definition says."""
    by_chance: Floats
    """(permutations, factors)."""
    p_values: Floats
    """(factors,), two-sided."""
    parts: Floats
    """(prompts, 4, factors): sums of score times outcome, score, outcome and votes, for resampling."""


@dataclass(frozen=True)
class Stability:
    """How a factor fares where other prompts happen to be drawn."""

    sign: Floats
    """(factors,): share of resamples in which the factor points the same way."""
    passes: Floats
    """(factors,): share of resamples in which it passes, all factors tested anew."""


def permutation_test(held: HeldOut, outcome: Outcome, *, permutations: int, seed: int) -> Permuted:
    """Test every factor by permuting outcomes between prompts.

    The statistic is linear in the outcomes, so that all factors and permutations are one matrix product. For wins
    it is the covariance of call and preference over decided votes with a call, the numerator of Cohen's kappa; for
    ties that of being a tie and the rank of `alike`, the numerator of tie AUC - 0.5. The outcomes of a prompt stay
    together and go to a prompt with as many votes (`_strata` says what happens to rare numbers of votes), so that
    votes on one prompt may be as alike as they are. All factors see the same permutations.

    Two-sided, because a factor that goes against its definition is told as such and not as chance.

    Args:
        held: for wins, decided votes alone count.
        outcome: what the factors explain.
        permutations: how many are tried; the smallest p-value is 1 / (permutations + 1).
        seed: decides them.

    Source: Phipson and Smyth 2010, "Permutation p-values should never be zero": p = (b + 1) / (m + 1).
    """
    if outcome is Outcome.WIN:
        held = held.only(held.outcomes != 0)
        scores, used, outcomes = held.calls, held.calls != 0, held.outcomes
    else:
        scores, used, outcomes = _ranks(held), held.applies, held.ties
    strata = _strata(held.prompts)
    scores = _centred(scores, used, strata)
    observed = scores.T @ outcomes
    by_chance = np.concatenate(
        [
            np.zeros((0, scores.shape[1])),
            *(
                shuffled @ scores
                for shuffled in _shuffled(outcomes, held.prompts, strata, permutations, seed)
            ),
        ]
    )
    least = np.abs(observed) * (1 - 1e-9) - 1e-9
    p_values = (1 + (np.abs(by_chance) >= least).sum(axis=0)) / (permutations + 1)
    weights = used.astype(np.float64)
    parts = np.stack([scores * outcomes[:, None], scores, weights * outcomes[:, None], weights], axis=1)
    return Permuted(observed, by_chance, p_values, sums_by(parts, held.prompts, held.prompt_count))


def q_values(p_values: Floats) -> Floats:
    """Adjust p-values for the number of factors; NaN (not tested) stays NaN and does not count.

    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    from scipy.stats import false_discovery_control

    adjusted = np.full_like(p_values, np.nan)
    tested = ~np.isnan(p_values)
    if tested.any():
        adjusted[tested] = false_discovery_control(p_values[tested])
    return adjusted


def stability(
    permuted: Permuted, tested: NDArray[np.bool_], *, alpha: float, resamples: int, seed: int
) -> Stability:
    """Draw the prompts with replacement, again and again, and test anew.

    What is by chance is taken from the permutations of all votes. NaN for factors that are not tested.
    """
    from scipy.stats import false_discovery_control

    products, scores, outcomes, votes = np.moveaxis(resample(permuted.parts, resamples, seed), 1, 0)
    drawn = products - scores * outcomes / np.maximum(votes, 1)
    same = (np.sign(drawn) == np.sign(permuted.observed)).mean(axis=0)
    chance = np.sort(np.abs(permuted.by_chance[:, tested]), axis=0)
    p_values = np.empty((resamples, int(tested.sum())))
    for place, factor in enumerate(np.flatnonzero(tested)):
        below = np.searchsorted(chance[:, place], np.abs(drawn[:, factor]) - 1e-9, side="left")
        p_values[:, place] = (1 + len(chance) - below) / (len(chance) + 1)
    passes = np.full(len(tested), np.nan)
    if tested.any() and resamples:
        passed = (false_discovery_control(p_values, axis=1) <= alpha) & (drawn[:, tested] > 0)
        passes[tested] = passed.mean(axis=0)
    return Stability(np.where(tested, same, np.nan), passes)


def _ranks(held: HeldOut) -> Floats:
    """Rank `alike` among the votes where the factor applies, 0 to 1; 0 elsewhere."""
    from scipy.stats import rankdata

    ranks = rankdata(held.alike, axis=0, nan_policy="omit")
    return np.where(held.applies, ranks / np.maximum(held.applies.sum(axis=0), 1), 0.0)


def _centred(scores: Floats, used: NDArray[np.bool_], strata: Ints) -> Floats:
    """Take each stratum's mean out, so that nothing is expected by chance."""
    count = int(strata.max()) + 1 if len(strata) else 0
    sums = sums_by(np.where(used, scores, 0.0), strata, count)
    means = sums / np.maximum(sums_by(used.astype(np.float64), strata, count), 1)
    return np.where(used, scores - means[strata], 0.0)


def _strata(prompts: Ints) -> Ints:
    """Say for each vote among which prompts its prompt's outcomes are exchanged: (votes,), numbered from 0.

    Prompts with equally many votes are one stratum. A number of votes that fewer than 5 prompts have goes together
    with the next larger numbers, and what is left at the end with those before.
    """
    sizes = np.bincount(prompts)
    stratum_of = np.zeros(int(sizes.max(initial=0)) + 1, np.int64)
    stratum, held = 0, 0
    for size in np.unique(sizes):
        if held >= _LEAST_STRATUM:
            stratum, held = stratum + 1, 0
        stratum_of[size] = stratum
        held += int((sizes == size).sum())
    if held < _LEAST_STRATUM and stratum:
        stratum_of[stratum_of == stratum] = stratum - 1
    return stratum_of[sizes][prompts]


def _shuffled(
    outcomes: Floats, prompts: Ints, strata: Ints, permutations: int, seed: int
) -> Iterator[Floats]:
    """Permute outcomes between prompts of a stratum; the outcomes of a prompt stay together, in their order.

    Where a stratum's prompts differ in their numbers of votes, the prompts' outcomes are laid one after another.

    Yields:
        (some permutations, votes), until there are as many as asked for.
    """
    random = np.random.default_rng(seed)
    order = np.lexsort((prompts, strata))
    _, starts, sizes = np.unique(prompts[order], return_index=True, return_counts=True)
    in_turn = np.argsort(starts)
    starts, sizes = starts[in_turn], sizes[in_turn]
    bounds = np.r_[np.flatnonzero(np.diff(strata[order][starts], prepend=-1)), len(starts)]
    step = max(1, _CELLS // max(len(outcomes), 1))
    for done in range(0, permutations, step):
        rows = min(step, permutations - done)
        shuffled = np.empty((rows, len(outcomes)))
        for first, last in pairwise(bounds):
            drawn = random.permuted(np.tile(np.arange(first, last), (rows, 1)), axis=1)
            lengths = sizes[drawn].ravel()
            ends = np.cumsum(lengths)
            within = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
            taken = np.repeat(starts[drawn].ravel(), lengths) + within
            places = order[starts[first] : starts[last - 1] + sizes[last - 1]]
            shuffled[:, places] = outcomes[order][taken].reshape(rows, len(places))
        yield shuffled
