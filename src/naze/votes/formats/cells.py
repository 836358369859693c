"""Columns as a file has them go in; turns and winners in our words come out."""

import ast
import json
from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl

from naze.records import Winner
from naze.votes.formats.notes import Notes

__all__ = ["TURNS", "json_turns", "one_turn", "structure", "texts", "turns", "winner_column"]

TURNS = pl.List(pl.String)

WINNERS = {str(winner): str(winner) for winner in Winner}
VERDICTS = {
    "a": "[[a]] a>b a>>b model_a model_1 model1 response_a response_1 assistant_a answer_a left first 回答a 応答a",
    "b": "[[b]] b>a b>>a a<b a<<b model_b model_2 model2 response_b response_2 assistant_b answer_b right second 回答b 応答b",
    "tie": "[[c]] a=b b=a a==b a~b equal same draw even tied 引き分け 同点 同等 同じ どちらも同じ",
    "both_bad": "bothbad tie_(bothbad) tie(bothbad) both_bad both_are_bad 両方悪い どちらも悪い 両方とも悪い 両方とも不十分",
}
"""Winners as judges, arenas and annotators write them, in small letters, with `_` for spaces."""
_BY_VERDICT = {word: winner for winner, words in VERDICTS.items() for word in words.split()}

_decode_turns = msgspec.json.Decoder(list[str | None]).decode


def json_turns(column: pl.Series, notes: Notes) -> pl.Series:
    """Decode cells that hold a JSON list of turns. A cell that does not is noted; it becomes a null."""
    if column.dtype == TURNS:
        return column
    decoded: list[list[str | None] | None] = []
    for row, cell in enumerate(column.to_list()):
        try:
            decoded.append(_decode_turns(cell))
        except (msgspec.MsgspecError, TypeError):
            decoded.append(_turns_with_care(cell, column.name, row, notes))
    return _lists(column.name, decoded)


def _lists(name: str, cells: list[list[str | None] | None]) -> pl.Series:
    """Make a column of lists out of one flat column: polars builds each list by itself far more slowly."""
    flat = pl.Series("turn", [turn for cell in cells if cell for turn in cell], dtype=pl.String)
    sizes = pl.Series("size", [len(cell) if cell else 0 for cell in cells], dtype=pl.UInt32)
    rows = pl.DataFrame({"row": pl.int_range(len(cells), eager=True), "size": sizes})
    numbers = rows.select(pl.col("row").repeat_by("size").explode(empty_as_null=False))
    lists = numbers.hstack([flat]).group_by("row", maintain_order=True).agg("turn")
    filled = rows.join(lists, on="row", how="left", maintain_order="left")["turn"]
    if filled.null_count():
        empty = pl.Series([cell is not None and not cell for cell in cells], dtype=pl.Boolean)
        filled = pl.DataFrame({"turn": filled}).select(
            pl.when(empty).then(pl.lit([], TURNS)).otherwise("turn").alias("turn")
        )["turn"]
    return filled.alias(name)


def _turns_with_care(cell: object, name: str, row: int, notes: Notes) -> list[str | None] | None:
    """Decode what the quick decoder refuses: half surrogate pairs, and what is broken indeed."""
    if not isinstance(cell, str):
        notes.reject(row, f"{name} is empty; expected a JSON list of turns.")
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError) as error:
        notes.reject(row, f"{name} is no JSON ({error}): {short(cell)}; expected a JSON list of turns.")
        return None
    if not isinstance(value, list) or not all(turn is None or isinstance(turn, str) for turn in value):
        notes.reject(row, f"{name} is {short(cell)}; expected a JSON list of texts and nulls.")
        return None
    return [turn if turn is None else notes.whole(turn) for turn in value]


def one_turn(column: pl.Series) -> pl.Series:
    """Make each text a conversation of one turn; a null cell is one null turn."""
    return pl.DataFrame({column.name: texts(column)}).select(pl.concat_list(column.name))[column.name]


def texts(column: pl.Series) -> pl.Series:
    """Turn a column of numbers or booleans into texts; texts and nulls stay as they are."""
    if column.dtype.is_nested():
        cells = [
            None if cell is None else json.dumps(cell, ensure_ascii=False) for cell in structures(column)
        ]
        return pl.Series(column.name, cells, dtype=pl.String)
    return column.cast(pl.String)


def turns(column: pl.Series, notes: Notes) -> pl.Series:
    """Read turns however they are laid out: lists, JSON lists, or one text for one turn."""
    if column.dtype == TURNS:
        return column
    if column.dtype != pl.String:
        return one_turn(column)
    cells: list[list[str | None] | None] = []
    for cell in column:
        cells.append(_list_in(cell, notes) or [cell])
    return _lists(column.name, cells)


def _list_in(cell: str | None, notes: Notes) -> list[str | None] | None:
    if not cell or not cell.startswith("[") or not cell.rstrip().endswith("]"):
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    if not value or not all(turn is None or isinstance(turn, str) for turn in value):
        return None
    return [turn if turn is None else notes.whole(turn) for turn in value]


def structures(column: pl.Series) -> list[Any]:
    """List a nested column's cells as lists and dicts."""
    return column.to_list()


def structure(cell: object, name: str, row: int, notes: Notes) -> Any:  # noqa: ANN401  # what JSON can hold
    """Read a cell that holds a list or dict, as such, as JSON or as Python wrote it; None and a note if not."""
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as broken:
        try:
            return ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            notes.reject(row, f"{name} is no JSON ({broken}): {short(cell)}; expected a list of messages.")
            return None


def winner_column(column: pl.Series, notes: Notes, words: Mapping[str, str] | None = None) -> pl.Series:
    """Say winners in our words; a null stays one (not voted yet), an unknown word is noted.

    Args:
        column: the winners as the file has them.
        notes: has the words that the person gave; they come before all others.
        words: the format's own words.
    """
    known = {**WINNERS, **(words or {}), **notes.winners}
    column = _whole_numbers(texts(column)) if column.dtype.is_float() else texts(column)
    found = column.replace_strict(known, default=None, return_dtype=pl.String)
    written = (
        column.str.strip_chars()
        .str.to_lowercase()
        .str.replace_all(r"[\s-]+", "_")
        .str.replace_all(r"_?([<>=~])_?", "${1}")
    )
    found = found.fill_null(
        written.replace_strict({**WINNERS, **_BY_VERDICT}, default=None, return_dtype=pl.String)
    )
    unknown = (column.is_not_null() & found.is_null()).arg_true()
    for row in unknown:
        word = column[row]
        notes.reject(
            row,
            f"winner is {word!r}; expected a, b, tie or both_bad. Map it with --winner {shell(word)}=both_bad.",
        )
    return found.alias("winner")


def _whole_numbers(column: pl.Series) -> pl.Series:
    """Say 2.0 as 2: a column of codes becomes one of floats as soon as one of them is missing."""
    return column.str.replace(r"\.0$", "")


def shell(word: str) -> str:
    """Quote a word for a command line where it needs it."""
    import shlex

    return shlex.quote(word)


def short(text: str, characters: int = 60) -> str:
    """Quote the beginning of a text."""
    return repr(text if len(text) <= characters else text[:characters] + "…")
