"""Votes and a model go in; a run with an explanation of every vote comes out.

The run's folder also holds the votes themselves (`votes.parquet`), so that it can be continued, retried,
exported and reported on without the file that they came from.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from naze.configuration import read_configuration
from naze.engines import open_engine, resolve
from naze.engines.protocol import Engine, EngineOptions
from naze.errors import ConfigurationError, InputError
from naze.generations import (
    FAILURES,
    Estimate,
    Manifest,
    Planned,
    Progress,
    Run,
    WritableRun,
    estimate,
    installed_versions,
    now,
    open_run,
    write_run,
)
from naze.generations.manifest import read_manifest
from naze.jobs.asking import Told
from naze.prompts import Template, fit, load_template
from naze.records import FittedPrompt, Sampling, Status, Vote
from naze.votes import Votes, read_votes, write_votes

if TYPE_CHECKING:
    import polars

TASK = "explain"
VOTES_NAME = "votes.parquet"
Policy = Literal["shorten", "route", "fail"]
FITS = get_args(Policy)


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """How votes are explained, beyond the model and the language."""

    template: str | Path = "explain"
    """A built-in template's name, or a file."""
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=768))
    fit: Policy = "shorten"
    """What is done with a vote longer than the context: shorten, route (to `long_model`) or fail."""
    long_model: str | None = None
    """The model that longer votes are routed to."""
    engine: str | None = None
    """A registered engine; None: the best here."""
    options: EngineOptions = field(default_factory=EngineOptions)


def explain(
    votes: "Votes | Iterable[Vote] | str | Path",
    model: str | None = None,
    *,
    language: str | None = None,
    out: str | Path | None = None,
    limit: int | None = None,
    settings: ExplainSettings | None = None,
    progress: Progress | None = None,
    tell: Callable[[Told], None] | None = None,
) -> Run:
    """Explain every vote, durably. The same call again continues; nothing is asked twice.

    Args:
        votes: read votes, or the path of a file of them.
        model: as people name models; None: the configuration's.
        language: of the explanations, ISO 639-1; None: the configuration's (English).
        out: the run's folder; None: named after the votes, the language and the model.
        limit: only the first so many votes.
        settings: template, sampling, what is done with long votes, engine.
        progress: is told of every answer.
        tell: is called once, when it is settled what will be asked.

    Returns:
        The run, opened for reading. Every vote has ended as answered, invalid, overflow or error.

    Raises:
        ManifestMismatchError: the folder holds a run with other settings.
        InputError: no votes.
        NazeError: the model cannot be found or loaded, the store not written.

    Example:
        >>> briefly = naze.ExplainSettings(sampling=naze.Sampling(max_tokens=64))
        >>> run = naze.explain("examples/votes.csv", model="smollm2:135m", out="runs/mine", limit=2, settings=briefly)
        >>> run.summary().rows
        2
    """
    configuration = read_configuration()
    name = model or configuration.model
    if name is None:
        raise ConfigurationError(
            "no model is named. Give --model (`naze models` shows what there is), or set `model` in naze.toml."
        )
    asked = _Asked.of(votes, limit, language or configuration.language, name, settings or ExplainSettings())
    folder = Path(out) if out is not None else configuration.runs / asked.folder_name()
    with _opened(asked, folder) as job, write_run(folder, job.manifest) as run:
        planned = job.plan(run)
        if tell is not None:
            tell(Told(folder, run.manifest, planned))
        job.execute(run, progress)
    return open_run(folder)


def estimate_explain(
    votes: "Votes | Iterable[Vote] | str | Path",
    model: str,
    *,
    language: str,
    limit: int | None = None,
    settings: ExplainSettings | None = None,
    sample_rows: int = 8,
) -> Estimate:
    """Say what explaining votes would take, from a few really asked here. Nothing is stored.

    Args:
        votes: read votes, or the path of a file of them.
        model: as people name models.
        language: of the explanations.
        limit: only the first so many votes.
        settings: as for `explain`.
        sample_rows: how many votes to ask here.
    """
    asked = _Asked.of(votes, limit, language, model, settings or ExplainSettings())
    with _opened(asked, None) as job:
        sampling = asked.settings.sampling
        return estimate(job.source, job.engine, sampling, sample_rows=sample_rows)


def continue_run(
    path: str | Path,
    *,
    retry: Iterable[Status] = (),
    progress: Progress | None = None,
    tell: Callable[[Told], None] | None = None,
) -> Run:
    """Go on with a run from its own folder: its votes, template, model and settings.

    Args:
        path: the run's folder.
        retry: failures of these kinds are asked again; empty: failures stay as they are.
        progress: is told of every answer.
        tell: is called once, when it is settled what will be asked.

    Raises:
        InputError: the run is not an explanation, or its votes are missing.
    """
    folder = Path(path)
    kept = read_manifest(folder)
    if kept.task != TASK or not (folder / VOTES_NAME).is_file():
        raise InputError(
            f"{folder}: task is {kept.task!r} and {VOTES_NAME} is "
            f"{'there' if (folder / VOTES_NAME).is_file() else 'missing'}; expected a run of `naze explain` with its votes."
        )
    with _opened(_Asked.from_manifest(kept, folder), folder) as job, write_run(folder, job.manifest) as run:
        run.reset_failures(tuple(retry) and [status for status in retry if status in FAILURES])
        planned = job.plan(run)
        if tell is not None:
            tell(Told(folder, run.manifest, planned))
        job.execute(run, progress)
    return open_run(folder)


def export_columns(folder: Path, *, nested: bool = True) -> "polars.DataFrame":
    """Return the votes of a run as columns that an export joins to its rows, by `id`.

    Args:
        folder: the run's folder.
        nested: keep turns as lists; otherwise write each list as JSON, for tables that hold text only.
    """
    import polars

    frame = read_votes(folder / VOTES_NAME).frame()
    if nested:
        return frame
    lists = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        polars.col(name).map_elements(
            lambda turns: json.dumps(list(turns), ensure_ascii=False), return_dtype=polars.String
        )
        for name in lists
    )


@dataclass(frozen=True)
class _Asked:
    """What is asked for, made concrete."""

    votes: Votes
    data_fingerprint: str
    data_path: str
    template: Template
    language: str
    model: str
    settings: ExplainSettings

    @classmethod
    def of(
        cls,
        votes: "Votes | Iterable[Vote] | str | Path",
        limit: int | None,
        language: str,
        model: str,
        settings: ExplainSettings,
    ) -> "_Asked":
        if settings.fit not in FITS:
            raise ConfigurationError(f"fit is {settings.fit!r}; expected {', '.join(FITS)}.")
        if settings.fit == "route" and settings.long_model is None:
            raise ConfigurationError("fit is 'route' and no long model is named. Name one with --long-model.")
        template = load_template(settings.template, language)
        chosen = _read(votes, limit)
        if len(chosen) == 0:
            where = chosen.path or "votes"
            raise InputError(f"{where}: no votes to explain. `naze votes check` says what is in the file.")
        fingerprint = f"{chosen.fingerprint} {len(chosen)}"
        return cls(chosen, fingerprint, str(chosen.path or ""), template, language, model, settings)

    @classmethod
    def from_manifest(cls, kept: Manifest, folder: Path) -> "_Asked":
        parts = dict(kept.template_parts)
        template = Template(**{**parts, "choices": tuple(parts.get("choices", ()))})
        sampling = dict(kept.sampling)
        engine_options = EngineOptions(
            **{name: value for name, value in kept.options.items() if name != "limit_tokens"}
        )
        settings = ExplainSettings(
            sampling=Sampling(**{**sampling, "stop": tuple(sampling.get("stop", ()))}),
            fit=cast(Policy, kept.fit),
            long_model=kept.long_model,
            engine=kept.engine,
            options=engine_options,
        )
        votes = read_votes(folder / VOTES_NAME)
        return cls(
            votes, kept.data_fingerprint, kept.data_path, template, kept.language, kept.model, settings
        )

    def folder_name(self) -> str:
        """Name a run after what it is of, so that the same command finds it again."""
        stem = Path(self.data_path).stem or "votes"
        return re.sub(r"[^\w.-]+", "-", f"{stem}-{self.language}-{Path(self.model).name}").strip("-").lower()


def _read(votes: "Votes | Iterable[Vote] | str | Path", limit: int | None) -> Votes:
    if isinstance(votes, str | Path):
        return read_votes(votes, limit=limit)
    read = votes if isinstance(votes, Votes) else Votes.from_votes(votes)
    return read if limit is None else read[:limit]


@dataclass(frozen=True)
class _Job:
    """What is asked for, with the engine that answers."""

    asked: _Asked
    engine: Engine
    open_fresh: Callable[[], Engine]
    open_long: Callable[[], Engine] | None
    manifest: Manifest
    limit_tokens: int

    def source(self) -> Iterator[FittedPrompt]:
        """Every vote as a prompt that fits, in input order."""
        asked = self.asked
        return fit(
            asked.votes,
            asked.template,
            count=self.engine.count_tokens,
            limit_tokens=self.limit_tokens,
            policy=asked.settings.fit,
        )

    def plan(self, run: WritableRun) -> Planned | None:
        """Write the plan down unless it was made from exactly this before."""
        made_from = hashlib.sha256(f"{self.asked.data_fingerprint} {self.limit_tokens}".encode()).hexdigest()
        if run.is_planned_from(made_from):
            return None
        if (
            not (run.folder / VOTES_NAME).is_file()
            or run.folder not in Path(self.asked.votes.path or "").parents
        ):
            write_votes(self.asked.votes, run.folder / VOTES_NAME)
        return run.plan(self.source, made_from)

    def execute(self, run: WritableRun, progress: Progress | None) -> None:
        """Ask what is open; the engine that is open already goes first."""
        opened = iter([self.engine])
        run.execute(
            self.source,
            lambda: next(opened, None) or self.open_fresh(),
            open_long_engine=self.open_long,
            progress=progress,
        )


@contextmanager
def _opened(asked: _Asked, folder: Path | None) -> Iterator[_Job]:
    """Open the engine (and for routed votes ask the long one who it is), and close it at the end."""
    settings = asked.settings

    def open_fresh() -> Engine:
        return open_engine(asked.model, settings.options, engine=settings.engine)

    def open_long() -> Engine:
        return open_engine(settings.long_model, settings.options)

    long_fingerprint = None
    if settings.fit == "route":
        long_engine = open_long()
        long_fingerprint = long_engine.identity.fingerprint
        long_engine.close()
    why = resolve(asked.model, engine=settings.engine).notes
    engine = open_fresh()
    try:
        limit = _limit_tokens(engine, settings, folder)
        manifest = replace(
            _manifest(asked, engine, limit, long_fingerprint), notes=(*why, *engine.identity.notes)
        )
        yield _Job(asked, engine, open_fresh, open_long if long_fingerprint else None, manifest, limit)
    finally:
        engine.close()


def _limit_tokens(engine: Engine, settings: ExplainSettings, folder: Path | None) -> int:
    """Tokens that a prompt may have. A run that was begun keeps its own, whatever memory is free today."""
    wanted = engine.context_tokens - settings.sampling.max_tokens
    if (
        settings.options.context_tokens is None
        and folder is not None
        and (folder / "manifest.json").is_file()
    ):
        kept = read_manifest(folder).options.get("limit_tokens")
        if kept is not None and int(kept) <= wanted:
            return int(kept)
    if wanted < 1:
        raise ConfigurationError(
            f"the context holds {engine.context_tokens:,} tokens and an answer may have "
            f"{settings.sampling.max_tokens:,}; no room is left for a prompt. Lower --max-tokens."
        )
    return wanted


def _manifest(asked: _Asked, engine: Engine, limit_tokens: int, long_fingerprint: str | None) -> Manifest:
    identity, settings, template = engine.identity, asked.settings, asked.template
    options: dict[str, Any] = asdict(replace(settings.options, api_key=None))
    return Manifest(
        task=TASK,
        engine=identity.engine,
        model=asked.model,
        fingerprint=identity.fingerprint,
        sampling=asdict(settings.sampling),
        template=template.name,
        template_hash=template.hash,
        template_parts={
            name: getattr(template, name)
            for name in ("name", "language", "instruction", "subject", "question", "choices", "schema")
        },
        language=asked.language,
        fit=settings.fit,
        long_model=settings.long_model,
        long_fingerprint=long_fingerprint,
        address=identity.address,
        notes=identity.notes,
        data_path=asked.data_path,
        data_fingerprint=asked.data_fingerprint,
        options={**options, "limit_tokens": limit_tokens},
        versions=installed_versions(),
        created=now(),
    )
