"""A job and its arguments go in; what it would take comes out, from a few of its prompts really asked. Nothing is kept.

The job itself runs up to the place where it would ask: so what is counted is exactly what would be asked.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from naze.configuration import read_configuration
from naze.errors import ConfigurationError
from naze.generations import Estimate, Progress
from naze.generations import estimate as measure
from naze.jobs.asking import Step, Told, Worker, workers_of
from naze.jobs.batch import estimate_batch, run_batch
from naze.jobs.explain import estimate_explain, explain
from naze.records import FittedPrompt

__all__ = ["SAMPLE_ROWS", "estimate"]

SAMPLE_ROWS = 8
"""Prompts that are asked to measure the speed."""
_NOT_FOR_ESTIMATES = ("out", "errors", "run", "retry", "progress", "tell", "examples")
"""What a job may be told and an estimate leaves out: where results go, and `naze.label`'s examples, asked beforehand."""


def estimate(job: Callable[..., Any], *arguments: Any, **options: Any) -> Estimate:  # noqa: ANN401 - the job's own
    """Say what a job would take, before it is run: rows, tokens, time here with a 90 % interval.

    Of a job that asks several things one after another (each of which depends on the answers before), it is the first.

    Args:
        job: `naze.map`, `naze.explain`, `naze.run_batch` or another job of naze.
        arguments: exactly what the job would be called with.
        options: likewise.

    Raises:
        ConfigurationError: the job asks nothing, or no model is named.
        NazeError: whatever the job itself would raise.

    Example:
        >>> asked = {"prompt": "Is it about code? {{ prompt }}", "choices": ["yes", "no"]}
        >>> found = naze.estimate(naze.map, "examples/votes.csv", **asked, model="smollm2:135m")
        >>> found.rows, found.seconds_low <= found.seconds <= found.seconds_high
        (24, True)
    """
    kept = {name: value for name, value in options.items() if name not in _NOT_FOR_ESTIMATES}
    if job is run_batch:
        return estimate_batch(*arguments, **kept)
    if job is explain:
        return _estimate_explain(*arguments, **kept)
    with tempfile.TemporaryDirectory(prefix="naze-estimate-") as folder, workers_of(_MeasuringWorker):
        try:
            job(*arguments, **kept, run=Path(folder) / "run")
        except _MeasuredError as measured:
            return measured.estimate
    raise ConfigurationError(
        f"{getattr(job, '__name__', job)} asks a model nothing; there is nothing to estimate."
    )


def _estimate_explain(votes: Any, model: str | None = None, **options: Any) -> Estimate:  # noqa: ANN401
    configuration = read_configuration()
    name = model or configuration.model
    if name is None:
        raise ConfigurationError("no model is named. Give one, or set `model` in naze.toml.")
    language = options.pop("language", None) or configuration.language
    return estimate_explain(votes, name, language=language, **options)


class _MeasuredError(Exception):
    """No error, but the way out of a job: it was measured."""

    def __init__(self, estimate: Estimate) -> None:
        super().__init__()
        self.estimate = estimate


class _MeasuringWorker(Worker):
    """Measures the first thing that it is asked, and ends the job there."""

    def ask(
        self,
        folder: Path,
        step: Step,
        source: Callable[[int], Iterator[FittedPrompt]],
        *,
        progress: Progress | None = None,
        tell: Callable[[Told], None] | None = None,
        before_planning: Callable[[Path], None] | None = None,
    ) -> NoReturn:
        """Measure instead of asking."""
        limit = self.limit_tokens(folder, step.sampling)
        raise _MeasuredError(
            measure(lambda: source(limit), self.engine, step.sampling, sample_rows=SAMPLE_ROWS)
        )
