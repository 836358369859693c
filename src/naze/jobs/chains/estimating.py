"""A flow and a table go in; what the whole chain would take comes out, from a few rows really run through all of it.

What the first prompts read is known beforehand; what comes later depends on answers: which rows a filter leaves, into how
many a list falls apart, how long an answer is that the next step reads. So a sample of the data goes through every step, in
a folder of its own that is removed, and what it took is scaled up. How far the sampled rows lie from one another says how
well that is known.
"""

import math
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.generations import open_run
from naze.generations.intervals import student_90
from naze.generations.manifest import MANIFEST_NAME
from naze.jobs.chains.definition import DATA, PromptStep
from naze.jobs.chains.flow import Flow, kind_of
from naze.jobs.chains.paths import Stop, read_chain, row_path
from naze.jobs.chains.running import ChainSettings, run_chain
from naze.jobs.workers import OpenWorker
from naze.tables import ROW, OpenedTable, copy_rows, read_batches

if TYPE_CHECKING:
    import polars as pl

    from naze.jobs.chains.definition import Step

__all__ = ["ChainEstimate", "StepEstimate", "estimate_chain"]

SAMPLE_ROWS = 8
_KEEPS_ROWS = ("prompt", "join", "fan_in")
"""Kinds of steps that have as many rows as come in; of a fan-in, as its parents."""


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """What a step that asks a model would take."""

    name: str
    kind: str
    rows: int
    """That come to it."""
    exact: bool
    """Whether `rows` is known: every row of the data comes here. Else it is scaled up from the sample."""
    most: int | None
    """More rows cannot come; None: a list may fall apart into any number."""
    sampled: int
    """Rows of the sample that came here."""
    prompt_tokens: int
    generated_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ChainEstimate:
    """What a chain would take."""

    rows: int
    """Of the data."""
    sample_rows: int
    """Of them, those that went through the chain now."""
    steps: tuple[StepEstimate, ...]
    seconds_low: float
    """The 90 % interval of `seconds`."""
    seconds_high: float

    @property
    def prompt_tokens(self) -> int:
        """Read by all steps."""
        return sum(step.prompt_tokens for step in self.steps)

    @property
    def generated_tokens(self) -> int:
        """Written by all steps."""
        return sum(step.generated_tokens for step in self.steps)

    @property
    def seconds(self) -> float:
        """Of all steps, one after another, without opening models."""
        return sum(step.seconds for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Lay it out as what JSON can hold."""
        totals = ("prompt_tokens", "generated_tokens", "seconds")
        return {**asdict(self), **{name: getattr(self, name) for name in totals}}


def estimate_chain(
    flow: Flow,
    table: OpenedTable,
    *,
    model: str | None = None,
    settings: ChainSettings | None = None,
    make_worker: OpenWorker | None = None,
    sample_rows: int = SAMPLE_ROWS,
) -> ChainEstimate:
    """Run a chain on a random sample of its rows, really asked, and scale what that took to all of them.

    Assumed is that the sample is like the whole: in what filters leave, lists hold and answers take. Groups are assumed to
    read in proportion to the rows. The time errs on the long side: more rows at once are quicker. Its interval is Student's,
    from how much of the sample's time each of its rows took on its whole way: one that a filter drops takes little, one
    with a long list much.

    Args:
        flow: the steps.
        table: the data.
        model: answers where a step names none.
        settings: engine; a budget does not hold here.
        make_worker: makes the models' workers; None: as the settings say.
        sample_rows: how many rows go through the chain.

    Raises:
        NazeError: whatever the chain itself would raise.
    """
    chosen = replace(settings or ChainSettings(), budget=None, retry=False)
    rows = sum(batch.height for batch in table.batches())
    with tempfile.TemporaryDirectory(prefix="naze-estimate-") as place:
        sample = Path(place) / "sample.parquet"
        count = copy_rows(table, sample, where=None, sample=sample_rows)
        sampled = replace(
            table, fingerprint=f"sample of {table.fingerprint}", batches=lambda: _without_numbers(sample)
        )
        chained = run_chain(
            flow, sampled, model=model, run=Path(place) / "chain", settings=chosen, make_worker=make_worker
        )
        came = {told.name: told.rows_in for told in chained.steps}
        runs = {step["name"]: step["run"] for step in read_chain(chained.folder).steps if step.get("run")}
        spent = {name: _spent(chained.folder / run) for name, run in runs.items()}
        steps = tuple(
            _scaled(flow, flow.step(name), came[name], rows, count, one) for name, one in spent.items()
        )
        each = _seconds_of_rows(flow, chained.folder, count, {name: one[2] for name, one in spent.items()})
    seconds, margin = sum(step.seconds for step in steps), _margin(each, rows)
    return ChainEstimate(rows, count, steps, max(0.0, seconds - margin), seconds + margin)


def _without_numbers(path: Path) -> "Iterator[pl.DataFrame]":
    return (batch.drop(ROW) for batch in read_batches(path))


def _spent(folder: Path) -> tuple[int, int, float]:
    """Count tokens read and written in the runs of a step, and the seconds of each run's slowest answer.

    All of a sample's rows are under way at once, so that a run takes as long as its slowest answer.
    """
    read = written = 0
    seconds = 0.0
    for manifest in sorted(folder.rglob(MANIFEST_NAME)):
        with closing(open_run(manifest.parent)) as run:
            summary = run.summary()
            read, written = read + summary.prompt_tokens, written + summary.generated_tokens
            seconds += max((row.answer.seconds for row in run.rows() if row.answer is not None), default=0.0)
    return read, written, seconds


def _seconds_of_rows(flow: Flow, folder: Path, count: int, seconds: Mapping[str, float]) -> list[float]:
    """Share the time of each step out to the rows of the data, by the tokens that each had a part in."""
    stops = [{stop.step: stop for stop in row_path(folder, str(row))} for row in range(1, count + 1)]
    each = [0.0] * count
    for name, taken in seconds.items():
        tokens = [_tokens_of(flow.step(name), flow, way) for way in stops]
        whole = sum(tokens)
        for row, part in enumerate(tokens):
            each[row] += taken * (part / whole if whole else 1 / count)
    return each


def _tokens_of(step: "Step", flow: Flow, way: Mapping[str, Stop]) -> float:
    """Count the tokens of a step that one row of the data has on its way; of a group, its share."""
    stop = way[step.name]
    tokens = [float(values[f"{step.name}_tokens"] or 0) for values in stop.values]
    if kind_of(step) != "group" or not tokens:
        return sum(tokens)
    members = len(way[flow.inputs(step)[0]].ids) / len(tokens)
    rows = [int(values[f"{step.name}_rows"]) for values in stop.values]
    return sum(members * one / of for one, of in zip(tokens, rows, strict=True))


def _margin(each: Sequence[float], rows: int) -> float:
    """Half the width of the 90 % interval of the time of all rows, from that of a random sample without replacement."""
    if len(each) < 2:
        return sum(each) * rows
    error = statistics.stdev(each) * math.sqrt((1 - len(each) / rows) / len(each))
    return student_90(len(each) - 1) * error * rows


def _scaled(
    flow: Flow, step: "Step", came: int, rows: int, sampled: int, spent: tuple[int, int, float]
) -> StepEstimate:
    exact, most = _bound(flow, step, rows)
    factor = rows / max(1, sampled)
    read, written, seconds = spent
    return StepEstimate(
        step.name,
        kind_of(step),
        rows if exact else round(came * factor),
        exact,
        most,
        came,
        round(read * factor),
        round(written * factor),
        seconds * factor,
    )


def _bound(flow: Flow, step: "Step", rows: int) -> tuple[bool, int | None]:
    """Tell whether all rows come to a step, and how many can come at the most; None: there is no bound."""
    exact, bounded = isinstance(step, PromptStep), True
    while True:
        inputs = flow.inputs(step)
        before = inputs[1 if kind_of(step) == "fan_in" else 0]
        if before == DATA:
            return exact, rows if bounded else None
        step = flow.step(before)
        exact = exact and kind_of(step) in _KEEPS_ROWS
        bounded = bounded and kind_of(step) not in ("fan_out", "function")
