"""A folder that naze wrote goes in; the table that its command wrote, or would write, comes out: from the folder alone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from naze.errors import InputError
from naze.generations import export_run, open_run
from naze.jobs.chains import CHAIN_NAME, read_chain
from naze.jobs.explain import TASK as EXPLAIN
from naze.jobs.explain import export_columns
from naze.jobs.labels import kept_columns
from naze.jobs.mapping import TASK as MAP
from naze.jobs.mapping import checked_target, read_mapped
from naze.jobs.results import write_result
from naze.jobs.summaries import SUMMARY_NAME
from naze.tables import kind_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["export_table"]


def export_table(folder: str | Path, path: str | Path, *, stored: bool = False) -> int:
    """Write what a command wrote or would write, whether it is finished or not.

    Of a run over a table (`naze map`, `label`, `extract`, …) its rows with the new columns, of a chain the rows of its
    result, of an explanation the answers with the votes' own columns, of any other run its prompts' answers.

    Args:
        folder: a run's or a chain's.
        path: a .csv, .jsonl or .parquet file; written aside, then renamed. In CSV, lists and objects become JSON texts.
        stored: of any run one row for each prompt as the store has it: tokens, seconds, attempts, probabilities.

    Returns:
        How many rows were written.

    Raises:
        RunNotFoundError: nothing of the kind lies there.
        InputError: what the columns are is not known, or not settled.
        StoreError: it is damaged, or the table cannot be written.
    """
    folder, path = Path(folder), checked_target(Path(path))
    if (folder / CHAIN_NAME).is_file():
        return _write(read_chain(folder).result(), path)
    if (folder / SUMMARY_NAME).is_file():
        raise InputError(
            f"{folder}: of summaries the folder keeps the points of each part, not the table. Give the command of `naze "
            "summarize` again: it writes the table, and asks nothing twice."
        )
    with closing(open_run(folder)) as run:
        task = run.manifest.task
        if stored or task not in (EXPLAIN, MAP):
            return export_run(run, path)
        if task == EXPLAIN:
            return export_run(run, path, join=export_columns(run, nested=kind_of(path) != "csv"))
    with closing(read_mapped(folder)) as mapped:
        labels = kept_columns(folder)
        batches = mapped.batches()
        return _write(batches if labels is None else map(labels.adjust, batches), path)


def _write(batches: "Iterator[pl.DataFrame]", path: Path) -> int:
    remedy = "Nothing else was touched; free some space or choose another --to."
    return write_result(batches, path, remedy=remedy)
