"""Prompts that are made elsewhere go in; a durable run with their answers comes out.

What a job needs that asks a model several different things: each of its steps is a run in a folder of its own,
resumed like any run.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from naze.engines import open_engine, resolve
from naze.engines.protocol import Engine, EngineOptions
from naze.engines.states import with_states
from naze.errors import ConfigurationError
from naze.generations import Manifest, Progress, Run, installed_versions, now, open_run, write_run
from naze.generations.manifest import read_manifest
from naze.prompts import Template
from naze.records import FittedPrompt, Prompt, Sampling

__all__ = ["Step", "Worker", "opened_worker"]


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


class Worker:
    """A model that answers the steps of a job, one after another. Made by `opened_worker`."""

    def __init__(
        self,
        model: str,
        open_fresh: Callable[[], Engine],
        *,
        options: EngineOptions | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Take a model without opening it.

        Args:
            model: what the person calls it.
            open_fresh: opens its engine; called again after a crash.
            options: how the engine runs.
            notes: what the person should know, for the manifests.
        """
        self.model = model
        self._open_fresh = open_fresh
        self._options = options or EngineOptions()
        self._notes = notes
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

    def _open(self) -> Engine:
        self._counting = self._open_fresh()
        return self._counting

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it."""
        return (self._counting or self.engine).count_tokens(prompts)

    def limit_tokens(self, folder: Path, sampling: Sampling) -> int:
        """Tokens that a prompt may have; a run that was begun keeps its own, whatever memory is free today.

        Raises:
            ConfigurationError: the answer may take the whole context.
        """
        wanted = self.engine.context_tokens - sampling.max_tokens
        if self._options.context_tokens is None and (folder / "manifest.json").is_file():
            kept = read_manifest(folder).options.get("limit_tokens")
            if kept is not None and int(kept) <= wanted:
                return int(kept)
        if wanted < 1:
            raise ConfigurationError(
                f"the context holds {self.engine.context_tokens:,} tokens and an answer may have "
                f"{sampling.max_tokens:,}; no room is left for a prompt. Take a model with a longer context."
            )
        return wanted

    def ask(
        self,
        folder: Path,
        step: Step,
        source: Callable[[int], Iterator[FittedPrompt]],
        *,
        progress: Progress | None = None,
    ) -> Run:
        """Ask every prompt of a step; the same call again continues, and asks nothing twice.

        Args:
            folder: of this step's run.
            step: what is asked.
            source: given the tokens that a prompt may have, makes the prompts: the same every time.
            progress: is told of every answer.

        Returns:
            The run, opened for reading; every prompt has ended.

        Raises:
            ManifestMismatchError: the folder holds the answers of another model, wording or sampling.
        """
        limit = self.limit_tokens(folder, step.sampling)
        made_from = hashlib.sha256(f"{step.made_from} {limit}".encode()).hexdigest()

        def rows() -> Iterator[FittedPrompt]:
            return source(limit)

        with write_run(folder, self._manifest(step, limit)) as run:
            if not run.is_planned_from(made_from):
                run.plan(rows, made_from)
            run.execute(rows, partial(self._give, step), progress=progress)
        if self._engine is None:
            self._counting = None
        return open_run(folder)

    def close(self) -> None:
        """Free the model's memory. May be called twice."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _give(self, step: Step) -> Engine:
        """Hand an opened engine over to a run, which closes it at its end."""
        engine = self._as_asked(step)
        self._engine = None
        return engine

    def _as_asked(self, step: Step) -> Engine:
        return with_states(self.engine) if step.states else self.engine

    def _manifest(self, step: Step, limit_tokens: int) -> Manifest:
        identity, template = self._as_asked(step).identity, step.template
        return Manifest(
            task=step.task,
            engine=identity.engine,
            model=self.model,
            fingerprint=identity.fingerprint,
            sampling=asdict(step.sampling),
            template=template.name,
            template_hash=template.hash,
            template_parts={
                name: getattr(template, name)
                for name in ("name", "language", "instruction", "subject", "question", "choices", "schema")
            },
            language=template.language,
            address=identity.address,
            notes=(*self._notes, *identity.notes, *step.notes),
            data_fingerprint=step.made_from,
            options={**asdict(replace(self._options, api_key=None)), "limit_tokens": limit_tokens},
            versions=installed_versions(),
            created=now(),
        )


@contextmanager
def opened_worker(
    model: str, *, engine: str | None = None, options: EngineOptions | None = None
) -> Iterator[Worker]:
    """Open a model for the steps of a job, and close it at the end.

    Args:
        model: as people name models.
        engine: a registered engine; None: the best here.
        options: how it runs.
    """
    chosen = options or EngineOptions()
    worker = Worker(
        model,
        lambda: open_engine(model, chosen, engine=engine),
        options=chosen,
        notes=resolve(model, engine=engine).notes,
    )
    try:
        yield worker
    finally:
        worker.close()
