"""Factors that another run found and further votes go in; the factors tested on all that was judged come out. Durable."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from naze.engines.protocol import EngineOptions, Identity
from naze.errors import ConfigurationError, InputError
from naze.factors.about import About, check_same
from naze.factors.applying import apply_factors
from naze.factors.costs import read_cost
from naze.factors.matrix import VerdictMatrix
from naze.factors.notes import Note
from naze.factors.parts import draw_votes, votes_to_test
from naze.factors.result import (
    Factors,
    Found,
    is_factors_folder,
    open_factors,
    read_about,
    write_about,
    write_factors,
)
from naze.factors.validation import validate
from naze.generations import Progress, anything_open, installed_versions, now
from naze.jobs.asking import opened_worker
from naze.records import Reason
from naze.votes import Votes
from naze.votes.split import normalised_prompt

__all__ = ["RetestSettings", "retest_factors"]

_MUST_MATCH = ("retested", "test_source", "test_where", "test_limit", "model", "alpha")


@dataclass(frozen=True, slots=True)
class RetestSettings:
    """How found factors are tested on further votes."""

    only: bool = False
    """Test on the further votes alone; else on those that were judged before too."""
    model: str | None = None
    """Judges; None: the model that judged before. Another one only where the further votes stand alone."""
    where: str | None = None
    """Only votes that satisfy this condition in SQL."""
    limit: int | None = 300
    """Further votes that the model is asked about at most; None: all."""
    alpha: float | None = None
    """A factor passes where its q-value is at most this; None: as before."""
    engine: str | None = None
    options: EngineOptions = field(default_factory=EngineOptions)


def retest_factors(
    factors: Factors | str | Path,
    votes: "Votes | str | Path | Sequence[str | Path]",
    *,
    out: str | Path,
    settings: RetestSettings | None = None,
    progress: Callable[[], Progress | None] = lambda: None,
    tell: Callable[[str], None] = lambda words: None,
) -> Factors:
    """Judge further votes by factors that were found before, and test each factor anew.

    Names and definitions stay as they are, and so do the verdicts on the votes that were judged before. The same call again
    continues where it stopped, and returns at once what is finished.

    Args:
        factors: a finished factors run, or its folder; nothing in it is changed.
        votes: further votes with results; those that were judged before, or share a prompt with an explained vote, are left
            out.
        out: the folder of the factors as tested now.
        settings: everything else.
        progress: makes what is told of every answer.
        tell: is told what is done now.

    Raises:
        InputError: no vote is left to judge.
        ConfigurationError: another model than the one that judged before, and its verdicts are not to stand alone.
        ManifestMismatchError: the folder holds factors of other settings.
        NazeError: the model cannot be found or loaded, the folder not written.
    """
    settings = settings or RetestSettings()
    earlier = factors if isinstance(factors, Factors) else open_factors(factors)
    asked = _Asked.of(earlier, votes, settings)
    folder = Path(out)
    kept = _kept(folder, asked.about)
    if kept is not None and kept.finished is not None and not anything_open(folder / "verdicts"):
        return open_factors(folder)
    began = time.monotonic()
    with opened_worker(asked.about.model, engine=settings.engine, options=settings.options) as worker:
        about = asked.made_here(worker.engine.identity, kept)
        write_about(folder, about)
        tell(f"Judging {len(asked.further):,} further votes by {len(earlier):,} factors, in both orders")
        matrix = apply_factors(
            asked.further,
            earlier.factors,
            worker,
            folder / "verdicts",
            language=about.language,
            progress=progress(),
        )
    cost, template = read_cost(folder / "verdicts", time.monotonic() - began, about.costs.get("verdicts"))
    about = replace(
        about,
        costs={**about.costs, "verdicts": cost},
        templates={**about.templates, "verdicts": template},
    )
    tell("Testing")
    return _tested(asked, about, matrix, folder)


@dataclass(frozen=True)
class _Asked:
    """What is asked for, made concrete."""

    earlier: Factors
    further: Votes
    """Votes to judge."""
    only: bool
    about: About

    @classmethod
    def of(
        cls, earlier: Factors, source: "Votes | str | Path | Sequence[str | Path]", settings: RetestSettings
    ) -> "_Asked":
        model = settings.model or earlier.about.model
        if model != earlier.about.model and not settings.only:
            raise ConfigurationError(
                f"{earlier.folder}: {earlier.about.model} judged these votes, and {model} is to judge further ones; a test "
                "mixes no verdicts of two models. Leave --model out, or test on the further votes alone with --only."
            )
        offered = votes_to_test(source, settings.where)
        if offered is None:
            raise InputError("no votes to test on were given; expected a file of votes.")
        notes: list[Note] = []
        further = _not_known(earlier, offered, notes)
        drawn = draw_votes(further, range(len(further)), settings.limit, earlier.about.seed)
        if len(drawn) < len(further):
            notes.append(Note("test_limit", {"n": len(drawn), "all": len(further)}))
        about = replace(
            earlier.about,
            model=model,
            test_source=f"{offered.path or 'votes'} {offered.fingerprint}",
            test_where=settings.where,
            test_limit=settings.limit,
            alpha=earlier.about.alpha if settings.alpha is None else settings.alpha,
            retested=_told_apart(earlier, only=settings.only),
            costs={step: cost for step, cost in earlier.about.costs.items() if step != "verdicts"},
            notes=(*earlier.about.notes, *notes),
            created=now(),
            finished=None,
        )
        return cls(earlier, drawn, settings.only, about)

    def made_here(self, identity: Identity, kept: About | None) -> About:
        """Write down who judges here, and what was taken over."""
        earlier, notes = self.earlier.about, list(self.about.notes)
        if not self.only:
            judged = len(self.earlier.judged)
            values: dict[str, int | str] = {
                "earlier": judged, "all": judged + len(self.further), "n": len(self.further), "model": earlier.model,
                "source": self.earlier.folder.name,
            }  # fmt: skip
            notes.append(Note("verdicts_taken_over", values))
            if identity.fingerprint != earlier.model_fingerprint:
                notes.append(Note("other_engine", {"earlier": earlier.engine, "engine": identity.engine}))
        notes += [note for note in identity.notes if note not in notes]
        return replace(
            self.about,
            engine=identity.engine,
            model_fingerprint=identity.fingerprint,
            versions=installed_versions(),
            notes=tuple(notes),
            created=self.about.created if kept is None else kept.created,
            costs=self.about.costs if kept is None else kept.costs,
        )


def _not_known(earlier: Factors, offered: Votes, notes: list[Note]) -> Votes:
    """Leave out what was judged before, and what shares a prompt with the votes that the factors were found in."""
    before = {vote.id: vote for vote in earlier.votes}
    prompts = {normalised_prompt(vote.prompt) for vote in before.values() if not vote.extra["held_out"]}
    judged = {vote.id for vote in earlier.judged}
    rows = []
    for row, vote in enumerate(offered):
        if vote.winner is None or vote.id in judged or normalised_prompt(vote.prompt) in prompts:
            continue
        if vote.id in before and normalised_prompt(before[vote.id].prompt) != normalised_prompt(vote.prompt):
            raise InputError(
                f"{offered.path or 'votes to test on'}: the id {vote.id!r} is also the id of a vote of {earlier.folder} with "
                "another prompt; expected ids that do not repeat."
            )
        rows.append(row)
    if not rows:
        raise InputError(
            f"{offered.path or 'votes to test on'}: of {len(offered):,} votes none is left to judge: each was judged before, "
            "shares a prompt with an explained vote, or has no result. Expected other votes."
        )
    if len(rows) < len(offered):
        notes.append(Note("known_votes", {"n": len(offered) - len(rows), "all": len(offered)}))
    return offered.select(rows)


def _told_apart(earlier: Factors, *, only: bool) -> str:
    """Name the factors that are tested again, such that others of the same name are told from them."""
    told = [[factor.id, factor.name, factor.definition, factor.fault] for factor in earlier.factors]
    shared = b"" if only else earlier.matrix().shown.tobytes() + earlier.matrix().swapped.tobytes()
    hashed = hashlib.sha256(json.dumps(told).encode() + shared).hexdigest()
    return f"{earlier.folder.name} {hashed[:16]}"


def _kept(folder: Path, about: About) -> About | None:
    """Return what the folder says of itself; None where nothing was begun."""
    if not is_factors_folder(folder):
        return None
    kept, _ = read_about(folder)
    check_same(folder, kept, about, _MUST_MATCH)
    return kept


def _tested(asked: _Asked, about: About, matrix: VerdictMatrix, folder: Path) -> Factors:
    """Put the verdicts together, test, and write everything down."""
    earlier = asked.earlier
    judged = list(asked.further)
    if not asked.only:
        before = earlier.matrix()
        judged = [*earlier.judged, *judged]
        matrix = VerdictMatrix(
            (*before.vote_ids, *matrix.vote_ids),
            matrix.factor_ids,
            np.concatenate([before.shown, matrix.shown]),
            np.concatenate([before.swapped, matrix.swapped]),
        )
    faults = [factor.id for factor in earlier.factors if factor.fault]
    validation = validate(
        matrix, judged, outcome=about.outcome, faults=faults, seed=about.seed, alpha=about.alpha
    )
    votes = _together(earlier, asked.further, only=asked.only)
    unanswered = np.isnan(matrix.shown[:, :, 0]).sum() + np.isnan(matrix.swapped[:, :, 0]).sum()
    counts = {
        **about.counts,
        "votes": len(votes),
        "held_out": len(judged),
        "judged": len(judged),
        "verdicts": matrix.shown[:, :, 0].size * 2,
        "unanswered": int(unanswered),
    }
    reasons = earlier.reasons()
    found = Found(
        about=replace(
            about,
            counts=counts,
            resamples=validation.resamples,
            permutations=validation.permutations,
            finished=now(),
        ),
        factors=earlier.factors,
        validation=validation,
        votes=votes,
        explanations=tuple(earlier.explanations.values()),
        reasons=tuple(
            Reason(**{name: row[name] for name in ("id", "vote_id", "text", "quote", "language", "winner")})
            for row in reasons.iter_rows(named=True)
        ),
        reason_factors=tuple(reasons["factor_id"]),
        reason_methods=tuple(reasons["method"]),
        matrix=matrix,
    )
    return write_factors(folder, found)


def _together(earlier: Factors, further: Votes, *, only: bool) -> Votes:
    """Put all votes into one table, the further ones last; of those judged before say so where they still count."""
    import polars as pl

    ids = set(further.frame()["id"])
    before = earlier.votes.frame().filter(~pl.col("id").is_in(list(ids)))
    if only:
        before = before.with_columns(pl.lit(False).alias("judged"))
    added = further.frame().drop("held_out", "judged", strict=False)
    added = added.with_columns(pl.lit(True).alias("held_out"), pl.lit(True).alias("judged"))
    return Votes.from_frame(pl.concat([before, added], how="diagonal_relaxed"))
