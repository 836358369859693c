"""A CSV, JSONL, JSON or Parquet file goes in; batches of its rows come out, in order and in bounded memory."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from naze.errors import ConfigurationError, FormatError
from naze.suggesting import did_you_mean
from naze.tables.files import check_utf8
from naze.tables.pieces import header_and_pieces, whole_lines
from naze.tables.plain import PlainTable, plain_table

if TYPE_CHECKING:
    import _csv

    import polars as pl

__all__ = ["read_batches", "read_columns"]


def read_columns(path: str | Path) -> list[str]:
    """Name a table's columns, in order.

    Raises:
        FormatError: missing, empty or unreadable file.
    """
    path = Path(path)
    with _plain_errors(path):
        return plain_table(path).scan().collect_schema().names()


def read_batches(
    path: str | Path, *, columns: Sequence[str] | None = None, batch_rows: int = 10_000
) -> Iterator["pl.DataFrame"]:
    """Read a table in batches; the last may be shorter, none is empty unless the table is.

    Cells of a CSV file are texts, unchanged: an empty cell without quotes is a null, `""` is an empty text.
    The types of JSONL columns are found by reading the file through once; Parquet says its own.

    Args:
        path: a file whose suffix says what it is.
        columns: the columns wanted, in this order; all when not given.
        batch_rows: the most rows of one batch.

    Raises:
        FormatError: missing, empty, not UTF-8, damaged, or without a column that is wanted.
        ConfigurationError: batches of fewer than one row.
    """
    if batch_rows < 1:
        raise ConfigurationError(f"batch_rows is {batch_rows}; expected at least 1.")
    path = Path(path)
    if columns is not None:
        _check_columns(path, columns)
    with _plain_errors(path):
        table = plain_table(path)
        waiting: list[pl.DataFrame] = []
        held, any_rows = 0, False
        for piece in _pieces(table, columns, batch_rows):
            start = 0
            while start < piece.height:
                part = piece.slice(start, batch_rows - held)
                waiting.append(part)
                held, start = held + part.height, start + part.height
                if held == batch_rows:
                    yield _joined(waiting)
                    waiting, held, any_rows = [], 0, True
        if waiting:
            yield _joined(waiting)
        elif not any_rows:
            nothing = table.scan()
            yield (nothing if columns is None else nothing.select(columns)).collect_schema().to_frame()


def _joined(parts: "list[pl.DataFrame]") -> "pl.DataFrame":
    import polars as pl

    return parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=True)


def _pieces(file: PlainTable, columns: Sequence[str] | None, batch_rows: int) -> "Iterator[pl.DataFrame]":
    """Read a table in order, in pieces of any length.

    Polars reads text files far ahead of what is taken from it, hundreds of megabytes at a million rows; so those
    are cut here, and parsed a piece at a time.
    """
    if file.kind == "csv":
        yield from _csv_pieces(file, columns)
    elif file.kind == "jsonl":
        yield from _jsonl_pieces(file, columns)
    else:
        table = file.scan()
        table = table if columns is None else table.select(columns)
        yield from table.collect_batches(chunk_size=batch_rows, maintain_order=True)


def _csv_pieces(table: PlainTable, columns: Sequence[str] | None) -> "Iterator[pl.DataFrame]":
    import polars as pl

    wanted = table.scan().collect_schema().names() if columns is None else columns
    with table.path.open("rb") as file:
        header, pieces = header_and_pieces(file)
        for piece in pieces:
            yield pl.read_csv(header + piece, infer_schema=False, columns=wanted).select(wanted)


def _jsonl_pieces(table: PlainTable, columns: Sequence[str] | None) -> "Iterator[pl.DataFrame]":
    import polars as pl

    schema = table.scan().collect_schema()
    with table.path.open("rb") as file:
        for piece in whole_lines(file):
            if piece.strip():
                yield pl.read_ndjson(piece, schema=schema).select(pl.all() if columns is None else columns)


def _check_columns(path: Path, wanted: Sequence[str]) -> None:
    there = read_columns(path)
    for name in wanted:
        if name not in there:
            hint = did_you_mean(name, there, used=wanted)
            raise FormatError(f"{path}: no column {name!r}; there are: {', '.join(there)}.{hint}")


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Say in plain words what polars could not read."""
    import polars as pl

    try:
        yield
    except pl.exceptions.PolarsError as error:
        table = plain_table(path)
        if table.kind != "parquet":
            check_utf8(table.path)
        lines = str(error).strip().splitlines() or [type(error).__name__]
        where = _broken_row(table.path) if table.kind == "csv" else ""
        raise FormatError(f"{path}: cannot be read as {table.kind}: {where or lines[0]}") from error


def _broken_row(path: Path) -> str:
    """Say which row of a CSV file has more cells than the header, or quotes that do not close."""
    before = csv.field_size_limit(path.stat().st_size + 1)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _first_broken(csv.reader(file, strict=True))
    finally:
        csv.field_size_limit(before)


def _first_broken(rows: "_csv.Reader") -> str:
    number = 0
    try:
        header = next(rows, [])
        for number, row in enumerate(rows, start=1):  # told in the error below as well
            if len(row) > len(header):
                return (
                    f"row {number} (up to line {rows.line_num}) has {len(row)} cells; expected {len(header)}, as "
                    "in the header. Put cells that hold a comma or a line end between double quotes."
                )
    except csv.Error as error:
        cut = "unexpected end" in str(error)
        hint = "Is the file cut short?" if cut else 'A quote inside a cell is written twice ("").'
        return f"row {number + 1} (up to line {rows.line_num}): {error}. {hint}"
    return ""
