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

__all__ = ["LabelStudio"]

_PROMPTS = ("prompt", "question", "instruction", "input")
_WINNERS = {"left": "a", "right": "b"}


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
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    prompt = next((name for name in _PROMPTS if name in texts), None)
    sides = [name for name in texts if name != prompt]
    if prompt is None or len(sides) != 2:
        notes.reject(
            row,
            f"data has {', '.join(texts) or 'no texts'}; expected one of {', '.join(_PROMPTS)} and two texts beside it.",
        )
        return nothing
    a, b = sorted(sides)
    winner, annotator = _chosen(annotations)
    if winner is None:
        notes.reject(row, "no annotation selects left or right.")
        return nothing
    return [notes.whole(texts[prompt])], [notes.whole(texts[a])], [notes.whole(texts[b])], winner, annotator


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
