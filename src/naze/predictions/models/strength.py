"""Which model wrote a response shows in its wording, and stronger models win more: a text's strength, read from its runs.

Where the votes name the models, their strengths come from a Bradley-Terry fit of the votes to learn from, and ridge
regression reads them from the hashed wording of each response: two responses teach it for each vote, with far less
noise than votes have. Where no models are named, the outcome itself is regressed on the difference of the wordings.
Model names are never looked at when a vote is predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.predictions.features.groups import Floats, Ints, Ngrams

__all__ = ["TextStrength", "fit_strength", "strength_out_of_fold"]

_MOST = 8_000
"""Votes that teach it at most; more cost time and change little."""
_LEAST_NAMED = 0.8
"""Where so large a share of the votes names both models, their strengths are what is learnt."""
_LEAST_MODELS = 4
_SHRINKAGE = 1.0
"""L2 penalty of the Bradley-Terry fit, beside the summed loss."""
RIDGE = 5.0


@dataclass(frozen=True)
class TextStrength:
    """Reads the strength of a text from its hashed runs."""

    weights: NDArray[np.float32]
    """(hashed columns,)."""

    def differences(self, ngrams: Ngrams) -> Floats:
        """Return strength(A) - strength(B) of each vote: (votes,)."""
        read = [a @ self.weights - b @ self.weights for a, b in ngrams.blocks()]
        return np.concatenate([np.empty(0), *read])


def fit_strength(
    ngrams: Ngrams, outcomes: Floats, models: Sequence[tuple[str | None, str | None]], *, seed: int = 0
) -> TextStrength:
    """Learn to read strengths.

    Args:
        ngrams: of the votes to learn from.
        outcomes: (votes,) 1: a, -1: b, 0: tie.
        models: (votes,) the names of both models, None where unknown.
        seed: draws the votes where there are more than 8,000.
    """
    from scipy.sparse import vstack
    from sklearn.linear_model import Ridge

    rows = _drawn(len(outcomes), seed)
    ngrams, outcomes, models = ngrams.take(rows), outcomes[rows], [models[int(row)] for row in rows]
    named = np.array([bool(a and b) for a, b in models])
    names = sorted(
        {name for pair, known in zip(models, named, strict=True) if known for name in pair if name}
    )
    ridge = Ridge(alpha=RIDGE, solver="sparse_cg", fit_intercept=False, max_iter=60, tol=1e-3)
    if named.mean() < _LEAST_NAMED or len(names) < _LEAST_MODELS:
        a, b = ngrams.copied()
        ridge.fit(a - b, outcomes)
        return TextStrength(np.asarray(ridge.coef_, np.float32))
    place = {name: number for number, name in enumerate(names)}
    pairs = np.array([[place[a], place[b]] for a, b in models if a and b])
    strengths = _bradley_terry(pairs, outcomes[named], len(names))
    ridge.fit(
        vstack(ngrams.take(np.flatnonzero(named)).copied()),
        np.concatenate([strengths[pairs[:, 0]], strengths[pairs[:, 1]]]),
    )
    return TextStrength(np.asarray(ridge.coef_, np.float32))


def strength_out_of_fold(
    ngrams: Ngrams,
    outcomes: Floats,
    models: Sequence[tuple[str | None, str | None]],
    parts: Ints,
    *,
    seed: int = 0,
) -> Floats:
    """Return strength(A) - strength(B) of each vote, read by a model that learnt from the other parts: (votes,)."""
    found = np.zeros(len(outcomes))
    for part in np.unique(parts):
        rest, own = np.flatnonzero(parts != part), np.flatnonzero(parts == part)
        learnt = fit_strength(
            ngrams.take(rest), outcomes[rest], [models[int(row)] for row in rest], seed=seed
        )
        found[own] = learnt.differences(ngrams.take(own))
    return found


def _drawn(count: int, seed: int) -> Ints:
    if count <= _MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, _MOST, replace=False))


def _bradley_terry(pairs: Ints, outcomes: Floats, count: int) -> Floats:
    """Fit strengths of models; a tie counts half for each side."""
    from scipy.optimize import minimize
    from scipy.special import expit

    wanted = (outcomes + 1) / 2

    def loss(strengths: Floats) -> tuple[float, Floats]:
        difference = strengths[pairs[:, 0]] - strengths[pairs[:, 1]]
        miss = expit(difference) - wanted
        slope = np.bincount(pairs[:, 0], miss, count) - np.bincount(pairs[:, 1], miss, count)
        total = (np.logaddexp(0, difference) - wanted * difference).sum()
        return float(total + _SHRINKAGE / 2 * strengths @ strengths), slope + _SHRINKAGE * strengths

    return np.asarray(minimize(loss, np.zeros(count), jac=True, method="L-BFGS-B").x, np.float64)
