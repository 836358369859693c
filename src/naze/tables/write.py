"""Batches go in; a CSV, JSONL or Parquet file comes out whole, or not at all."""

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from naze.errors import FormatError
from naze.tables.aside import REMEDY, written_aside
from naze.tables.files import is_folder, kind_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["check_folder_place", "check_table_place", "write_table"]

_ROWS_TOGETHER = 1 << 14
"""Rows of one group of a Parquet file: what whoever reads it, naze too, holds in memory several times over."""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How polars words the error of the system when a Parquet file cannot be written."""


def write_table(
    path: str | Path,
    batches: "pl.DataFrame | Iterable[pl.DataFrame]",
    what: str = "the table",
    *,
    remedy: str = REMEDY,
) -> int:
    """Write batches that all have the same columns to a file, by its suffix: .csv, .jsonl or .parquet.

    The file is written aside and renamed at the end, so that nobody ever sees half a file. Memory is bounded
    by one batch for CSV and JSONL; Parquet is written a batch at a time as well.

    Args:
        path: the file.
        batches: the rows.
        what: they are, for the message where they cannot be written.
        remedy: what is kept all the same, and what to do, for that message.

    Returns:
        The number of rows written.

    Raises:
        FormatError: another suffix, lists in a CSV file, or batches that differ in their columns.
        StoreError: the place cannot be written to: no room, no permission, a folder. What was there is untouched.
    """
    import polars as pl

    path = Path(path)
    kind = _written_kind(path)
    frames = iter([batches] if isinstance(batches, pl.DataFrame) else batches)
    first = next(frames, None)
    if first is None:
        raise FormatError(f"{path}: nothing to write: not even a batch without rows that names the columns.")
    write = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}[kind]
    with written_aside(path, what, remedy=remedy) as file:
        return write(file, first, _same_columns(path, first, frames))


def check_table_place(path: str | Path) -> None:
    """See that a table can be written, before the work that fills it.

    Raises:
        FormatError: another suffix than .csv, .jsonl or .parquet, a folder, or a place that cannot be written to.
    """
    path = Path(path)
    if is_folder(path):
        raise FormatError(
            f"{path} is a folder; expected the name of a file in it, such as {path / 'table.csv'}."
        )
    _written_kind(path)
    check_folder_place(path.parent)


def check_folder_place(folder: str | Path) -> None:
    """See that files can be written into a folder, which may have yet to be made.

    Raises:
        FormatError: a part of the path is a file, or nobody may write there.
    """
    folder = Path(folder)
    is_folder(folder)
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise FormatError(f"{there} is a file; expected a folder. Choose another --out.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise FormatError(f"{there} cannot be written to: permission denied. Choose another --out.")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise FormatError(
            f"{there} cannot be written to ({error.strerror}). Choose another --out."
        ) from error


def _written_kind(path: Path) -> str:
    kind = kind_of(path)
    if kind == "json":
        raise FormatError(f"{path}: tables are written as .csv, .jsonl or .parquet.")
    return kind


def _same_columns(
    path: Path, first: "pl.DataFrame", frames: Iterator["pl.DataFrame"]
) -> Iterator["pl.DataFrame"]:
    for frame in frames:
        if frame.schema != first.schema:
            raise FormatError(f"{path}: a batch has the columns {frame.schema}; expected {first.schema}.")
        yield frame


def _write_csv(file: IO[bytes], first: "pl.DataFrame", rest: Iterator["pl.DataFrame"]) -> int:
    nested = [name for name, kind in first.schema.items() if kind.is_nested()]
    if nested:
        raise FormatError(f"a CSV file cannot hold lists ({', '.join(nested)}); write .jsonl or .parquet.")
    first.write_csv(file)
    return first.height + _each(rest, lambda frame: frame.write_csv(file, include_header=False))


def _write_jsonl(file: IO[bytes], first: "pl.DataFrame", rest: Iterator["pl.DataFrame"]) -> int:
    first.write_ndjson(file)
    return first.height + _each(rest, lambda frame: frame.write_ndjson(file))


def _each(frames: Iterator["pl.DataFrame"], write: "Callable[[pl.DataFrame], object]") -> int:
    rows = 0
    for frame in frames:
        write(frame)
        rows += frame.height
    return rows


def _write_parquet(file: IO[bytes], first: "pl.DataFrame", rest: Iterator["pl.DataFrame"]) -> int:
    import polars as pl
    from polars.io.plugins import register_io_source

    rows = 0

    def batches(*_: object) -> Iterator[pl.DataFrame]:
        nonlocal rows
        rows += first.height
        yield first
        for frame in rest:
            rows += frame.height
            yield frame

    table = register_io_source(batches, schema=first.schema)
    try:
        table.sink_parquet(file, compression="zstd", maintain_order=True, row_group_size=_ROWS_TOGETHER)
    except pl.exceptions.ComputeError as error:
        if (code := _OS_ERROR.search(str(error))) is None:
            raise
        raise OSError(int(code[1]), os.strerror(int(code[1]))) from error
    return rows
