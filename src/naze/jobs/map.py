"""A table and questions go in; the table with a column for each question comes out. Durable underneath.

The run's folder holds a copy of the chosen rows (`rows-….parquet`), so that it can be continued and exported
without the table that they came from.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from naze.configuration import read_configuration
from naze.engines.protocol import EngineOptions
from naze.engines.schemas import enforced
from naze.errors import ConfigurationError, FormatError, InputError, StoreError
from naze.generations import Account, Budget, Progress, Run, Summary
from naze.jobs.asking import Step, Told, Worker, opened_worker
from naze.jobs.cascade import Cascade, Taken, ask_bigger, check_cascade
from naze.jobs.mapped import added_columns, check_free, mapped_batches
from naze.jobs.questions import Asked, Question, as_asked, language_of
from naze.jobs.schemas import as_schema
from naze.prompts import Policy, RowPrompts, TableRow, fit_materials
from naze.records import FittedPrompt, Sampling
from naze.tables import (
    PROBLEM,
    ROW,
    OpenedTable,
    attached,
    copy_rows,
    kind_of,
    nested_as_json,
    open_table,
    read_batches,
    read_columns,
    write_table,
)

if TYPE_CHECKING:
    import polars as pl
    from pydantic import BaseModel

__all__ = [
    "MapJob",
    "MapSettings",
    "Mapped",
    "TableOptions",
    "checked_target",
    "map",
    "map_job",
    "map_to_file",
    "mapped_table",
    "run_map",
    "target_of",
    "write_mapped",
]

TASK = "map"
_ROWS_TOGETHER = 2_000


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
        numbers = read_batches(self.rows, columns=[ROW], batch_rows=_ROWS_TOGETHER)
        for batch, own in zip(batches, numbers, strict=True):
            for one in self.taken:
                batch = one.over(batch, own[ROW])
            yield batch

    def texts(self, column: str) -> "Iterator[tuple[list[int], list[Any], pl.DataFrame]]":
        """Read some rows at a time: their numbers in the table, their cells in one column, and all columns."""
        numbers = read_batches(self.rows, columns=[ROW], batch_rows=_ROWS_TOGETHER)
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


def write_mapped(batches: "Iterator[pl.DataFrame]", path: Path, folder: Path) -> int:
    """Write rows with their new columns, aside, then renamed. In CSV, lists and objects become JSON texts.

    Args:
        batches: the rows.
        path: its suffix says how they are written.
        folder: of the run, for messages.

    Raises:
        StoreError: the file cannot be written; the run is whole.
    """
    if kind_of(path) == "csv":
        batches = (nested_as_json(batch) for batch in batches)
    try:
        return write_table(path, batches)
    except OSError as error:
        raise StoreError(
            f"{path}: the table cannot be written ({error}). Every answer is stored in {folder}; free some space or "
            "choose another --out, and run the same command again."
        ) from error


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


def run_map(
    job: MapJob,
    *,
    worker: Worker | None = None,
    bigger: Callable[[str], Worker] | None = None,
    progress: Progress | None = None,
    tell: Callable[[Told], None] | None = None,
) -> Mapped:
    """Ask all that is open of a job, durably; where it says so, a bigger model about what is unsure, after that.

    Args:
        job: made by `map_job`.
        worker: a model that is there already; None: the job's is opened, and closed at the end.
        bigger: gives the worker of a bigger model; None: it is opened, and closed at the end.
        progress: is told of every answer.
        tell: is called once, when it is settled what will be asked.

    Returns:
        The run, opened for reading (close it), with its rows: every one has ended.
    """
    cascade = job.settings.unsure
    if cascade is not None:
        check_cascade(job.questions, cascade)
    account = None if job.settings.budget is None else Account(job.settings.budget, job.folder)
    mapped = _run_alone(job, worker, account, progress, tell)
    if cascade is None:
        return mapped

    def ask(second: MapJob) -> Mapped:
        there = None if bigger is None else bigger(second.model)
        return _run_alone(second, there, account, progress, tell)

    try:
        return replace(mapped, taken=ask_bigger(job, mapped, cascade, ask))
    except BaseException:
        mapped.close()
        raise


def _run_alone(
    job: MapJob,
    worker: Worker | None,
    account: Account | None,
    progress: Progress | None,
    tell: Callable[[Told], None] | None,
) -> Mapped:
    """Ask one model."""
    settings = job.settings
    language = settings.language or language_of(
        [question.prompt for question in job.questions if isinstance(question.prompt, str)],
        read_configuration().language,
    )
    _check(job, language)
    rows = _copy(job)
    with ExitStack() as stack:
        asks = worker or stack.enter_context(
            opened_worker(
                job.model,
                engine=settings.engine,
                options=settings.options,
                long_model=settings.long_model,
                account=account,
            )
        )
        asked = tuple(
            as_asked(
                question, language, settings.instruction, asks.tells_apart, alone=len(job.questions) == 1
            )
            for question in job.questions
        )
        asking = RowPrompts([one.template for one in asked], job.table.columns)
        run = asks.ask(
            job.folder,
            _step(job, asked, asks.engine.identity.engine),
            lambda limit: _source(rows, asking, asks, limit, settings.fit),
            progress=progress,
            tell=tell,
        )
    _forget_older(rows)
    return Mapped(job.folder, rows, asked, run, run.summary())


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


def _check(job: MapJob, language: str) -> None:
    """Find what is wrong with the questions before a model is loaded."""
    asked = [
        as_asked(question, language, job.settings.instruction, lambda _: True, alone=len(job.questions) == 1)
        for question in job.questions
    ]
    RowPrompts([one.template for one in asked], job.table.columns)
    more = (
        () if job.settings.unsure is None else tuple(f"{question.name}_model" for question in job.questions)
    )
    check_free(asked, (*job.table.columns, *more))


def _copy(job: MapJob) -> Path:
    """Keep the chosen rows in the run's folder; the name says what they are, so that they are copied once.

    Raises:
        InputError: no row was chosen.
    """
    chosen = json.dumps([job.table.fingerprint, job.where, job.sample, job.settings.seed])
    path = job.folder / f"rows-{hashlib.sha256(chosen.encode()).hexdigest()[:16]}.parquet"
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


def _forget_older(rows: Path) -> None:
    """Remove the copies of earlier choices of rows; one that a newer command has just made stays."""
    made = rows.stat().st_mtime
    for other in rows.parent.glob("rows-*.parquet"):
        if other.stat().st_mtime < made:
            other.unlink(missing_ok=True)


def _leftovers(asked: Sequence[Asked], engine: str) -> tuple[str, ...]:
    """Name, for each question with a schema, what is not enforced while the model writes."""
    notes = []
    for one in asked:
        schema = one.template.schema
        if schema is None:
            continue
        if engine == "http":
            notes.append(
                f"Whether the server enforces the schema of {one.name!r} is not known; it is checked after."
            )
        elif leftovers := enforced(schema, engine).leftovers:
            named = "; ".join(str(leftover) for leftover in leftovers)
            notes.append(f"Of the schema of {one.name!r}, checked only after the answer is there: {named}.")
    return tuple(notes)


def _step(job: MapJob, asked: Sequence[Asked], engine: str) -> Step:
    first, *further = [one.template for one in asked]
    leftovers = _leftovers(asked, engine)
    made_from = json.dumps([job.table.fingerprint, job.where, job.sample, job.settings.seed])
    return Step(
        TASK,
        first,
        job.settings.sampling,
        made_from,
        notes=(*job.table.notes, *leftovers),
        further=tuple(further),
        fit=job.settings.fit,
        data_path=str(job.table.given) if job.table.home == "path" else "",
    )


def _source(
    rows: Path, asking: RowPrompts, worker: Worker, limit_tokens: int, fit: Policy
) -> Iterator[FittedPrompt]:
    return fit_materials(
        asking.materials(_table_rows(rows, asking.columns)),
        count=worker.count_tokens,
        limit_tokens=limit_tokens,
        policy=fit,
    )


def _table_rows(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    """Read a run's copy of its table, only the columns that the prompts are made of."""
    broken = PROBLEM in read_columns(path)
    wanted = [ROW, *columns, *([PROBLEM] if broken else [])]
    for batch in read_batches(path, columns=wanted, batch_rows=_ROWS_TOGETHER):
        problems = batch[PROBLEM] if broken else [None] * batch.height
        values = batch.select(columns).iter_rows(named=True) if columns else ({} for _ in range(batch.height))
        for number, row, problem in zip(batch[ROW], values, problems, strict=True):
            yield TableRow(str(number), row, problem)


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
        suffix = {".json": ".jsonl", ".ndjson": ".jsonl"}.get(given.suffix.lower(), given.suffix.lower())
        names = "-".join(one.name for one in questions[:3])
        out = given.parent / f"{given.stem}-{names}{suffix if given.is_file() else '.csv'}"
    target = checked_target(Path(out))
    if target.exists() and given.exists() and target.samefile(given):
        raise InputError(
            f"{target} is the table itself; the result needs a file of its own. Give another --out."
        )
    return target


def checked_target(path: Path) -> Path:
    """See before anything is asked that a result can be written to a file of this name.

    Raises:
        FormatError: another suffix than .csv, .jsonl or .parquet.
    """
    if kind_of(path) == "json":
        raise FormatError(f"{path}: tables are written as .csv, .jsonl or .parquet.")
    return path
