"""PandaLM's testset-v1.json: `idx, cmp_key, instruction, input, response1, response2, annotator1 … annotator3`.

An annotator says 1 (the first), 2 (the second) or 0 (a tie); the majority is the winner, no majority is a tie.
`cmp_key` names both models: `bloom-7b_llama-7b`.
"""

from collections import Counter

import polars as pl

from naze.votes.formats.cells import one_turn, texts
from naze.votes.formats.notes import Notes

__all__ = ["PandaLM"]

VERDICTS = {1: "a", 2: "b", 0: "tie"}


class PandaLM:
    """Three people's verdicts on two small models."""

    name = "pandalm"
    title = "PandaLM test set"
    consumes = ("idx", "cmp_key", "instruction", "input", "response1", "response2")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the two responses."""
        return {"instruction", "response1", "response2"} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Put instruction and input together, and count the verdicts."""
        columns = [
            one_turn(_prompts(batch)),
            one_turn(batch["response1"]).alias("response_a"),
            one_turn(batch["response2"]).alias("response_b"),
            _winners(batch, notes),
        ]
        if "idx" in batch.columns:
            columns.append(batch["idx"].cast(pl.String).alias("id"))
        if "cmp_key" in batch.columns:
            names = [(key or "").split("_", 1) for key in batch["cmp_key"]]
            columns.append(pl.Series("model_a", [name[0] or None for name in names], dtype=pl.String))
            columns.append(
                pl.Series("model_b", [name[1] if name[1:] else None for name in names], dtype=pl.String)
            )
        return pl.DataFrame(columns)


def _prompts(batch: pl.DataFrame) -> pl.Series:
    instructions = texts(batch["instruction"])
    if "input" not in batch.columns:
        return instructions.alias("prompt")
    return pl.Series(
        "prompt",
        [
            f"{instruction}\n\n{given}" if instruction is not None and given else instruction
            for instruction, given in zip(instructions, texts(batch["input"]), strict=True)
        ],
        dtype=pl.String,
    )


def _winners(batch: pl.DataFrame, notes: Notes) -> pl.Series:
    annotators = [name for name in batch.columns if name.startswith("annotator")]
    if not annotators:
        return pl.Series("winner", [None] * batch.height, dtype=pl.String)
    winners: list[str | None] = []
    for row, given in enumerate(batch.select(annotators).rows()):
        verdicts = [VERDICTS.get(_whole(value)) for value in given if value is not None]
        if None in verdicts:
            notes.reject(row, f"the annotators say {given}; expected 1, 2 or 0 (a tie).")
        ranked = Counter(verdicts).most_common(2)
        if not ranked or None in verdicts:
            winners.append(None)
        else:
            alone = len(ranked) == 1 or ranked[0][1] > ranked[1][1]
            winners.append(ranked[0][0] if alone else "tie")
    return pl.Series("winner", winners, dtype=pl.String)


def _whole(value: object) -> int:
    """Read 1, "1" and 1.0 alike; -1 for what is no whole number."""
    try:
        number = float(str(value))
    except ValueError:
        return -1
    return int(number) if number.is_integer() else -1
