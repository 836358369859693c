"""A judge's verdicts in both orders and people's winners go in; how often they agree comes out, as others publish it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.errors import InputError
from naze.factors.resampling import (
    LEAST_PROMPTS,
    Estimate,
    bootstrap_interval,
    known,
    resample,
    share_interval,
    sums_by,
)
from naze.predictions.features.groups import Floats, Ints
from naze.records import Winner

__all__ = ["Agreement", "agreement_with_people"]

_LETTERS = {"A": 0, "B": 1, "C": 2}
_CLASSES = {Winner.A: 0, Winner.B: 1, Winner.TIE: 2, Winner.BOTH_BAD: 2}
_AS_THE_VOTE = (1, 0, 2)
"""The columns of the exchanged order, as the vote's own order has them."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a judge decides as people did. Shares, 0 to 1, with 95 % intervals that keep votes on one prompt together.

    With fewer than 10 prompts there are no intervals. Where all votes count, or none, the interval is Wilson's.
    """

    votes: int
    """That were judged in both orders and have a winner."""
    decided: int
    """Of them, those that people decided."""
    ties: int
    """Of them, those that people called a tie, or both bad."""
    prompts: int
    strict: Estimate
    """The verdict is the people's in both orders. Of all votes."""
    one_order: Estimate
    """The verdict is the people's where the vote's response A stands first. Of all votes."""
    swap_to_tie: Estimate
    """The same as `strict`, but two orders that contradict each other count as a tie. Of all votes."""
    decided_pairs: Estimate
    """The preferred response is the likelier of the two, both orders averaged; equally likely counts half. Of decided votes."""
    tie_recall: Estimate
    """Both orders say a tie. Of the people's ties."""
    consistency: Estimate
    """Both orders say the same, right or wrong. Of all votes."""


def agreement_with_people(
    shown: Floats | Sequence[str],
    swapped: Floats | Sequence[str],
    winners: Sequence[Winner],
    prompts: Ints | Sequence[str] | None = None,
    *,
    resamples: int = 2_000,
    seed: int = 0,
) -> Agreement:
    """Hold a judge's verdicts against people's winners.

    Args:
        shown: with the vote's response A first, (votes, 3) probabilities of the first response, the second, a tie; or (votes,)
            letters: A for the first, B for the second, C for a tie.
        swapped: the same with the vote's response B first, so that the first column, or an A, speaks of response B.
        winners: (votes,) of the people.
        prompts: (votes,) the prompt, by number or text; votes on one prompt are drawn together. None: all differ.
        resamples: of the bootstrap.
        seed: decides them.

    Raises:
        InputError: no votes, letters other than A, B and C, or lengths that differ.

    Sources: Auto-J (Li et al. 2023) counts a verdict that is right in both orders, and the consistency of the two:
    github.com/GAIR-NLP/auto-j, codes/leaderboard/pairwise_eval.py. PandaLM (Wang et al. 2023) counts one order, ties being a
    class: github.com/WeOpenML/PandaLM, data/compute_metrics.py. Contradicting orders as a tie: Zheng et al. 2023, "Judging
    LLM-as-a-judge", section 3.4.

    Example:
        >>> told = agreement_with_people("AC", "BA", [Winner.A, Winner.TIE])
        >>> told.strict.value, told.one_order.value, told.swap_to_tie.value
        (0.5, 1.0, 1.0)
    """
    one, other = _probabilities(shown), _probabilities(swapped)[:, _AS_THE_VOTE]
    happened = np.array([_CLASSES[Winner(winner)] for winner in winners], np.int64)
    names = np.arange(len(happened)) if prompts is None else np.asarray(prompts)
    lengths = {len(part) for part in (one, other, happened, names)}
    if len(lengths) > 1 or not len(happened):
        raise InputError(
            f"there are {len(one):,} verdicts, {len(other):,} with the sides exchanged, {len(happened):,} winners and "
            f"{len(names):,} prompts; expected as many of each, and one at least."
        )
    counted = _counted(one, other, happened)
    _, clusters = np.unique(names, return_inverse=True)
    count = int(clusters.max()) + 1
    sums = sums_by(np.column_stack([part for pair in counted.values() for part in pair]), clusters, count)
    shares = dict(zip(counted, _estimates(sums, resamples, seed), strict=True))
    ties = int((happened == 2).sum())
    return Agreement(len(happened), len(happened) - ties, ties, count, **shares)


def _probabilities(told: Floats | Sequence[str]) -> Floats:
    """Return (votes, 3); a letter is certain of itself."""
    if isinstance(told, np.ndarray) and told.ndim == 2:
        return np.asarray(told, np.float64)
    wrong = [letter for letter in told if letter not in _LETTERS]
    if wrong:
        raise InputError(
            f"a verdict is {wrong[0]!r}; expected A, B or C (a tie), or probabilities (votes, 3)."
        )
    return np.eye(3)[[_LETTERS[letter] for letter in told]].reshape(-1, 3)


def _counted(one: Floats, other: Floats, happened: Ints) -> dict[str, tuple[Floats, Floats]]:
    """Return what counts and of how much, vote by vote, for each figure."""
    first, second = one.argmax(axis=1), other.argmax(axis=1)
    same, tie = first == second, happened == 2
    lean = (one[:, 0] + other[:, 0] - one[:, 1] - other[:, 1]) * np.where(happened == 0, 1, -1)
    preferred = np.where(np.abs(lean) < 1e-12, 0.5, lean > 0)
    everything = np.ones(len(happened))
    right = {
        "strict": (same & (first == happened), everything),
        "one_order": (first == happened, everything),
        "swap_to_tie": (np.where(same, first, 2) == happened, everything),
        "decided_pairs": (preferred * ~tie, ~tie),
        "tie_recall": (same & tie & (first == 2), tie),
        "consistency": (same, everything),
    }
    return {
        name: (np.asarray(hits, np.float64), np.asarray(of, np.float64)) for name, (hits, of) in right.items()
    }


def _estimates(sums: Floats, resamples: int, seed: int) -> list[Estimate]:
    """Return each figure, with its bootstrap interval; where all or none count, resamples do not vary: Wilson's."""
    hits, totals = sums[:, ::2], sums[:, 1::2]
    shares = share_interval(hits, totals)
    drawn = resample(sums, resamples, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = bootstrap_interval(drawn[:, ::2] / drawn[:, 1::2])
    found = []
    for place in range(hits.shape[1]):
        one = shares.at(place)
        if one.value not in (0.0, 1.0, None) and len(sums) >= LEAST_PROMPTS:
            one = Estimate(one.value, known(low[place]), known(high[place]))
        found.append(one if len(sums) >= LEAST_PROMPTS else Estimate(one.value))
    return found
