"""Rows of a result go in, a few at a time; a file of them comes out, or an error that says where they are all the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from naze.tables import kind_of, nested_as_json, write_table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["write_result"]


def write_result(batches: "Iterator[pl.DataFrame]", path: Path, *, remedy: str) -> int:
    """Write a result by the file's suffix, aside, then renamed. In CSV, lists and objects become JSON texts.

    Args:
        batches: the rows.
        path: its suffix says how they are written.
        remedy: what is kept all the same, and what to do, for the message.

    Returns:
        The number of rows written.

    Raises:
        StoreError: the file cannot be written.
    """
    if kind_of(path) == "csv":
        batches = (nested_as_json(batch) for batch in batches)
    return write_table(path, batches, remedy=remedy)
