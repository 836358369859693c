"""naze's own layout: `prompt`, `response_a`, `response_b` as lists of turns, `winner` in our words."""

import polars as pl

from naze.votes.formats.cells import TURNS, winner_column
from naze.votes.formats.notes import Notes

__all__ = ["Canonical"]

SIDES = ("prompt", "response_a", "response_b")


class Canonical:
    """What `naze votes convert` writes."""

    name = "canonical"
    title = "naze's own layout"
    consumes = (*SIDES, "id", "winner")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for lists of texts."""
        return all(name in first.columns and first[name].dtype == TURNS for name in SIDES)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Take the columns as they are."""
        columns = [batch[name] for name in (*SIDES, "id") if name in batch.columns]
        if "winner" in batch.columns:
            columns.append(winner_column(batch["winner"], notes))
        return pl.DataFrame(columns)
