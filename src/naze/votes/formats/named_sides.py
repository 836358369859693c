"""Published sets whose columns name both responses in their own words, with a rule that says who won.

Sources: the data cards of stanfordnlp/SHP, PKU-Alignment/PKU-SafeRLHF, nvidia/HelpSteer2 (its preference part),
nvidia/HelpSteer3 and openai/webgpt_comparisons.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from naze.votes.formats.cells import TURNS, structure, texts
from naze.votes.formats.conversations import sides_of
from naze.votes.formats.notes import Notes

__all__ = ["NAMED_SIDES", "NamedSides"]

Rule = Callable[[pl.DataFrame], pl.Expr]
"""Columns of verdicts as numbers -> the winner; null where a number says nothing."""


def _coded(column: str, *, a: int, b: int) -> Rule:
    return lambda _: (
        pl.when(pl.col(column) == a).then(pl.lit("a")).when(pl.col(column) == b).then(pl.lit("b"))
    )


def _strength(column: str) -> Rule:
    """From -3 (the first is much better) to 3 (the second is)."""
    side = pl.when(pl.col(column) < 0).then(pl.lit("a")).when(pl.col(column) > 0).then(pl.lit("b"))
    return lambda _: pl.when(pl.col(column).is_between(-3, 3)).then(side.otherwise(pl.lit("tie")))


def _higher(a: str, b: str) -> Rule:
    better = pl.when(pl.col(a) > pl.col(b)).then(pl.lit("a")).when(pl.col(a) < pl.col(b)).then(pl.lit("b"))
    return lambda _: pl.when(pl.col(a).is_not_null() & pl.col(b).is_not_null()).then(
        better.otherwise(pl.lit("tie"))
    )


@dataclass(frozen=True)
class NamedSides:
    """Two responses under names of their own."""

    name: str
    title: str
    prompt: str
    """A text, turns, or messages."""
    a: str
    b: str
    verdicts: tuple[str, ...]
    """Columns of numbers that say who won; kept among the extras."""
    expected: str
    """The numbers that are understood, for messages."""
    rule: Rule

    @property
    def consumes(self) -> tuple[str, ...]:
        """Prompt and responses."""
        return self.prompt, self.a, self.b

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for all of its columns."""
        return {*self.consumes, *self.verdicts} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Rename, and read the verdict as a winner."""
        given = batch.select(texts(batch[name]).str.strip_chars().alias(name) for name in self.verdicts)
        numbers = given.with_columns(pl.col(name).cast(pl.Float64, strict=False) for name in self.verdicts)
        winners = numbers.select(self.rule(numbers).alias("winner"))["winner"]
        told = given.select(pl.all_horizontal(pl.all().is_not_null() & (pl.all() != "")).alias("told"))[
            "told"
        ]
        for row in (told & winners.is_null()).arg_true():
            said = ", ".join(f"{name} is {given[name][row]!r}" for name in self.verdicts)
            notes.reject(row, f"{said}; expected {self.expected}.")
        rows = [
            _sides(prompt, a, b, self.prompt, row, notes)
            for row, (prompt, a, b) in enumerate(
                zip(batch[self.prompt].to_list(), texts(batch[self.a]), texts(batch[self.b]), strict=True)
            )
        ]
        schema = dict.fromkeys(("prompt", "response_a", "response_b"), TURNS)
        frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(winners)
        return frame.with_columns(batch["id"]) if "id" in batch.columns else frame


_Turns = list[str | None]


def _sides(
    prompt: object, a: str | None, b: str | None, name: str, row: int, notes: Notes
) -> tuple[_Turns | None, _Turns | None, _Turns | None]:
    """Make turns: of a text one; of messages each of the person's, with the answers that both responses follow on."""
    if isinstance(prompt, str) and prompt.lstrip().startswith(("[{", "{")):
        prompt = structure(prompt, name, row, notes)
    if isinstance(prompt, dict):
        prompt = prompt.get("full_text")
    if prompt is None or isinstance(prompt, str):
        return [prompt], [a], [b]
    taken = sides_of(prompt, name, row, notes)
    if taken is None:
        return None, None, None
    person, before = taken
    return person, [*before[:-1], a], [*before[:-1], b]


NAMED_SIDES = (
    NamedSides(
        "shp", "Stanford Human Preferences", "history", "human_ref_A", "human_ref_B", ("labels",),
        "1 (A is preferred) or 0 (B)", _coded("labels", a=1, b=0),
    ),
    NamedSides(
        "pku", "PKU-SafeRLHF", "prompt", "response_0", "response_1", ("better_response_id",), "0 or 1",
        _coded("better_response_id", a=0, b=1),
    ),
    NamedSides(
        "helpsteer2", "HelpSteer2, preferences", "prompt", "response_1", "response_2", ("preference_strength",),
        "-3 to 3", _strength("preference_strength"),
    ),
    NamedSides(
        "helpsteer3", "HelpSteer3, preferences", "context", "response1", "response2", ("overall_preference",),
        "-3 to 3", _strength("overall_preference"),
    ),
    NamedSides(
        "webgpt", "WebGPT comparisons", "question", "answer_0", "answer_1", ("score_0", "score_1"), "two numbers",
        _higher("score_0", "score_1"),
    ),
)  # fmt: skip
