"""Votes and factors go in; a model says which response shows each factor more, and a `VerdictMatrix` comes out.

The model never sees the winner. Every vote is asked in both orders of its responses; all questions about one
order of one vote come one after another behind the same text, so that an engine computes that text once.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from naze.errors import InputError
from naze.factors.matrix import VERDICTS, VerdictMatrix
from naze.generations import Progress, Run
from naze.jobs.asking import Step, Worker
from naze.prompts import Counter, Template, fit, load_template
from naze.records import Factor, Fit, FittedPrompt, Sampling, Status, Vote
from naze.votes import Votes, swap_sides

__all__ = ["CHOICES", "SWAPPED_MARK", "apply_factors", "read_verdicts", "verdict_prompts"]

CHOICES = ("A", "B", "C", "D")
"""What the model chooses from, in the order of `VERDICTS`."""
SWAPPED_MARK = "~swapped"
"""Ends the subject's id where the responses were exchanged."""
TASK = "verdicts"
_SAMPLING = Sampling(max_tokens=1)


def apply_factors(
    votes: Votes,
    factors: Sequence[Factor],
    worker: Worker,
    folder: Path,
    *,
    language: str,
    progress: Progress | None = None,
) -> VerdictMatrix:
    """Ask of every vote and factor, in both orders, which response shows the factor more. Durable.

    Args:
        votes: winners in them are set aside before anything is asked.
        factors: name and definition are what the model is told of them.
        worker: the model.
        folder: of the run that keeps the answers; the same call again continues.
        language: ISO 639-1 code of the questions.
        progress: is told of every answer.

    Returns:
        Verdicts of shape (votes, factors, 4).

    Raises:
        InputError: no votes, no factors, or ids that repeat.
    """
    _check(votes, factors)
    template = replace(load_template("verdict", language), choices=CHOICES)
    told = [[factor.id, factor.name, factor.definition] for factor in factors]
    made_from = hashlib.sha256(f"{votes.fingerprint} {len(votes)} {json.dumps(told)}".encode()).hexdigest()

    def source(limit_tokens: int) -> Iterator[FittedPrompt]:
        return verdict_prompts(votes, factors, template, count=worker.count_tokens, limit_tokens=limit_tokens)

    run = worker.ask(folder, Step(TASK, template, _SAMPLING, made_from), source, progress=progress)
    try:
        return read_verdicts(run, [vote.id for vote in votes], [factor.id for factor in factors])
    finally:
        run.close()


def verdict_prompts(
    votes: Iterable[Vote],
    factors: Sequence[Factor],
    template: Template,
    *,
    count: Counter,
    limit_tokens: int,
) -> Iterator[FittedPrompt]:
    """Make the questions: vote by vote, each in both orders, each order with every factor.

    The responses are shortened, where they must be, to leave room for the longest question, so that all
    questions about one order of a vote stand behind the same text.

    Args:
        votes: read lazily.
        factors: what is asked.
        template: with a name and a definition in `extra`.
        count: counts tokens, chat template included.
        limit_tokens: the most that a prompt may have.
    """
    longest = max(factors, key=lambda factor: len((factor.name + factor.definition).encode()))
    questions: list[tuple[str, str]] = []
    bare = (
        replace(one, winner=None, model_a=None, model_b=None, extra=_told(longest))
        for vote in votes
        for one in (vote, replace(swap_sides(vote), id=vote.id + SWAPPED_MARK))
    )
    for fitted in fit(bare, template, count=count, limit_tokens=limit_tokens):
        if not questions:
            questions = _questions(factors, template)
        for factor_id, question in questions:
            prompt = replace(fitted.prompt, question_id=factor_id, question=question, choices=CHOICES)
            yield replace(
                fitted, prompt=prompt, tokens=None if fitted.fit is not Fit.OVERFLOW else fitted.tokens
            )


def read_verdicts(run: Run, vote_ids: Sequence[str], factor_ids: Sequence[str]) -> VerdictMatrix:
    """Read a run of questions back as a matrix. What has no answer is NaN.

    Args:
        run: of `apply_factors`.
        vote_ids: the rows.
        factor_ids: the columns.
    """
    shape = (len(vote_ids), len(factor_ids), len(VERDICTS))
    both = {False: np.full(shape, np.nan), True: np.full(shape, np.nan)}
    row_of = {vote_id: row for row, vote_id in enumerate(vote_ids)}
    column_of = {factor_id: column for column, factor_id in enumerate(factor_ids)}
    for row in run.rows():
        if row.answer is None or row.answer.status is not Status.ANSWERED:
            continue
        swapped = row.subject_id.endswith(SWAPPED_MARK)
        place = row_of.get(row.subject_id.removesuffix(SWAPPED_MARK)), column_of.get(row.question_id)
        if None not in place and row.answer.probabilities is not None:
            both[swapped][place] = [row.answer.probabilities.get(choice, 0.0) for choice in CHOICES]
    return VerdictMatrix(tuple(vote_ids), tuple(factor_ids), both[False], both[True])


def _questions(factors: Sequence[Factor], template: Template) -> list[tuple[str, str]]:
    """Word the question about each factor once; it does not depend on the vote."""
    blank: dict[str, object] = {"turns": [], "id": "", "winner": None}
    names = ("prompt", "response_a", "response_b", "model_a", "model_b", "language", "source")
    values = blank | dict.fromkeys(names)
    return [(factor.id, template.render(values | {"extra": _told(factor)}).question) for factor in factors]


def _told(factor: Factor) -> dict[str, str]:
    """What the model is told of a factor: nothing of where it came from."""
    return {"name": factor.name, "definition": factor.definition}


def _check(votes: Votes, factors: Sequence[Factor]) -> None:
    if len(votes) == 0 or not factors:
        raise InputError(
            f"{len(votes)} votes and {len(factors)} factors: there is nothing to ask. Expected at least one of each."
        )
    for what, ids in (("votes", [vote.id for vote in votes]), ("factors", [one.id for one in factors])):
        if len(set(ids)) < len(ids):
            twice = next(one for one in ids if ids.count(one) > 1)
            raise InputError(
                f"{what}: the id {twice!r} stands {ids.count(twice)} times; verdicts need ids that do not repeat. "
                "`naze votes check` lists them."
            )
