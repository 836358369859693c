"""One half of a prediction: who wins, or whether it is a tie. A linear model, a forest, boosted trees; blended, calibrated.

Everything that has to be chosen (shrinkage, how much votes of other sets count, how many trees, their share, whether
calibration helps) is chosen by cross-validation within the votes to learn from, by prompt, on votes of the
person's own set alone.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from naze.predictions.features.groups import Floats, Ints
from naze.predictions.models.linear import Linear, fit_linear
from naze.predictions.models.trees import Trees, fit_trees

__all__ = ["LEAST_DECIDED", "Calibration", "Choices", "Part", "PartData", "fit_part", "log_losses"]

LEAST_DECIDED = 10
"""Of fewer decided votes nothing is learnt about who wins: three of them gave odds of more than a hundred to one."""

SHRINKAGES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
EXTRA_WEIGHTS = (0.3, 1.0)
SHARES = tuple((forest / 4, boosted / 4) for forest in range(5) for boosted in range(5 - forest))
"""Of a forest and of boosted trees in the blend; the rest is the linear model's."""
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
    """Boosted trees."""
    forest_share: float
    """Of the blend."""
    boosted_share: float
    """Of the blend."""
    calibrated: bool
    """Whether calibration lowered the loss out of fold."""
    loss_linear: float
    """Mean log loss of this half, out of fold, in nats."""
    loss_forest: float | None
    """None: no forest was grown."""
    loss_boosted: float | None
    loss_blend: float

    @property
    def tree_share(self) -> float:
        """Of both kinds of trees in the blend."""
        return self.forest_share + self.boosted_share


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
    forest: Trees | None
    boosted: Trees | None
    calibration: Calibration
    choices: Choices

    def predict(self, linear: Floats, trees: Floats) -> Floats:
        """Return calibrated log odds: (votes,)."""
        return self.calibration.apply(self._blend(self.linear.predict(linear), trees))

    @property
    def trees(self) -> tuple[tuple[Trees, float], ...]:
        """The trees that take part, each with its share."""
        both = ((self.forest, self.choices.forest_share), (self.boosted, self.choices.boosted_share))
        return tuple((one, share) for one, share in both if one is not None and share > 0)

    def _blend(self, told: Floats, columns: Floats) -> Floats:
        rest = 1 - sum(share for _, share in self.trees)
        return np.asarray(rest * told + sum(share * one.predict(columns) for one, share in self.trees))

    def contributions(self, linear: Floats, trees: Floats) -> tuple[Floats, Floats]:
        """Return what each column of the linear model, and each of the trees, adds to the calibrated log odds."""
        rest = 1 - sum(share for _, share in self.trees)
        of_linear = self.linear.contributions(linear) * rest * self.calibration.scale
        of_trees = np.zeros_like(trees)
        for one, share in self.trees:
            of_trees = of_trees + one.contributions(trees) * share * self.calibration.scale
        return of_linear, of_trees


def log_losses(logits: Floats, hits: Floats) -> Floats:
    """Return the log loss of each prediction, in nats."""
    return np.asarray(np.logaddexp(0.0, np.where(hits > 0.5, -logits, logits)), np.float64)


def fit_part(data: PartData, *, with_trees: bool) -> tuple[Part, Floats]:
    """Fit one half.

    Returns:
        The half, and its log odds of all votes, out of fold where a vote was held out: (votes,).
    """
    if data.odd and (data.counted & data.own).sum() < LEAST_DECIDED:
        return _unknown(data), np.zeros(len(data.hits))
    held = _held_out(data)
    shrinkage, extra = _chosen(data, held)
    with_trees = with_trees and _trees_can_learn(data, held)
    weights = _weights(data, extra)
    kinds = () if not with_trees else ("forest", "boosted") if len(data.hits) <= _MANY else ("boosted",)
    told = _OutOfFold(data, weights, shrinkage, held, kinds)
    calibration, choices = _blended(data, told)
    shares = choices.forest_share, choices.boosted_share
    count = round(float(np.mean(told.rounds))) if told.rounds else 0
    forest, boosted = (
        fit_trees(data.trees, data.hits, weights, count, odd=data.odd, forest=kind == "forest")
        if share
        else None
        for kind, share in zip(("forest", "boosted"), shares, strict=True)
    )
    part = Part(
        _linear(data, weights, shrinkage), forest, boosted, calibration,
        replace(choices, shrinkage=shrinkage, extra_weights=extra, rounds=count if boosted else 0),
    )  # fmt: skip
    out = told.blend(shares)
    rest = np.isnan(out)
    out[~rest] = calibration.apply(out[~rest])
    if rest.any():
        out[rest] = part.predict(data.linear[rest], data.trees[rest])
    return part, out


def _unknown(data: PartData) -> Part:
    """Make the half that says of every vote: as likely as not."""
    linear = fit_linear(data.linear, data.hits, np.zeros(len(data.hits)), SHRINKAGES[-1], odd=data.odd > 0)
    loss, extra = float(np.log(2)), (0.0,) * int(data.sources.max(initial=0))
    choices = Choices(SHRINKAGES[-1], extra, 0, 0.0, 0.0, False, loss, None, None, loss)
    return Part(linear, None, None, Calibration(), choices)


def _trees_can_learn(data: PartData, held: list[int]) -> bool:
    """See that both outcomes happened, and that no part holds all votes that count."""
    used = data.counted & data.own
    return len(np.unique(data.hits[used])) > 1 and all((used & (data.parts != part)).any() for part in held)


class _OutOfFold:
    """Log odds of votes by models that did not see their part; NaN where a part was not held out."""

    def __init__(
        self, data: PartData, weights: Floats, shrinkage: float, held: list[int], kinds: tuple[str, ...]
    ) -> None:
        self.linear = np.full(len(data.hits), np.nan)
        self.trees = {kind: np.full(len(data.hits), np.nan) for kind in kinds}
        self.rounds: list[int] = []
        """Of the boosted trees, where they were stopped."""
        boosted: list[tuple[Bools, Trees]] = []
        for place in held:
            train, test = weights * (data.parts != place), np.asarray(data.parts == place, np.bool_)
            self.linear[test] = _linear(data, train, shrinkage).predict(data.linear[test])
            valid = test & data.counted & data.own
            for kind, found in self.trees.items():
                grown = fit_trees(
                    data.trees, data.hits, train, _MOST_ROUNDS, odd=data.odd, forest=kind == "forest",
                    held_out=(data.trees[valid], data.hits[valid]) if valid.any() else None,
                )  # fmt: skip
                if kind == "forest":
                    found[test] = grown.predict(data.trees[test])
                else:
                    boosted.append((test, grown))
                    self.rounds.append(max(10, grown.booster.best_iteration or _MOST_ROUNDS))
        for place, (test, grown) in enumerate(boosted):
            # A part is predicted with as many trees as the other parts liked best: its own choice has seen its winners.
            others = [*self.rounds[:place], *self.rounds[place + 1 :]] or self.rounds
            grown.booster.best_iteration = round(float(np.mean(others)))
            self.trees["boosted"][test] = grown.predict(data.trees[test])
        self.judged = data.counted & data.own & ~np.isnan(self.linear)

    def blend(self, shares: tuple[float, float]) -> Floats:
        """Weigh the models: (votes,)."""
        mixed = (1 - sum(shares)) * self.linear
        for kind, share in zip(("forest", "boosted"), shares, strict=True):
            if share:
                mixed = mixed + share * self.trees[kind]
        return np.asarray(mixed, np.float64)


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


def _blended(data: PartData, told: _OutOfFold) -> tuple[Calibration, Choices]:
    """Choose the shares with the least loss, and a calibration; `Choices` holds what is known here."""
    judged = told.judged
    hits = data.hits[judged]

    def loss(shares: tuple[float, float]) -> float:
        return float(log_losses(told.blend(shares)[judged], hits).mean())

    possible = [
        shares
        for shares in SHARES
        if all(
            kind in told.trees or not share for kind, share in zip(("forest", "boosted"), shares, strict=True)
        )
    ]
    losses = {shares: loss(shares) for shares in possible} if len(hits) else {(0.0, 0.0): 0.0}
    best = min(losses, key=lambda one: losses[one])
    calibration = _calibration(told.blend(best)[judged], hits, data.parts[judged], even=data.odd == 0)
    return calibration, Choices(
        shrinkage=0.0,
        extra_weights=(),
        rounds=0,
        forest_share=best[0],
        boosted_share=best[1],
        calibrated=calibration != Calibration(),
        loss_linear=losses[0.0, 0.0],
        loss_forest=losses.get((1.0, 0.0)),
        loss_boosted=losses.get((0.0, 1.0)),
        loss_blend=losses[best],
    )


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
