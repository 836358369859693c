"""A column of cells goes in, with what is to be done to each; a column of tidied cells comes out."""

from dataclasses import replace
from typing import Any, Unpack

from naze.errors import ConfigurationError
from naze.jobs.mapping import MapJob, MapSettings, TableOptions, map_job, mapped_table
from naze.jobs.questions import Question, language_of
from naze.jobs.texts import text_column
from naze.prompts import column_template
from naze.records import Sampling
from naze.tables import open_table

__all__ = ["tidy", "tidy_job"]

CELL_SAMPLING = Sampling(max_tokens=96, stop=("\n",))
"""A cell is one line."""


def tidy(
    table: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    *,
    column: str,
    instruction: str,
    add: str | None = None,
    **options: Unpack[TableOptions],
) -> Any:  # noqa: ANN401 - the same kind of table
    """Rewrite every cell of a column as an instruction says. Equal cells are asked about once.

    Args:
        table: as `naze.map` takes it.
        column: whose cells are tidied; it stays as it is.
        instruction: e.g. `Write the official company name`.
        add: the new column; None: `<column>_tidy`.
        options: see `TableOptions`.

    Returns:
        As `naze.map`.

    Raises:
        InputError: no such column.
        ConfigurationError: an empty instruction.
        NazeError: as `naze.map`.
    """
    return mapped_table(
        tidy_job(table, column=column, instruction=instruction, add=add, **options), **options
    )


def tidy_job(
    table: Any,  # noqa: ANN401 - a path, or a table of several libraries
    *,
    column: str,
    instruction: str,
    add: str | None = None,
    **options: Unpack[TableOptions],
) -> MapJob:
    """Lay out what `tidy` asks."""
    if not instruction.strip():
        raise ConfigurationError("the instruction is empty; say what is to be done to each cell.")
    opened = open_table(table)
    cells = text_column(opened, column)
    settings = options.get("settings") or MapSettings()
    language = settings.language or language_of([instruction], "en")
    template = column_template("tidy", language, cells, task=instruction)
    given: TableOptions = {
        **options,
        "settings": replace(
            settings, language=language, sampling=replace(settings.sampling, stop=CELL_SAMPLING.stop)
        ),
    }
    return map_job(opened, [Question(add or f"{cells}_tidy", template, leads=True)], **given)
