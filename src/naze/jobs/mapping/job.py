"""What is asked of a table, made concrete: the questions, the model, the run's folder, where the result goes."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, Unpack

from naze.configuration import read_configuration
from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError, InputError
from naze.generations import Budget, Progress
from naze.jobs.asking import Told
from naze.jobs.mapping.cascade import Cascade
from naze.jobs.questions import Question
from naze.prompts import Policy
from naze.records import Sampling
from naze.tables import OpenedTable, open_table
from naze.tables.beside import beside
from naze.tables.write import check_table_place

__all__ = ["MapJob", "MapSettings", "TableOptions", "checked_target", "map_job", "target_of"]


@dataclass(frozen=True, slots=True)
class MapSettings:
    """How a table is mapped, beyond the model and the questions."""

    language: str | None = None
    """Of naze's own words in the prompts; None: Japanese where the prompts are Japanese, else as configured."""
    instruction: str | None = None
    """Stands before every row; None: naze's own."""
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=256))
    fit: Policy = "shorten"
    """What is done with a row longer than the context: shorten, route (to `long_model`) or fail."""
    long_model: str | None = None
    seed: int = 0
    """Another seed draws another sample of rows."""
    engine: str | None = None
    options: EngineOptions = field(default_factory=EngineOptions)
    unsure: Cascade | None = None
    """A bigger model that is asked about the rows of which this one is unsure."""
    budget: Budget | None = None
    """The most that may be spent, in all sittings."""
    question_first: bool = False
    """The question and its choices stand before the row and are read once for all rows: faster, and worse with small models."""


class TableOptions(TypedDict, total=False):
    """What every job over a table may be told beside what it is about."""

    model: str | None
    """As people name models; else the configuration's."""
    out: str | Path | None
    """A .csv, .jsonl or .parquet file for the result; a file's result is else written beside it."""
    run: str | Path | None
    """The run's folder; else named after the table, the questions and the model."""
    where: str | None
    """Only rows for which this SQL condition holds."""
    sample: int | None
    """Only so many rows, drawn at random, the same every time."""
    settings: MapSettings | None
    """Language, sampling, what is done with long rows, engine."""
    progress: Progress | None
    """Is told of every answer."""
    tell: Callable[[Told], None] | None
    """Is called once, when it is settled what will be asked."""


@dataclass(frozen=True, slots=True)
class MapJob:
    """What is asked for, made concrete."""

    table: OpenedTable
    questions: tuple[Question, ...]
    model: str
    folder: Path
    where: str | None
    sample: int | None
    settings: MapSettings


def map_job(
    table: Any,  # noqa: ANN401 - a path, or a table of several libraries
    questions: Sequence[Question],
    **options: Unpack[TableOptions],
) -> MapJob:
    """Fill in what a person left open: the model and the run's folder.

    Args:
        table: as `map` takes it, or opened.
        questions: at least one.
        options: `model`, `run`, `where`, `sample` and `settings` of them.

    Raises:
        ConfigurationError: no model is named anywhere.
        FormatError: the table cannot be read.
    """
    configuration = read_configuration()
    name = options.get("model") or configuration.model
    if name is None:
        raise ConfigurationError(
            "no model is named. Give --model (`naze models` shows what there is), or set `model` in naze.toml."
        )
    chosen = options.get("settings") or MapSettings()
    opened = table if isinstance(table, OpenedTable) else open_table(table)
    run = options.get("run")
    folder = configuration.runs / _folder_name(opened, questions, name, chosen) if run is None else Path(run)
    return MapJob(opened, tuple(questions), name, folder, options.get("where"), options.get("sample"), chosen)


def _folder_name(table: OpenedTable, questions: Sequence[Question], model: str, settings: MapSettings) -> str:
    """Name a run after what it is of, so that the same command finds it again and another question another run."""
    wording = [[one.name, one.prompt, one.choices, dict(one.definitions), one.schema] for one in questions]
    asked = [wording, settings.language, settings.instruction, settings.sampling, settings.fit]
    digest = hashlib.sha256(json.dumps(asked, default=str, sort_keys=True).encode()).hexdigest()[:8]
    names = "-".join(one.name for one in questions[:3])
    return re.sub(r"[^\w.-]+", "-", f"{table.name}-{names}-{Path(model).name}-{digest}").strip("-").lower()


def target_of(job: MapJob, out: str | Path | None) -> Path | None:
    """Say where a result is written; None: nowhere, it is returned.

    Raises:
        FormatError: a suffix that is not written.
        InputError: the table itself.
    """
    table, questions = job.table, job.questions
    if table.home != "path":
        return None if out is None else checked_target(Path(out))
    given = Path(table.given)
    if out is None:
        out = beside(given, "-" + "-".join(question.name for question in questions[:3]))
    target = checked_target(Path(out))
    if target.exists() and given.exists() and target.samefile(given):
        raise InputError(
            f"{target} is the table itself; the result needs a file of its own. Give another --out."
        )
    return target


def checked_target(path: Path) -> Path:
    """See before anything is asked that a result can be written to a file of this name.

    Raises:
        FormatError: another suffix than .csv, .jsonl or .parquet, a folder, or a place that cannot be written to.
    """
    check_table_place(path)
    return path
