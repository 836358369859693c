"""A table and questions go in; the table with a column for each question comes out: one call, durable underneath."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from naze.errors import ConfigurationError
from naze.jobs.mapping.job import MapJob, TableOptions, map_job, target_of
from naze.jobs.mapping.result import Mapped, write_mapped
from naze.jobs.mapping.running import run_map
from naze.jobs.questions import Question
from naze.jobs.schemas import as_schema

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["map", "map_to_file", "mapped_table"]


def map(
    table: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    prompt: str | None = None,
    *,
    choices: Sequence[str] = (),
    schema: "Mapping[str, Any] | type[BaseModel] | str | Path | None" = None,
    add: str = "answer",
    questions: Sequence[Question] = (),
    **options: Unpack[TableOptions],
) -> Any:  # noqa: ANN401 - the same kind of table
    """Ask a model about every row of a table. The same call again continues; nothing is asked twice.

    Args:
        table: a CSV, JSONL, JSON or Parquet file, a folder of texts, or a polars, pandas or Arrow table.
        prompt: Jinja2 text over the columns, e.g. `Is this review about delivery? {{ text }}`.
        choices: when given, the model chooses one of them, and each gets a probability.
        schema: JSON Schema that each answer must satisfy (a file of it, or a pydantic model).
        add: the name of the new column.
        questions: several questions instead of one prompt; all read a row once.
        options: model, where the result and the run go, which rows: see `TableOptions`.

    Returns:
        For a table its chosen rows with the new columns, as the same kind of table; for a path the path of the
        result. A row that failed has no value and says why in `<add>_status` and `<add>_reason`.

    Raises:
        TemplateError: the prompt names a column that there is not; the nearest is suggested.
        InputError: no rows, a condition that cannot be read, or a new column whose name is taken.
        ManifestMismatchError: the folder holds a run with other settings.
        NazeError: the model cannot be found or loaded, the store not written.

    Example:
        >>> import polars
        >>> rows = polars.DataFrame({"text": ["The parcel came late.", "Lovely tea!"]})
        >>> naze.map(rows, "Is this about delivery? {{ text }}", choices=["yes", "no"], model="smollm2:135m").columns
        ['text', 'answer', 'answer_probability', 'answer_probabilities', 'answer_tokens', 'answer_status', 'answer_reason']
    """
    asked = _questions(prompt, choices, schema, add, questions)
    return mapped_table(map_job(table, asked, **options), **options)


def mapped_table(job: MapJob, **options: Unpack[TableOptions]) -> Any:  # noqa: ANN401 - the same kind of table
    """Ask all that is open of a job and give its table back as the kind that it was."""
    with closing(map_to_file(job, **options)) as mapped:
        return mapped.target if job.table.home == "path" else mapped.attach(job.table)


def map_to_file(job: MapJob, **options: Unpack[TableOptions]) -> Mapped:
    """Ask all that is open of a job, durably, and write its table where it is wanted.

    Args:
        job: made by `map_job`.
        options: `out`, `progress` and `tell` of them.

    Returns:
        What came of it; close it.
    """
    target = target_of(job, options.get("out"))
    mapped = run_map(job, progress=options.get("progress"), tell=options.get("tell"))
    if target is None:
        return mapped
    try:
        write_mapped(mapped.batches(), target, mapped.folder)
    except BaseException:
        mapped.close()
        raise
    return replace(mapped, target=target)


def _questions(
    prompt: str | None,
    choices: Sequence[str],
    schema: "Mapping[str, Any] | type[BaseModel] | str | Path | None",
    add: str,
    questions: Sequence[Question],
) -> tuple[Question, ...]:
    if (prompt is None) == (not questions):
        raise ConfigurationError("give a prompt, or several questions; expected one of the two.")
    if prompt is None:
        return tuple(questions)
    return (Question(add, prompt, tuple(choices), schema=None if schema is None else as_schema(schema)),)
