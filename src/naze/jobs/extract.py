"""A table of texts and a schema go in; a column for each of the schema's fields comes out.

The schema is enforced while a model writes, as far as its engine can, and every answer is checked against all of it
after. An answer that does not satisfy it is marked, and never repaired.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from naze.jobs.mapping import MapJob, MapSettings, TableOptions, map_job, mapped_table
from naze.jobs.questions import Question
from naze.jobs.schemas import as_schema, describe_fields, field_kinds
from naze.jobs.texts import text_column, texts_language
from naze.prompts import column_template
from naze.records import Sampling
from naze.tables import open_table

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["extract", "extract_job"]

MOST_TOKENS = 512


def extract(
    table: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    schema: "Mapping[str, Any] | type[BaseModel] | str | Path",
    *,
    column: str | None = None,
    instruction: str | None = None,
    prefix: str = "",
    **options: Unpack[TableOptions],
) -> Any:  # noqa: ANN401 - the same kind of table
    """Take facts out of every text, as a schema lays them down.

    Args:
        table: as `naze.map` takes it.
        schema: JSON Schema, a file of it, a pydantic model, or `module:Model`. Its top is an object with properties.
        column: of the texts; None: `text`, or the only column of texts.
        instruction: what else the model should know, e.g. `Dates are in 2026`.
        prefix: stands before the fields' names in the new columns.
        options: see `TableOptions`.

    Returns:
        As `naze.map`, with a column for each property: texts, numbers and truth values as such, lists and objects as
        JSON; and `extract_tokens`, `extract_status`, `extract_reason`.

    Raises:
        ConfigurationError: no valid schema, or one without properties.
        InputError: no such column, or a field whose name is taken: give a prefix.
        NazeError: as `naze.map`.
    """
    job = extract_job(table, schema, column=column, instruction=instruction, prefix=prefix, **options)
    return mapped_table(job, **options)


def extract_job(
    table: Any,  # noqa: ANN401 - a path, or a table of several libraries
    schema: "Mapping[str, Any] | type[BaseModel] | str | Path",
    *,
    column: str | None = None,
    instruction: str | None = None,
    prefix: str = "",
    **options: Unpack[TableOptions],
) -> MapJob:
    """Lay out what `extract` asks."""
    wanted = as_schema(schema)
    field_kinds(wanted)
    opened = open_table(table)
    texts = text_column(opened, column)
    settings = options.get("settings") or MapSettings(sampling=Sampling(max_tokens=MOST_TOKENS))
    language = settings.language or texts_language(opened, texts)
    task = describe_fields(wanted, language) + (f"\n\n{instruction}" if instruction else "")
    template = column_template("extract", language, texts, task=task)
    question = Question("extract", template, schema=wanted, leads=True, fields_prefix=prefix)
    given: TableOptions = {**options, "settings": replace(settings, language=language)}
    return map_job(opened, [question], **given)
