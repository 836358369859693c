"""Trees that see both orders: boosted ones, and where votes are few and noisy a random forest too.

Who wins is learnt from each vote twice, once with the sides exchanged, and predicted from the difference of both readings, so
that exchanging the sides exchanges the prediction exactly.

Sources: Breiman 2001, "Random forests"; Ke et al. 2017, "LightGBM".
"""

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from naze.predictions.features.groups import Floats

__all__ = ["Trees", "fit_trees", "trees_missing", "trees_missing_words"]

_SEED = 7
_MANY = 20_000
"""With so many rows the boosted trees may be larger."""
_FOREST_TREES = 200
_LEAST = 5e-3
"""A forest's probabilities are held so far away from 0 and 1."""


@cache
def trees_missing() -> str | None:
    """Return why LightGBM cannot be loaded here; None where it can."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError) as error:
        return trees_missing_words(error)
    return None


def trees_missing_words(error: object) -> str:
    """Say that LightGBM cannot be loaded, why, and what to install."""
    return (
        f"LightGBM cannot be loaded ({error}); its wheel needs the system's OpenMP library (Debian and Ubuntu: "
        "apt install libgomp1; macOS: brew install libomp)"
    )


@dataclass(frozen=True)
class Trees:
    """One set of trees."""

    booster: Any
    """lightgbm.Booster."""
    odd: int
    """So many of the first columns change their sign with the sides; 0: the prediction is even."""
    forest: bool
    """Whether the trees' mean is a probability; else their sum is log odds."""

    def predict(self, columns: Floats) -> Floats:
        """Return log odds: (votes,)."""
        told = self._read(columns)
        return _log_odds(told + 0.5) if self.forest and self.odd else _log_odds(told) if self.forest else told

    def contributions(self, columns: Floats) -> Floats:
        """Return what each column adds to the log odds (Shapley values of trees): (votes, columns).

        Those of a forest add to a probability; each vote's are stretched alike, so that they add to its log odds.

        Source: Lundberg, Erion and Lee 2018, "Consistent individualized feature attribution for tree ensembles".
        """
        told = self._contributions(columns)
        base = told[:, -1]
        if self.odd:
            told = (told - self._contributions(exchanged(columns, self.odd))) / 2
            base = np.full(len(told), 0.5)
        parts = told[:, :-1]
        if not self.forest:
            return parts
        moved = parts.sum(axis=1)
        slope = 1 / (base * (1 - base))
        apart = np.abs(moved) > 1e-6
        slope[apart] = (_log_odds(base + moved) - _log_odds(base))[apart] / moved[apart]
        return np.asarray(parts * slope[:, None], np.float64)

    def _contributions(self, columns: Floats) -> Floats:
        """Return Shapley values, and the base in the last column; LightGBM sums them over a forest's trees."""
        told = np.asarray(self.booster.predict(columns, pred_contrib=True), np.float64)
        return told / self.booster.num_trees() if self.forest else told

    def _read(self, columns: Floats) -> Floats:
        """Return what the trees say; of an odd half, half the difference of both readings."""
        told = np.asarray(self.booster.predict(columns, raw_score=not self.forest), np.float64)
        if not self.odd:
            return told
        return np.asarray(
            (told - self.booster.predict(exchanged(columns, self.odd), raw_score=not self.forest)) / 2
        )


_FOREST = {
    "objective": "regression",
    "boosting": "rf",
    "num_leaves": 64,
    "min_data_in_leaf": 20,
    "max_bin": 31,
    "feature_fraction": 0.6,
    "feature_fraction_bynode": 0.5,
    "bagging_fraction": 0.8,
    "num_threads": 1,
}
"""Chosen on votes of other sets (docs/prediction.md); a tree's leaf is a share of votes."""
_BOOSTED = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 4,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.2,
    "bagging_fraction": 0.7,
    "lambda_l2": 30.0,
    "num_threads": 1,
}
_BOOSTED_MANY = {
    **_BOOSTED,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "num_threads": 2,
}


def _log_odds(told: Floats) -> Floats:
    held = np.clip(told, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(held / (1 - held)), np.float64)


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
    forest: bool = False,
    held_out: tuple[Floats, Floats] | None = None,
) -> Trees:
    """Grow trees.

    Args:
        columns: (votes, columns); the odd ones first.
        hits: (votes,) 1 where it is so, 0 where not.
        weights: (votes,) how much each vote counts; those of weight 0 are left out.
        rounds: trees, where they are boosted; a forest has 200.
        odd: how many of the first columns are odd.
        forest: grow a random forest; else boost.
        held_out: columns and hits to stop boosting early by.
    """
    import lightgbm

    used = weights > 0
    columns, hits, weights = columns[used], hits[used], weights[used]
    if odd:
        columns = np.vstack([columns, exchanged(columns, odd)])
        hits, weights = np.concatenate([hits, 1 - hits]), np.concatenate([weights, weights])
    settings = {
        **(_FOREST if forest else _BOOSTED if len(hits) < _MANY else _BOOSTED_MANY),
        "bagging_freq": 1,
        "seed": _SEED,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(columns, hits, weight=weights, free_raw_data=True)
    stops: list[Any] = []
    valid: list[Any] = []
    if held_out is not None and not forest:
        valid = [lightgbm.Dataset(held_out[0], held_out[1], reference=data)]
        stops = [lightgbm.early_stopping(60, verbose=False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        booster = lightgbm.train(
            settings, data, _FOREST_TREES if forest else rounds, valid_sets=valid, callbacks=stops
        )
    return Trees(booster, odd, forest)
