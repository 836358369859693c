"""A flow and a table go in; every step runs that has not run on exactly this before; the result's rows come out.

The chain's folder holds `chain.json` (what the steps are and where their rows lie), the data with ids, and a folder for
each step. A step's rows are kept under a key of all that they were made from: its definition, the model's fingerprint
or the function's source, and the rows that came in. So an edit of step 3 leaves steps 1 and 2 as they are; and within a
step that asks a model, answers are kept by prompt, so that only rows that changed are asked again.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from filelock import FileLock, Timeout

from naze.configuration import read_configuration
from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError, RunLockedError, StoreError
from naze.generations import Account, Budget, Progress, anything_open, now
from naze.jobs.asking import Told
from naze.jobs.chains.columns import flow_language, step_columns
from naze.jobs.chains.context import Context, Maker
from naze.jobs.chains.definition import (
    DATA,
    FanInStep,
    FanOutStep,
    FilterStep,
    FunctionStep,
    GroupStep,
    JoinStep,
    PromptStep,
    Step,
)
from naze.jobs.chains.flow import Flow, kind_of
from naze.jobs.chains.functions import call_function, find_function
from naze.jobs.chains.grouping import reduce_rows
from naze.jobs.chains.moving import fan_in, fan_out, filter_rows, join_rows
from naze.jobs.chains.prompting import ask_rows
from naze.jobs.chains.rows import StepRows, copy_data
from naze.jobs.chains.standing import failed_rows
from naze.jobs.workers import OpenWorker, Workers, worker_opener
from naze.tables import OpenedTable, fingerprint, write_table
from naze.tables.aside import write_whole

__all__ = ["CHAIN_NAME", "ChainSettings", "Chained", "StepTold", "run_chain"]

CHAIN_NAME = "chain.json"
_MAKERS: dict[type[Any], Maker] = {
    PromptStep: ask_rows,
    GroupStep: reduce_rows,
    FilterStep: filter_rows,
    FunctionStep: call_function,
    FanOutStep: fan_out,
    FanInStep: fan_in,
    JoinStep: join_rows,
}
_REMEDY = "Every answer is stored; free some space and run the same command again."


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """How a chain runs, beyond its flow."""

    engine: str | None = None
    options: EngineOptions = field(default_factory=EngineOptions)
    budget: Budget | None = None
    """The most that all steps together may spend, in all sittings."""
    retry: bool = False
    """Ask again about rows that failed."""


@dataclass(frozen=True, slots=True)
class StepTold:
    """What a person is told of a step that is done."""

    name: str
    kind: str
    number: int
    """From 1."""
    steps: int
    rows_in: int
    rows_out: int
    failed: int
    """Rows without an answer; 0 for steps that ask nobody."""
    kept: bool
    """Whether its rows were there already."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Chained:
    """What came of a chain."""

    folder: Path
    rows: StepRows
    """Of the result."""
    steps: tuple[StepTold, ...]

    @property
    def failed(self) -> int:
        """Rows without an answer, over all steps."""
        return sum(step.failed for step in self.steps)


def run_chain(
    flow: Flow,
    table: OpenedTable,
    *,
    model: str | None = None,
    run: str | Path | None = None,
    settings: ChainSettings | None = None,
    make_worker: OpenWorker | None = None,
    progress: Callable[[], Progress | None] = lambda: None,
    tell: Callable[[StepTold], None] | None = None,
    tell_run: Callable[[Told], None] | None = None,
) -> Chained:
    """Run every step that has not run on exactly this before. The same call again continues.

    Args:
        flow: the steps.
        table: the data.
        model: answers where a step names none; None: the flow's, else the configuration's.
        run: the chain's folder; None: named after the flow and the table.
        settings: engine, budget.
        make_worker: makes the models' workers; None: as the settings say.
        progress: makes what is told of every answer of a step.
        tell: is told of every step that is done.
        tell_run: is told once for each run of a step that asks a model.

    Raises:
        ConfigurationError: a column, function or model that there is not; nothing was asked.
        StepError: a step cannot do its work.
        BudgetError: the budget would be passed.
        RunLockedError: another process runs this chain.
    """
    chosen = settings or ChainSettings()
    configuration = read_configuration()
    name = model or flow.model or configuration.model
    _check(flow, table, name)
    folder = Path(run) if run is not None else configuration.runs / _safe(f"{flow.name}-{table.name}")
    with _locked(folder):
        account = None if chosen.budget is None else Account(chosen.budget, folder)
        make = make_worker or worker_opener(chosen.engine, chosen.options, folder)
        with Workers(make, account) as workers:
            context = Context(
                flow,
                folder,
                name or "",
                flow_language(flow),
                workers,
                chosen.engine,
                progress,
                tell_run,
                chosen.retry,
            )
            return _Running(context, table, tell).all()


def _check(flow: Flow, table: OpenedTable, model: str | None) -> None:
    """Find what is wrong before anything is asked."""
    step_columns(flow, table.columns)
    for step in flow.order:
        if isinstance(step, FunctionStep):
            find_function(step, flow)
        if isinstance(step, PromptStep | GroupStep) and not (step.model or model):
            raise ConfigurationError(
                f"{flow.where('steps', step.name)}: no model is named. Give --model, or `model` in the flow or the step."
            )


class _Running:
    """One sitting of a chain."""

    def __init__(self, context: Context, table: OpenedTable, tell: Callable[[StepTold], None] | None) -> None:
        self._context = context
        self._table = table
        self._tell = tell
        self._columns = step_columns(context.flow, table.columns)
        self._rows: dict[str, StepRows] = {}
        self._about: dict[str, dict[str, Any]] = {}
        self._created = _begun(context.folder)

    def all(self) -> Chained:
        """Run the steps, one after another."""
        flow = self._context.flow
        self._rows[DATA] = self._data()
        self._write_about()
        told = []
        for number, step in enumerate(flow.order, 1):
            told.append(self._run(step, number))
            if self._tell is not None:
                self._tell(told[-1])
        return Chained(self._context.folder, self._rows[flow.result_name], tuple(told))

    def _data(self) -> StepRows:
        key = hashlib.sha256(self._table.fingerprint.encode()).hexdigest()
        path = self._context.folder / DATA / f"rows-{key[:16]}.parquet"
        if not path.is_file():
            copy_data(self._table, path)
        _forget_others(path)
        return StepRows(path, self._table.columns, fingerprint(path), self._table.texts)

    def _run(self, step: Step, number: int) -> StepTold:
        began = perf_counter()
        context, flow = self._context, self._context.flow
        inputs = tuple(self._rows[name] for name in flow.inputs(step))
        here = context.folder / _safe(step.name)
        made = _MAKERS[type(step)](step, inputs, here, context)
        columns = self._columns[step.name]
        decides = json.dumps([kind_of(step), made.identity, [one.key for one in inputs], columns])
        key = hashlib.sha256(decides.encode()).hexdigest()
        path = here / f"rows-{key[:16]}.parquet"
        texts = frozenset(name for name in columns if any(name in one.texts for one in inputs))
        if path.is_file() and made.run is not None:
            failures = context.retry and _failed(step, path)
            if failures or anything_open(made.run):  # set aside, by this command or by `naze runs retry`
                path.unlink()
        kept = path.is_file()
        self._about[step.name] = {
            "rows": str(path.relative_to(context.folder)),
            "run": _below(made.run, context.folder),
        }
        if not kept:
            self._write_about()
            _write(path, made.batches(path))
            _forget_others(path)
        self._rows[step.name] = rows = StepRows(path, columns, fingerprint(path), texts)
        return StepTold(
            step.name, kind_of(step), number, len(flow.order), _height(inputs[0]), _height(rows), _failed(step, path),
            kept, perf_counter() - began,
        )  # fmt: skip

    def _write_about(self) -> None:
        """Keep what the chain is, for whoever looks at it later."""
        flow, folder = self._context.flow, self._context.folder
        data = self._rows[DATA].path.relative_to(folder)
        steps = [{**one, **self._about.get(one["name"], {})} for one in flow.described()]
        about = {
            "task": "chain",
            "created": self._created,
            "name": flow.name,
            "origin": flow.origin,
            "model": self._context.model,
            "language": self._context.language,
            "result": flow.result_name,
            "data": {"name": self._table.name, "rows": str(data)},
            "steps": steps,
        }
        write_whole(
            folder / CHAIN_NAME, json.dumps(about, ensure_ascii=False, indent=1), "the chain", remedy=_REMEDY
        )


def _begun(folder: Path) -> str:
    """Tell when a chain was begun: now, or as its folder says."""
    try:
        return str(json.loads((folder / CHAIN_NAME).read_text(encoding="utf-8"))["created"])
    except (OSError, ValueError, KeyError):  # new, or damaged: it is written anew
        return now()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "chain.lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunLockedError(
            f"{folder}: another process runs this chain. Wait for it, or stop it."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{folder}: the chain's folder cannot be made ({error}). Choose another --run."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, batches: Iterator[Any]) -> None:
    write_table(path, batches, "the rows", remedy=_REMEDY)


def _forget_others(path: Path) -> None:
    """Remove a step's rows of earlier definitions; the answers that they were made from stay."""
    for other in path.parent.glob("rows-*.parquet"):
        if not other.name.startswith(path.stem):
            other.unlink(missing_ok=True)


def _height(rows: StepRows) -> int:
    import polars as pl

    return int(pl.scan_parquet(rows.path).select(pl.len()).collect().item())


def _failed(step: Step, path: Path) -> int:
    """Count the rows without an answer."""
    return failed_rows({"name": step.name, "kind": kind_of(step)}, path)


def _below(path: Path | None, folder: Path) -> str | None:
    return None if path is None else str(path.relative_to(folder))


def _safe(name: str) -> str:
    """Make a name of a folder; one that had to be changed is told apart from others by a hash."""
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")
    if plain == name and name.lower() == name and name != DATA:
        return name
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".strip("-")
