"""A prediction goes in; which features moved it comes out, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.predictions.features.groups import Floats, VoteFeatures
from naze.predictions.models.learnt import DIRECTION, Columns, Learnt
from naze.predictions.models.ties import probabilities
from naze.records import Vote

__all__ = ["Explained", "Mover", "explain_predictions"]


_SAID_FROM = 0.01
"""What moves odds by less is left out."""
_SUFFIXES = {", difference": "differ_", ", both": "both_"}
_THAN_USUAL = {
    "differ_more": "the responses differ more than usual",
    "differ_less": "the responses differ less than usual",
    "both_more": "more than usual in both together",
    "both_less": "less than usual in both together",
    "more": "more than usual",
    "less": "less than usual",
}


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
    than_usual: str | None = None
    """For a tie or a decision, against the mean vote: `differ_more`, `differ_less`: how far apart the responses are in it;
    `both_more`, `both_less`: what they have together; `more`, `less`: a measure of the whole vote. None: it has no scale."""

    @property
    def words(self) -> str:
        """Say it in English, e.g. `characters: more in A; the odds of A rise by 36%`."""
        more = "" if self.more_in is None else f": more in {self.more_in.upper()}"
        if self.than_usual is not None:
            more = f": {_THAN_USUAL[self.than_usual]}"
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
    counts by how far it is from that of the mean vote. What changes odds by less than 1 % is left out.
    """
    columns = learnt.columns(features)
    win, tie = learnt.logits(features)
    told = probabilities(win, tie)
    by_win = _by_name(*_win_parts(learnt, columns))
    ties = _TieParts(learnt, columns, win)
    by_tie = _by_name(columns.tie_names, ties.moved)
    values = dict(zip(columns.odd_names, columns.odd.T, strict=True))
    return [
        Explained(
            vote.id,
            (float(told[row, 0]), float(told[row, 1]), float(told[row, 2])),
            tuple(
                _win_mover(name, float(moved[row]), values, row)
                for name, moved in _strongest(by_win, row, most)
            ),
            tuple(ties.mover(name, float(moved[row]), row) for name, moved in _strongest(by_tie, row, most)),
        )
        for row, vote in enumerate(votes)
    ]


def _win_parts(learnt: Learnt, columns: Columns) -> tuple[list[str], Floats]:
    linear, trees = learnt.win.contributions(columns.odd, columns.for_trees())
    return [*columns.odd_names, *columns.odd_names, *columns.even_names], np.hstack([linear, trees])


class _TieParts:
    """What each column of the tie's half did, and where it stands against the mean vote."""

    def __init__(self, learnt: Learnt, columns: Columns, win: Floats) -> None:
        closeness = columns.with_closeness(win)
        self.names = columns.tie_names
        self.moved: Floats = np.add(*learnt.tie.contributions(closeness, closeness))
        """(votes, columns) log odds."""
        self.standing: Floats = closeness - learnt.tie.linear.center
        """(votes, columns) above 0: more than in the mean vote."""

    def mover(self, name: str, moved: float, row: int) -> Mover:
        """Name what a measure did, by the column that did most of it."""
        own = [place for place, one in enumerate(self.names) if _base(one) == name]
        chief = max(own, key=lambda place: float(self.moved[row, place]) * np.sign(moved))
        usual = None
        if DIRECTION not in name and abs(standing := self.standing[row, chief]) > 1e-9:
            kind = _SUFFIXES.get(self.names[chief].removeprefix(name), "")
            usual = f"{kind}{'more' if standing > 0 else 'less'}"
        return Mover(name, "tie" if moved > 0 else "decision", abs(moved), than_usual=usual)


def _base(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _by_name(names: Sequence[str], moved: Floats) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for place, name in enumerate(names):
        base = _base(name)
        found[base] = found.get(base, 0.0) + moved[:, place]
    return found


def _strongest(moved: dict[str, Floats], row: int, most: int) -> list[tuple[str, Floats]]:
    ordered = sorted(moved.items(), key=lambda one: -abs(one[1][row]))
    return [one for one in ordered[:most] if np.expm1(abs(one[1][row])) >= _SAID_FROM]


def _win_mover(name: str, moved: float, values: dict[str, Floats], row: int) -> Mover:
    more = None
    if name in values and DIRECTION not in name and abs(values[name][row]) > 1e-9:
        more = "a" if values[name][row] > 0 else "b"
    return Mover(name, "a" if moved > 0 else "b", abs(moved), more)
