"""A table goes in, with a condition in SQL and a sample; the chosen rows come out as one Parquet file.

The file is a copy that a run keeps: it can be continued and exported without the table that it came from.
"""

import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import ConfigurationError, InputError
from naze.suggesting import did_you_mean
from naze.tables.opening import OpenedTable
from naze.tables.read import read_batches
from naze.tables.write import write_table

if TYPE_CHECKING:
    import duckdb
    import polars as pl

__all__ = ["ROW", "check_condition", "copy_rows", "satisfying_rows"]

ROW = "naze row"
"""The column that holds a row's number in the table that was given, from 1."""


def copy_rows(table: OpenedTable, path: Path, *, where: str | None, sample: int | None, seed: int = 0) -> int:
    """Write the chosen rows to a Parquet file, in order, each with its number in the column `ROW`.

    Args:
        table: any opened table.
        path: of the Parquet file.
        where: an SQL condition over the columns, as DuckDB reads it; cells of a CSV file that all look like
            numbers are compared as numbers.
        sample: at most so many of the rows for which the condition holds. The same rows every time; a bigger
            sample contains the smaller one.
        seed: another seed, another sample.

    Returns:
        How many rows were chosen.

    Raises:
        InputError: the condition cannot be read.
        ConfigurationError: a sample of fewer than one row.
    """
    if sample is not None and sample < 1:
        raise ConfigurationError(f"sample is {sample}; expected at least 1 row.")
    if where is None and sample is None:
        return write_table(path, _numbered(table))
    whole = path.with_name(f".whole-{path.name}")
    try:
        write_table(whole, _numbered(table))
        chosen = _choose(table, whole, where, sample, seed)
        return write_table(path, _only(whole, chosen))
    finally:
        whole.unlink(missing_ok=True)


def _numbered(table: OpenedTable) -> "Iterator[pl.DataFrame]":
    start = 1
    for batch in table.batches():
        yield batch.with_row_index(ROW, offset=start)
        start += batch.height


def _only(path: Path, numbers: list[int]) -> "Iterator[pl.DataFrame]":
    import polars as pl

    chosen = pl.Series(numbers, dtype=pl.UInt32)
    for batch in read_batches(path):
        yield batch.filter(pl.col(ROW).is_in(chosen.implode()))


def _choose(table: OpenedTable, path: Path, where: str | None, sample: int | None, seed: int) -> list[int]:
    """Find the numbers of the rows that are wanted, rising."""
    numbers = _satisfying(path, where, table.columns, table.texts)
    return numbers if sample is None else sorted(_sampled(numbers, sample, seed))


def satisfying_rows(frame: "pl.DataFrame", where: str, *, texts: Collection[str] = ()) -> list[int]:
    """Find the rows of a table in memory for which a condition holds, in the language of `copy_rows`.

    Args:
        frame: the table.
        where: an SQL condition over the columns, as DuckDB reads it.
        texts: columns of texts that are compared as numbers where all their cells look like numbers.

    Returns:
        The places of the rows, from 0, rising.

    Raises:
        InputError: the condition cannot be read.

    Example:
        >>> import polars as pl
        >>> satisfying_rows(pl.DataFrame({"stars": [1, 5, 4]}), "stars >= 4")
        [1, 2]
    """
    columns = frame.columns
    with tempfile.TemporaryDirectory(prefix="naze-") as folder:
        path = Path(folder) / "rows.parquet"
        frame.drop(ROW, strict=False).with_row_index(ROW).write_parquet(path)
        return _satisfying(path, where, columns, texts)


def check_condition(where: str, columns: Sequence[str]) -> None:
    """See that a condition can be read over these columns, before there are rows; kinds of columns are not known yet.

    Raises:
        InputError: it is no SQL, or names a column that there is not.
    """
    import duckdb

    if not where.strip():
        raise InputError(_told("it is empty", where, columns))
    with duckdb.connect() as connection:
        empty = ", ".join(f"NULL::VARCHAR AS {_quoted(name)}" for name in columns)
        try:
            connection.execute(f"SELECT 1 FROM (SELECT {empty}) given WHERE ({where}\n)")
        except duckdb.Error as error:
            if isinstance(error, duckdb.ParserException) or _missing_column(str(error)) is not None:
                raise InputError(_told(str(error), where, columns)) from error


def _satisfying(path: Path, where: str | None, columns: Sequence[str], texts: Collection[str]) -> list[int]:
    """Find the numbers in the column `ROW` of the rows for which a condition holds, rising."""
    import duckdb

    if where is not None and not where.strip():
        raise InputError(_told("it is empty", where, columns))
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(path))
        connection.register("given", rows)
        selected = ", ".join(_column(connection, name, texts, where) for name in rows.columns)
        query = f'SELECT "{ROW}" FROM (SELECT {selected} FROM given)' + (
            "" if where is None else f" WHERE ({where}\n)"
        )
        try:
            return sorted(int(number) for (number,) in connection.execute(query).fetchall())
        except duckdb.Error as error:
            raise InputError(_told(str(error), where, columns)) from error


def _sampled(numbers: list[int], sample: int, seed: int) -> list[int]:
    """Draw by a hash of each row's number: the same on every machine, and nested."""
    import hashlib

    return sorted(numbers, key=lambda number: hashlib.sha256(f"{seed} {number}".encode()).digest())[:sample]


def _column(
    connection: "duckdb.DuckDBPyConnection", name: str, texts: Collection[str], where: str | None
) -> str:
    """Select a column; one of texts that the condition names and whose cells are all numbers, as numbers."""
    quoted = _quoted(name)
    if where is None or name not in texts or not re.search(re.escape(name), where, re.IGNORECASE):
        return quoted
    for kind in ("BIGINT", "DOUBLE"):
        query = f"SELECT bool_and(try_cast({quoted} AS {kind}) IS NOT NULL OR trim({quoted}) = '') FROM given"
        answer: Any = connection.execute(query).fetchone()
        if answer is not None and answer[0]:
            return f"try_cast({quoted} AS {kind}) AS {quoted}"
    return quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _told(error: str, where: str | None, columns: Sequence[str]) -> str:
    first = error.strip().splitlines()[0]
    missing = _missing_column(error)
    return (
        f"the condition {where!r} cannot be read: {first.rstrip('.!')}."
        f"{'' if missing is None else did_you_mean(missing, columns)} It is SQL over the columns "
        f'{", ".join(columns)}, such as "length(text) > 20"; texts stand in single quotes, awkward names in '
        "double ones."
    )


def _missing_column(error: str) -> str | None:
    return error.split('"')[1] if error.startswith("Binder Error: Referenced column") else None
