"""A batch file and a model go in; the output and the error file of the contract come out, by way of a durable run.

The run lies beside the output file (`results.run` beside `results.jsonl`): stop it, kill it, give the same command
again, and nothing is asked twice. The two files are written when every request has ended.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from naze.engines import open_engine, resolve
from naze.engines.embeddings import DEFAULT_EMBEDDER, EmbeddingEngine
from naze.engines.known import known_fingerprint, remember_fingerprint
from naze.engines.protocol import Engine, EngineOptions, Identity, Model
from naze.engines.schemas import enforced
from naze.errors import ConfigurationError, NazeError, UnknownModelError
from naze.generations import (
    Estimate,
    Manifest,
    Planned,
    Progress,
    Run,
    Summary,
    WritableRun,
    estimate,
    installed_versions,
    now,
    open_run,
    write_run,
)
from naze.generations.manifest import check_match, read_manifest
from naze.generations.store import STORE_NAME
from naze.jobs.asking import kept_resolution
from naze.jobs.batch.bodies import Defaults, read_body
from naze.jobs.batch.checking import BatchFile, check_batch
from naze.jobs.batch.contract import Endpoint, RequestProblem
from naze.jobs.batch.replies import About
from naze.jobs.batch.requests import read_requests
from naze.jobs.batch.results import Written, write_results
from naze.jobs.batch.status import batch_object
from naze.records import FittedPrompt, Prompt, Sampling, Status
from naze.tables import fingerprint

__all__ = ["BatchDone", "BatchSettings", "BatchTold", "estimate_batch", "run_batch"]

TASK = "batch"
_NOTES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How a batch is run, beyond the model."""

    defaults: Defaults = field(default_factory=Defaults)
    """What holds where a request says nothing."""
    limits: bool = True
    """Whether the provider's limits hold: 50,000 requests, 200 MB, 50,000 texts to embed."""
    deterministic: bool = False
    """The same text every time on the same machine; one request at a time."""
    engine: str | None = None
    """A registered engine; None: the best here."""
    options: EngineOptions = field(default_factory=EngineOptions)


@dataclass(frozen=True, slots=True)
class BatchTold:
    """What a person is told before a batch begins to ask."""

    folder: Path
    manifest: Manifest
    planned: Planned | None
    """None: the plan was there already."""
    file: BatchFile


@dataclass(frozen=True, slots=True)
class BatchDone:
    """How a batch ended."""

    folder: Path
    """Of its run."""
    summary: Summary
    out: Path
    errors: Path | None
    """The error file; None where nothing failed."""
    completed: int
    """Requests in the output file."""
    failed: int
    """Requests in the error file."""
    cut: int
    """Completed requests with an answer that reached its largest number of tokens."""
    batch: dict[str, Any]
    """The contract's batch object, ready for JSON."""


def run_batch(
    requests: str | Path,
    model: str | None = None,
    *,
    out: str | Path,
    errors: str | Path | None = None,
    settings: BatchSettings | None = None,
    retry: Collection[Status] = (),
    progress: Progress | None = None,
    tell: Callable[[BatchTold], None] | None = None,
) -> BatchDone:
    """Run a file of the OpenAI Batch API's form with a model of your own, durably.

    Args:
        requests: the file; one request a line, all for one endpoint.
        model: asked instead of the one that the requests name; None: that one.
        out: the output file, .jsonl. The run lies beside it, in a folder with the ending .run.
        errors: the error file; None: `out` with the ending .errors.jsonl.
        settings: defaults, limits, engine.
        retry: failures of these kinds are asked again; empty: failures stay as they are.
        progress: is told of every answer.
        tell: is called once, when it is settled what will be asked.

    Raises:
        BatchFileError: the file breaks the contract; nothing was asked.
        ManifestMismatchError: the folder holds the run of another model or endpoint.
        ConfigurationError: files that would overwrite one another, or one that is not this batch's.
        NazeError: the model cannot be found or loaded, the store not written.

    Example:
        >>> done = naze.run_batch("examples/requests.jsonl", "smollm2:135m", out="results.jsonl")
        >>> done.completed, done.failed
        (4, 0)
    """
    settings = settings or BatchSettings()
    places = _Places.of(Path(requests), Path(out), None if errors is None else Path(errors))
    file = check_batch(requests, model, limits=settings.limits, defaults=settings.defaults)
    settings = replace(settings, engine=_engine(file, settings, places.folder))
    summary = None if retry else _finished(file, settings, places)
    if summary is None:
        with (
            _opened(file, settings, named=model is not None) as job,
            write_run(places.folder, job.manifest) as run,
        ):
            run.reset_failures(retry)
            planned = job.plan(run)
            if tell is not None:
                tell(BatchTold(places.folder, run.manifest, planned, file))
            summary = job.execute(run, progress)
    elif tell is not None:
        tell(BatchTold(places.folder, read_manifest(places.folder), None, file))
    with closing(open_run(places.folder)) as finished:
        written = write_results(
            finished,
            file.path,
            settings.defaults,
            _about(finished, file),
            out=places.out,
            errors=places.errors,
        )
        return _done(finished, file, places, summary, written)


def _engine(file: BatchFile, settings: BatchSettings, folder: Path) -> str | None:
    """Name the engine that answers: as the person says, else the one that the run was begun with; None: the best here."""
    if settings.engine is not None or file.endpoint is Endpoint.EMBEDDINGS:
        return settings.engine
    try:
        kept = kept_resolution(resolve(file.model), file.model, folder)
    except NazeError:  # told where the model is opened, with what to do
        return None
    return None if kept is None else kept.engine


def estimate_batch(
    requests: str | Path,
    model: str | None = None,
    *,
    settings: BatchSettings | None = None,
    sample_rows: int = 8,
) -> Estimate:
    """Say what a batch would take, from a few requests really asked here. Nothing is stored.

    Args:
        requests: the file.
        model: as for `run_batch`.
        settings: as for `run_batch`.
        sample_rows: how many requests to ask here.
    """
    settings = settings or BatchSettings()
    file = check_batch(requests, model, limits=settings.limits, defaults=settings.defaults)
    with _opened(file, settings, named=model is not None) as job:
        return estimate(job.source, job.engine, job.sampling, sample_rows=sample_rows)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the files of a batch lie."""

    folder: Path
    out: Path
    errors: Path

    @classmethod
    def of(cls, requests: Path, out: Path, errors: Path | None) -> "_Places":
        if out.suffix.lower() != ".jsonl":
            raise ConfigurationError(
                f"{out}: results are written as lines of JSON; expected a name that ends in .jsonl."
            )
        places = cls(out.with_suffix(".run"), out, errors or out.with_suffix(".errors.jsonl"))
        named = {"the requests": requests, "--out": out, "--errors": places.errors}
        for name, path in named.items():
            same = [
                other for other, place in named.items() if other != name and place.resolve() == path.resolve()
            ]
            if same:
                raise ConfigurationError(
                    f"{path}: {name} and {same[0]} are one file; expected files of their own."
                )
        if not places.folder.exists() and (out.exists() or places.errors.exists()):
            there = out if out.exists() else places.errors
            raise ConfigurationError(
                f"{there} is there already and {places.folder} is not: it is no result of this batch. Choose another "
                "--out, or remove it."
            )
        return places


@dataclass(frozen=True)
class _Job:
    """A checked file, with the engine that answers."""

    file: BatchFile
    defaults: Defaults
    engine: Engine
    open_fresh: Callable[[], Engine]
    sampling: Sampling
    manifest: Manifest

    def source(self) -> Iterator[FittedPrompt]:
        """Every prompt of every request, in the order of the file; one that cannot be asked with its reason."""
        for request in read_requests(self.file.path):
            asked = read_body(request, self.defaults)
            if isinstance(asked, RequestProblem):
                prompt = Prompt(request.custom_id, "", "", "", asked.message)
                yield FittedPrompt(prompt, problem=asked.message)
            else:
                yield from map(FittedPrompt, asked.prompts)

    def plan(self, run: WritableRun) -> Planned | None:
        """Write the plan down unless it was made from exactly this before."""
        made_from = _made_from(self.manifest, self.defaults)
        return None if run.is_planned_from(made_from) else run.plan(self.source, made_from)

    def execute(self, run: WritableRun, progress: Progress | None) -> Summary:
        """Ask what is open; the engine that is open already goes first."""
        opened = iter([self.engine])
        return run.execute(self.source, lambda: next(opened, None) or self.open_fresh(), progress=progress)


@contextmanager
def _opened(file: BatchFile, settings: BatchSettings, *, named: bool) -> Iterator[_Job]:
    """Open the engine, and close it at the end."""

    def open_fresh() -> Engine:
        if file.endpoint is Endpoint.EMBEDDINGS:
            return EmbeddingEngine.open(Model(file.model), settings.options)
        return open_engine(file.model, settings.options, engine=settings.engine)

    try:
        embeds = file.endpoint is Endpoint.EMBEDDINGS
        why = () if embeds else resolve(file.model, engine=settings.engine).notes
        engine = open_fresh()
        if not embeds:
            remember_fingerprint(resolve(file.model, engine=settings.engine), engine.identity.fingerprint)
    except UnknownModelError as error:
        if named:
            raise
        here = f"--model {DEFAULT_EMBEDDER}" if embeds else "--model NAME; `naze models` shows what there is"
        raise UnknownModelError(
            f"{file.path}: the requests name the model {file.model!r}, which is none of this machine. Say which one to "
            f"ask instead: {here}. ({error})"
        ) from error
    try:
        sampling = Sampling(deterministic=settings.deterministic)
        manifest = _manifest(file, engine.identity, settings, sampling, why)
        yield _Job(file, settings.defaults, engine, open_fresh, sampling, manifest)
    finally:
        engine.close()


def _finished(file: BatchFile, settings: BatchSettings, places: _Places) -> Summary | None:
    """Recognise a batch in which nothing is left to ask, without opening the model; None: that is not known.

    Raises:
        ManifestMismatchError: the folder holds the run of another model or endpoint.
    """
    if file.endpoint is Endpoint.EMBEDDINGS or not (places.folder / STORE_NAME).is_file():
        return None
    try:
        known = known_fingerprint(resolve(file.model, engine=settings.engine))
    except UnknownModelError:  # told where it is opened, with what to do
        return None
    kept = read_manifest(places.folder)
    if known is None or kept.fingerprint != known:
        return None
    sampling = Sampling(deterministic=settings.deterministic)
    identity = Identity(kept.engine, file.model, known, kept.address)
    manifest = _manifest(file, identity, settings, sampling, ())
    check_match(kept, manifest, places.folder)
    with closing(open_run(places.folder)) as run:
        return run.summary() if run.is_finished_from(_made_from(manifest, settings.defaults)) else None


def _made_from(manifest: Manifest, defaults: Defaults) -> str:
    """Name what a batch's plan is made from."""
    return hashlib.sha256(f"{manifest.data_fingerprint} {defaults}".encode()).hexdigest()


def _manifest(
    file: BatchFile, identity: Identity, settings: BatchSettings, sampling: Sampling, why: tuple[str, ...]
) -> Manifest:
    return Manifest(
        task=TASK,
        engine=identity.engine,
        model=file.model,
        fingerprint=identity.fingerprint,
        sampling=asdict(sampling),
        template=file.endpoint,
        template_hash=file.endpoint,
        template_parts={},
        language="as asked",
        fit="fail",
        address=identity.address,
        notes=(*why, *identity.notes, *_not_enforced(file, identity.engine)),
        data_path=str(file.path),
        data_fingerprint=fingerprint(file.path),
        options=asdict(replace(settings.options, api_key=None)),
        versions=installed_versions(),
        created=now(),
    )


def _not_enforced(file: BatchFile, engine: str) -> tuple[str, ...]:
    """Name what of the schemas is checked only after an answer is there."""
    found = [
        f"the schema of line {line:,}: {leftover} is not enforced while the model writes; it is checked after"
        for line, schema in file.schemas
        for leftover in enforced(schema, engine).leftovers
    ]
    more = (f"{len(found) - _NOTES_SHOWN:,} more of the kind",) if len(found) > _NOTES_SHOWN else ()
    return (*found[:_NOTES_SHOWN], *more)


def _about(run: Run, file: BatchFile) -> About:
    manifest = run.manifest
    made_of = f"{manifest.created} {manifest.data_fingerprint} {manifest.fingerprint}".encode()
    return About(
        batch_id=f"batch_{hashlib.blake2b(made_of, digest_size=16).hexdigest()}",
        model=file.model,
        fingerprint=f"fp_{hashlib.blake2b(manifest.fingerprint.encode(), digest_size=5).hexdigest()}",
        created=int(datetime.fromisoformat(manifest.created).timestamp()),
    )


def _done(run: Run, file: BatchFile, places: _Places, summary: Summary, written: Written) -> BatchDone:
    errors = places.errors if written.failed else None
    about = _about(run, file)
    return BatchDone(
        folder=run.folder,
        summary=summary,
        out=places.out,
        errors=errors,
        completed=written.completed,
        failed=written.failed,
        cut=written.cut,
        batch=batch_object(about, file, written, out=places.out, errors=errors),
    )
