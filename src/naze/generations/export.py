"""A run's rows go in; a table in input order comes out, a few rows in memory at a time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import InputError
from naze.generations.run import Run, open_run
from naze.generations.store import EXPORTED
from naze.tables import write_table

if TYPE_CHECKING:
    import polars

BATCH_ROWS = 10_000
_KINDS = {
    "position": "Int64", "choice_mass": "Float64", "prompt_tokens": "Int64", "cached_tokens": "Int64",
    "generated_tokens": "Int64", "whole_tokens": "Int64", "limit_tokens": "Int64", "seconds": "Float64",
    "attempts": "Int64",
}  # fmt: skip
"""The columns that are no text."""
_COPY = "copy of the id"
_JOINED = " of the subject"


def export_run(run: Run | str | Path, path: str | Path, *, join: "polars.DataFrame | None" = None) -> int:
    """Write every row of a run, answered or not, as CSV, JSONL or Parquet by the name's ending.

    Args:
        run: an opened run, or its folder.
        path: written aside, then renamed.
        join: further columns for each subject, with the subject's id in a column `id`; one that a run has itself stands
            in its place where it has a value.

    Returns:
        How many rows were written.

    Raises:
        FormatError: another ending than these.
        InputError: `join` has no column `id`.
        StoreError: no run lies there, or the table cannot be written; the run itself is untouched.
    """
    if not isinstance(run, Run):
        with closing(open_run(run)) as opened:
            return export_run(opened, path, join=join)
    left = run.tuples()
    joined = None if join is None else _Join(join)

    def batches() -> Iterator["polars.DataFrame"]:
        frame = _frame(list(islice(left, BATCH_ROWS)))
        while True:
            yield frame if joined is None else joined.with_columns(frame)
            rows = list(islice(left, BATCH_ROWS))
            if not rows:
                return
            frame = _frame(rows)

    remedy = "The run is whole; free some space or choose another --to."
    return write_table(Path(path), batches(), remedy=remedy)


def _frame(rows: list[tuple[Any, ...]]) -> "polars.DataFrame":
    import polars

    values = list(zip(*rows, strict=True)) or [()] * len(EXPORTED)
    return polars.DataFrame(
        [
            polars.Series(name, list(column), dtype=getattr(polars, _KINDS.get(name, "String")))
            for name, column in zip(EXPORTED, values, strict=True)
        ]
    )


class _Join:
    """Finds a subject's further columns.

    Where an id stands in the input twice, the first row of the run gets the first one's columns, the second
    the second's: rows in equal rows out.
    """

    def __init__(self, columns: "polars.DataFrame") -> None:
        import polars

        if "id" not in columns.columns:
            raise InputError(
                f"the columns to join are {', '.join(columns.columns)}; expected one called id, the rows' subject_id."
            )
        copies = polars.int_range(polars.len()).over("id").alias(_COPY)
        self._columns = columns.with_columns(copies)
        self._repeated = frozenset(columns.filter(polars.col("id").is_duplicated())["id"])
        self._seen: Counter[tuple[str, str]] = Counter()

    def with_columns(self, frame: "polars.DataFrame") -> "polars.DataFrame":
        """Add the columns to some rows of the run; call it once for each batch, in order."""
        import polars

        both = [name for name in self._columns.columns if name in frame.columns]
        copies = [
            self._copy(subject_id, question_id)
            for subject_id, question_id in zip(frame["subject_id"], frame["question_id"], strict=True)
        ]
        return (
            frame.with_columns(polars.Series(_COPY, copies, dtype=polars.Int64))
            .join(
                self._columns,
                left_on=["subject_id", _COPY],
                right_on=["id", _COPY],
                how="left",
                maintain_order="left",
                suffix=_JOINED,
            )
            .with_columns(polars.coalesce(f"{name}{_JOINED}", name).alias(name) for name in both)
            .drop(_COPY, *(f"{name}{_JOINED}" for name in both))
        )

    def _copy(self, subject_id: str, question_id: str) -> int:
        if subject_id not in self._repeated:
            return 0
        self._seen[subject_id, question_id] += 1
        return self._seen[subject_id, question_id] - 1
