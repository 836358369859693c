"""What people and the model said of the same rows goes in; figures and a correction come out, and stay with the run.

Rows that people labelled cost people's time: what was learnt from them holds for the run until other examples are
given, whatever else of a command changes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from naze.errors import StoreError
from naze.jobs.labels.calibrating import Calibration, calibrate, out_of_fold
from naze.jobs.labels.columns import LabelColumns
from naze.jobs.labels.figures import GoldFigures, gold_figures
from naze.jobs.labels.gold import ReadGold, Wrong

__all__ = ["FIGURES_NAME", "Held", "hold_against", "kept_columns", "read_held"]

FIGURES_NAME = "labels.json"
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Held:
    """How a model's labels compare with people's, and what that taught."""

    examples: str
    """The table that people labelled, as it is called."""
    figures: GoldFigures
    """As the model told."""
    calibrated_figures: GoldFigures
    """Each row corrected by what the others taught."""
    calibration: Calibration
    """What was learnt from all of them."""
    helps: bool
    """Whether the correction helps beyond chance."""
    confidently_wrong: tuple[Wrong, ...]
    """The rows where the model is surest of another label than people."""
    without_answer: int
    """Rows that people labelled and the model did not answer."""

    def to_dict(self) -> dict[str, Any]:
        """Lay it out as what JSON can hold, under the names of `labels.json`."""
        return {
            "examples": self.examples,
            "calibration": self.calibration.to_dict(),
            "calibration_helps": self.helps,
            "gold": self.figures.to_dict(),
            "gold_calibrated": self.calibrated_figures.to_dict(),
            "gold_without_answer": self.without_answer,
            "confidently_wrong": [asdict(wrong) for wrong in self.confidently_wrong],
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Held":
        """Take it from what `to_dict` made.

        Raises:
            KeyError, TypeError, ValueError: it was made by something else.
        """
        return cls(
            str(kept["examples"]),
            GoldFigures.from_dict(kept["gold"]),
            GoldFigures.from_dict(kept["gold_calibrated"]),
            Calibration.from_dict(kept["calibration"]),
            bool(kept["calibration_helps"]),
            tuple(Wrong(**wrong) for wrong in kept["confidently_wrong"]),
            int(kept["gold_without_answer"]),
        )


def hold_against(gold: ReadGold, labels: Sequence[str], examples: str) -> Held:
    """Hold what the model told against what people said.

    Args:
        gold: the rows that people labelled, answered.
        labels: their names.
        examples: what their table is called.
    """
    corrected, helps = out_of_fold(gold.probabilities, gold.truth)
    return Held(
        examples,
        gold_figures(gold.probabilities, gold.truth, labels),
        gold_figures(corrected, gold.truth, labels),
        calibrate(gold.probabilities, gold.truth),
        helps,
        gold.confidently_wrong(gold.probabilities, labels),
        gold.without_answer,
    )


def read_held(folder: Path) -> Held | None:
    """Read what an earlier command of the same run was told by people; None where none was.

    Args:
        folder: of the run.

    Raises:
        StoreError: the file is damaged.
    """
    return _read(folder, lambda kept: None if kept["gold"] is None else Held.from_dict(kept))


def kept_columns(folder: Path) -> LabelColumns | None:
    """Read what the last command of a run did to the columns that its model answered; None where it was no `naze label`.

    Args:
        folder: of the run.

    Raises:
        StoreError: the file is damaged.
    """

    def columns(kept: Mapping[str, Any]) -> LabelColumns:
        calibration = Held.from_dict(kept).calibration if kept["calibrated"] else None
        if kept.get("evened") is not None:
            calibration = Calibration.from_dict(kept["evened"])
        return LabelColumns(kept["column"], tuple(kept["labels"]), calibration, kept["abstain"])

    return _read(folder, columns)


def _read(folder: Path, take: Callable[[Mapping[str, Any]], _Found]) -> _Found | None:
    path = folder / FIGURES_NAME
    try:
        return take(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: cannot be read ({error!r}), and it may hold the figures of rows that people labelled. Give "
            "--examples again to make it anew, or remove it to go on without them."
        ) from error
