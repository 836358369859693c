"""What a model told and what people said go in; accuracy, kappa and F1 with 95 % intervals come out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naze.votes.proportions import Proportion

__all__ = ["Figure", "Floats", "GoldFigures", "Ints", "LabelFigures", "gold_figures"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RESAMPLES = 2_000
_LEAST = 1e-12
_BINS = 10
_MOST_UNDEFINED = 0.05
"""Where a figure is undefined in more of the resamples, it has no interval."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval. None: it cannot be had from these rows."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """How well one label is found."""

    rows: int
    """People gave this label to so many."""
    precision: Figure
    recall: Figure
    f1: Figure


@dataclass(frozen=True, slots=True)
class GoldFigures:
    """How well the model's labels agree with people's."""

    rows: int
    labels: tuple[str, ...]
    accuracy: Figure
    """Wilson's interval."""
    kappa: Figure
    """Cohen's: agreement beyond chance, -1 to 1."""
    macro_f1: Figure
    """Mean over the labels that people gave."""
    micro_f1: Figure
    """Over all rows; the same as accuracy where every row has one label."""
    log_loss: Figure
    """Nats."""
    calibration_error: float
    """Of the likeliest label, 0 to 1."""
    by_label: Mapping[str, LabelFigures]
    confusion: tuple[tuple[int, ...], ...]
    """[what people said][what the model said]."""

    def to_dict(self) -> dict[str, Any]:
        """Lay it out as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "GoldFigures":
        """Take it from what `to_dict` made, by way of JSON.

        Raises:
            KeyError, TypeError: it was made by something else.
        """
        figures = {
            name: Figure(**kept[name]) for name in ("accuracy", "kappa", "macro_f1", "micro_f1", "log_loss")
        }
        by_label = {
            label: LabelFigures(
                own["rows"], Figure(**own["precision"]), Figure(**own["recall"]), Figure(**own["f1"])
            )
            for label, own in kept["by_label"].items()
        }
        return cls(
            rows=kept["rows"],
            labels=tuple(kept["labels"]),
            calibration_error=kept["calibration_error"],
            by_label=by_label,
            confusion=tuple(tuple(row) for row in kept["confusion"]),
            **figures,
        )


def gold_figures(probabilities: Floats, truth: Ints, labels: Sequence[str], *, seed: int = 0) -> GoldFigures:
    """Hold a model's labels against people's.

    Args:
        probabilities: (rows, labels), each row summing to 1.
        truth: (rows,) the label that people gave, by its number.
        labels: their names.
        seed: of the bootstrap over rows.

    Sources: Wilson 1927 for accuracy; Cohen 1960 for kappa; the percentile bootstrap: Efron and Tibshirani 1993,
    chapter 13; calibration error: Naeini, Cooper and Hauskrecht 2015, ten bins of equally many rows.
    """
    count = len(labels)
    told = probabilities.argmax(axis=1)
    cells = np.bincount(truth * count + told, minlength=count * count)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(truth), cells / len(truth), size=_RESAMPLES)
    both = np.concatenate([cells[None], drawn]).reshape(-1, count, count).astype(np.float64)
    precision, recall, f1 = _by_label(both)
    given = cells.reshape(count, count).sum(axis=1)
    losses = -np.log(np.clip(probabilities[np.arange(len(truth)), truth], _LEAST, 1.0))
    picks = random.integers(len(truth), size=(_RESAMPLES, len(truth)))
    hits = Proportion(int((told == truth).sum()), len(truth))
    return GoldFigures(
        rows=len(truth),
        labels=tuple(labels),
        accuracy=Figure(hits.share, hits.low, hits.high),
        kappa=_figure(_kappa(both)),
        macro_f1=_figure(f1[:, given > 0].mean(axis=1)),
        micro_f1=Figure(hits.share, hits.low, hits.high),
        log_loss=_figure(np.concatenate([[losses.mean()], losses[picks].mean(axis=1)])),
        calibration_error=_calibration_error(probabilities.max(axis=1), told == truth),
        by_label={
            name: LabelFigures(
                int(given[place]),
                _figure(precision[:, place]),
                _figure(recall[:, place]),
                _figure(f1[:, place]),
            )
            for place, name in enumerate(labels)
        },
        confusion=tuple(tuple(int(cell) for cell in row) for row in cells.reshape(count, count)),
    )


def _by_label(tables: Floats) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1 (tables, labels) of confusions (tables, labels, labels); NaN of nothing."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    said, told = tables.sum(axis=2), tables.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return hits / told, hits / said, 2 * hits / (said + told)


def _kappa(tables: Floats) -> Floats:
    """Return Cohen's kappa of each confusion; NaN where chance alone would agree always."""
    total = tables.sum(axis=(1, 2))
    observed = np.trace(tables, axis1=1, axis2=2) / total
    chance = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance < 1, (observed - chance) / (1 - chance), np.nan), np.float64)


def _figure(values: Floats) -> Figure:
    """Take the first value as the figure and the rest as its resamples."""
    own, drawn = values[0], values[1:]
    if not np.isfinite(own):
        return Figure(None)
    defined = drawn[np.isfinite(drawn)]
    if len(defined) < (1 - _MOST_UNDEFINED) * len(drawn):
        return Figure(float(own))
    low, high = np.percentile(defined, [2.5, 97.5])
    return Figure(float(own), float(low), float(high))


def _calibration_error(sure: Floats, right: NDArray[np.bool_]) -> float:
    order = np.argsort(sure, kind="stable")
    parts = np.array_split(order, min(_BINS, len(order)))
    gaps = [abs(sure[part].sum() - right[part].sum()) for part in parts]
    return float(sum(gaps) / len(sure))
