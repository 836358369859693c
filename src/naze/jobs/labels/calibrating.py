"""Probabilities, and what people said, go in; a correction of the probabilities comes out."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from naze.jobs.labels.figures import Floats, Ints

__all__ = ["LEAST_ROWS", "Calibration", "calibrate", "evened", "out_of_fold"]

LEAST_ROWS = 20
"""With fewer rows nothing is learnt from them."""
_FOLDS = 5
_LEAST = 1e-9
_SHRINKAGE = 2.0
"""How strongly the correction is held towards none: as a prior of so many rows' weight."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Sharpens or flattens probabilities, and makes some labels likelier for all rows alike.

    Source: Guo et al. 2017, On calibration of modern neural networks, section 4.2 (vector scaling, with one scale
    for all labels).
    """

    scale: float
    offsets: tuple[float, ...]
    """Added to each label's log probability."""

    def apply(self, probabilities: Floats) -> Floats:
        """Correct probabilities (rows, labels); each row sums to 1 again."""
        logits = self.scale * np.log(np.clip(probabilities, _LEAST, 1.0)) + np.asarray(self.offsets)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Lay it out as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Take it from what `to_dict` made.

        Raises:
            KeyError, TypeError, ValueError: it was made by something else.
        """
        return cls(float(kept["scale"]), tuple(map(float, kept["offsets"])))


def evened(probabilities: Iterable[Floats]) -> Calibration | None:
    """Learn what the model says of every row alike, without a row that people labelled: it is taken off.

    A model likes some labels, or their letters, whatever the text is. Each label's probability is divided by its mean over
    all rows. That evens the labels' shares out too: right where they are about equally frequent, wrong where one is rare.

    Args:
        probabilities: (rows, labels) each, some rows at a time; a row with NaN is left out.

    Returns:
        The correction; None where fewer than 20 rows have probabilities.

    Source: Zhou et al. 2024, Batch calibration: rethinking calibration for in-context learning and prompt engineering.
    """
    total, rows = np.zeros(0), 0
    for some in probabilities:
        there = some[np.isfinite(some).all(axis=1)]
        if len(there):
            total = there.sum(axis=0) if not rows else total + there.sum(axis=0)
            rows += len(there)
    if rows < LEAST_ROWS:
        return None
    return Calibration(1.0, tuple(float(one) for one in -np.log(np.clip(total / rows, _LEAST, 1.0))))


def calibrate(probabilities: Floats, truth: Ints) -> Calibration:
    """Learn a correction from rows that people labelled.

    Args:
        probabilities: (rows, labels).
        truth: (rows,) the label that people gave, by its number.
    """
    from scipy.optimize import minimize  # heavy, and needed only where people labelled rows

    logs = np.log(np.clip(probabilities, _LEAST, 1.0))
    rows, labels = logs.shape
    said = np.eye(labels)[truth]

    def loss(values: Floats) -> tuple[float, Floats]:
        scale, offsets = values[0], values[1:]
        logits = scale * logs + offsets
        logits -= logits.max(axis=1, keepdims=True)
        told = np.exp(logits)
        told /= told.sum(axis=1, keepdims=True)
        off = told - said
        whole = -np.log(np.clip(told[np.arange(rows), truth], _LEAST, 1.0)).sum()
        held = _SHRINKAGE / 2 * ((scale - 1) ** 2 + (offsets**2).sum())
        slopes = np.concatenate([[(off * logs).sum()], off.sum(axis=0)])
        return float(whole + held), slopes + _SHRINKAGE * np.concatenate([[scale - 1], offsets])

    start = np.concatenate([[1.0], np.zeros(labels)])
    bounds = [(0.05, 20.0), *[(-10.0, 10.0)] * labels]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(found[0]), tuple(float(offset) for offset in found[1:]))


def out_of_fold(probabilities: Floats, truth: Ints, *, seed: int = 0) -> tuple[Floats, bool]:
    """Correct each row by what was learnt from other rows alone, and tell whether that helps.

    It helps where the mean log loss falls by more than its standard error.

    Returns:
        Corrected probabilities (rows, labels), and the verdict.
    """
    rows = len(truth)
    parts = np.random.default_rng(seed).permutation(rows) % min(_FOLDS, rows)
    corrected = np.empty_like(probabilities)
    for part in np.unique(parts):
        own = parts == part
        corrected[own] = calibrate(probabilities[~own], truth[~own]).apply(probabilities[own])
    at = np.arange(rows), truth
    gain = np.log(np.clip(corrected[at], _LEAST, 1.0)) - np.log(np.clip(probabilities[at], _LEAST, 1.0))
    helps = rows >= LEAST_ROWS and gain.mean() > gain.std(ddof=1) / np.sqrt(rows)
    return corrected, bool(helps)
