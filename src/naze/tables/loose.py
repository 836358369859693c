"""A JSON or JSONL file whose lines do not agree goes in; batches come out all the same, and what is wrong with them.

A column that holds different kinds of values becomes text: texts as they stand, anything else as JSON. A line
that is no JSON object keeps its place, with its reason in the column `PROBLEM`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import FormatError
from naze.tables.rows import BrokenRow, Row, read_rows

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PROBLEM", "LooseTable", "loose_batches"]

PROBLEM = "naze problem"
"""The column that says why a row could not be read; null where it could."""
_KINDS = {str: "String", bool: "Boolean", int: "Int64", float: "Float64"}
_MOST_INTEGER = 2**63
_MOST_EXACT = 2**53
"""Beyond, not every whole number is a float: an id among fractions would be rounded."""


@dataclass(frozen=True, slots=True)
class LooseTable:
    """What was found in the file, and a way to read it."""

    columns: list[str]
    kinds: dict[str, str]
    """Column -> the polars type that all its cells fit."""
    notes: tuple[str, ...]
    batches: Callable[[], "Iterator[pl.DataFrame]"]


def loose_batches(path: Path, *, batch_rows: int) -> LooseTable:
    """Read a file through once for the kinds of its columns, in bounded memory.

    Raises:
        FormatError: not a single line is a JSON object.
    """
    kinds: dict[str, set[str]] = {}
    broken = whole = 0
    for rows in read_rows(path):
        for row in rows:
            if isinstance(row, BrokenRow):
                broken += 1
                continue
            whole += 1
            for name, value in row.items():
                kinds.setdefault(name, set()).update([] if value is None else [_kind(value)])
    if not whole:
        raise FormatError(f"{path}: none of its lines is a JSON object; expected one on every line.")
    schema = {name: _common(found) for name, found in kinds.items()}
    mixed = [name for name, found in kinds.items() if len(found) > 1 and schema[name] == "String"]
    notes = [f"Column {name!r} holds {', '.join(sorted(kinds[name]))}: read as text." for name in mixed]
    if broken:
        notes.append(f"{broken:,} lines are no JSON objects; their rows are kept and marked.")

    def batches() -> "Iterator[pl.DataFrame]":
        for rows in read_rows(path, batch_rows=batch_rows):
            yield _frame(rows, schema)

    return LooseTable(list(schema), schema, tuple(notes), batches)


def _kind(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _MOST_INTEGER:
        return "JSON"
    if type(value) is int and abs(value) > _MOST_EXACT:
        return "large Int64"
    return _KINDS.get(type(value), "JSON")


def _common(kinds: set[str]) -> str:
    if "large Int64" in kinds:
        kinds = {"Int64"} if kinds <= {"Int64", "large Int64"} else {"String", "JSON"}
    if kinds <= {"Int64", "Float64"} and kinds:
        return "Float64" if "Float64" in kinds else "Int64"
    return next(iter(kinds)) if len(kinds) == 1 and kinds != {"JSON"} else "String"


def _frame(rows: list[Row], schema: dict[str, str]) -> "pl.DataFrame":
    import polars as pl

    columns = [
        pl.Series(name, [_cell(row, name, kind) for row in rows], dtype=getattr(pl, kind))
        for name, kind in schema.items()
    ]
    problems = [row.reason if isinstance(row, BrokenRow) else None for row in rows]
    return pl.DataFrame([*columns, pl.Series(PROBLEM, problems, dtype=pl.String)])


def _cell(row: Row, name: str, kind: str) -> Any:  # noqa: ANN401 - a cell of any kind
    value = None if isinstance(row, BrokenRow) else row.get(name)
    if value is None or kind != "String" or isinstance(value, str):
        return float(value) if kind == "Float64" and value is not None else value
    return json.dumps(value, ensure_ascii=False)
