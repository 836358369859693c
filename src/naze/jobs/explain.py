"""Votes and a model go in; a run with an explanation of every vote comes out.

The run's folder also holds the votes themselves (`votes.parquet`), so that it can be continued, retried,
exported and reported on without the file that they came from.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from naze.configuration import read_configuration
from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError, InputError, RunError
from naze.generations import FAILURES, Estimate, Manifest, Progress, Run, estimate, write_run
from naze.generations.manifest import read_manifest
from naze.generations.store import EXPORTED
from naze.jobs.asking import Step, Told, Worker, opened_worker
from naze.jobs.checking import TextCheck
from naze.jobs.explaining import EXPLANATION_COLUMNS, Explanation, Form, Length, read_explanation
from naze.jobs.explaining.checking import FormCheck
from naze.prompts import Template, fit_materials, load_template
from naze.prompts.vote_prompts import VoteMaterial
from naze.records import Answer, Fit, FittedPrompt, Sampling, Status, Vote
from naze.votes import Votes, read_votes, write_votes

if TYPE_CHECKING:
    import polars

TASK = "explain"
VOTES_NAME = "votes.parquet"
Policy = Literal["shorten", "route", "fail"]
FITS = get_args(Policy)
_COPY = "copy of the id"


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """How votes are explained, beyond the model and the language."""

    template: str | Path = "explain"
    """`explain`, or the file of a template of your own, which then says what an explanation looks like."""
    length: str = Length.SHORT
    """How much `explain` says: `short`, one point of each response, or `full`, for models that can say more."""
    sampling: Sampling | None = None
    """None: as suits the length and the language."""
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
    with asked.worker(folder) as worker:
        return asked.ask(folder, worker, progress, tell)


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
    with asked.worker() as worker:
        limit_tokens = worker.limit_tokens(None, asked.sampling)
        source = partial(asked.prompts, worker, limit_tokens)
        return estimate(source, worker.engine, asked.sampling, sample_rows=sample_rows)


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
    asked = _Asked.from_manifest(kept, folder)
    failures = [status for status in retry if status in FAILURES]
    if failures:
        with write_run(folder) as run:
            run.reset_failures(failures)
    with asked.worker(folder) as worker:
        return asked.ask(folder, worker, progress, tell)


def explain_sampling(template: str | Path, length: str, language: str | None) -> Sampling:
    """Say how a model chooses an explanation's words where nothing else is said.

    Args:
        template: `explain`, or a person's own.
        length: as in `ExplainSettings`.
        language: of the explanations; None: the configuration's.

    Raises:
        ConfigurationError: no such length.
    """
    if length not in tuple(Length):
        raise ConfigurationError(f"length is {length!r}; expected {' or '.join(Length)}.")
    if str(template) != TASK:
        return Sampling(max_tokens=768)
    return Form(language or read_configuration().language, Length(length)).sampling


def run_form(manifest: Manifest) -> Form | None:
    """Tell in which form a run's explanations are written; None: in free text, as a person's own template says."""
    length = manifest.template_parts.get("form")
    return None if length is None else Form(manifest.language, Length(length))


@dataclass(frozen=True, slots=True)
class ExplainedVote:
    """A vote, and what came of asking about it."""

    vote: Vote
    answer: Answer | None = None
    """As the model wrote it; None: not asked yet."""
    fit: Fit = Fit.WHOLE
    """What was done so that the vote fits the context."""
    tokens: int | None = None
    """Tokens of the prompt that was asked, where they were counted."""
    whole_tokens: int | None = None
    limit_tokens: int | None = None
    explanation: Explanation | None = None
    """Taken apart; None where it is free text, or did not come."""

    @property
    def text(self) -> str | None:
        """The explanation as people read it; None where there is none. What is not of its form stays as it was written."""
        if self.explanation is not None:
            return self.explanation.lay_out()
        return None if self.answer is None else self.answer.text


def explained_rows(run: Run) -> Iterator[ExplainedVote]:
    """Bring each row of a run together with its vote and its explanation, in input order.

    Raises:
        RunError: not a run of `explain`, its votes are not there, or a row's vote is missing among them.
    """
    kept = run.folder / VOTES_NAME
    if run.manifest.task != TASK or not kept.is_file():
        raise RunError(
            f"{run.folder}: task is {run.manifest.task!r} and {VOTES_NAME} is "
            f"{'there' if kept.is_file() else 'missing'}; expected a run of `naze explain` with its votes."
        )
    votes, form = read_votes(kept), run_form(run.manifest)
    places: dict[str, list[int]] = {}
    for place, name in enumerate(votes.frame()["id"]):
        places.setdefault(name, []).append(place)
    for row in run.rows():
        if row.subject_id not in places:
            raise RunError(
                f"{kept}: there is no vote {row.subject_id!r}, but the run has a row for it. "
                "Call the run's `naze explain` command again; it writes both anew."
            )
        same_id = places[row.subject_id]
        vote = votes[same_id.pop(0) if len(same_id) > 1 else same_id[0]]
        answer = row.answer
        usable = form is not None and answer is not None and answer.status is Status.ANSWERED
        explanation = read_explanation(answer.text, vote, form) if usable and answer and form else None
        yield ExplainedVote(
            vote, answer, row.fit, row.tokens, row.whole_tokens, row.limit_tokens, explanation
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """How many quotes of a run's explanations stand in the responses that they are said to come from."""

    quotes: int
    verified: int

    @property
    def share(self) -> float | None:
        """0 to 1; None where nothing is quoted."""
        return self.verified / self.quotes if self.quotes else None


def verified_quotes(run: Run) -> Verified:
    """Look every quote of a run up in its response."""
    explanations = [row.explanation for row in explained_rows(run) if row.explanation is not None]
    return Verified(
        sum(explanation.quoted for explanation in explanations),
        sum(explanation.verified for explanation in explanations),
    )


def export_columns(run: Run, *, nested: bool = True) -> "polars.DataFrame":
    """Return the votes of a run, and their explanations as people read them and taken apart, to be joined to its rows by `id`.

    Args:
        run: of `naze explain`.
        nested: keep turns as lists; otherwise write each list as JSON, for tables that hold text only.

    Returns:
        A row for each vote. A column of a vote's own that is called like one of the run or of its explanation has `vote_`
        before its name.
    """
    import polars

    frame = read_votes(run.folder / VOTES_NAME).frame()
    if not nested:
        lists = [name for name, kind in frame.schema.items() if kind.is_nested()]
        frame = frame.with_columns(
            polars.col(name).map_elements(
                lambda turns: json.dumps(list(turns), ensure_ascii=False), return_dtype=polars.String
            )
            for name in lists
        )
    kinds = {
        name: polars.Boolean if name.startswith("verified") else polars.String for name in EXPLANATION_COLUMNS
    }
    nothing = dict.fromkeys(EXPLANATION_COLUMNS)
    explained = polars.DataFrame(
        [
            {
                "id": row.vote.id,
                "text": row.text,
                **(row.explanation.columns() if row.explanation else nothing),
            }
            for row in explained_rows(run)
        ],
        schema={"id": polars.String, "text": polars.String, **kinds},
    )
    copies = polars.int_range(polars.len()).over("id").alias(_COPY)
    return (
        frame.rename(_names_beside(frame.columns, [*EXPORTED, *explained.columns]))
        .with_columns(copies)
        .join(explained.with_columns(copies), on=["id", _COPY], how="left", maintain_order="left")
        .drop(_COPY)
    )


def _names_beside(own: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """Give the columns of votes names that no other column has; `id` joins both and keeps its own."""
    taken, renamed = {*own, *others}, {}
    for name in set(own) & set(others) - {"id"}:
        renamed[name] = f"vote_{name}"
        while renamed[name] in taken:
            renamed[name] = f"vote_{renamed[name]}"
        taken.add(renamed[name])
    return renamed


@dataclass(frozen=True)
class _Asked:
    """What is asked for, made concrete."""

    votes: Votes
    data_fingerprint: str
    data_path: str
    template: Template
    model: str
    settings: ExplainSettings
    form: Form | None
    """That explanations are written in; None: as a person's own template says."""

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
        usual = explain_sampling(settings.template, settings.length, language)
        settings = replace(settings, sampling=settings.sampling or usual)
        template = load_template(settings.template, language)
        form = Form(language, Length(settings.length)) if str(settings.template) == TASK else None
        chosen = _read(votes, limit)
        if len(chosen) == 0:
            where = chosen.path or "votes"
            raise InputError(f"{where}: no votes to explain. `naze votes check` says what is in the file.")
        fingerprint = f"{chosen.fingerprint} {len(chosen)}"
        return cls(chosen, fingerprint, str(chosen.path or ""), template, model, settings, form)

    @classmethod
    def from_manifest(cls, kept: Manifest, folder: Path) -> "_Asked":
        parts = dict(kept.template_parts)
        form = run_form(kept)
        parts.pop("form", None)
        template = Template(**{**parts, "choices": tuple(parts.get("choices", ()))})
        sampling = dict(kept.sampling)
        engine_options = EngineOptions(
            **{name: value for name, value in kept.options.items() if name != "limit_tokens"}
        )
        settings = ExplainSettings(
            sampling=Sampling(**{**sampling, "stop": tuple(sampling.get("stop", ()))}),
            length=form.length if form else Length.SHORT,
            fit=cast(Policy, kept.fit),
            long_model=kept.long_model,
            engine=kept.engine,
            options=engine_options,
        )
        votes = read_votes(folder / VOTES_NAME)
        return cls(votes, kept.data_fingerprint, kept.data_path, template, kept.model, settings, form)

    @property
    def sampling(self) -> Sampling:
        """How the model chooses its words."""
        return self.settings.sampling or explain_sampling(
            self.settings.template, self.settings.length, self.template.language
        )

    def folder_name(self) -> str:
        """Name a run after what it is of, so that the same command finds it again."""
        stem = Path(self.data_path).stem or "votes"
        language = self.template.language
        return re.sub(r"[^\w.-]+", "-", f"{stem}-{language}-{Path(self.model).name}").strip("-").lower()

    def step(self) -> Step:
        """Say what is asked of each vote, and who looks at the answers."""
        form, sampling = self.form, self.sampling
        return Step(
            TASK,
            self.template,
            sampling,
            self.data_fingerprint,
            fit=self.settings.fit,
            data_path=self.data_path,
            check=TextCheck(self.template, sampling)
            if form is None
            else FormCheck(form, self.template, sampling),
            form=None if form is None else form.length.value,
        )

    def prompts(self, worker: Worker, limit_tokens: int) -> Iterator[FittedPrompt]:
        """Make every vote a prompt that fits, in input order."""
        schema = None if self.form is None else self.form.schema
        fitted = fit_materials(
            (VoteMaterial(vote, self.template, schema) for vote in self.votes),
            count=worker.count_tokens,
            limit_tokens=limit_tokens,
            policy=self.settings.fit,
        )
        for vote, row in zip(self.votes, fitted, strict=True):
            yield replace(row, about=vote)

    def keep_votes(self, folder: Path) -> None:
        """Keep the votes beside their explanations."""
        kept = folder / VOTES_NAME
        if not kept.is_file() or folder not in Path(self.votes.path or "").parents:
            write_votes(self.votes, kept)

    def worker(self, begun: Path | None = None) -> "AbstractContextManager[Worker]":
        """Take the model; a run that was begun keeps its engine."""
        settings = self.settings
        return opened_worker(
            self.model,
            engine=settings.engine,
            options=settings.options,
            long_model=settings.long_model,
            begun=begun,
        )

    def ask(
        self, folder: Path, worker: Worker, progress: Progress | None, tell: Callable[[Told], None] | None
    ) -> Run:
        """Explain what has no explanation yet."""
        return worker.ask(
            folder,
            self.step(),
            partial(self.prompts, worker),
            progress=progress,
            tell=tell,
            before_planning=self.keep_votes,
        )


def _read(votes: "Votes | Iterable[Vote] | str | Path", limit: int | None) -> Votes:
    if isinstance(votes, str | Path):
        return read_votes(votes, limit=limit)
    read = votes if isinstance(votes, Votes) else Votes.from_votes(votes)
    return read if limit is None else read[:limit]
