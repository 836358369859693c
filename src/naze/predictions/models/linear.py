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


def fit_linear(columns: Floats, hits: Floats, weights: Floats, shrinkage: float, *, odd: bool) -> Linear:
    """Fit by maximum likelihood with an L2 penalty.

    Args:
        columns: (votes, columns).
        hits: (votes,) 1 where it is so, 0 where not.
        weights: (votes,) how much each vote counts; those of weight 0 are left out.
        shrinkage: penalty beside the mean loss; the larger, the nearer all weights are to 0.
        odd: the columns change their sign with the sides: no intercept, no centre.
    """
    from sklearn.linear_model import LogisticRegression

    used = weights > 0
    columns, hits, weights = columns[used], hits[used], weights[used]
    center = np.zeros(columns.shape[1]) if odd else np.average(columns, axis=0, weights=weights)
    scale = np.sqrt(np.average((columns - center) ** 2, axis=0, weights=weights))
    scale[scale < 1e-9] = 1.0
    blank = Linear(center, scale, np.zeros(columns.shape[1]), 0.0)
    if len(np.unique(hits)) < 2 or not columns.shape[1]:
        share = (np.average(hits, weights=weights) * len(hits) + 0.5) / (len(hits) + 1) if len(hits) else 0.5
        return blank if odd else Linear(center, scale, blank.weights, float(np.log(share / (1 - share))))
    model = LogisticRegression(
        C=1 / (shrinkage * weights.sum()), fit_intercept=not odd, max_iter=_ROUNDS, tol=1e-5
    ).fit(blank.scaled(columns), hits, sample_weight=weights)
    return Linear(center, scale, model.coef_[0], 0.0 if odd else float(model.intercept_[0]))
