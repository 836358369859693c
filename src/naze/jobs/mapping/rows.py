"""A run's own copy of the rows that it asks about: `rows-….parquet` in its folder.

With it a run can be continued and exported without the table that the rows came from.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from naze.errors import InputError
from naze.jobs.mapping.job import MapJob
from naze.prompts import TableRow
from naze.tables import PROBLEM, ROW, copy_rows, read_batches, read_columns

__all__ = ["ROWS_TOGETHER", "chosen_rows", "copy_chosen", "count_rows", "forget_older", "table_rows"]

ROWS_TOGETHER = 2_000
"""Rows that are held in memory at once."""


def chosen_rows(job: MapJob) -> str:
    """Say which rows of which table a job is about: the same text, the same rows."""
    return json.dumps([job.table.fingerprint, job.where, job.sample, job.settings.seed])


def copy_chosen(job: MapJob) -> Path:
    """Keep the chosen rows in the run's folder; the name says what they are, so that they are copied once.

    Raises:
        InputError: no row was chosen.
    """
    path = job.folder / f"rows-{hashlib.sha256(chosen_rows(job).encode()).hexdigest()[:16]}.parquet"
    if path.is_file():
        return path
    rows = copy_rows(job.table, path, where=job.where, sample=job.sample, seed=job.settings.seed)
    if not rows:
        path.unlink()
        with suppress(OSError):  # a run was begun here with other rows: it stays
            job.folder.rmdir()
        why = f"none for which {job.where} holds" if job.where is not None else "the table is empty"
        raise InputError(f"{job.table.name}: no rows to ask about: {why}.")
    return path


def count_rows(path: Path) -> int:
    """Count the rows of a Parquet file, without reading them."""
    import polars as pl

    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def forget_older(rows: Path) -> None:
    """Remove the copies of earlier choices of rows; one that a newer command has just made stays."""
    made = rows.stat().st_mtime
    for other in rows.parent.glob("rows-*.parquet"):
        if other.stat().st_mtime < made:
            other.unlink(missing_ok=True)


def table_rows(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    """Read a run's copy of its table, only the columns that the prompts are made of."""
    broken = PROBLEM in read_columns(path)
    wanted = [ROW, *columns, *([PROBLEM] if broken else [])]
    for batch in read_batches(path, columns=wanted, batch_rows=ROWS_TOGETHER):
        problems = batch[PROBLEM] if broken else [None] * batch.height
        values = batch.select(columns).iter_rows(named=True) if columns else ({} for _ in range(batch.height))
        for number, row, problem in zip(batch[ROW], values, problems, strict=True):
            yield TableRow(str(number), row, problem)
