"""Predictors go in; one that weighs them comes out. A predictor is anything with `predict_proba`, e.g. a fine-tuned model."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Protocol, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from naze.errors import ConfigurationError, InputError
from naze.predictions.features.groups import Floats, Ints
from naze.predictions.models.learnt import prompt_parts
from naze.predictions.predictor import (
    Labels,
    accuracy_of,
    check_prompts,
    class_labels,
    outcomes_of,
    prompt_numbers,
)
from naze.predictions.scores import class_numbers
from naze.records import Vote

__all__ = ["BlendedPredictor", "Predictor"]

_LEAST = 1e-6
_FARTHEST = 1e-3
_SHRINKAGE = 1e-3
"""Penalty on the distance from equal weights, beside the mean loss."""


class Predictor(Protocol):
    """What can be blended."""

    def predict_proba(self, votes: Sequence[Vote]) -> Floats:
        """Return probabilities (votes, 3) of a, b, tie."""
        ...


class BlendedPredictor(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Weighs predictors: the log of the blend is the weighted sum of theirs (a logarithmic opinion pool).

    A predictor that has `fit` is fitted anew for each fold, so that its weight comes from votes that it did not see, and
    then on all votes. One without `fit` is taken as it is, e.g. a fine-tuned model: it must not have learnt from these votes.

    Source: Genest and Zidek 1986, "Combining probability distributions", section 3.

    Example:
        >>> from naze import read_votes
        >>> from naze.predictions import VotePredictor
        >>> plain = VotePredictor(folds=0, trees=False, leave_out=["n-grams"])
        >>> shorter = VotePredictor(folds=0, trees=False, leave_out=["n-grams", "length"])
        >>> blend = BlendedPredictor([("plain", plain), ("without length", shorter)], folds=2)
        >>> sorted(blend.fit(read_votes("examples/explained.parquet")).weights_)
        ['plain', 'without length']
    """

    def __init__(self, predictors: Sequence[tuple[str, Predictor]], *, folds: int = 5, seed: int = 0) -> None:
        """Take predictors by name.

        Args:
            predictors: names and predictors; names differ.
            folds: by prompt, at least 2, for the predictors that are fitted.
            seed: decides the folds.
        """
        self.predictors = predictors
        self.folds = folds
        self.seed = seed

    def fit(self, votes: Sequence[Vote], y: Labels | None = None) -> Self:
        """Fit what can be fitted, and the weights out of fold.

        Args:
            votes: to learn from.
            y: as for `VotePredictor.fit`: names of outcomes or 0, 1, 2; None: the votes' own winners.

        Raises:
            InputError: no predictors, names that repeat, fewer prompts than folds, or probabilities of another shape.
            ConfigurationError: fewer than 2 folds.
        """
        names = [name for name, _ in self.predictors]
        if not names or len(set(names)) < len(names):
            raise InputError(f"the predictors are named {names}; expected at least one, each name once.")
        if self.folds < 2:
            raise ConfigurationError(
                f"folds of the blend is {self.folds}; expected at least 2, since its weights come from votes that the "
                "predictors did not see."
            )
        check_prompts(votes, self.folds)
        y = None if y is None else list(y)
        outcomes, prompts = outcomes_of(votes, y), prompt_numbers(votes)
        parts = prompt_parts(prompts, self.folds, self.seed)
        told = [self._out_of_fold(name, one, votes, y, parts) for name, one in self.predictors]
        weights = _weights(np.stack([_logs(one) for one in told]), class_numbers(outcomes))
        self.weights_ = dict(zip(names, (float(one) for one in weights), strict=True))
        self.fitted_ = [(name, _fitted(one, votes, y)) for name, one in self.predictors]
        self.classes_ = class_labels(y)
        return self

    def predict_proba(self, votes: Sequence[Vote]) -> Floats:
        """Return probabilities (votes, 3) of a, b, tie."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "fitted_")
        logs = np.stack([_logs(_told(name, one, votes)) for name, one in self.fitted_])
        return _pooled(logs, np.array([self.weights_[name] for name, _ in self.fitted_]))

    def predict(self, votes: Sequence[Vote]) -> Any:  # noqa: ANN401 - strings or numbers
        """Return the likeliest outcome of each vote, as it was called in `fit`."""
        return self.classes_[self.predict_proba(votes).argmax(axis=1)]

    def score(
        self,
        votes: Sequence[Vote],
        y: Labels | None = None,
        sample_weight: Sequence[float] | None = None,
    ) -> float:
        """Return the accuracy, as `VotePredictor.score` does.

        Raises:
            InputError: no votes, or no winners.
        """
        return accuracy_of(self.predict_proba(votes), votes, y, sample_weight)

    def _out_of_fold(
        self, name: str, predictor: Predictor, votes: Sequence[Vote], y: Labels | None, parts: Ints
    ) -> Floats:
        if not hasattr(predictor, "fit"):
            return _told(name, predictor, votes)
        found = np.empty((len(votes), 3))
        for fold in range(self.folds):
            rest, own = np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)
            if len(own):
                labels = None if y is None else [y[int(row)] for row in rest]
                fitted = _fitted(predictor, [votes[int(row)] for row in rest], labels)
                found[own] = _told(name, fitted, [votes[int(row)] for row in own])
        return found


def _fitted(predictor: Predictor, votes: Sequence[Vote], y: Labels | None) -> Predictor:
    if not hasattr(predictor, "fit"):
        return predictor
    fresh: Any = clone(predictor) if isinstance(predictor, BaseEstimator) else deepcopy(predictor)
    fresh.fit(votes, y)
    return fresh  # type: ignore[no-any-return]


def _told(name: str, predictor: Predictor, votes: Sequence[Vote]) -> Floats:
    told = np.asarray(predictor.predict_proba(votes), np.float64)
    if told.shape != (len(votes), 3):
        raise InputError(
            f"predictor {name!r} gave an array of the shape {told.shape} for {len(votes):,} votes; expected "
            f"({len(votes)}, 3): the probabilities of a, b and tie."
        )
    bad = ~np.isfinite(told).all(axis=1) | (told < 0).any(axis=1) | (np.abs(told.sum(axis=1) - 1) > _FARTHEST)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"predictor {name!r} gave {told[row].tolist()} for vote {votes[row].id}; expected three probabilities "
            "that add up to 1."
        )
    return told


def _logs(told: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(told, _LEAST)), np.float64)


def _pooled(logs: Floats, weights: Floats) -> Floats:
    mixed = np.tensordot(weights, logs, axes=1)
    odds = np.exp(mixed - mixed.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float64)


def _weights(logs: Floats, happened: Ints) -> Floats:
    """Find the weights with the least log loss; none is below 0."""
    from scipy.optimize import minimize

    count, votes = logs.shape[0], np.arange(len(happened))
    start = np.full(count, 1 / count)

    def loss(weights: Floats) -> tuple[float, Floats]:
        pooled = _pooled(logs, weights)
        missed = -np.log(np.maximum(pooled[votes, happened], 1e-300)).mean()
        slopes = ((pooled[None] * logs).sum(axis=2) - logs[:, votes, happened]).mean(axis=1)
        apart = weights - start
        return float(missed + _SHRINKAGE / 2 * apart @ apart), slopes + _SHRINKAGE * apart

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * count)
    return np.asarray(found.x, np.float64)
