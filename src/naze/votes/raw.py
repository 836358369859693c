"""A file goes in; its rows come out in batches as tables, whatever the kind of file, for a format to convert."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.tables import BrokenRow, read_batches, read_rows
from naze.tables.plain import plain_table
from naze.votes.formats import Notes

if TYPE_CHECKING:
    import polars as pl

__all__ = ["RawBatch", "raw_batches"]

RawBatch = tuple["pl.DataFrame", Notes]


def raw_batches(path: Path, winners: dict[str, str], batch_rows: int) -> Iterator[RawBatch]:
    """Read a file in batches; lines that are no JSON are noted already.

    Raises:
        FormatError: the whole file cannot be read.
    """
    if plain_table(path).kind in ("csv", "parquet"):
        for batch in read_batches(path, batch_rows=batch_rows):
            yield batch, Notes(winners)
        return
    for rows in read_rows(path, batch_rows=batch_rows):
        notes = Notes(winners)
        yield _frame_of(rows, notes), notes


def _frame_of(rows: "list[dict[str, Any] | BrokenRow]", notes: Notes) -> "pl.DataFrame":
    import polars as pl

    names: dict[str, None] = {}
    for position, row in enumerate(rows):
        if isinstance(row, BrokenRow):
            notes.reject(position, row.reason)
        else:
            names.update(dict.fromkeys(row))
    columns = []
    for name in names:
        cells = [None if isinstance(row, BrokenRow) else row.get(name) for row in rows]
        columns.append(_column(name, cells, notes))
    return pl.DataFrame(columns) if columns else pl.DataFrame({"": [None] * len(rows)})


def _column(name: str, cells: list[Any], notes: Notes) -> "pl.Series":
    """Make a column; cells of different kinds become texts, lists and dicts among them JSON texts."""
    import polars as pl

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds <= {str}:
        return _texts(name, cells, notes)
    if kinds == {int, float} and any(type(cell) is int and abs(cell) > 2**53 for cell in cells):
        return _texts(name, [None if cell is None else json.dumps(cell) for cell in cells], notes)
    if kinds <= {bool} or kinds <= {int, float}:
        return pl.Series(name, [float(cell) if cell is not None and float in kinds else cell for cell in cells],
                         strict=False)  # fmt: skip
    if kinds <= {list} and all(t is None or isinstance(t, str) for cell in cells if cell for t in cell):
        whole = [cell and [None if turn is None else notes.whole(turn) for turn in cell] for cell in cells]
        return pl.Series(name, whole, dtype=pl.List(pl.String))
    return _texts(
        name,
        [c if c is None or isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in cells],
        notes,
    )


def _texts(name: str, cells: list[str | None], notes: Notes) -> "pl.Series":
    import polars as pl

    try:
        return pl.Series(name, cells, dtype=pl.String)
    except UnicodeEncodeError:
        whole = [None if cell is None else notes.whole(cell) for cell in cells]
        return pl.Series(name, whole, dtype=pl.String)
