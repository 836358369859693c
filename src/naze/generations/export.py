"""A run's rows go in; a table in input order comes out, a few rows in memory at a time."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.generations.run import Run
from naze.generations.store import Row
from naze.tables import write_table

if TYPE_CHECKING:
    import polars

BATCH_ROWS = 10_000


def export_run(run: Run, path: str | Path, *, join: "polars.DataFrame | None" = None) -> int:
    """Write every row of a run, answered or not, as CSV, JSONL or Parquet by the name's ending.

    Args:
        run: an opened run.
        path: written aside, then renamed.
        join: further columns for each subject, with the subject's id in a column `id`.

    Returns:
        How many rows were written.
    """
    written = 0

    def batches() -> Iterator["polars.DataFrame"]:
        nonlocal written
        rows = run.rows()
        while True:
            frame = _frame(list(islice(rows, BATCH_ROWS)))
            if frame.height == 0 and written:
                return
            if join is not None:
                frame = frame.join(
                    join, left_on="subject_id", right_on="id", how="left", maintain_order="left"
                )
            yield frame
            if frame.height == 0:
                return
            written += frame.height

    write_table(Path(path), batches())
    return written


def _frame(rows: list[Row]) -> "polars.DataFrame":
    import polars

    return polars.DataFrame([_values(row) for row in rows], schema=_columns(polars), orient="row")


def _columns(polars: Any) -> dict[str, Any]:  # noqa: ANN401 - polars is imported late
    text, whole, number = polars.String, polars.Int64, polars.Float64
    return {
        "position": whole, "subject_id": text, "question_id": text, "status": text, "text": text,
        "probabilities": text, "choice_mass": number, "reason": text, "finish_reason": text, "fit": text,
        "prompt_tokens": whole, "cached_tokens": whole, "generated_tokens": whole, "whole_tokens": whole,
        "seconds": number, "attempts": whole,
    }  # fmt: skip


def _values(row: Row) -> tuple[Any, ...]:
    start = (row.position, row.subject_id, row.question_id)
    answer = row.answer
    if answer is None:
        return (
            *start,
            "open",
            None,
            None,
            None,
            None,
            None,
            row.fit.value,
            None,
            None,
            None,
            row.whole_tokens,
            None,
            0,
        )
    probabilities = (
        None if answer.probabilities is None else json.dumps(answer.probabilities, ensure_ascii=False)
    )
    return (
        *start,
        answer.status.value,
        answer.text,
        probabilities,
        answer.choice_mass,
        answer.reason,
        None if answer.finish_reason is None else answer.finish_reason.value,
        row.fit.value,
        answer.prompt_tokens,
        answer.cached_tokens,
        answer.generated_tokens,
        row.whole_tokens,
        answer.seconds,
        answer.attempts,
    )
