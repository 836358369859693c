"""A judge's verdicts and some winners go in; calibrated verdicts come out, and what they add to a cheap predictor."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.predictions.features.groups import Floats, Group, Ints
from naze.predictions.models.learnt import prompt_parts
from naze.predictions.models.linear import Linear, fit_linear
from naze.predictions.models.ties import probabilities
from naze.predictions.scores import log_loss

__all__ = ["CascadePoint", "JudgeCalibration", "calibrate_judge", "calibrated_out_of_fold", "cascade_curve"]

_SHRINKAGES = (0.01, 0.1, 1.0)
_BESIDE = (0.1, 1.0, 10.0, 1000.0)
"""Of columns beside a cheap predictor, which is taken as it is: the last leaves nothing of them."""
_INNER = 5


@dataclass(frozen=True)
class JudgeCalibration:
    """Turns a judge's verdicts, and what a cheap predictor says, into probabilities."""

    win: Linear
    tie: Linear

    def apply(self, group: Group, cheap: tuple[Floats, Floats] | None = None) -> Floats:
        """Return probabilities (votes, 3) of a, b, tie.

        Args:
            group: of the verdicts.
            cheap: log odds of a cheap predictor, of a against b and of a tie, where it took part in the calibration.
        """
        odd, even = _columns(group)
        win, tie = self.win.predict(odd), self.tie.predict(even)
        return probabilities(win, tie) if cheap is None else probabilities(win + cheap[0], tie + cheap[1])


def calibrate_judge(
    group: Group,
    outcomes: Floats,
    prompts: Ints,
    *,
    cheap: tuple[Floats, Floats] | None = None,
    seed: int = 0,
) -> JudgeCalibration:
    """Learn what a judge's verdicts mean: two small logistic regressions, [s, -s, t], shrunk as cross-validation finds best.

    Args:
        group: of the verdicts (`Verdicts.group`), without NaN.
        outcomes: (votes,) 1: a, -1: b, 0: tie.
        prompts: (votes,) number of the prompt.
        cheap: log odds of a cheap predictor that did not learn from these votes; the verdicts then say what is to be added.
        seed: decides the parts of the cross-validation.
    """
    odd, even = _columns(group)
    parts = prompt_parts(prompts, _INNER, seed)
    decided, everything = (outcomes != 0).astype(np.float64), np.ones(len(outcomes))
    win, tie = (None, None) if cheap is None else cheap
    return JudgeCalibration(
        _best(odd, (outcomes > 0).astype(np.float64), decided, parts, odd=True, beside=win),
        _best(even, 1 - decided, everything, parts, odd=False, beside=tie),
    )


def calibrated_out_of_fold(
    group: Group,
    outcomes: Floats,
    prompts: Ints,
    *,
    cheap: tuple[Floats, Floats] | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Floats:
    """Return the probabilities (votes, 3) of votes by a calibration that did not see their prompts."""
    parts = prompt_parts(prompts, folds, seed)
    found = np.empty((len(outcomes), 3))
    for fold in range(folds):
        rest, own = np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)
        if not len(own):
            continue
        _, numbers = np.unique(prompts[rest], return_inverse=True)
        learnt = calibrate_judge(
            group.take(rest), outcomes[rest], numbers, cheap=_taken(cheap, rest), seed=seed
        )
        found[own] = learnt.apply(group.take(own), _taken(cheap, own))
    return found


@dataclass(frozen=True, slots=True)
class CascadePoint:
    """What is to be had where the judge is asked about so many votes."""

    share: float
    """Of the votes, those that the cheap predictor is least sure of."""
    judged: int
    loss: float
    """Mean log loss over all votes, in nats."""
    loss_at_random: float
    """The same where as many votes were picked at random (expected)."""


def cascade_curve(
    cheap: Floats, judged: Floats, happened: Ints, shares: Sequence[float] = (0, 0.1, 0.2, 0.3, 0.5, 0.7, 1)
) -> list[CascadePoint]:
    """Say what asking the judge about the least sure votes alone saves and costs.

    Args:
        cheap: (votes, 3) of the cheap predictor, out of fold.
        judged: (votes, 3) with the judge taken in, out of fold.
        happened: (votes,) column of what happened.
        shares: of the votes that are judged.
    """
    order = np.argsort(unsureness(cheap), kind="stable")[::-1]
    alone, together = log_loss(cheap, happened), log_loss(judged, happened)
    points = []
    for share in shares:
        count = round(share * len(order))
        losses = alone.copy()
        losses[order[:count]] = together[order[:count]]
        at_random = alone.mean() + count / max(len(order), 1) * (together.mean() - alone.mean())
        points.append(CascadePoint(float(share), count, float(losses.mean()), float(at_random)))
    return points


def unsureness(told: Floats) -> Floats:
    """Return the entropy of each prediction in nats: (votes,)."""
    held = np.clip(told, 1e-12, 1.0)
    return np.asarray(-(held * np.log(held)).sum(axis=1), np.float64)


def _columns(group: Group) -> tuple[Floats, Floats]:
    if group.odd is None or group.even is None:
        raise ValueError("a judge's group has odd and even columns")
    return group.odd, group.even


def _taken(cheap: tuple[Floats, Floats] | None, rows: Ints) -> tuple[Floats, Floats] | None:
    return None if cheap is None else (cheap[0][rows], cheap[1][rows])


def _best(
    columns: Floats, hits: Floats, weights: Floats, parts: Ints, *, odd: bool, beside: Floats | None
) -> Linear:
    """Fit with the shrinkage that cross-validation finds best.

    `beside` are log odds that are added to the result. Then something is added only where it lowers the loss by more than the
    gain's standard error: smaller gains are noise.
    """
    grid = _SHRINKAGES if beside is None else _BESIDE
    used = np.flatnonzero(weights > 0)
    losses = np.empty((len(grid), len(used)))
    for place, shrinkage in enumerate(grid):
        for part in np.unique(parts):
            test = np.flatnonzero(parts[used] == part)
            rest = weights * (parts != part)
            told = fit_linear(columns, hits, rest, shrinkage, odd=odd, beside=beside).predict(
                columns[used[test]]
            )
            if beside is not None:
                told = told + beside[used[test]]
            losses[place, test] = np.logaddexp(0, np.where(hits[used[test]] > 0.5, -told, told))
    best = int(losses.mean(axis=1).argmin())
    if beside is not None:
        gain = losses[-1] - losses[best]
        if gain.mean() <= gain.std() / np.sqrt(max(len(gain), 1)):
            best = len(grid) - 1
    return fit_linear(columns, hits, weights, grid[best], odd=odd, beside=beside)
