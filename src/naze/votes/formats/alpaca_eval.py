"""AlpacaEval's annotations.json: `instruction, output_1, output_2, generator_1, generator_2, preference`.

The preference is 1 (the first), 2 (the second), 1.5 (a tie), or a weight between them, 1 + P(second). A weight
within `TIE_WITHIN` of 1.5 counts as a tie. 0 stands for a tie in older files. A null or NaN: not voted.
"""

import polars as pl

from naze.votes.formats.cells import one_turn
from naze.votes.formats.notes import Notes

__all__ = ["AlpacaEval"]

TIE_WITHIN = 0.05


class AlpacaEval:
    """A judge's preferences between two outputs."""

    name = "alpaca_eval"
    title = "AlpacaEval annotations"
    consumes = ("instruction", "output_1", "output_2", "generator_1", "generator_2")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the two outputs."""
        return {"instruction", "output_1", "output_2"} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Rename, and cut the preference into a winner. The preference itself is kept among the extras."""
        columns = [
            one_turn(batch[old]).alias(new)
            for old, new in (
                ("instruction", "prompt"),
                ("output_1", "response_a"),
                ("output_2", "response_b"),
            )
        ]
        for old, new in (("generator_1", "model_a"), ("generator_2", "model_b")):
            if old in batch.columns:
                columns.append(batch[old].alias(new))
        if "preference" in batch.columns:
            columns.append(self._winners(batch["preference"], notes))
        return pl.DataFrame(columns)

    def _winners(self, preference: pl.Series, notes: Notes) -> pl.Series:
        value = preference.cast(pl.Float64, strict=False).fill_nan(None)
        wrong = (value.is_null() & preference.is_not_null() & (preference.cast(pl.String) != "NaN")) | (
            value.is_not_null() & ~(value.is_between(1.0, 2.0) | (value == 0.0))
        )
        for row in wrong.fill_null(False).arg_true():
            notes.reject(
                row, f"preference is {preference[row]!r}; expected 1, 2, 1.5 or a weight between 1 and 2."
            )
        cut = (
            pl.when(pl.col("preference").is_null())
            .then(None)
            .when((pl.col("preference") == 0.0) | ((pl.col("preference") - 1.5).abs() <= TIE_WITHIN))
            .then(pl.lit("tie"))
            .when(pl.col("preference") < 1.5)
            .then(pl.lit("a"))
            .otherwise(pl.lit("b"))
        )
        return pl.DataFrame({"preference": value}).select(cut.alias("winner")).to_series()
