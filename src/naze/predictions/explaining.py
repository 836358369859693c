"""A prediction goes in; which features moved it comes out, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.predictions.features.groups import Floats, VoteFeatures
from naze.predictions.models.learnt import Columns, Learnt
from naze.predictions.models.ties import probabilities
from naze.records import Vote

__all__ = ["Explained", "Mover", "explain_predictions"]


@dataclass(frozen=True, slots=True)
class Mover:
    """One feature and what it did."""

    feature: str
    towards: str
    """`a`, `b`, `tie` or `decision`."""
    log_odds: float
    """How far it moved the log odds, above 0."""
    more_in: str | None = None
    """`a` or `b`: the response that has more of it; None where it is no such measure, or both have the same."""

    @property
    def words(self) -> str:
        """Say it in English, e.g. `characters: more in A; the odds of A rise by 36%`."""
        more = "" if self.more_in is None else f": more in {self.more_in.upper()}"
        named = {"a": "A", "b": "B"}.get(self.towards, f"a {self.towards}")
        return f"{self.feature}{more}; the odds of {named} rise by {np.expm1(self.log_odds):.0%}"


@dataclass(frozen=True)
class Explained:
    """Why a vote is predicted as it is."""

    vote_id: str
    probabilities: tuple[float, float, float]
    """Of a, b, tie."""
    winner: tuple[Mover, ...]
    """What moved the odds of A against B, the strongest first."""
    tie: tuple[Mover, ...]
    """What moved the odds of a tie against a decision, the strongest first."""


def explain_predictions(
    learnt: Learnt, features: VoteFeatures, votes: Sequence[Vote], most: int
) -> list[Explained]:
    """Share each prediction out among features.

    Log odds are sums over columns in the linear model, and over Shapley values in the trees; both are added by the
    share that each has in the blend. Columns of one measure (its difference, its sum) are taken together. For ties a column
    counts by how far it is from that of the mean vote.
    """
    columns = learnt.columns(features)
    win, tie = learnt.logits(features)
    told = probabilities(win, tie)
    by_win = _by_name(*_win_parts(learnt, columns))
    by_tie = _by_name(*_tie_parts(learnt, columns, win))
    values = dict(zip(columns.odd_names, columns.odd.T, strict=True))
    return [
        Explained(
            vote.id,
            (float(told[row, 0]), float(told[row, 1]), float(told[row, 2])),
            tuple(
                _win_mover(name, float(moved[row]), values, row)
                for name, moved in _strongest(by_win, row, most)
            ),
            tuple(_tie_mover(name, float(moved[row])) for name, moved in _strongest(by_tie, row, most)),
        )
        for row, vote in enumerate(votes)
    ]


def _win_parts(learnt: Learnt, columns: Columns) -> tuple[list[str], Floats]:
    linear, trees = learnt.win.contributions(columns.odd, columns.for_trees())
    return [*columns.odd_names, *columns.odd_names, *columns.even_names], np.hstack([linear, trees])


def _tie_parts(learnt: Learnt, columns: Columns, win: Floats) -> tuple[list[str], Floats]:
    closeness = columns.with_closeness(win)
    linear, trees = learnt.tie.contributions(closeness, closeness)
    return [*columns.tie_names, *columns.tie_names], np.hstack([linear, trees])


def _by_name(names: Sequence[str], moved: Floats) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for place, name in enumerate(names):
        base = name.removesuffix(", difference").removesuffix(", both")
        found[base] = found.get(base, 0.0) + moved[:, place]
    return found


def _strongest(moved: dict[str, Floats], row: int, most: int) -> list[tuple[str, Floats]]:
    ordered = sorted(moved.items(), key=lambda one: -abs(one[1][row]))
    return [one for one in ordered[:most] if abs(one[1][row]) > 1e-6]


def _win_mover(name: str, moved: float, values: dict[str, Floats], row: int) -> Mover:
    more = None
    if name in values and abs(values[name][row]) > 1e-9:
        more = "a" if values[name][row] > 0 else "b"
    return Mover(name, "a" if moved > 0 else "b", abs(moved), more)


def _tie_mover(name: str, moved: float) -> Mover:
    return Mover(name, "tie" if moved > 0 else "decision", abs(moved))
