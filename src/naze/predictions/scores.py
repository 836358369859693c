"""Probabilities and winners go in; how good the probabilities are comes out, with intervals that know about prompts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from naze.factors.resampling import Estimate, bootstrap_interval, known, sums_by
from naze.predictions.features.groups import Floats, Ints

__all__ = [
    "CLASSES",
    "Bin",
    "PredictionScore",
    "class_numbers",
    "difference",
    "log_loss",
    "score_probabilities",
]

CLASSES = ("a", "b", "tie")
"""The order of the columns of probabilities."""
_LEAST = 1e-15
"""Probabilities are held away from 0 by so much, as scikit-learn does."""
_BINS = 10
_DRAWS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of one class that are about equally sure."""

    predicted: float
    """Mean probability."""
    happened: float
    """Share of the votes that came out so."""
    count: int


@dataclass(frozen=True)
class PredictionScore:
    """How good probabilities are."""

    votes: int
    prompts: int
    figures: Mapping[str, Estimate]
    """`log_loss` (nats), `accuracy`, `brier` (0 to 2), `calibration_error` (0 to 1), `tie_auc`, `tie_recall`, `win_auc`, and
    the mean loss of votes of each class: `loss_a`, `loss_b`, `loss_tie`. Intervals hold 95 %."""
    confusion: tuple[tuple[int, int, int], ...]
    """[what happened][what was likeliest], in the order a, b, tie."""
    bins: Mapping[str, tuple[Bin, ...]]
    """Class -> ten bins of equally many votes: the reliability diagram."""

    def __getitem__(self, name: str) -> Estimate:
        return self.figures[name]


def class_numbers(outcomes: Floats) -> Ints:
    """Turn outcomes (1: a, -1: b, 0: tie) into columns of probabilities (0, 1, 2)."""
    return np.select([outcomes > 0, outcomes < 0], [0, 1], 2).astype(np.int64)


def log_loss(probabilities: Floats, happened: Ints) -> Floats:
    """Return the loss of each vote in nats: (votes,)."""
    own = probabilities[np.arange(len(happened)), happened]
    return np.asarray(-np.log(np.clip(own, _LEAST, 1.0)), np.float64)


def score_probabilities(
    probabilities: Floats, happened: Ints, prompts: Ints, *, resamples: int = 1_000, seed: int = 0
) -> PredictionScore:
    """Score probabilities.

    Args:
        probabilities: (votes, 3) of a, b, tie.
        happened: (votes,) column of what happened.
        prompts: (votes,) number of the prompt; votes on one prompt are drawn together.
        resamples: of the bootstrap.
        seed: decides them.

    Sources: Brier 1950 for the score over all classes; calibration error of the likeliest class: Naeini, Cooper and
    Hauskrecht 2015 and Guo et al. 2017, with ten bins of equally many votes; AUC with ties at half: Hanley and McNeil 1982;
    the bootstrap over clusters: Field and Welsh 2007.
    """
    _, clusters = np.unique(prompts, return_inverse=True)
    count = int(clusters.max()) + 1
    simple = _sums(probabilities, happened)
    totals = sums_by(np.column_stack([part for pair in simple.values() for part in pair]), clusters, count)
    ranked = {
        "tie_auc": (probabilities[:, 2], happened == 2, np.ones(len(happened), bool)),
        "win_auc": (probabilities[:, 0] - probabilities[:, 1], happened == 0, happened != 2),
    }
    names = [*simple, "calibration_error", *ranked]
    values = np.empty((resamples + 1, len(names)))
    random = np.random.default_rng(seed)
    step = max(1, _DRAWS_AT_ONCE // max(len(happened), count))
    top = probabilities.max(axis=1)
    hit = (probabilities.argmax(axis=1) == happened).astype(np.float64)
    for start in range(0, resamples + 1, step):
        rows = min(step, resamples + 1 - start)
        draws = [np.bincount(random.integers(count, size=count), minlength=count) for _ in range(rows)]
        drawn = np.asarray(np.stack(draws), np.float64)
        if start == 0:
            drawn[0] = 1
        sums = drawn @ totals
        weights = drawn[:, clusters]
        with np.errstate(invalid="ignore", divide="ignore"):
            columns = [sums[:, 2 * place] / sums[:, 2 * place + 1] for place in range(len(simple))]
        columns.append(_calibration_error(top, hit, weights))
        for ranks, positive, used in ranked.values():
            columns.append(weighted_auc(ranks[used], positive[used], weights[:, used]))
        values[start : start + rows] = np.column_stack(columns)
    low, high = bootstrap_interval(values[1:]) if resamples else (np.full(len(names), np.nan),) * 2
    figures = {
        name: Estimate(known(values[0, place]), known(low[place]), known(high[place]))
        for place, name in enumerate(names)
    }
    likeliest = probabilities.argmax(axis=1)
    confusion = np.bincount(3 * happened + likeliest, minlength=9).reshape(3, 3)
    return PredictionScore(
        votes=len(happened),
        prompts=count,
        figures=figures,
        confusion=tuple((int(row[0]), int(row[1]), int(row[2])) for row in confusion),
        bins={name: _bins(probabilities[:, place], happened == place) for place, name in enumerate(CLASSES)},
    )


def difference(
    first: Floats, second: Floats, prompts: Ints, *, resamples: int = 2_000, seed: int = 0
) -> Estimate:
    """Return the mean of first - second, vote by vote, with a 95 % interval of a bootstrap over prompts."""
    from naze.factors.resampling import resample

    _, clusters = np.unique(prompts, return_inverse=True)
    values = np.column_stack([first - second, np.ones(len(first))])
    drawn = resample(sums_by(values, clusters, int(clusters.max()) + 1), resamples, seed)
    low, high = bootstrap_interval(drawn[:, :1] / drawn[:, 1:])
    return Estimate(float((first - second).mean()), known(low[0]), known(high[0]))


def weighted_auc(ranks: Floats, positive: Floats, weights: Floats) -> Floats:
    """Return the AUC of each row of weights (draws, votes), equal ranks counting half; NaN where a class is missing."""
    if not len(ranks):
        return np.full(len(weights), np.nan)
    order = np.argsort(ranks, kind="stable")
    _, starts = np.unique(ranks[order], return_index=True)
    up = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)
    down = np.add.reduceat(weights[:, order] * ~positive[order].astype(bool), starts, axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((up * below).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1)), np.float64)


def _sums(probabilities: Floats, happened: Ints) -> dict[str, tuple[Floats, Floats]]:
    """Return numerator and denominator of every figure that is a mean: (votes,) each."""
    losses = log_loss(probabilities, happened)
    everything = np.ones(len(happened))
    hit = probabilities.argmax(axis=1) == happened
    truth = np.eye(3)[happened]
    found = {
        "log_loss": (losses, everything),
        "accuracy": (hit.astype(np.float64), everything),
        "brier": (((probabilities - truth) ** 2).sum(axis=1), everything),
        "tie_recall": ((hit & (happened == 2)).astype(np.float64), (happened == 2).astype(np.float64)),
    }
    for place, name in enumerate(CLASSES):
        own = (happened == place).astype(np.float64)
        found[f"loss_{name}"] = losses * own, own
    return found


def _calibration_error(top: Floats, hit: Floats, weights: Floats) -> Floats:
    order = np.argsort(top, kind="stable")
    edges = np.unique(np.linspace(0, len(top), _BINS + 1).astype(int)[:-1])
    sure = np.add.reduceat(weights[:, order] * top[order], edges, axis=1)
    right = np.add.reduceat(weights[:, order] * hit[order], edges, axis=1)
    return np.asarray(np.abs(sure - right).sum(axis=1) / weights.sum(axis=1), np.float64)


def _bins(predicted: Floats, happened: Floats) -> tuple[Bin, ...]:
    order = np.argsort(predicted, kind="stable")
    return tuple(
        Bin(float(predicted[rows].mean()), float(happened[rows].mean()), len(rows))
        for rows in np.array_split(order, min(_BINS, len(order)))
    )
