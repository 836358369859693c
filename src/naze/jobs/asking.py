"""Prompts that are made elsewhere go in; a durable run with their answers comes out.

What a job needs that asks a model several different things: each of its steps is a run in a folder of its own,
resumed like any run.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from naze.configuration import read_configuration
from naze.engines import Resolution, open_engine, resolve
from naze.engines.known import known_fact, known_fingerprint, remember_fact, remember_fingerprint
from naze.engines.protocol import Engine, EngineOptions, Identity
from naze.engines.states import states_fingerprint, with_states
from naze.errors import ChoiceError, ConfigurationError, NazeError
from naze.generations import (
    Account,
    Manifest,
    Planned,
    Progress,
    Run,
    installed_versions,
    now,
    open_run,
    write_run,
)
from naze.generations.budget import Counter, Spender
from naze.generations.manifest import begun_engine, check_match, read_manifest
from naze.generations.second_way import Check, asks_again
from naze.generations.store import STORE_NAME
from naze.jobs.lending import LongLoan, OnLoan
from naze.prompts import Policy, Template
from naze.records import FittedPrompt, Prompt, Sampling, Status

__all__ = ["Step", "Told", "Worker", "kept_resolution", "made_worker", "opened_worker", "workers_of"]
_PARTS = ("name", "language", "instruction", "subject", "question", "choices", "schema")


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told before a run begins to ask."""

    folder: Path
    manifest: Manifest
    planned: Planned | None
    """None: the plan was there already."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a job asks a model."""

    task: str
    """E.g. `verdicts`; stands in the run's manifest."""
    template: Template
    """Where the prompts' wording comes from."""
    sampling: Sampling
    made_from: str
    """Fingerprint of everything that decides the prompts beside the template: the same one means the same plan."""
    notes: tuple[str, ...] = field(default=())
    states: bool = False
    """Keep the model's hidden states beside each answer, which must be a choice; not every engine can tell them."""
    further: tuple[Template, ...] = ()
    """Further questions about the same subjects."""
    fit: Policy = "shorten"
    """What is done with a prompt longer than the context; `route` needs a worker with a long model."""
    data_path: str = ""
    """Where the data came from, for the manifest."""
    check: Check | None = None
    """Finds faults in the answers; what has one is asked once more in another way, where the check says so."""
    form: str | None = None
    """What an explanation's answers are laid out as, for the manifest; see `naze.jobs.explaining`."""

    @property
    def template_hash(self) -> str:
        """Of all the templates together."""
        if not self.further:
            return self.template.hash
        parts = [(template.name, template.hash) for template in (self.template, *self.further)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Worker:
    """A model that answers the steps of a job, one after another. Made by `opened_worker`."""

    def __init__(
        self,
        model: str,
        open_fresh: Callable[[], Engine],
        *,
        options: EngineOptions | None = None,
        notes: tuple[str, ...] = (),
        long_model: str | None = None,
        open_long: Callable[[], Engine] | None = None,
        account: Account | None = None,
        resolution: Resolution | None = None,
    ) -> None:
        """Take a model without opening it.

        Args:
            model: what the person calls it.
            open_fresh: opens its engine; called again after a crash.
            options: how the engine runs.
            notes: what the person should know, for the manifests.
            long_model: what the person calls the model that longer prompts are routed to.
            open_long: opens its engine.
            account: what may be spent; None: no budget.
            resolution: what the model is on this machine, so that it is known again unopened; None: it is not.
        """
        self.model = model
        self._resolution = resolution
        self._open_fresh = open_fresh
        self._options = options or EngineOptions()
        self._notes = notes
        self._long_model = long_model
        self._open_long = open_long
        self._account = account
        self._long_fingerprint: str | None = None
        self._engine: Engine | None = None
        """Open, and not handed over to a run."""
        self._counting: Engine | None = None
        """The engine that was opened last, whoever has it: it counts."""

    @property
    def engine(self) -> Engine:
        """The engine, opened when it is first needed and again after it was closed."""
        if self._engine is None:
            self._engine = self._open()
        return self._engine

    @property
    def fingerprint(self) -> str:
        """Of the model; it is opened only where it was not opened before as it is now, or asks a server."""
        if self._engine is None and self._resolution is not None:
            known = known_fingerprint(self._resolution)
            if known is not None:
                return known
        return self.engine.identity.fingerprint

    def _open(self) -> Engine:
        self._counting = self._open_fresh()
        if self._resolution is not None:
            remember_fingerprint(self._resolution, self._counting.identity.fingerprint)
        return self._counting

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it."""
        return (self._counting or self.engine).count_tokens(prompts)

    @property
    def engine_name(self) -> str:
        """The registered name of what answers, e.g. `openvino`; the model is not opened where that is known."""
        return self.engine.identity.engine if self._resolution is None else self._resolution.engine

    def tells_apart(self, choices: Sequence[str]) -> bool:
        """Tell whether the model can choose between texts: whether their first tokens differ.

        What was found out once is remembered: a finished run is recognised without opening the model.
        """
        fact = f"tells apart {json.dumps(list(choices))}"
        known = None if self._resolution is None else known_fact(self._resolution, fact)
        if known is None:
            known = str(self._tries_to_tell_apart(choices))
            if self._resolution is not None:
                remember_fact(self._resolution, fact, known)
        return known == str(True)

    def _tries_to_tell_apart(self, choices: Sequence[str]) -> bool:
        try:
            list(self.engine.answer([Prompt("", "", "", "", ".", tuple(choices))], Sampling(max_tokens=1)))
        except ChoiceError:
            return False
        return True

    def limit_tokens(self, folder: Path | None, sampling: Sampling) -> int:
        """Tokens that a prompt may have; a run that was begun keeps its own, whatever memory is free today.

        A finished run tells without the model being opened.

        Raises:
            ConfigurationError: the answer may take the whole context.
        """
        if self._engine is None and (finished := self._finished_limit(folder)) is not None:
            return finished
        return self._open_limit(folder, sampling)

    def _open_limit(self, folder: Path | None, sampling: Sampling) -> int:
        wanted = self.engine.context_tokens - sampling.max_tokens
        if (
            self._options.context_tokens is None
            and folder is not None
            and (folder / "manifest.json").is_file()
        ):
            kept = read_manifest(folder).options.get("limit_tokens")
            if kept is not None and int(kept) <= wanted:
                return int(kept)
        if wanted < 1:
            raise ConfigurationError(
                f"the context holds {self.engine.context_tokens:,} tokens and an answer may have "
                f"{sampling.max_tokens:,}; no room is left for a prompt. Lower --max-tokens, or take a "
                "model with a longer context."
            )
        return wanted

    def ask(
        self,
        folder: Path,
        step: Step,
        source: Callable[[int], Iterator[FittedPrompt]],
        *,
        progress: Progress | None = None,
        tell: Callable[[Told], None] | None = None,
        before_planning: Callable[[Path], None] | None = None,
    ) -> Run:
        """Ask every prompt of a step; the same call again continues, and asks nothing twice.

        Args:
            folder: of this step's run.
            step: what is asked.
            source: given the tokens that a prompt may have, makes the prompts: the same every time.
            progress: is told of every answer.
            tell: is called once, when it is settled what will be asked.
            before_planning: is given the folder, locked, before rows are planned: to keep beside them what they come from.

        Returns:
            The run, opened for reading; every prompt has ended.

        Raises:
            ManifestMismatchError: the folder holds the answers of another model, wording or sampling.
            ConfigurationError: prompts are to be routed, and the worker has no long model.
        """
        if step.fit == "route" and self._open_long is None:
            raise ConfigurationError("fit is 'route' and no long model is named. Name one with --long-model.")
        if (finished := self._finished(folder, step)) is not None:
            if tell is not None:
                tell(Told(folder, finished.manifest, None))
            return finished
        limit = self._open_limit(folder, step.sampling)
        made_from = _made_from(step, limit)

        def rows() -> Iterator[FittedPrompt]:
            return source(limit)

        with write_run(folder, self._manifest(step, limit)) as run:
            planned = None
            if not run.is_planned_from(made_from):
                if before_planning is not None:
                    before_planning(folder)
                run.reset_failures((Status.OVERFLOW,))  # never asked; another limit may let them in
                planned = run.plan(rows, made_from)
            if tell is not None:
                tell(Told(folder, run.manifest, planned))
            long = None if self._open_long is None or step.fit != "route" else LongLoan(self._open_long)
            try:
                run.execute(
                    rows,
                    partial(self._give, step),
                    open_long_engine=None if long is None else partial(self._instead, long.hand_over),
                    progress=progress,
                    check=step.check,
                    spender=self._spender(self.model, run.manifest.address, self.count_tokens),
                    long_spender=None
                    if long is None
                    else self._spender(self._long_model, None, long.count_tokens),
                )
            finally:
                if long is not None:
                    long.close()
        if self._engine is None:
            self._counting = None
        return open_run(folder)

    def _finished(self, folder: Path, step: Step) -> Run | None:
        """Recognise a run in which nothing is left to ask, without opening the model; None: that is not known.

        Raises:
            ManifestMismatchError: the folder holds the answers of another wording or sampling.
        """
        kept = None if step.fit == "route" else self._known_manifest(folder, states=step.states)
        if kept is None:
            return None
        limit = int(kept.options["limit_tokens"])
        identity = Identity(kept.engine, self.model, kept.fingerprint, kept.address)
        check_match(kept, self._manifest_of(identity, step, limit, None), folder)
        run = open_run(folder)
        if run.is_finished_from(_made_from(step, limit), checked=asks_again(step.check)):
            return run
        run.close()
        return None

    def _finished_limit(self, folder: Path | None) -> int | None:
        """Tell the tokens that a finished run's prompts were allowed; None: that is not known without the model."""
        kept = None if folder is None else self._known_manifest(folder)
        if folder is None or kept is None:
            return None
        with closing(open_run(folder)) as run:
            return None if run.summary().open else int(kept.options["limit_tokens"])

    def _known_manifest(self, folder: Path, *, states: bool = False) -> Manifest | None:
        """Read the manifest of a run of this very model, as it is known unopened, and with this context; else None."""
        known = None if self._resolution is None else known_fingerprint(self._resolution)
        if known is None or not (folder / STORE_NAME).is_file():
            return None
        kept = read_manifest(folder)
        if kept.fingerprint != (states_fingerprint(known) if states else known):
            return None
        same_context = kept.options.get("context_tokens") == self._options.context_tokens
        return kept if same_context and kept.options.get("limit_tokens") is not None else None

    def close(self) -> None:
        """Free the model's memory. May be called twice."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _give(self, step: Step) -> Engine:
        """Hand an opened engine over to a run; it comes back where the run has closed it and nothing was left open in it."""
        asked, own = self._as_asked(step), self.engine
        self._engine = None
        return OnLoan(asked, lambda: self._take_back(own))

    def _take_back(self, engine: Engine) -> None:
        if self._engine is None:
            self._engine = engine
        else:
            engine.close()

    def _instead(self, open_other: Callable[[], Engine]) -> Engine:
        """Open another model's engine where this one's was: two need not fit into the memory."""
        self.close()
        return open_other()

    def _spender(self, model: str | None, address: str | None, count: Counter) -> Spender | None:
        if self._account is None or model is None:
            return None
        local = address is None and "://" not in model
        return self._account.spender(model, local=local, count=count)

    def _as_asked(self, step: Step) -> Engine:
        return with_states(self.engine) if step.states else self.engine

    def _long(self) -> str | None:
        """Ask the long model once who it is."""
        if self._long_fingerprint is None and self._open_long is not None:
            engine = self._open_long()
            self._long_fingerprint = engine.identity.fingerprint
            engine.close()
        return self._long_fingerprint

    def _manifest(self, step: Step, limit_tokens: int) -> Manifest:
        long_fingerprint = self._long() if step.fit == "route" else None
        return self._manifest_of(self._as_asked(step).identity, step, limit_tokens, long_fingerprint)

    def _manifest_of(
        self, identity: Identity, step: Step, limit_tokens: int, long_fingerprint: str | None
    ) -> Manifest:
        template = step.template
        parts: dict[str, Any] = {name: getattr(template, name) for name in _PARTS}
        if step.form is not None:
            parts["form"] = step.form
        if step.further:
            parts["further"] = [{name: getattr(other, name) for name in _PARTS} for other in step.further]
        return Manifest(
            task=step.task,
            engine=identity.engine,
            model=self.model,
            fingerprint=identity.fingerprint,
            sampling=asdict(step.sampling),
            template=template.name,
            template_hash=step.template_hash,
            template_parts=parts,
            language=template.language,
            fit=step.fit,
            long_model=self._long_model if step.fit == "route" else None,
            long_fingerprint=long_fingerprint,
            address=identity.address,
            notes=(*self._notes, *identity.notes, *step.notes),
            data_path=step.data_path,
            data_fingerprint=step.made_from,
            options={**asdict(replace(self._options, api_key=None)), "limit_tokens": limit_tokens},
            versions=installed_versions(),
            created=now(),
        )


def _made_from(step: Step, limit_tokens: int) -> str:
    """Name what a step's plan is made from."""
    return hashlib.sha256(f"{step.made_from} {limit_tokens}".encode()).hexdigest()


_KIND: ContextVar[type[Worker]] = ContextVar("kind of worker", default=Worker)


@contextmanager
def workers_of(kind: type[Worker]) -> Iterator[None]:
    """Have `opened_worker` make another kind of worker meanwhile, in this thread: one that measures, for example."""
    before = _KIND.set(kind)
    try:
        yield
    finally:
        _KIND.reset(before)


def made_worker(
    model: str,
    *,
    engine: str | None = None,
    options: EngineOptions | None = None,
    long_model: str | None = None,
    account: Account | None = None,
    begun: Path | None = None,
) -> Worker:
    """Make the worker of a model, which is opened when it is first needed. Close it.

    Args:
        model: as people name models.
        engine: a registered engine; None: the one that a run was begun with, else the best here.
        options: how it runs.
        long_model: where prompts longer than the context go, for steps that route them.
        account: what may be spent; None: no budget.
        begun: the folder of the job: its runs keep their engine, also where another one was measured as faster since.
    """
    chosen = options or EngineOptions()
    resolution = resolve(model, engine=engine)
    if (
        engine is None
        and begun is not None
        and (kept := kept_resolution(resolution, model, begun)) is not None
    ):
        resolution, engine = kept, kept.engine
    return _KIND.get()(
        model,
        lambda: open_engine(model, chosen, engine=engine),
        options=chosen,
        notes=resolution.notes,
        long_model=long_model,
        open_long=None if long_model is None else lambda: open_engine(long_model, chosen),
        account=account,
        resolution=resolution,
    )


def kept_resolution(chosen: Resolution, model: str, begun: Path) -> Resolution | None:
    """Find the engine that a run was begun with, where it is another one than today's choice; None: stay with that."""
    kept = begun_engine(begun, model) if read_configuration().engine is None else None
    if kept is None or kept == chosen.engine:
        return None
    try:
        return resolve(model, engine=kept)
    except NazeError:  # no such engine here any more: what is different is told when the run is opened
        return None


@contextmanager
def opened_worker(
    model: str,
    *,
    engine: str | None = None,
    options: EngineOptions | None = None,
    long_model: str | None = None,
    account: Account | None = None,
    begun: Path | None = None,
) -> Iterator[Worker]:
    """Make the worker of a model, as `made_worker` does, for the steps of a job, and close it at the end."""
    worker = made_worker(
        model, engine=engine, options=options, long_model=long_model, account=account, begun=begun
    )
    try:
        yield worker
    finally:
        worker.close()
