"""What lies between two steps of a chain: rows in a Parquet file, each with an id that says where it comes from.

The rows of the data are called `1`, `2`, …; those that row 2 was fanned out into `2.1`, `2.2`, …; a group goes by the
values that it was grouped by. So each row can be followed through the chain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from naze.errors import InputError
from naze.tables import PROBLEM, OpenedTable, read_batches, write_table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["HIDDEN", "ID", "StepRows", "copy_data", "parent_of"]

ID = "naze id"
"""The column that holds a row's id."""
HIDDEN = (ID, PROBLEM)
"""Columns that naze keeps for itself."""
_ROWS_TOGETHER = 2_000


@dataclass(frozen=True, slots=True)
class StepRows:
    """The rows of one step."""

    path: Path
    columns: tuple[str, ...]
    """Those that a person sees."""
    key: str
    """Fingerprint of the rows as they lie there: what is made from the same rows need not be made again."""
    texts: frozenset[str] = frozenset()
    """Columns that are texts only because a CSV file knows no other kind."""

    def batches(self) -> "Iterator[pl.DataFrame]":
        """Read the rows, a few at a time, with the hidden columns."""
        return read_batches(self.path, batch_rows=_ROWS_TOGETHER)

    def frame(self) -> "pl.DataFrame":
        """Read all rows."""
        import polars as pl

        return pl.read_parquet(self.path)

    def as_table(self, name: str) -> OpenedTable:
        """Return the rows as a table for `copy_rows` and for mapping."""
        return OpenedTable(name, "path", self.path, self.columns, self.key, self.batches, self.texts)


def copy_data(table: OpenedTable, path: Path) -> int:
    """Write a chain's data with an id for each row. Returns how many rows there are.

    Raises:
        InputError: no rows, or a column with a name that naze keeps for itself.
    """
    taken = [name for name in table.columns if name in HIDDEN]
    if taken:
        raise InputError(
            f"{table.name}: naze keeps the column name {taken[0]!r} for itself; rename the column."
        )
    rows = write_table(path, _with_ids(table))
    if not rows:
        path.unlink()
        raise InputError(f"{table.name}: no rows; the table is empty.")
    return rows


def _with_ids(table: OpenedTable) -> "Iterator[pl.DataFrame]":
    import polars as pl

    start = 1
    for batch in table.batches():
        ids = [str(number) for number in range(start, start + batch.height)]
        start += batch.height
        if PROBLEM not in batch.columns:
            batch = batch.with_columns(pl.lit(None, dtype=pl.String).alias(PROBLEM))
        yield batch.with_columns(pl.Series(ID, ids, dtype=pl.String))


def parent_of(row_id: str) -> str:
    """Return the id of the row that a row was fanned out from; a row that was not has itself.

    Example:
        >>> parent_of("2.10")
        '2'
    """
    return row_id.rpartition(".")[0] or row_id
