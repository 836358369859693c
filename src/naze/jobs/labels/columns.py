"""A batch of labelled rows goes in; the same with corrected probabilities, and without what is too unsure, comes out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from naze.jobs.labels.calibrating import Calibration
from naze.jobs.labels.figures import Floats

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ABSTAINED", "LabelColumns"]

ABSTAINED = "abstained"
"""The status of a row that was answered, and too unsurely."""


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """What is done to the columns of a label question."""

    name: str
    """Of the column."""
    labels: tuple[str, ...]
    calibration: Calibration | None
    abstain: float | None

    def probabilities(self, batch: "pl.DataFrame") -> Floats:
        """Read the corrected probabilities (rows, labels); NaN where a row has none."""
        told = batch[f"{self.name}_probabilities"].struct
        found = np.column_stack([told.field(label).to_numpy().astype(np.float64) for label in self.labels])
        there = np.isfinite(found).all(axis=1)
        if self.calibration is not None and there.any():
            found[there] = self.calibration.apply(found[there])
        return found

    def sureness(self, batch: "pl.DataFrame") -> Iterator[tuple[str | None, float, float]]:
        """Give each row's likeliest label, its probability, and how much likelier it is than the next."""
        found = self.probabilities(batch)
        ordered = np.sort(found, axis=1)
        for row, best in zip(found, ordered, strict=True):
            if not np.isfinite(row).all():
                yield None, float("nan"), float("nan")
                continue
            yield self.labels[int(row.argmax())], float(best[-1]), float(best[-1] - best[-2])

    def adjust(self, batch: "pl.DataFrame") -> "pl.DataFrame":
        """Correct the probabilities and the labels that follow from them; leave out what is too unsure."""
        import polars as pl

        if self.calibration is None and self.abstain is None:
            return batch
        name = self.name
        told = list(self.sureness(batch))
        found = self.probabilities(batch)
        unsure = [
            label is not None and self.abstain is not None and probability < self.abstain
            for label, probability, _ in told
        ]
        reasons = [
            f"the likeliest label, {label!r}, has probability {probability:.2f}; expected at least {self.abstain:g}"
            if leave
            else reason
            for leave, (label, probability, _), reason in zip(
                unsure, told, batch[f"{name}_reason"], strict=True
            )
        ]
        statuses = [
            ABSTAINED if leave else status
            for leave, status in zip(unsure, batch[f"{name}_status"], strict=True)
        ]
        by_label = [
            dict(zip(self.labels, map(float, row), strict=True)) if one[0] is not None else None
            for row, one in zip(found, told, strict=True)
        ]
        return batch.with_columns(
            pl.Series(
                name,
                [None if leave else one[0] for leave, one in zip(unsure, told, strict=True)],
                dtype=pl.String,
            ),
            pl.Series(
                f"{name}_probability", [None if one[0] is None else one[1] for one in told], dtype=pl.Float64
            ),
            pl.Series(f"{name}_probabilities", by_label, dtype=batch.schema[f"{name}_probabilities"]),
            pl.Series(f"{name}_status", statuses, dtype=pl.String),
            pl.Series(f"{name}_reason", reasons, dtype=pl.String),
        )
