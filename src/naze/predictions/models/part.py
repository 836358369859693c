"""One half of a prediction: who wins, or whether it is a tie. A linear model and trees, blended, calibrated.

Everything that has to be chosen (shrinkage, how much votes of other sets count, how many trees, their share, whether
calibration helps) is chosen by cross-validation within the votes to learn from, by prompt, on votes of the
person's own set alone.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from naze.predictions.features.groups import Floats, Ints
from naze.predictions.models.linear import Linear, fit_linear
from naze.predictions.models.trees import Trees, fit_trees

__all__ = ["Calibration", "Choices", "Part", "PartData", "fit_part", "log_losses"]

SHRINKAGES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
EXTRA_WEIGHTS = (0.3, 1.0)
TREE_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_MOST_ROUNDS = 600
_MANY = 12_000
"""With more votes one part is held out to choose on, instead of each in turn."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Calibration:
    """Log odds are multiplied by `scale` and `shift` is added (Platt)."""

    scale: float = 1.0
    shift: float = 0.0

    def apply(self, logits: Floats) -> Floats:
        """Calibrate log odds."""
        return np.asarray(logits * self.scale + self.shift, np.float64)


@dataclass(frozen=True)
class Choices:
    """What cross-validation chose, and what it saw."""

    shrinkage: float
    extra_weights: tuple[float, ...]
    """Of the votes of each other set; 0: they were of no help."""
    rounds: int
    """Trees."""
    tree_share: float
    """Of the blend."""
    calibrated: bool
    """Whether calibration lowered the loss out of fold."""
    loss_linear: float
    """Mean log loss of this half, out of fold, in nats."""
    loss_trees: float | None
    loss_blend: float


@dataclass(frozen=True)
class PartData:
    """What one half learns from."""

    linear: Floats
    """(votes, columns) for the linear model."""
    trees: Floats
    """(votes, columns) for the trees; odd columns first."""
    hits: Floats
    """(votes,) 1 or 0."""
    counted: Bools
    """(votes,) whether a vote says anything about this half; a tie says nothing about who wins."""
    sources: Ints
    """(votes,) 0: of the person's own set; 1, 2, …: of other sets, which may help."""
    parts: Ints
    """(votes,) the part of the cross-validation; votes on one prompt have the same."""
    odd: int
    """How many of the trees' columns are odd; 0: this half is even."""

    @property
    def own(self) -> Bools:
        """(votes,) of the person's own set."""
        return np.asarray(self.sources == 0, np.bool_)


@dataclass(frozen=True)
class Part:
    """A fitted half."""

    linear: Linear
    trees: Trees | None
    calibration: Calibration
    choices: Choices

    def predict(self, linear: Floats, trees: Floats) -> Floats:
        """Return calibrated log odds: (votes,)."""
        return self.calibration.apply(self._blend(self.linear.predict(linear), trees))

    def _blend(self, told: Floats, columns: Floats) -> Floats:
        share = self.choices.tree_share
        if self.trees is None or share == 0:
            return told
        return (1 - share) * told + share * self.trees.predict(columns)

    def contributions(self, linear: Floats, trees: Floats) -> tuple[Floats, Floats]:
        """Return what each column of the linear model, and each of the trees, adds to the calibrated log odds."""
        share = self.choices.tree_share if self.trees is not None else 0.0
        of_linear = self.linear.contributions(linear) * (1 - share) * self.calibration.scale
        if self.trees is None or share == 0:
            return of_linear, np.zeros_like(trees)
        return of_linear, self.trees.contributions(trees) * share * self.calibration.scale


def log_losses(logits: Floats, hits: Floats) -> Floats:
    """Return the log loss of each prediction, in nats."""
    return np.asarray(np.logaddexp(0.0, np.where(hits > 0.5, -logits, logits)), np.float64)


def fit_part(data: PartData, *, with_trees: bool) -> tuple[Part, Floats]:
    """Fit one half.

    Returns:
        The half, and its log odds of all votes, out of fold where a vote was held out: (votes,).
    """
    held = _held_out(data)
    shrinkage, extra = _chosen(data, held)
    weights = _weights(data, extra)
    told = np.full(len(data.hits), np.nan)
    grown = np.full(len(data.hits), np.nan)
    rounds = []
    for place in held:
        train, test = weights * (data.parts != place), data.parts == place
        told[test] = _linear(data, train, shrinkage).predict(data.linear[test])
        if with_trees:
            valid = test & data.counted & data.own
            trees = fit_trees(
                data.trees, data.hits, train, _MOST_ROUNDS, odd=data.odd,
                held_out=(data.trees[valid], data.hits[valid]) if valid.any() else None,
            )  # fmt: skip
            rounds.append(max(10, trees.booster.best_iteration or trees.booster.num_trees()))
            grown[test] = trees.predict(data.trees[test])
    judged = data.counted & data.own & ~np.isnan(told)
    linear = _linear(data, weights, shrinkage)
    count = round(float(np.mean(rounds))) if rounds else 0
    share, calibration, choices = _blended(data, told, grown, judged)
    trees_kept = (
        fit_trees(data.trees, data.hits, weights, count, odd=data.odd) if with_trees and share else None
    )
    part = Part(
        linear, trees_kept, calibration,
        Choices(shrinkage, extra, count if share else 0, share, calibration != Calibration(), *choices),
    )  # fmt: skip
    out = told if not share else (1 - share) * told + share * grown
    rest = np.isnan(out)
    out[~rest] = calibration.apply(out[~rest])
    if rest.any():
        out[rest] = part.predict(data.linear[rest], data.trees[rest])
    return part, out


def _held_out(data: PartData) -> list[int]:
    parts = [int(part) for part in np.unique(data.parts)]
    return parts[:1] if len(data.hits) > _MANY else parts


def _weights(data: PartData, extra: tuple[float, ...]) -> Floats:
    return np.asarray(data.counted * np.array([1.0, *extra])[data.sources], np.float64)


def _linear(data: PartData, weights: Floats, shrinkage: float) -> Linear:
    return fit_linear(data.linear, data.hits, weights, shrinkage, odd=data.odd > 0)


def _chosen(data: PartData, held: list[int]) -> tuple[float, tuple[float, ...]]:
    """Choose the shrinkage, then how much each other set counts, one after another, the shrinkage anew each time."""

    def loss(shrinkage: float, extra: tuple[float, ...]) -> float:
        weights = _weights(data, extra)
        total, count = 0.0, 0
        for part in held:
            test = (data.parts == part) & data.counted & data.own
            if test.any():
                model = _linear(data, weights * (data.parts != part), shrinkage)
                total += log_losses(model.predict(data.linear[test]), data.hits[test]).sum()
                count += int(test.sum())
        return total / max(count, 1)

    def best(extra: tuple[float, ...]) -> tuple[float, float]:
        # The loss falls and then rises with the shrinkage: stop at the bottom.
        losses = {SHRINKAGES[-1]: loss(SHRINKAGES[-1], extra)}
        for larger, smaller in pairwise(reversed(SHRINKAGES)):
            losses[smaller] = loss(smaller, extra)
            if losses[smaller] > losses[larger]:
                break
        found = min(losses, key=lambda one: losses[one])
        return losses[found], found

    extra = (0.0,) * int(data.sources.max(initial=0))
    lowest, shrinkage = best(extra)
    for place in range(len(extra)):
        for weight in EXTRA_WEIGHTS:
            tried = (*extra[:place], weight, *extra[place + 1 :])
            found, at = best(tried)
            if found < lowest:
                lowest, shrinkage, extra = found, at, tried
    return shrinkage, extra


def _blended(
    data: PartData, told: Floats, grown: Floats, judged: Bools
) -> tuple[float, Calibration, tuple[float, float | None, float]]:
    hits, told = data.hits[judged], told[judged]
    alone = float(log_losses(told, hits).mean())
    share, loss_trees, blend, best = 0.0, None, told, alone
    if not np.isnan(grown[judged]).any() and len(grown[judged]):
        trees = grown[judged]
        loss_trees = float(log_losses(trees, hits).mean())
        losses = {one: float(log_losses((1 - one) * told + one * trees, hits).mean()) for one in TREE_SHARES}
        share = min(losses, key=lambda one: losses[one])
        blend, best = (1 - share) * told + share * trees, losses[share]
    calibration = _calibration(blend, hits, data.parts[judged], even=data.odd == 0)
    return share, calibration, (alone, loss_trees, best)


def _calibration(logits: Floats, hits: Floats, parts: Ints, *, even: bool) -> Calibration:
    """Fit scale (and shift, for an even half) out of fold; keep it where it lowers the loss on votes it did not see."""
    if len(hits) < 50 or len(np.unique(hits)) < 2:
        return Calibration()
    folds = parts if len(np.unique(parts)) > 1 else np.arange(len(parts)) % 5
    losses = log_losses(logits, hits)
    after = np.empty(len(hits))
    for fold in np.unique(folds):
        rest = folds != fold
        if len(np.unique(hits[rest])) < 2:
            return Calibration()
        after[~rest] = log_losses(_platt(logits[rest], hits[rest], even).apply(logits[~rest]), hits[~rest])
    gain = losses - after
    # Smaller gains than their own standard error are noise.
    if gain.mean() <= gain.std() / np.sqrt(len(gain)):
        return Calibration()
    return _platt(logits, hits, even)


def _platt(logits: Floats, hits: Floats, even: bool) -> Calibration:
    """Source: Platt 1999, "Probabilistic outputs for support vector machines"."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e3, fit_intercept=even).fit(logits[:, None], hits)
    return Calibration(max(float(model.coef_[0, 0]), 0.0), float(model.intercept_[0]) if even else 0.0)
