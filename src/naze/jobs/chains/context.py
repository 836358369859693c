"""What every step of a running chain may use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.generations import Progress
from naze.jobs.asking import Told, Worker
from naze.jobs.chains.definition import GroupStep, PromptStep
from naze.jobs.chains.flow import Flow
from naze.jobs.chains.rows import StepRows
from naze.jobs.workers import Workers

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Context", "MadeStep", "Maker"]


@dataclass(frozen=True)
class Context:
    """The chain that a step belongs to."""

    flow: Flow
    folder: Path
    model: str
    """Answers where a step names no model."""
    language: str
    workers: Workers
    engine: str | None
    progress: Callable[[], Progress | None]
    tell: Callable[[Told], None] | None
    retry: bool
    """Ask again about the rows that failed."""

    def worker(self, step: PromptStep | GroupStep) -> Worker:
        """Return the worker that a step asks."""
        long_model = getattr(step, "long_model", None)
        return self.workers.take(step.model or self.model, long_model)


@dataclass(frozen=True)
class MadeStep:
    """What a step is about to make."""

    identity: str
    """Of all that decides its rows beside those that come in: of the definition, the model, a function's source."""
    run: Path | None
    """The folder of its run, where it asks a model."""
    batches: "Callable[[Path], Iterator[pl.DataFrame]]"
    """Makes its rows, hidden columns included; given a place for what it notes beside them."""


Maker = Callable[[Any, tuple[StepRows, ...], Path, Context], MadeStep]
"""Prepares a step of one kind whose inputs are there, in the step's own folder."""
