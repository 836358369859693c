"""Explained votes go in; factors come out: proposed, merged, named, applied to held-out votes, tested. Durable.

Every answer of a model is kept in a run of its own below the folder, so that the same call again asks nothing
twice; everything else is computed anew from them and decided by the seed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from naze.configuration import read_configuration
from naze.engines.downloads import PullProgress
from naze.engines.embeddings import DEFAULT_EMBEDDER, CachedEmbedder, open_embedder
from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError, InputError
from naze.factors.about import About, Cost, check_same
from naze.factors.applying import apply_factors
from naze.factors.costs import read_cost
from naze.factors.extraction import Proposed, Way, propose
from naze.factors.matrix import VerdictMatrix
from naze.factors.merge import Merged, MergeSettings, merge_reasons, reason_groups
from naze.factors.naming import Named, Refused, WhyRefused, name_factors
from naze.factors.notes import Note
from naze.factors.parts import Parts, choose_votes, divide, votes_to_test
from naze.factors.result import (
    Factors,
    Found,
    is_factors_folder,
    open_factors,
    read_about,
    write_about,
    write_factors,
)
from naze.factors.saturation import saturation_curve
from naze.factors.source import Explained, Source, read_explained
from naze.factors.validation import validate
from naze.generations import Progress, anything_open, installed_versions, now
from naze.jobs.asking import Worker, opened_worker
from naze.records import Outcome
from naze.votes import Votes

__all__ = ["FactorSettings", "default_folder", "find_factors"]

_SPARE = 0.3
"""So many more groups are named than factors are wanted: some names say nothing, some are given twice."""
_FEW = 30
"""With fewer explanations even what a single one names counts, where there is nothing else."""
_MUST_MATCH = (
    "outcome", "count", "language", "source_fingerprint", "way", "model", "embedding_model", "holdout",
    "test_source", "test_where", "test_limit", "where", "seed", "alpha", "least_votes", "retested",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FactorSettings:
    """How factors are found and tested, beyond outcome and count."""

    model: str | None = None
    """Names, defines and judges; None: the model that explained, else the configuration's."""
    language: str | None = None
    """ISO 639-1 code of names and definitions; None: that of the explanations."""
    way: Way = Way.SENTENCES
    """How reasons are found in explanations."""
    embedding_model: str | None = None
    """Compares reasons; None: the default one."""
    holdout: float = 0.3
    """Share of the votes that is held out to test on, by prompt."""
    test_votes: Votes | str | Path | Sequence[str | Path] | None = None
    """Further votes to test on, instead of a part of the explained ones; of one file or several."""
    test_where: str | None = None
    """Of those, only the votes that satisfy this condition in SQL."""
    test_limit: int | None = 300
    """Held-out votes that the model is asked about at most; None: all."""
    where: str | None = None
    """Only explained votes that satisfy this condition in SQL."""
    columns: Mapping[str, str] | None = None
    """For a table of explanations: our name -> the file's name."""
    explanation: str | None = None
    """For a table: the column with the explanations."""
    least_votes: int | None = None
    """A kind of reasons that fewer votes name is dropped; None: 3, or 2 (below 30 explanations 1) where 3 leave fewer
    kinds than wanted."""
    alpha: float = 0.05
    """A factor passes where its q-value is at most this."""
    seed: int = 0
    engine: str | None = None
    options: EngineOptions = field(default_factory=EngineOptions)


Teller = Callable[[str], None]
"""Is told in a few words what is done now."""


def find_factors(
    source: "Source | Sequence[Source]",
    outcome: Outcome | str = Outcome.WIN,
    *,
    count: int = 50,
    out: str | Path | None = None,
    settings: FactorSettings | None = None,
    progress: Callable[[], Progress | None] | None = None,
    tell: Teller | None = None,
) -> Factors:
    """Find the reasons behind votes and test each on votes that took no part in finding it.

    The same call again continues where it stopped, and returns at once what is finished.

    Args:
        source: a run of `naze explain`, its folder, or a table of votes with a column of explanations; or several.
        outcome: `win` (why one was preferred) or `tie` (why neither was).
        count: factors wanted; where there are fewer, the notes say why.
        out: the folder; None: beside the source, named after it and the outcome.
        settings: everything else.
        progress: makes what is told of every answer of a step.
        tell: is told what is done now.

    Raises:
        InputError: no explanations, none of a vote with the outcome, nothing to test on.
        ManifestMismatchError: the folder holds factors of other settings, or the explanations have changed since.
        NazeError: the model cannot be found or loaded, the folder not written.

    """
    settings = settings or FactorSettings()
    asked = _Asked.of(source, _outcome(outcome), count, settings)
    folder = Path(out) if out is not None else default_folder(asked.explained, asked.about.outcome)
    kept = asked.kept(folder)
    if kept is not None and kept.finished is not None and not _to_ask_again(folder):
        return open_factors(folder)
    with opened_worker(
        asked.about.model, engine=settings.engine, options=settings.options, begun=folder
    ) as worker:
        return _Job(asked, folder, worker, progress or _silent, tell or _say_nothing).run(kept)


def _outcome(outcome: Outcome | str) -> Outcome:
    try:
        return Outcome(outcome)
    except ValueError:
        raise ConfigurationError(
            f"the outcome is {outcome!r}; expected {' or '.join(one.value for one in Outcome)}."
        ) from None


def _silent() -> None:
    """Make no progress."""


def _say_nothing(words: str) -> None:
    """Tell nobody."""


def _to_ask_again(folder: Path) -> bool:
    """Tell whether answers that the factors rest on were set aside (`naze runs retry`); looking into one is another matter."""
    return any(anything_open(folder / step) for step in ("extract", "name", "verdicts"))


def default_folder(explained: Explained, outcome: Outcome) -> Path:
    """Choose a folder beside the source; of several sources beside the first."""
    path = Path(explained.first_name or explained.name)
    if not path.name or path.name == "..":  # the folder's own name counts
        path = path.resolve()
    return path.with_name(f"{path.stem if path.is_file() else path.name}-{outcome.value}-factors")


@dataclass(frozen=True)
class _Asked:
    """What is asked for, made concrete."""

    explained: Explained
    parts: Parts
    settings: FactorSettings
    about: About

    @classmethod
    def of(
        cls, source: "Source | Sequence[Source]", outcome: Outcome, count: int, settings: FactorSettings
    ) -> "_Asked":
        if count < 1:
            raise ConfigurationError(f"count is {count}; expected at least 1 factor.")
        configuration = read_configuration()
        explained = read_explained(source, columns=settings.columns, explanation=settings.explanation)
        explained = choose_votes(explained, settings.where)
        votes = votes_to_test(settings.test_votes, settings.test_where)
        parts = divide(
            explained, outcome, test=votes, holdout=settings.holdout, test_limit=settings.test_limit,
            seed=settings.seed,
        )  # fmt: skip
        model = settings.model or explained.explainer or configuration.model
        if model is None:
            raise ConfigurationError(
                "no model is named that could name and judge factors. Give --model (`naze models` shows what there is)."
            )
        about = About(
            outcome=outcome,
            count=count,
            language=settings.language or explained.language or configuration.language,
            source=explained.name,
            source_fingerprint=explained.fingerprint,
            explainer=explained.explainer,
            way=settings.way.value,
            model=model,
            engine="",
            model_fingerprint="",
            embedding_model=settings.embedding_model or DEFAULT_EMBEDDER,
            holdout=settings.holdout,
            test_source=None if votes is None else f"{votes.path or 'votes'} {votes.fingerprint}",
            test_limit=settings.test_limit,
            test_where=settings.test_where,
            least_votes=settings.least_votes,
            where=settings.where,
            seed=settings.seed,
            alpha=settings.alpha,
            created=now(),
        )
        return cls(explained, parts, settings, about)

    def kept(self, folder: Path) -> About | None:
        """Return what the folder says of itself; None where nothing was begun.

        Raises:
            ManifestMismatchError: it is of other settings or other explanations.
        """
        if not is_factors_folder(folder):
            return None
        kept, _ = read_about(folder)
        check_same(folder, kept, self.about, _MUST_MATCH)
        return kept


class _Job:
    """One sitting: goes through all steps; what a model answered before is taken from its runs."""

    def __init__(
        self,
        asked: _Asked,
        folder: Path,
        worker: Worker,
        progress: Callable[[], Progress | None],
        tell: Teller,
    ) -> None:
        self.asked, self.folder, self.worker = asked, folder, worker
        self.progress, self.tell = progress, tell
        self.about = asked.about
        self.costs: dict[str, Cost] = {}

    def run(self, kept: About | None) -> Factors:
        """Do everything that is not done yet, and write it down."""
        identity = self.worker.engine.identity
        self.about = replace(
            self.about,
            engine=identity.engine,
            model_fingerprint=identity.fingerprint,
            versions=installed_versions(),
            notes=(*self.asked.parts.notes, *identity.notes),
            created=kept.created if kept else self.about.created,
        )
        self.costs = dict(kept.costs) if kept else {}
        write_about(self.folder, self.about)
        proposed = self._propose()
        merged = self._merge(proposed)
        named = _first(self._name(proposed, merged), self.about.count)
        matrix = self._apply(named)
        return self._finish(proposed, merged, named, matrix)

    def _propose(self) -> Proposed:
        explained, settings = self.asked.parts.explained, self.asked.settings
        self.tell(f"Finding reasons in {len(explained):,} explanations")
        began = time.monotonic()
        by_model = settings.way is not Way.SENTENCES
        proposed = propose(
            explained,
            way=settings.way,
            worker=self.worker if by_model else None,
            folder=self.folder / "extract" if by_model else None,
            language=self.about.language,
            wanted=self.about.count,
            asked=self.asked.explained.asked,
            progress=self.progress() if by_model else None,
        )
        if by_model:
            self._account("extract", began)
        return proposed

    def _merge(self, proposed: Proposed) -> Merged:
        self.tell(f"Merging {len(proposed.reasons):,} reasons")
        count = self.about.count + max(2, round(_SPARE * self.about.count))
        with closing(self._embedder()) as embedder:
            for least in self._least_votes():
                settings = MergeSettings(count=count, seed=self.about.seed, least_votes=least)
                merged = merge_reasons(proposed.reasons, embedder, settings, prompts=self._prompts())
                if merged.kind_count >= self.about.count:
                    break
        return merged

    def _embedder(self) -> CachedEmbedder:
        settings = self.asked.settings
        return open_embedder(
            settings.embedding_model, allow_remote=settings.options.allow_remote, progress=self._fetching
        )

    def _fetching(self, done: PullProgress) -> None:
        """Tell that an embedding model is being fetched, and why it takes long."""
        if done.note:
            self.tell(f"Fetching the embedding model: {done.note}")

    def _least_votes(self) -> tuple[int, ...]:
        """Say how many votes must name a kind, the first choice first."""
        if self.asked.settings.least_votes is not None:
            return (self.asked.settings.least_votes,)
        return (3, 2, 1) if len(self.asked.parts.explained) < _FEW else (3, 2)

    def _prompts(self) -> dict[str, str]:
        return {vote.id: "\n".join(turn or "" for turn in vote.prompt) for vote in self.asked.parts.votes}

    def _name(self, proposed: Proposed, merged: Merged) -> Named:
        groups = reason_groups(proposed.reasons, merged)
        self.tell(f"Naming {len(groups):,} kinds of reasons")
        began = time.monotonic()
        with closing(self._embedder()) as embedder:
            named = name_factors(
                groups, self.worker, self.folder / "name", outcome=self.about.outcome,
                language=self.about.language, embedder=embedder, progress=self.progress(),
            )  # fmt: skip
        if groups:
            self._account("name", began)
        return named

    def _apply(self, named: Named) -> VerdictMatrix:
        judged, factors = self.asked.parts.judged, named.factors
        if not factors:
            told = "; ".join(f"{one.name!r}: {one.why}" for one in named.refused[:8]) or "nothing was named"
            raise InputError(
                f"{self.about.source}: no factor is left to test: {told}. Explain more votes, or take a stronger "
                "model with --model."
            )
        self.tell(f"Judging {len(judged):,} held-out votes by {len(factors):,} factors, in both orders")
        began = time.monotonic()
        matrix = apply_factors(
            judged, factors, self.worker, self.folder / "verdicts", language=self.about.language,
            progress=self.progress(),
        )  # fmt: skip
        self._account("verdicts", began)
        return matrix

    def _finish(self, proposed: Proposed, merged: Merged, named: Named, matrix: VerdictMatrix) -> Factors:
        self.tell("Testing")
        parts = self.asked.parts
        validation = validate(
            matrix,
            list(parts.judged),
            outcome=self.about.outcome,
            faults=[factor.id for factor in named.factors if factor.fault],
            seed=self.about.seed,
            alpha=self.about.alpha,
        )
        factor_of = {one: factor for factor, ids in named.reason_ids.items() for one in ids}
        saturation = saturation_curve(
            [reason.vote_id for reason in proposed.reasons], merged.assignment,
            explanation_count=len(parts.explained), rare=merged.rare, seed=self.about.seed,
        )  # fmt: skip
        about = replace(
            self.about,
            resamples=validation.resamples,
            permutations=validation.permutations,
            counts=self._counts(proposed, merged, named, matrix),
            costs=self.costs,
            notes=(
                *self.about.notes,
                *proposed.notes,
                *merged.notes,
                *_naming_notes(named, self.about.count),
            ),
            refused=named.refused,
            saturation=saturation,
            finished=now(),
        )
        found = Found(
            about=about,
            factors=named.factors,
            validation=validation,
            votes=parts.votes,
            explanations=self.asked.explained.explanations,
            reasons=proposed.reasons,
            reason_factors=tuple(factor_of.get(reason.id) for reason in proposed.reasons),
            reason_methods=proposed.methods,
            matrix=matrix,
        )
        return write_factors(self.folder, found)

    def _counts(
        self, proposed: Proposed, merged: Merged, named: Named, matrix: VerdictMatrix
    ) -> dict[str, int]:
        parts = self.asked.parts
        return {
            "votes": len(parts.votes),
            "explanations": len(self.asked.explained.explanations),
            "explained": len(parts.explained),
            "reasons": len(proposed.reasons),
            "distinct_reasons": merged.distinct_count,
            "kinds": merged.kind_count,
            "factors": len(named.factors),
            "held_out": parts.held_out,
            "judged": len(parts.judged),
            "verdicts": matrix.shown[:, :, 0].size * 2,
            "unanswered": int(
                np.isnan(matrix.shown[:, :, 0]).sum() + np.isnan(matrix.swapped[:, :, 0]).sum()
            ),
        }

    def _account(self, step: str, began: float) -> None:
        """Keep what a step asked; time adds up over sittings."""
        cost, template = read_cost(self.folder / step, time.monotonic() - began, self.costs.get(step))
        self.costs[step] = cost
        self.about = replace(
            self.about, costs=dict(self.costs), templates={**self.about.templates, step: template}
        )
        write_about(self.folder, self.about)


def _first(named: Named, count: int) -> Named:
    """Keep so many factors, those that most votes speak of; the others are told."""
    if len(named.factors) <= count:
        return named
    kept, rest = named.factors[:count], named.factors[count:]
    return replace(
        named,
        factors=kept,
        reason_ids={factor.id: named.reason_ids[factor.id] for factor in kept},
        refused=(
            *named.refused,
            *(Refused(one.name, WhyRefused.BEYOND_COUNT, one.reason_count) for one in rest),
        ),
    )


def _naming_notes(named: Named, count: int) -> list[Note]:
    """Say what the person should know about the names."""
    notes = []
    if named.unnamed:
        notes.append(Note("unnamed", {"n": named.unnamed}))
    if named.watched.asked_again:
        values = {"n": named.watched.asked_again, "better": named.watched.mended}
        notes.append(Note("names_asked_again", values))
    if faulty := sum(bool(factor.marks) for factor in named.factors):
        notes.append(Note("names_faulty", {"n": faulty}))
    empty = sum(one.why == WhyRefused.SAYS_NOTHING for one in named.refused)
    same = sum(one.why.startswith(WhyRefused.SAME_AS) for one in named.refused)
    if empty or same:
        notes.append(Note("names_refused", {"empty": empty, "same": same}))
    if len(named.factors) < count:
        notes.append(Note("few_factors", {"n": len(named.factors), "count": count}))
    return notes
