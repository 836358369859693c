"""A step that asks a model about every row: a map inside a chain."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.generations import write_run
from naze.generations.manifest import MANIFEST_NAME
from naze.jobs.chains.columns import as_question
from naze.jobs.chains.context import Context, MadeStep
from naze.jobs.chains.definition import GroupStep, PromptStep
from naze.jobs.chains.rows import StepRows
from naze.jobs.mapping import MapJob, MapSettings, run_map
from naze.jobs.mapping.cascade import Cascade
from naze.jobs.mapping.columns import no_rows
from naze.jobs.questions import as_asked
from naze.prompts import RowPrompts
from naze.records import Sampling, Status
from naze.tables import PROBLEM

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ask_rows", "reset_failures"]

_KEPT = "naze kept problem"
"""Holds a row's own problem while the row is mapped."""


def ask_rows(step: PromptStep, inputs: tuple[StepRows, ...], here: Path, context: Context) -> MadeStep:
    """Ask a model about every row; a row without the answer of a step before, where it is needed, is not asked."""
    [rows] = inputs
    settings = MapSettings(
        language=context.language,
        instruction=step.instruction,
        sampling=Sampling(max_tokens=step.max_tokens, temperature=step.temperature),
        fit=step.fit,
        long_model=step.long_model,
        engine=context.engine,
        unsure=_cascade(step),
    )
    model = step.model or context.model
    worker = context.worker(step)
    who = [context.language, model, worker.fingerprint]
    identity = _digest([asdict(replace(step, source=None)), *who])
    folder = here / _digest([asdict(replace(step, source=None, unsure=None)), *who])[:12]

    def batches(_: Path) -> "Iterator[pl.DataFrame]":
        question = as_question(step)
        asked = as_asked(question, context.language, step.instruction, lambda _: True)
        needed = _needed(RowPrompts([asked.template], rows.columns).columns, rows, context)
        if rows.frame().is_empty():
            yield rows.frame().with_columns(no_rows([asked]))
            return
        table = replace(rows.as_table(step.name), batches=lambda: _with_problems(rows, needed))
        job = MapJob(table, (question,), model, folder, None, None, settings)
        if context.retry:
            reset_failures(folder)
            for other in folder.glob("unsure-*"):
                reset_failures(other)
        mapped = run_map(
            job, worker=worker, bigger=context.workers.take, progress=context.progress(), tell=context.tell
        )
        try:
            for batch in mapped.batches():
                yield batch.rename({_KEPT: PROBLEM})
        finally:
            mapped.close()

    return MadeStep(identity, folder, batches)


def _digest(decides: list[Any]) -> str:
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _cascade(step: PromptStep) -> Cascade | None:
    return None if step.unsure is None else Cascade(**asdict(step.unsure))


def reset_failures(folder: Path) -> None:
    """Set the failures of a run aside, so that they are asked again."""
    if (folder / MANIFEST_NAME).is_file():
        with write_run(folder) as run:
            run.reset_failures()


def _needed(columns: Sequence[str], rows: StepRows, context: Context) -> list[str]:
    """Name the steps before whose answers some columns hold."""
    found = []
    for step in context.flow.order:
        if not isinstance(step, PromptStep | GroupStep) or f"{step.name}_status" not in rows.columns:
            continue
        fields = f"{step.name}_" if isinstance(step, PromptStep) and step.fields else None
        if any(name == step.name or (fields and name.startswith(fields)) for name in columns):
            found.append(step.name)
    return found


def _with_problems(rows: StepRows, needed: Sequence[str]) -> "Iterator[pl.DataFrame]":
    """Mark the rows that cannot be asked: those that could not be read, and those that miss a needed answer."""
    import polars as pl

    missing: list[pl.Expr] = [
        pl.when(pl.col(f"{name}_status") != Status.ANSWERED.value).then(
            pl.format(
                "step {} has no answer: {}", pl.lit(repr(name)), pl.col(f"{name}_reason").fill_null("unknown")
            )
        )
        for name in needed
    ]
    for batch in rows.batches():
        problem = pl.coalesce(pl.col(PROBLEM), *missing) if missing else pl.col(PROBLEM)
        yield batch.with_columns(pl.col(PROBLEM).alias(_KEPT), problem.alias(PROBLEM))
