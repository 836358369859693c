"""The Kaggle competitions' train.csv and test.csv, which is arena-human-preference-55k as well.

`id, model_a, model_b, prompt, response_a, response_b, winner_model_a, winner_model_b, winner_tie`: turns as JSON
lists that hold nulls and half surrogate pairs; winners one-hot. test.csv has neither models nor winners.
"""

import polars as pl

from naze.errors import FormatError
from naze.votes.formats.cells import json_turns
from naze.votes.formats.notes import Notes

__all__ = ["Kaggle"]

WINNER_COLUMNS = {"winner_model_a": "a", "winner_model_b": "b", "winner_tie": "tie"}


class Kaggle:
    """JSON lists of turns and one-hot winners."""

    name = "kaggle"
    title = "Kaggle train.csv or test.csv, arena-human-preference-55k"
    consumes = ("id", "prompt", "response_a", "response_b", *WINNER_COLUMNS)

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the winner columns, or for JSON lists where no winner is told."""
        if not {"prompt", "response_a", "response_b"} <= set(first.columns):
            return False
        if any(name in first.columns for name in WINNER_COLUMNS):
            return True
        prompts = first["prompt"]
        if "winner" in first.columns or prompts.dtype != pl.String:
            return False
        return prompts.drop_nulls().str.contains(r'^\s*\[\s*("|null|\])').any()

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Decode turns and winners."""
        columns = [json_turns(batch[name], notes) for name in ("prompt", "response_a", "response_b")]
        columns.append(self._winners(batch, notes))
        if "id" in batch.columns:
            columns.append(batch["id"])
        return pl.DataFrame(columns)

    def _winners(self, batch: pl.DataFrame, notes: Notes) -> pl.Series:
        there = [name for name in WINNER_COLUMNS if name in batch.columns]
        if not there:
            return pl.Series("winner", [None] * batch.height, dtype=pl.String)
        if missing := [name for name in WINNER_COLUMNS if name not in there]:
            raise FormatError(f"no column {', '.join(missing)}; there are: {', '.join(batch.columns)}.")
        said = {"true": "1", "false": "0"}
        hot = batch.select(
            pl.col(there)
            .cast(pl.String)
            .str.strip_chars()
            .str.to_lowercase()
            .replace(said)
            .cast(pl.Float64, strict=False)
            .fill_nan(None)
        )
        blank = batch.select(pl.all_horizontal(pl.col(there).is_null())).to_series()
        right = hot.select(
            pl.all_horizontal(pl.col(there).is_in([0.0, 1.0]).fill_null(False))
            & (pl.sum_horizontal(there) == 1.0)
        ).to_series()
        for row in (~right & ~blank).arg_true():
            values = ", ".join(f"{name}={batch[name][row]}" for name in there)
            notes.reject(row, f"{values}; expected exactly one 1 and else 0.")
        winner = pl.coalesce(
            *(pl.when(pl.col(name) == 1.0).then(pl.lit(word)) for name, word in WINNER_COLUMNS.items())
        )
        return hot.select(winner.alias("winner")).to_series()
