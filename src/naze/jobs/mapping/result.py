"""What came of a mapped table: its rows with their new columns, a few at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.generations import Run, Summary
from naze.jobs.mapping.cascade import Taken
from naze.jobs.mapping.columns import added_columns, mapped_batches
from naze.jobs.mapping.rows import ROWS_TOGETHER
from naze.jobs.questions import Asked
from naze.jobs.results import write_result
from naze.tables import ROW, OpenedTable, attached, read_batches

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Mapped", "write_mapped"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What came of it. Every chosen row of the table is there, in order."""

    folder: Path
    """The run."""
    rows: Path
    """The run's copy of the chosen rows."""
    asked: tuple[Asked, ...]
    run: Run
    summary: Summary
    target: Path | None = None
    """The file that the result was written to."""
    taken: tuple[Taken, ...] = ()
    """Where a bigger model was asked as well: for each question what it was asked."""

    @property
    def added(self) -> list[str]:
        """The columns that were added to the table."""
        return [*added_columns(self.asked), *(one.column for one in self.taken)]

    def close(self) -> None:
        """Let go of the run."""
        self.run.close()

    def batches(self) -> "Iterator[pl.DataFrame]":
        """Read the rows with their new columns, a few at a time."""
        batches = mapped_batches(self.run, self.rows, self.asked)
        if not self.taken:
            yield from batches
            return
        numbers = read_batches(self.rows, columns=[ROW], batch_rows=ROWS_TOGETHER)
        for batch, own in zip(batches, numbers, strict=True):
            for one in self.taken:
                batch = one.over(batch, own[ROW])
            yield batch

    def texts(self, column: str) -> "Iterator[tuple[list[int], list[Any], pl.DataFrame]]":
        """Read some rows at a time: their numbers in the table, their cells in one column, and all columns."""
        numbers = read_batches(self.rows, columns=[ROW], batch_rows=ROWS_TOGETHER)
        for batch, own in zip(self.batches(), numbers, strict=True):
            yield own[ROW].to_list(), batch[column].to_list(), batch

    def attach(
        self,
        table: OpenedTable,
        batches: "Iterator[pl.DataFrame] | None" = None,
    ) -> Any:  # noqa: ANN401 - the kind of table that was given
        """Return the chosen rows of a table in memory with the new columns; the old ones stay as they were.

        Args:
            table: what was mapped.
            batches: the rows with their new columns where something was done to these; None: as they were answered.
        """
        import polars as pl

        columns = pl.concat([batch.select(self.added) for batch in batches or self.batches()])
        numbers = pl.read_parquet(self.rows, columns=[ROW])[ROW].cast(pl.Int64) - 1
        return attached(table, numbers, columns)


def write_mapped(batches: "Iterator[pl.DataFrame]", path: Path, folder: Path) -> int:
    """Write rows with their new columns, aside, then renamed. In CSV, lists and objects become JSON texts.

    Args:
        batches: the rows.
        path: its suffix says how they are written.
        folder: of the run, for messages.

    Raises:
        StoreError: the file cannot be written; the run is whole.
    """
    remedy = f"Every answer is stored in {folder}; free some space or choose another --out, and run the same command again."
    return write_result(batches, path, remedy=remedy)
