"""Votes on pairs of models go in; a rating of each model comes out, with ties, style and intervals.

A model's strength enters as 2s = θ(A) - θ(B) of `models/ties.py`; ties by Davidson or Rao and Kupper, or as half a win
for each side.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from naze.predictions.features.groups import Floats, Ints
from naze.predictions.models.ties import TieRule, constant_tie_loss

__all__ = ["Fitted", "Method", "Pairs", "fit_ratings", "sandwich"]

_RIDGE = 1e-6
"""Keeps the sum of strengths at 0; too small to move a rating."""
_STEP = 1e-4
_ROUNDS = 1_000


class Method(StrEnum):
    """What becomes of ties."""

    DAVIDSON = "davidson"
    RAO_KUPPER = "rao-kupper"
    BRADLEY_TERRY = "bradley-terry"
    """A tie is half a win for each side, as Chatbot Arena counts it."""


@dataclass(frozen=True)
class Pairs:
    """Votes as numbers."""

    models: Ints
    """(votes, 2): numbers of the models of A and B."""
    outcomes: Floats
    """(votes,) 1: a, -1: b, 0: tie."""
    style: Floats
    """(votes, columns): differences of style, scaled; no columns: style is not controlled."""
    prompts: Ints
    """(votes,) number of the prompt."""
    count: int
    """Models."""


@dataclass(frozen=True)
class Fitted:
    """Strengths in logits, their mean 0."""

    strengths: Floats
    """(models,)."""
    style: Floats
    """(columns,): how much one standard deviation of difference adds to the log odds of A."""
    raw: float
    """The tie's parameter as it is fitted; 0 for Bradley-Terry."""

    @property
    def theta(self) -> Floats:
        """All parameters in one array."""
        return np.concatenate([self.strengths, self.style, [self.raw]])


def fit_ratings(
    pairs: Pairs, method: Method, weights: Floats | None = None, start: Fitted | None = None
) -> Fitted:
    """Fit by maximum likelihood.

    Args:
        pairs: the votes; every model is connected with every other through votes that were won and lost.
        method: what becomes of ties.
        weights: (votes,) how often each vote counts; None: once.
        start: where to begin; a resample begins where all votes ended.
    """
    from scipy.optimize import minimize

    weights = np.ones(len(pairs.outcomes)) if weights is None else weights
    begin = np.zeros(pairs.count + pairs.style.shape[1] + 1) if start is None else start.theta

    def loss(theta: Floats) -> tuple[float, Floats]:
        losses, slopes = _scores(pairs, method, theta)
        penalty = _RIDGE / 2 * theta[: pairs.count] @ theta[: pairs.count]
        slope = weights @ slopes / weights.sum()
        slope[: pairs.count] += _RIDGE * theta[: pairs.count]
        return float(weights @ losses / weights.sum() + penalty), slope

    found = minimize(
        loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS, "ftol": 1e-12, "gtol": 1e-8}
    )
    strengths = found.x[: pairs.count]
    return Fitted(strengths - strengths.mean(), found.x[pairs.count : -1], float(found.x[-1]))


def sandwich(pairs: Pairs, method: Method, fitted: Fitted) -> Floats:
    """Return the covariance of all parameters, robust and clustered by prompt: H⁻¹ (Σ g gᵀ) H⁻¹.

    Sources: White 1982, "Maximum likelihood estimation of misspecified models"; Liang and Zeger 1986 for clusters.
    """
    theta = fitted.theta
    used = np.arange(len(theta)) < len(theta) - (method is Method.BRADLEY_TERRY)
    _, clusters = np.unique(pairs.prompts, return_inverse=True)
    _, slopes = _scores(pairs, method, theta)
    grouped = np.zeros((int(clusters.max()) + 1, len(theta)))
    np.add.at(grouped, clusters, slopes)
    curve = np.zeros((len(theta), len(theta)))
    for place in np.flatnonzero(used):
        step = np.zeros(len(theta))
        step[place] = _STEP
        up, down = (_scores(pairs, method, theta + sign * step)[1].sum(axis=0) for sign in (1, -1))
        curve[place] = (up - down) / (2 * _STEP)
    # Strengths are known up to a constant only: the pseudo-inverse takes their mean as 0.
    inverse = np.linalg.pinv((curve + curve.T)[np.ix_(used, used)] / 2, rcond=1e-9, hermitian=True)
    covariance = np.zeros_like(curve)
    covariance[np.ix_(used, used)] = inverse @ (grouped.T @ grouped)[np.ix_(used, used)] @ inverse
    return covariance


def _scores(pairs: Pairs, method: Method, theta: Floats) -> tuple[Floats, Floats]:
    """Return loss and gradient of each vote: (votes,) and (votes, parameters)."""
    count = pairs.count
    rows = np.arange(len(pairs.outcomes))
    win = theta[pairs.models[:, 0]] - theta[pairs.models[:, 1]] + pairs.style @ theta[count:-1]
    if method is Method.BRADLEY_TERRY:
        from scipy.special import expit

        wanted = (np.sign(pairs.outcomes) + 1) / 2
        losses = np.logaddexp(0, win) - wanted * win
        by_win, by_raw = expit(win) - wanted, np.zeros(len(rows))
    else:
        rule = TieRule.DAVIDSON if method is Method.DAVIDSON else TieRule.RAO_KUPPER
        losses, by_win, by_raw = constant_tie_loss(rule, win, float(theta[-1]), np.sign(pairs.outcomes))
    slopes = np.zeros((len(rows), len(theta)))
    np.add.at(slopes, (rows, pairs.models[:, 0]), by_win)
    np.add.at(slopes, (rows, pairs.models[:, 1]), -by_win)
    slopes[:, count:-1] = by_win[:, None] * pairs.style
    slopes[:, -1] = by_raw
    return losses, slopes
