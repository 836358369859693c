"""Votes that name both models go in; a table of ratings comes out: who is better than whom, and how surely."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from naze.errors import ConfigurationError, InputError
from naze.factors.resampling import Estimate
from naze.factors.style import style
from naze.one_thread import one_thread_if_small
from naze.predictions.features.groups import Floats, Ints
from naze.predictions.models.part import Bools
from naze.predictions.predictor import outcomes_of, prompt_numbers
from naze.predictions.ratings import Fitted, Method, Pairs, fit_ratings, sandwich
from naze.records import Vote
from naze.suggesting import did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Leaderboard", "Rating", "fit_leaderboard"]

SCALE = 400 / np.log(10)
"""Elo points of one logit: 400 points are odds of 10 to 1."""
MIDDLE = 1_000.0
_Z = 1.959964
_LEAST_STYLED = 20
"""A mark in which the responses of fewer votes differ is left out of the style: nothing can be learnt of it."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One model."""

    model: str
    rating: float
    """Elo points; the mean of all models, or the anchor, is 1,000."""
    low: float | None
    high: float | None
    """The 95 % interval."""
    rank: int
    """1 more than the number of models that are surely better: whose interval of the difference lies above 0."""
    votes: int
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True)
class Leaderboard:
    """Ratings, the best first."""

    rows: tuple[Rating, ...]
    method: str
    votes: int
    prompts: int
    skipped: int
    """Votes that do not name two different models, have no winner, or name a model that is left out."""
    tie_constant: float | None
    """Davidson's log ν or Rao and Kupper's η; None for Bradley-Terry."""
    style: dict[str, Estimate]
    """Log odds that one standard deviation of difference gives; empty where style is not controlled."""
    intervals: str

    def frame(self) -> "pl.DataFrame":
        """Return the rows as a table."""
        import polars as pl

        return pl.DataFrame([asdict(row) for row in self.rows])


def fit_leaderboard(
    votes: Sequence[Vote],
    *,
    method: str = "davidson",
    style_control: bool = False,
    intervals: Literal["bootstrap", "sandwich"] = "bootstrap",
    resamples: int = 200,
    anchor: str | None = None,
    without: Sequence[str] = (),
    seed: int = 0,
) -> Leaderboard:
    """Rate the models of votes.

    Args:
        votes: those without two names or without a winner are left out, and counted.
        method: `davidson`, `rao-kupper` (ties have a parameter), or `bradley-terry` (a tie is half a win for each).
        style_control: take out what length and markdown do.
        intervals: `bootstrap` over prompts, or `sandwich`, clustered by prompt.
        resamples: of the bootstrap.
        anchor: this model has 1,000 points; None: the mean of all has.
        without: models that are left out, with all their votes.
        seed: decides the resamples.

    Raises:
        InputError: no models, fewer than 2, or models between which the votes cannot decide.
        ConfigurationError: an unknown method, anchor or model to leave out.

    Sources: Bradley and Terry 1952; Davidson 1970; Rao and Kupper 1967; style as covariates: Li, Angelopoulos and Chiang 2024,
    "Does style matter?"; Chiang et al. 2024, "Chatbot Arena", for the rank.
    """
    chosen = _method(method)
    if intervals not in ("bootstrap", "sandwich"):
        raise ConfigurationError(f"intervals is {intervals!r}; expected bootstrap or sandwich.")
    used, names = _usable(votes, without)
    if anchor is not None and anchor not in names:
        raise ConfigurationError(f"the anchor {anchor!r} is in no vote; there are {', '.join(names[:12])}.")
    pairs, style_names = _pairs(used, names, style_control)
    _check_connected(pairs, names)
    place = None if anchor is None else names.index(anchor)
    with one_thread_if_small(len(used)):
        fitted = fit_ratings(pairs, chosen)
        if intervals == "sandwich":
            spread = _by_sandwich(pairs, chosen, fitted, place)
        else:
            spread = _by_bootstrap(pairs, chosen, fitted, place, resamples, seed)
    rows = _rows(names, pairs, fitted, place, spread)
    constant = None
    if chosen is not Method.BRADLEY_TERRY:
        constant = fitted.raw if chosen is Method.DAVIDSON else float(np.logaddexp(0, fitted.raw))
    told = {
        name: Estimate(float(value), float(low), float(high))
        for name, value, low, high in zip(style_names, fitted.style, *spread.style, strict=True)
    }
    prompts = len(np.unique(pairs.prompts))
    return Leaderboard(
        rows, chosen.value, len(used), prompts, len(votes) - len(used), constant, told, intervals
    )


@dataclass(frozen=True)
class _Spread:
    """How far figures may be off."""

    low: Floats
    high: Floats
    """(models,) ends of the ratings' intervals, Elo points."""
    better: Bools
    """(models, models): whether the row is surely better than the column."""
    style: tuple[Floats, Floats]


def _method(name: str) -> Method:
    try:
        return Method(name.replace("_", "-").lower())
    except ValueError:
        raise ConfigurationError(f"the method is {name!r}; expected {', '.join(Method)}.") from None


def _usable(votes: Sequence[Vote], without: Sequence[str]) -> tuple[list[Vote], list[str]]:
    """Return the votes that rate models, and the models' names in order."""
    used = [
        vote
        for vote in votes
        if vote.winner is not None and vote.model_a and vote.model_b and vote.model_a != vote.model_b
    ]
    names = {name for vote in used for name in (vote.model_a, vote.model_b) if name}
    if unknown := [name for name in without if name not in names]:
        raise ConfigurationError(
            f"{unknown[0]!r} is to be left out and is in no vote that rates models."
            f"{did_you_mean(unknown[0], sorted(names))} There are {', '.join(sorted(names)[:12])}."
        )
    used = [vote for vote in used if vote.model_a not in without and vote.model_b not in without]
    names = {name for vote in used for name in (vote.model_a, vote.model_b) if name}
    if len(names) < 2:
        left = f" after {', '.join(without)} were left out" if without else ""
        raise InputError(
            f"{len(used):,} of {len(votes):,} votes name two different models and have a winner{left}; expected votes with "
            "model_a and model_b. `--columns model_a=NAME,model_b=NAME` names other columns."
        )
    return used, sorted(names)


def _pairs(used: Sequence[Vote], names: Sequence[str], controlled: bool) -> tuple[Pairs, tuple[str, ...]]:
    number = {name: place for place, name in enumerate(names)}
    models = np.array([[number[vote.model_a or ""], number[vote.model_b or ""]] for vote in used], np.int64)
    columns = np.empty((len(used), 0))
    style_names: tuple[str, ...] = ()
    if controlled:
        measured = style(used)
        spread = np.sqrt((measured.differences**2).mean(axis=0))
        kept = np.flatnonzero((measured.differences != 0).sum(axis=0) >= _LEAST_STYLED)
        columns = measured.differences[:, kept] / spread[kept]
        style_names = tuple(measured.names[place] for place in kept)
    return Pairs(models, outcomes_of(used), columns, prompt_numbers(used), len(names)), style_names


def _check_connected(pairs: Pairs, names: Sequence[str]) -> None:
    """See that every model beats, and is beaten by, the others through some chain of votes; a tie counts both ways.

    Source: Ford 1957, "Solution of a ranking problem from binary comparisons": else no finite ratings exist.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    a, b, outcomes = pairs.models[:, 0], pairs.models[:, 1], pairs.outcomes
    winners = np.concatenate([a[outcomes >= 0], b[outcomes <= 0]])
    losers = np.concatenate([b[outcomes >= 0], a[outcomes <= 0]])
    graph = csr_matrix((np.ones(len(winners)), (winners, losers)), shape=(pairs.count, pairs.count))
    parts, labels = connected_components(graph, directed=True, connection="strong")
    if parts == 1:
        return
    sizes = np.bincount(labels)
    largest = int(sizes.argmax())
    outside = [names[int(place)] for place in np.flatnonzero(labels != largest)]
    raise InputError(
        f"the votes cannot rate all {pairs.count} models against each other: {len(outside)} of them ({', '.join(outside[:6])}"
        f"{', …' if len(outside) > 6 else ''}) never lost, never won, or never met the others, so that their ratings would be "
        "infinite. Give more votes, or leave these models out, one by one: --without MODEL (in Python: without=[…])."
    )


def _points(strengths: Floats, anchor: int | None) -> Floats:
    """Turn strengths (…, models) into Elo points."""
    base = strengths.mean(axis=-1, keepdims=True) if anchor is None else strengths[..., [anchor]]
    return np.asarray(MIDDLE + SCALE * (strengths - base), np.float64)


def _by_bootstrap(
    pairs: Pairs, method: Method, fitted: Fitted, anchor: int | None, resamples: int, seed: int
) -> _Spread:
    random = np.random.default_rng(seed)
    _, clusters = np.unique(pairs.prompts, return_inverse=True)
    count = int(clusters.max()) + 1
    strengths, styles = [], []
    for _ in range(resamples):
        weights = np.bincount(random.integers(count, size=count), minlength=count)[clusters].astype(
            np.float64
        )
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # a resample may leave a model without a loss: its rating is then just large
            drawn = fit_ratings(pairs, method, weights, fitted)
        strengths.append(drawn.strengths)
        styles.append(drawn.style)
    draws = np.array(strengths)
    low, high = np.percentile(_points(draws, anchor), [2.5, 97.5], axis=0)
    apart = np.percentile(draws[:, :, None] - draws[:, None, :], 2.5, axis=0)
    ends = np.percentile(np.array(styles), [2.5, 97.5], axis=0)
    return _Spread(low, high, apart > 0, (ends[0], ends[1]))


def _by_sandwich(pairs: Pairs, method: Method, fitted: Fitted, anchor: int | None) -> _Spread:
    covariance = sandwich(pairs, method, fitted)
    own = covariance[: pairs.count, : pairs.count]
    points = _points(fitted.strengths, anchor)
    centre = np.eye(pairs.count)
    if anchor is None:
        centre -= 1 / pairs.count
    else:
        centre[:, anchor] -= 1
    deviation = SCALE * np.sqrt(np.maximum(np.diag(centre @ own @ centre.T), 0))
    variance = np.diag(own)[:, None] + np.diag(own)[None, :] - 2 * own
    apart = fitted.strengths[:, None] - fitted.strengths[None, :] - _Z * np.sqrt(np.maximum(variance, 0))
    of_style = np.sqrt(np.maximum(np.diag(covariance)[pairs.count : -1], 0))
    return _Spread(
        points - _Z * deviation,
        points + _Z * deviation,
        apart > 0,
        (fitted.style - _Z * of_style, fitted.style + _Z * of_style),
    )


def _rows(
    names: Sequence[str], pairs: Pairs, fitted: Fitted, anchor: int | None, spread: _Spread
) -> tuple[Rating, ...]:
    points = _points(fitted.strengths, anchor)
    ranks = 1 + spread.better.sum(axis=0)
    sides = pairs.models[:, 0], pairs.models[:, 1]

    def count(chosen_a: Bools, chosen_b: Bools) -> Ints:
        own = [
            np.bincount(side[chosen], minlength=pairs.count)
            for side, chosen in zip(sides, (chosen_a, chosen_b), strict=True)
        ]
        return np.asarray(own[0] + own[1], np.int64)

    won, lost, tied = pairs.outcomes > 0, pairs.outcomes < 0, pairs.outcomes == 0
    wins, losses, ties = count(won, lost), count(lost, won), count(tied, tied)
    return tuple(
        Rating(
            names[place], float(points[place]), float(spread.low[place]), float(spread.high[place]), int(ranks[place]),
            int(wins[place] + losses[place] + ties[place]), int(wins[place]), int(losses[place]), int(ties[place]),
        )
        for place in np.argsort(-points, kind="stable")
    )  # fmt: skip
