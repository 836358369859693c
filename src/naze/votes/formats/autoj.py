"""Auto-J's testdata_pairwise.jsonl: `scenario, prompt, response 1, response 2, label` (0 first, 1 second, 2 tie)."""

import polars as pl

from naze.votes.formats.cells import one_turn, winner_column
from naze.votes.formats.notes import Notes

__all__ = ["AutoJ"]

LABELS = {"0": "a", "1": "b", "2": "tie"}


class AutoJ:
    """58 scenarios, 24 pairs each."""

    name = "auto_j"
    title = "Auto-J pairwise"
    consumes = ("prompt", "response 1", "response 2", "label")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for column names with a space."""
        return {"prompt", "response 1", "response 2"} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Rename, and say the label in our words."""
        columns = [
            one_turn(batch[old]).alias(new)
            for old, new in (("prompt", "prompt"), ("response 1", "response_a"), ("response 2", "response_b"))
        ]
        if "label" in batch.columns:
            columns.append(winner_column(batch["label"], notes, LABELS))
        if "id" in batch.columns:
            columns.append(batch["id"])
        return pl.DataFrame(columns)
