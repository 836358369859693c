"""A factor goes in; where it holds and where it does not comes out: by language, length, category, turns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from naze.factors.agreement import agreement
from naze.factors.held_out import HeldOut
from naze.factors.labels import CATEGORIES, labels_by
from naze.factors.resampling import Estimate, share_interval, sums_by
from naze.records import Factor, Outcome, Vote

if TYPE_CHECKING:
    from naze.factors.result import Factors

__all__ = ["Slice", "slices_of"]

_MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the held-out votes, and what the factor is worth there."""

    by: str
    """`language`, `length`, `turns`, `source`, or the name of a column."""
    value: str
    votes: int
    """Votes where the factor applies; for wins, decided ones with a call."""
    figure: Estimate
    """For wins accuracy; for ties the share of ties where the responses are alike on the factor."""
    base: Estimate
    """For wins 0.5 by chance; for ties the share of ties here at all."""


def slices_of(factors: "Factors", factor: Factor) -> tuple[Slice, ...]:
    """Part the judged votes in several ways and say in each part how the factor fares.

    Intervals are 95 %, for each part by itself: among many parts some differ by chance. With fewer than 10 prompts
    there is no interval.
    """
    votes = list(factors.judged)
    held = factors.held_out()
    column = [one.id for one in factors.factors].index(factor.id)
    threshold = factors.tests[factor.id].alike_threshold
    found = []
    for by, values in _labels(votes):
        known = sorted({value for value in values if value})
        if not 1 < len(known) <= _MOST_VALUES:
            continue
        for value in known:
            rows = np.array([one == value for one in values], bool)
            one = _slice(held.only(rows), column, factor.outcome, threshold)
            if one is not None:
                found.append(Slice(by, value, *one))
    return tuple(found)


def _slice(
    held: HeldOut, column: int, outcome: Outcome, threshold: float | None
) -> tuple[int, Estimate, Estimate] | None:
    if outcome is Outcome.WIN:
        found = agreement(held, resamples=1, seed=0)
        calls = int(found.votes[column])
        return (calls, found.accuracy.at(column), Estimate(0.5)) if calls else None
    applies = held.applies[:, column]
    alike = applies & (
        np.nan_to_num(held.alike[:, column], nan=-1.0) >= (0.5 if threshold is None else threshold)
    )
    if not applies.any():
        return None
    return int(applies.sum()), _share(held, alike), _share(held, applies)


def _share(held: HeldOut, rows: NDArray[np.bool_]) -> Estimate:
    """Estimate the share of ties among some votes."""
    if not rows.any():
        return Estimate()
    parts = np.stack([rows * held.ties, rows.astype(np.float64)], axis=1)
    sums = sums_by(parts, held.prompts, held.prompt_count)
    return share_interval(sums[:, :1], sums[:, 1:]).at(0)


def _labels(votes: list[Vote]) -> Iterator[tuple[str, list[str | None]]]:
    """Give each way to part votes, and the part of each vote."""
    for by in ("language", "length", "turns", "source"):
        yield by, labels_by(votes, by, most=_MOST_VALUES)
    for name in CATEGORIES:
        values = (vote.extra.get(name) for vote in votes)
        yield name, [None if value is None or value == "" else str(value) for value in values]
