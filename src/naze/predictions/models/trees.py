"""Boosted trees that see both orders: small ones, because votes are few and noisy.

Who wins is learnt from each vote twice, once with the sides exchanged, and predicted as half the difference of both
readings, so that exchanging the sides exchanges the prediction exactly.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from naze.predictions.features.groups import Floats

__all__ = ["Trees", "fit_trees", "trees_missing"]

_SEED = 7


@cache
def trees_missing() -> str | None:
    """Return why LightGBM cannot be loaded here; None where it can."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError) as error:
        return (
            f"LightGBM cannot be loaded ({error}); its wheel needs the system's OpenMP library (Debian and Ubuntu: "
            "apt install libgomp1; macOS: brew install libomp)"
        )
    return None


@dataclass(frozen=True)
class Trees:
    """One set of trees."""

    booster: Any
    """lightgbm.Booster."""
    odd: int
    """So many of the first columns change their sign with the sides; 0: the prediction is even."""

    def predict(self, columns: Floats) -> Floats:
        """Return log odds: (votes,)."""
        told = np.asarray(self.booster.predict(columns, raw_score=True), np.float64)
        if not self.odd:
            return told
        return np.asarray((told - self.booster.predict(self._exchanged(columns), raw_score=True)) / 2)

    def contributions(self, columns: Floats) -> Floats:
        """Return what each column adds to the log odds (Shapley values of trees): (votes, columns).

        Source: Lundberg, Erion and Lee 2018, "Consistent individualized feature attribution for tree ensembles".
        """
        told = np.asarray(self.booster.predict(columns, pred_contrib=True), np.float64)[:, :-1]
        if not self.odd:
            return told
        other = np.asarray(self.booster.predict(self._exchanged(columns), pred_contrib=True))[:, :-1]
        return np.asarray((told - other) / 2, np.float64)

    def _exchanged(self, columns: Floats) -> Floats:
        return exchanged(columns, self.odd)


def exchanged(columns: Floats, odd: int) -> Floats:
    """Return the columns as they are with the sides exchanged."""
    return np.hstack([-columns[:, :odd], columns[:, odd:]])


def fit_trees(
    columns: Floats,
    hits: Floats,
    weights: Floats,
    rounds: int,
    *,
    odd: int = 0,
    held_out: tuple[Floats, Floats] | None = None,
) -> Trees:
    """Grow trees.

    Args:
        columns: (votes, columns); the odd ones first.
        hits: (votes,) 1 where it is so, 0 where not.
        weights: (votes,) how much each vote counts; those of weight 0 are left out.
        rounds: trees.
        odd: how many of the first columns are odd.
        held_out: columns and hits to stop early by.
    """
    import lightgbm

    used = weights > 0
    columns, hits, weights = columns[used], hits[used], weights[used]
    if odd:
        columns = np.vstack([columns, exchanged(columns, odd)])
        hits, weights = np.concatenate([hits, 1 - hits]), np.concatenate([weights, weights])
    few = len(hits) < 20_000
    settings = {
        "objective": "binary",
        "learning_rate": 0.03 if few else 0.05,
        "num_leaves": 4 if few else 15,
        "min_data_in_leaf": 40 if few else 200,
        "feature_fraction": 0.2,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 30.0,
        "seed": _SEED,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        "num_threads": 2,
    }
    data = lightgbm.Dataset(columns, hits, weight=weights, free_raw_data=True)
    stops: list[Any] = []
    valid: list[Any] = []
    if held_out is not None:
        valid = [lightgbm.Dataset(held_out[0], held_out[1], reference=data)]
        stops = [lightgbm.early_stopping(60, verbose=False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        booster = lightgbm.train(settings, data, rounds, valid_sets=valid, callbacks=stops)
    return Trees(booster, odd)
