"""Pairwise exports of Label Studio: tasks with `data` and `annotations`, each annotation with a `selected` side.

One vote for each task, by its first annotation that was not cancelled; the annotator is kept, and so are all annotations as
they came. The texts are those of `data`: the prompt, and the two that are compared.
Source: labelstud.io, guide/export (JSON) and tags/pairwise (`value.selected` is left or right).
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from naze.votes.formats.cells import TURNS, structure
from naze.votes.formats.notes import Notes

__all__ = ["LabelStudio", "LabelStudioFlat"]

_PROMPTS = ("prompt", "question", "instruction", "input")
_WINNERS = {"left": "a", "right": "b"}
_KEPT = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")
"""Columns that the flat exports add to the task's own."""


class LabelStudio:
    """Tasks of which people chose the left or the right."""

    name = "label_studio"
    title = "Label Studio, pairwise, JSON export"
    consumes = ("data", "id")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for tasks with their annotations."""
        return {"annotations", "data"} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Take the first annotation of each task that chose a side."""
        rows = [
            _vote_of(
                structure(data, "data", row, notes), structure(done, "annotations", row, notes), row, notes
            )
            for row, (data, done) in enumerate(zip(batch["data"], batch["annotations"], strict=True))
        ]
        schema: dict[str, Any] = {
            "prompt": TURNS, "response_a": TURNS, "response_b": TURNS, "winner": pl.String, "annotator": pl.String,
        }  # fmt: skip
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return frame.with_columns(batch["id"].cast(pl.String)) if "id" in batch.columns else frame


def _vote_of(data: object, annotations: object, row: int, notes: Notes) -> tuple[Any, ...]:
    nothing = None, None, None, None, None
    if not isinstance(data, Mapping):
        notes.reject(row, f"data is {data!r}; expected the task's texts.")
        return nothing
    texts = _texts_of(data, row, notes)
    if texts is None:
        return nothing
    winner, annotator = _chosen(annotations)
    if winner is None:
        notes.reject(row, "no annotation selects left or right.")
        return nothing
    return *texts, winner, annotator


def _texts_of(
    data: Mapping[str, object], row: int, notes: Notes
) -> tuple[list[str], list[str], list[str]] | None:
    """Take the prompt and the two texts beside it, in the order of their names."""
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    prompt = next((name for name in _PROMPTS if name in texts), None)
    sides = [name for name in texts if name != prompt]
    if prompt is None or len(sides) != 2:
        notes.reject(
            row,
            f"the task has {', '.join(texts) or 'no texts'}; expected one of {', '.join(_PROMPTS)} and two texts beside it.",
        )
        return None
    a, b = sorted(sides)
    return [notes.whole(texts[prompt])], [notes.whole(texts[a])], [notes.whole(texts[b])]


def _chosen(annotations: object) -> tuple[str | None, str | None]:
    """Find what the first annotation that was not cancelled chose, and whose it is."""
    for annotation in annotations if isinstance(annotations, list) else []:
        if not isinstance(annotation, Mapping) or annotation.get("was_cancelled"):
            continue
        for result in annotation.get("result") or []:
            selected = (result.get("value") or {}).get("selected")
            if selected in _WINNERS:
                person = annotation.get("completed_by")
                return _WINNERS[selected], None if person is None else str(person)
    return None, None


class LabelStudioFlat:
    """CSV, TSV and JSON-MIN exports: the task's texts, the annotation's columns, and the side under the control's name."""

    name = "label_studio_flat"
    title = "Label Studio, pairwise, CSV and JSON-MIN export"
    consumes = ("annotator",)

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the annotation's columns and one that holds sides."""
        return "annotation_id" in first.columns and _control(first) is not None

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Read one annotation a row."""
        control = _control(batch)
        columns = [name for name in batch.columns if name not in _KEPT and name != control]
        rows = []
        for row, cells in enumerate(batch.select(columns).iter_rows(named=True)):
            texts = _texts_of(cells, row, notes)
            winner = None if control is None else _side(batch[control][row])
            if texts is not None and winner is None:
                notes.reject(
                    row, f"{control} is {batch[control][row] if control else None!r}; expected left or right."
                )
            rows.append((*(texts or (None, None, None)), winner))
        schema: dict[str, Any] = {
            "prompt": TURNS,
            "response_a": TURNS,
            "response_b": TURNS,
            "winner": pl.String,
        }
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        if "annotator" in batch.columns:
            frame = frame.with_columns(batch["annotator"].cast(pl.String))
        return frame.with_columns(batch["annotation_id"].cast(pl.String).alias("id"))


def _control(batch: pl.DataFrame) -> str | None:
    """Find the column whose cells are sides, as a word or in the form of a result."""
    for name in batch.columns:
        cells = [cell for cell in batch[name].to_list() if cell is not None]
        if name not in _KEPT and cells and any(_side(cell) is not None for cell in cells):
            return name
    return None


def _side(cell: object) -> str | None:
    if isinstance(cell, str) and cell.lstrip().startswith(("[", "{")):
        cell = structure(cell, "", 0, Notes())
    if isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
    if isinstance(cell, Mapping):
        cell = cell.get("selected")
    return _WINNERS.get(cell) if isinstance(cell, str) else None
