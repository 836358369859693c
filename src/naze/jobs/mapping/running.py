"""A job about a table goes in; every question is asked about every row, durably: a run in the job's folder."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from naze.configuration import read_configuration
from naze.engines.schemas import enforced
from naze.errors import ConfigurationError
from naze.generations import Account, Progress
from naze.jobs.asking import Step, Told, Worker, opened_worker
from naze.jobs.mapping.cascade import ask_bigger, check_cascade
from naze.jobs.mapping.columns import check_free
from naze.jobs.mapping.job import MapJob
from naze.jobs.mapping.kept import keep_columns, keep_taken
from naze.jobs.mapping.result import Mapped
from naze.jobs.mapping.rows import chosen_rows, copy_chosen, forget_older, table_rows
from naze.jobs.questions import Asked, as_asked, language_of
from naze.prompts import Policy, RowPrompts, fit_materials
from naze.records import FittedPrompt

__all__ = ["TASK", "check_job", "run_map"]

TASK = "map"


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

    if worker is not None:
        worker.close()  # the bigger model need not fit beside it

    def ask(second: MapJob) -> Mapped:
        there = None if bigger is None else bigger(second.model)
        return _run_alone(second, there, account, progress, tell)

    try:
        taken = ask_bigger(job, mapped, cascade, ask)
        keep_taken(job.folder, taken)
        return replace(mapped, taken=taken)
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
    language = _language(job)
    check_job(job)
    rows = copy_chosen(job)
    with ExitStack() as stack:
        asks = worker or stack.enter_context(
            opened_worker(
                job.model,
                engine=settings.engine,
                options=settings.options,
                long_model=settings.long_model,
                account=account,
                begun=job.folder,
            )
        )
        asked = tuple(
            as_asked(
                question, language, settings.instruction, asks.tells_apart, first=settings.question_first
            )
            for question in job.questions
        )
        asking = RowPrompts([one.template for one in asked], job.table.columns)

        def planned(told: Told) -> None:
            keep_columns(job.folder, chosen_rows(job), rows, asked)
            if tell is not None:
                tell(told)

        run = asks.ask(
            job.folder,
            _step(job, asked, asks.engine_name),
            lambda limit: _source(rows, asking, asks, limit, settings.fit),
            progress=progress,
            tell=planned,
        )
    forget_older(rows)
    return Mapped(job.folder, rows, asked, run, run.summary())


def _language(job: MapJob) -> str:
    """Tell the language of naze's own words."""
    prompts = [question.prompt for question in job.questions if isinstance(question.prompt, str)]
    return job.settings.language or language_of(prompts, read_configuration().language)


def check_job(job: MapJob) -> None:
    """Find what is wrong with the questions before a model is loaded.

    Raises:
        TemplateError: broken syntax, or a column that there is not.
        InputError: a column that would be added is there already.
        ConfigurationError: several questions that are to stand first.
    """
    if job.settings.question_first and len(job.questions) > 1:
        raise ConfigurationError(
            f"there are {len(job.questions)} questions, and only one can stand before the row; several share the row, "
            "which then is read once. Leave --question-first out."
        )
    asked = [
        as_asked(
            question,
            _language(job),
            job.settings.instruction,
            lambda _: True,
            first=job.settings.question_first,
        )
        for question in job.questions
    ]
    RowPrompts([one.template for one in asked], job.table.columns)
    more = (
        () if job.settings.unsure is None else tuple(f"{question.name}_model" for question in job.questions)
    )
    check_free(asked, (*job.table.columns, *more))


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
    return Step(
        TASK,
        first,
        job.settings.sampling,
        chosen_rows(job),
        notes=(*job.table.notes, *leftovers),
        further=tuple(further),
        fit=job.settings.fit,
        data_path=str(job.table.given) if job.table.home == "path" else "",
    )


def _source(
    rows: Path, asking: RowPrompts, worker: Worker, limit_tokens: int, fit: Policy
) -> Iterator[FittedPrompt]:
    return fit_materials(
        asking.materials(table_rows(rows, asking.columns)),
        count=worker.count_tokens,
        limit_tokens=limit_tokens,
        policy=fit,
    )
