"""Two logistic regressions: who wins, of odd columns and without an intercept; whether it is a tie, of even ones."""

from dataclasses import dataclass

import numpy as np

from naze.predictions.features.groups import Floats

__all__ = ["Linear", "fit_linear"]

_FARTHEST = 5.0
"""Scaled values are held within so many standard deviations, so that one odd text cannot decide alone."""
_ROUNDS = 500


@dataclass(frozen=True)
class Linear:
    """Log odds = scaled columns times weights, plus the intercept."""

    center: Floats
    """(columns,): taken off first; 0 for odd columns."""
    scale: Floats
    """(columns,): divided by."""
    weights: Floats
    """(columns,)."""
    intercept: float

    def scaled(self, columns: Floats) -> Floats:
        """Scale columns as the weights expect them."""
        return np.asarray(np.clip((columns - self.center) / self.scale, -_FARTHEST, _FARTHEST), np.float64)

    def predict(self, columns: Floats) -> Floats:
        """Return log odds: (votes,)."""
        return np.asarray(self.scaled(columns) @ self.weights + self.intercept, np.float64)

    def contributions(self, columns: Floats) -> Floats:
        """Return what each column adds to the log odds, beside the intercept: (votes, columns)."""
        return np.asarray(self.scaled(columns) * self.weights, np.float64)


def fit_linear(
    columns: Floats,
    hits: Floats,
    weights: Floats,
    shrinkage: float,
    *,
    odd: bool,
    beside: Floats | None = None,
) -> Linear:
    """Fit by maximum likelihood with an L2 penalty.

    Args:
        columns: (votes, columns).
        hits: (votes,) 1 where it is so, 0 where not.
        weights: (votes,) how much each vote counts; those of weight 0 are left out. Where none is left, all weights are 0.
        shrinkage: penalty beside the mean loss; the larger, the nearer all weights are to 0.
        odd: the columns change their sign with the sides: no intercept, no centre.
        beside: (votes,) log odds that another model gives; what is fitted is to be added to them, and shrunk towards nothing.
    """
    from sklearn.linear_model import LogisticRegression

    used = weights > 0
    columns, hits, weights = columns[used], hits[used], weights[used]
    if beside is not None:
        beside = beside[used]
    if not len(hits):
        nothing = np.zeros(columns.shape[1])
        return Linear(nothing, np.ones(columns.shape[1]), nothing, 0.0)
    center = np.zeros(columns.shape[1]) if odd else np.average(columns, axis=0, weights=weights)
    scale = np.sqrt(np.average((columns - center) ** 2, axis=0, weights=weights))
    scale[scale < 1e-9] = 1.0
    blank = Linear(center, scale, np.zeros(columns.shape[1]), 0.0)
    if beside is None and (len(np.unique(hits)) < 2 or not columns.shape[1]):
        share = (np.average(hits, weights=weights) * len(hits) + 0.5) / (len(hits) + 1)
        return blank if odd else Linear(center, scale, blank.weights, float(np.log(share / (1 - share))))
    if beside is not None:
        found, intercept = _added(blank.scaled(columns), hits, weights, shrinkage, beside, odd)
        return Linear(center, scale, found, intercept)
    model = LogisticRegression(
        C=1 / (shrinkage * weights.sum()), fit_intercept=not odd, max_iter=_ROUNDS, tol=1e-5
    ).fit(blank.scaled(columns), hits, sample_weight=weights)
    return Linear(center, scale, model.coef_[0], 0.0 if odd else float(model.intercept_[0]))


def _added(
    columns: Floats, hits: Floats, weights: Floats, shrinkage: float, beside: Floats, odd: bool
) -> tuple[Floats, float]:
    """Find weights, and an intercept where the columns are even, of what is added to given log odds; both are shrunk."""
    from scipy.optimize import minimize
    from scipy.special import expit

    if not odd:
        columns = np.column_stack([columns, np.ones(len(columns))])
    total = max(float(weights.sum()), 1e-9)

    def loss(theta: Floats) -> tuple[float, Floats]:
        told = beside + columns @ theta
        value = (weights * np.logaddexp(0.0, np.where(hits > 0.5, -told, told))).sum() / total
        slope = columns.T @ (weights * (expit(told) - hits)) / total + shrinkage * theta
        return float(value + shrinkage / 2 * theta @ theta), slope

    found = minimize(
        loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS}
    ).x
    return (found, 0.0) if odd else (found[:-1], float(found[-1]))
