"""What a person explained goes in, a run or a table; votes with their explanations come out, and what they are."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naze.errors import InputError, RunError
from naze.factors.extraction import Explanation
from naze.generations import Run, open_run
from naze.jobs.explain import TASK, VOTES_NAME
from naze.records import Status, Vote
from naze.votes import Votes, read_votes

__all__ = ["Explained", "explanations_fingerprint", "read_explained"]

EXPLANATION_COLUMNS = ("explanation", "text", "answer")
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
    notes: tuple[str, ...] = ()
    asked: str = ""
    """What the explainer was told to do, where that is known."""

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


def read_explained(
    source: "Run | str | Path",
    *,
    columns: Mapping[str, str] | None = None,
    explanation: str | None = None,
) -> Explained:
    """Read explained votes.

    Args:
        source: a run of `naze explain`, its folder, or a table of votes with a column of explanations (what
            `naze runs export` writes, or one's own).
        columns: for a table, our name -> the file's name.
        explanation: for a table, the column with the explanations; None: the first of `EXPLANATION_COLUMNS`.

    Raises:
        InputError: no explanations.
        RunError: the folder holds no run of `naze explain`.
    """
    if isinstance(source, Run):
        return _checked(_of_run(source))
    path = Path(source)
    if path.is_dir():
        run = open_run(path)
        try:
            return _checked(_of_run(run))
        finally:
            run.close()
    return _checked(_of_table(path, columns, explanation))


def _of_run(run: Run) -> Explained:
    manifest, kept = run.manifest, run.folder / VOTES_NAME
    if manifest.task != TASK or not kept.is_file():
        raise RunError(
            f"{run.folder}: task is {manifest.task!r} and {VOTES_NAME} is "
            f"{'there' if kept.is_file() else 'missing'}; expected a run of `naze explain` with its votes."
        )
    votes = read_votes(kept)
    winners = {vote.id: vote.winner for vote in votes}
    explanations, missing = [], 0
    for row in run.rows():
        answer = row.answer
        if answer is None or answer.status is not Status.ANSWERED or not (answer.text or "").strip():
            missing += 1
        elif row.subject_id in winners:
            explanations.append(
                Explanation(row.subject_id, answer.text or "", manifest.language, winners[row.subject_id])
            )
    notes = (f"{missing:,} votes of the run have no explanation (open or failed)",) if missing else ()
    parts = manifest.template_parts
    asked = "\n".join(str(parts.get(name) or "") for name in ("instruction", "question"))
    return Explained(
        votes, tuple(explanations), str(run.folder), manifest.model, manifest.language, notes, asked
    )


def _of_table(path: Path, columns: Mapping[str, str] | None, explanation: str | None) -> Explained:
    votes = read_votes(path, columns=columns)
    extras = votes.frame().columns
    wanted = (explanation,) if explanation else EXPLANATION_COLUMNS
    column = next((name for name in wanted if name in extras), None)
    if column is None:
        raise InputError(
            f"{path}: no column {' or '.join(wanted)} with explanations; there are: {', '.join(extras)}. "
            "Name it with --explanation, or explain the votes first: naze explain."
        )
    texts = [text if isinstance(text, str) else "" for text in votes.frame()[column].to_list()]
    explanations = tuple(
        Explanation(vote.id, text, None, vote.winner)
        for vote, text in zip(votes, texts, strict=True)
        if text.strip()
    )
    missing = len(votes) - len(explanations)
    notes = [f"{missing:,} rows have no explanation"] if missing else []
    if votes.problems:
        notes.append(f"{len(votes.problems):,} rows are kept aside, the first: {votes.problems[0]}")
    return Explained(votes, explanations, str(path), None, None, tuple(notes))


def _checked(found: Explained) -> Explained:
    if not found.explanations:
        raise InputError(
            f"{found.name}: {len(found.votes):,} votes and not one explanation. Factors are found in explanations: "
            "run `naze explain` first, or look at what failed with `naze runs show`."
        )
    return found
