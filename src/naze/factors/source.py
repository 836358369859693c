"""What a person explained goes in, a run or a table; votes with their explanations come out, and what they are."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from naze.errors import InputError
from naze.factors.extraction import Explanation
from naze.factors.notes import Note
from naze.factors.sentences import script_language
from naze.generations import Run, open_run
from naze.jobs.explain import explained_rows
from naze.jobs.explaining import EXPLANATION_COLUMNS, Statement, explanation_of_columns
from naze.jobs.faults import Mark
from naze.records import Status, Vote
from naze.votes import Votes, read_votes

__all__ = ["Explained", "Source", "explanations_fingerprint", "read_explained"]

TEXT_COLUMNS = ("explanation", "text", "answer")
"""Columns of a table that hold the explanation, the first that is there."""


@dataclass(frozen=True)
class Explained:
    """Votes and, of some or all of them, explanations."""

    votes: Votes
    explanations: tuple[Explanation, ...]
    """Of votes that have one, in the order of the votes."""
    name: str
    """The run's folder or the file."""
    explainer: str | None
    """The model that wrote the explanations, where that is known."""
    language: str | None
    """ISO 639-1 code of the explanations, where they have one."""
    notes: tuple[Note, ...] = ()
    asked: str = ""
    """What the explainer was told to do, where that is known."""
    first_name: str = ""
    """Of several sources, the name of the first; empty where there is but one."""

    @property
    def fingerprint(self) -> str:
        """Of everything that factors are found from: explanations, votes, winners."""
        return explanations_fingerprint(self.explanations, self.votes)


def explanations_fingerprint(explanations: Sequence[Explanation], votes: Sequence[Vote]) -> str:
    """Name explanations and the results of their votes, so that a change of either is seen."""
    digest = hashlib.sha256()
    for one in explanations:
        digest.update(json.dumps([one.vote_id, one.text]).encode())
    for vote in votes:
        digest.update(json.dumps([vote.id, vote.winner]).encode())
    return digest.hexdigest()


Source: TypeAlias = "Run | str | Path"
"""A run of `naze explain`, its folder, or a table of votes with a column of explanations."""


def read_explained(
    source: "Source | Sequence[Source]",
    *,
    columns: Mapping[str, str] | None = None,
    explanation: str | None = None,
) -> Explained:
    """Read explained votes.

    Args:
        source: a run of `naze explain`, its folder, or a table of votes with a column of explanations (what
            `naze runs export` writes, or one's own); or several of them.
        columns: for a table, our name -> the file's name.
        explanation: for a table, the column with the explanations; None: the first of `TEXT_COLUMNS`.

    Raises:
        InputError: no explanations, or a vote that is in several of the sources.
        RunError: the folder holds no run of `naze explain`.
    """
    sources = [source] if isinstance(source, Run | str | Path) else list(source)
    if not sources:
        raise InputError("no run or table of explanations is given; expected at least one.")
    found = [_read(one, columns, explanation) for one in sources]
    return _checked(found[0] if len(found) == 1 else _together(found))


def _read(source: Source, columns: Mapping[str, str] | None, explanation: str | None) -> Explained:
    if isinstance(source, Run):
        return _of_run(source)
    path = Path(source)
    if not path.is_dir():
        return _of_table(path, columns, explanation)
    run = open_run(path)
    try:
        return _of_run(run)
    finally:
        run.close()


def _together(found: Sequence[Explained]) -> Explained:
    """Take several sources as one."""
    import polars as pl

    frame = pl.concat([one.votes.frame() for one in found], how="diagonal_relaxed")
    twice = frame.filter(frame["id"].is_duplicated())["id"]
    if len(twice):
        raise InputError(
            f"the vote {twice[0]!r} is in several of {', '.join(one.name for one in found)}; expected each vote once. "
            "Where one vote has several explanations, give each an id of its own."
        )
    languages, explainers = ({getattr(one, name) for one in found} for name in ("language", "explainer"))
    return Explained(
        votes=Votes.from_frame(frame),
        explanations=tuple(explanation for one in found for explanation in one.explanations),
        name=" + ".join(one.name for one in found),
        explainer=explainers.pop() if len(explainers) == 1 else None,
        language=languages.pop() if len(languages) == 1 else None,
        notes=tuple(note.about(one.name) for one in found for note in one.notes),
        asked="\n".join(one.asked for one in found),
        first_name=found[0].name,
    )


def _of_run(run: Run) -> Explained:
    manifest = run.manifest
    votes, explanations, missing, left_out = [], [], 0, 0
    for explained in explained_rows(run):
        vote, answer = explained.vote, explained.answer
        votes.append(vote)
        if answer is None or answer.status is not Status.ANSWERED or not (explained.text or "").strip():
            missing += 1
        elif _UNUSABLE & set(answer.marks):
            left_out += 1
        else:
            statements = None if explained.explanation is None else explained.explanation.statements()
            explanations.append(
                Explanation(vote.id, explained.text or "", manifest.language, vote.winner, statements)
            )
    counts = {"votes_unexplained": missing, "faulty_left_out": left_out}
    notes = tuple(Note(key, {"n": count}) for key, count in counts.items() if count)
    parts = manifest.template_parts
    asked = "\n".join(str(parts.get(name) or "") for name in ("instruction", "question"))
    return Explained(
        Votes.from_votes(votes),
        tuple(explanations),
        str(run.folder),
        manifest.model,
        manifest.language,
        notes,
        asked,
    )


_UNUSABLE = {str(mark) for mark in (Mark.LOOPING, Mark.LANGUAGE, Mark.COPIED, Mark.AGAINST_WINNER)}
"""Faults that make an explanation say something else than why the vote went as it did."""


def _of_table(path: Path, columns: Mapping[str, str] | None, explanation: str | None) -> Explained:
    votes = read_votes(path, columns=columns)
    extras = votes.frame().columns
    wanted = (explanation,) if explanation else TEXT_COLUMNS
    column = next((name for name in wanted if name in extras), None)
    if column is None:
        raise InputError(
            f"{path}: no column {' or '.join(wanted)} with explanations; there are: {', '.join(extras)}. "
            "Name it with --explanation, or explain the votes first: naze explain."
        )
    texts = [text if isinstance(text, str) else "" for text in votes.frame()[column].to_list()]
    parts = [name for name in EXPLANATION_COLUMNS if name in extras]
    rows = votes.frame().select(parts).to_dicts() if parts else [{}] * len(votes)
    explanations = tuple(
        Explanation(vote.id, text, None, vote.winner, _statements(row, text))
        for vote, text, row in zip(votes, texts, rows, strict=True)
        if text.strip() and not _UNUSABLE & set(str(vote.extra.get("marks") or "").split(", "))
    )
    missing = len(votes) - len(explanations)
    notes = [Note("rows_unexplained", {"n": missing})] if missing else []
    if votes.problems:
        notes.append(Note("rows_aside", {"n": len(votes.problems), "first": str(votes.problems[0])}))
    return Explained(votes, explanations, str(path), None, None, tuple(notes))


def _statements(row: Mapping[str, Any], text: str) -> tuple[Statement, ...] | None:
    """Put what an exported explanation says together again; None where it is free text."""
    language = script_language(str(row.get("asked") or ""), None) or "en"
    explanation = explanation_of_columns(row, language)
    if explanation is None:
        return None
    return tuple(statement for statement in explanation.statements() if statement.shown in text)


def _checked(found: Explained) -> Explained:
    if not found.explanations:
        raise InputError(
            f"{found.name}: {len(found.votes):,} votes and not one explanation. Factors are found in explanations: "
            "run `naze explain` first, or look at what failed with `naze runs show`."
        )
    return found
