"""Any table with `prompt`, `response_a` and `response_b`: a text is one turn, a (JSON) list is turns."""

import polars as pl

from naze.votes.formats.cells import turns, winner_column
from naze.votes.formats.notes import Notes

__all__ = ["Plain"]

SIDES = ("prompt", "response_a", "response_b")
WORDS = {"model_a": "a", "model_b": "b", "response_a": "a", "response_b": "b", "A": "a", "B": "b",
         "tie (bothbad)": "both_bad"}  # fmt: skip


class Plain:
    """Columns named as ours, by the file or by the person."""

    name = "columns"
    title = "any table whose columns are named prompt, response_a, response_b"
    consumes = (*SIDES, "id", "winner")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the three columns that no vote can do without."""
        return set(SIDES) <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Read texts as turns."""
        columns = [turns(batch[name], notes) for name in SIDES]
        if "id" in batch.columns:
            columns.append(batch["id"])
        if "winner" in batch.columns:
            columns.append(winner_column(batch["winner"], notes, WORDS))
        return pl.DataFrame(columns)
