"""What a predictor is told beside the texts: a model's own verdicts on each vote, what it has in mind then, and factors.

Asked once for the votes to learn from, and again for every vote that is predicted, by the same model in the same words.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError, InputError
from naze.factors.applying import apply_factors
from naze.factors.matrix import VerdictMatrix
from naze.factors.result import open_factors
from naze.generations import Progress
from naze.invocation import as_typed
from naze.jobs.asking import opened_worker
from naze.predictions.contents import content_hashes
from naze.predictions.features.groups import Group, Wide
from naze.predictions.judging import Verdicts, judge_votes
from naze.records import Factor, Outcome, Vote
from naze.votes import Votes

__all__ = [
    "Asked",
    "Questions",
    "answers_name",
    "ask_about",
    "factor_group",
    "probe_columns",
    "questions_of",
]

_THIRD = 1 / 3
_NAME_CHARACTERS = 60


@dataclass(frozen=True)
class Questions:
    """What is asked of a model about every vote."""

    judge: str | None = None
    """The model whose verdicts are taken; None: none."""
    judge_language: str = "en"
    """ISO 639-1 code of the question."""
    judge_context: int | None = None
    """Tokens that a prompt to the judge may have; longer votes are shortened. None: as many as the model takes."""
    probe: bool = False
    """Whether the judge's hidden states are read too, in the same pass."""
    factors: tuple[Factor, ...] = ()
    """Asked about one by one."""
    factors_model: str | None = None
    factors_language: str = "en"


@dataclass(frozen=True)
class Asked:
    """What came back."""

    groups: tuple[Group | Wide, ...]
    """Columns for a predictor; rows without an answer are NaN."""
    answered: tuple[bool, ...]
    """(votes,) whether every question about the vote was answered."""

    def kept(self) -> tuple[tuple[Group | Wide, ...], list[int]]:
        """Return the columns of the answered votes, and their rows."""
        rows = [row for row, fine in enumerate(self.answered) if fine]
        return tuple(group.take(np.asarray(rows, np.int64)) for group in self.groups), rows


def questions_of(
    judge: str | None,
    factors: str | Path | None,
    *,
    language: str = "en",
    context: int | None = None,
    probe: bool = False,
    model: str | None = None,
) -> Questions:
    """Put together what is asked.

    Args:
        judge: the model whose verdicts are taken.
        factors: folder of a factors run; its factors are asked about.
        language: of the judge's question.
        context: tokens that a prompt to the judge may have; None: as many as the model takes.
        probe: read the judge's hidden states too.
        model: who is asked about factors; None: the model that judged them in their run.

    Raises:
        ConfigurationError: a probe without a judge.
    """
    if judge is None and (probe or context is not None):
        raise ConfigurationError("--probe and --context say how the judge is asked. Name it: --judge MODEL.")
    asked = Questions(judge, language, context, probe)
    if factors is None:
        return asked
    found = open_factors(factors)
    bare = tuple(replace(one, evidence=()) for one in found.factors)
    return replace(
        asked,
        factors=bare,
        factors_model=model or found.about.model,
        factors_language=found.about.language,
    )


def ask_about(
    votes: Sequence[Vote],
    questions: Questions,
    folder: Path,
    *,
    engine: str | None = None,
    options: EngineOptions | None = None,
    progress: Callable[[], Progress | None] | None = None,
    neutral: bool = False,
) -> Asked:
    """Ask everything about every vote. Durable: the same call again asks nothing twice.

    Args:
        votes: winners in them are not shown.
        questions: what is asked.
        folder: keeps the runs, `judge` and `factors`.
        engine: a registered engine; None: the best here.
        options: how it runs.
        progress: makes what is told of every answer of a step.
        neutral: give a vote without an answer the verdict of a model that cannot tell, instead of NaN.

    Raises:
        InputError: no vote was answered.
    """
    table = votes if isinstance(votes, Votes) else Votes.from_votes(votes)
    told = progress or _silent
    groups: list[Group | Wide] = []
    answered = np.ones(len(table), bool)
    if questions.judge is not None:
        limited = replace(options or EngineOptions(), context_tokens=questions.judge_context)
        with opened_worker(questions.judge, engine=engine, options=limited, begun=folder / "judge") as worker:
            verdicts = judge_votes(
                table, worker, folder / "judge", language=questions.judge_language, states=questions.probe,
                progress=told(),
            )  # fmt: skip
        answered &= np.asarray(verdicts.answered, bool)
        groups.append((_neutral_verdicts(verdicts) if neutral else verdicts).group())
        if verdicts.states is not None:
            groups.append(probe_columns(verdicts.states, neutral=neutral))
    if questions.factors and questions.factors_model is not None:
        with opened_worker(
            questions.factors_model, engine=engine, options=options, begun=folder / "factors"
        ) as worker:
            matrix = apply_factors(
                table, questions.factors, worker, folder / "factors", language=questions.factors_language,
                progress=told(),
            )  # fmt: skip
        answered &= ~np.isnan(matrix.probabilities).any(axis=(1, 2))
        groups.append(factor_group(_neutral_matrix(matrix) if neutral else matrix, questions.factors))
    if groups and not answered.any():
        raise InputError(
            f"none of {len(table):,} votes was answered by {questions.judge or questions.factors_model}. "
            f"`{as_typed('naze', 'runs', 'show', folder / 'judge')}` says why; a model with a longer context may be needed."
        )
    return Asked(tuple(groups), tuple(bool(one) for one in answered))


def answers_name(vote: Vote) -> str:
    """Name the folder of one vote's answers: the id as far as a name can hold it, and a hash of all of it and of the texts.

    Example:
        >>> answers_name(Vote("../v.1", ("q",), ("a",), ("b",)))
        'v.1-...'
    """
    plain = re.sub(r"[^\w.-]+", "-", vote.id).strip("-.")[:_NAME_CHARACTERS]
    content = content_hashes([vote])[0, 0]
    digest = hashlib.sha256(f"{content} {vote.id}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain or 'vote'}-{digest[:10]}"


def probe_columns(states: NDArray[np.float16], *, neutral: bool = False) -> Wide:
    """Return a judge's hidden states as columns: the difference of the two orders (odd) and their sum (even).

    Exchanging a vote's responses exchanges its two orders; what the model keeps of their places falls out of the difference.

    Args:
        states: (votes, 2, depths, width): in the vote's own order, and with the sides exchanged.
        neutral: give votes without states the mean of the others' sums and no difference, instead of NaN.
    """
    flat = states.astype(np.float32).reshape(len(states), 2, -1)
    odd, even = flat[:, 0] - flat[:, 1], flat[:, 0] + flat[:, 1]
    missing = np.isnan(even).any(axis=1)
    if neutral and missing.any():
        odd[missing], even[missing] = 0.0, even[~missing].mean(axis=0) if not missing.all() else 0.0
    return Wide("probe", "the judge's hidden states", odd, even)


def factor_group(matrix: VerdictMatrix, factors: Sequence[Factor]) -> Group:
    """Return verdicts on factors as columns: the lean of each (odd), whether both are alike, and how strongly it leans (even).

    Those of a factor of ties have no lean worth knowing, but whether the responses are alike in it.
    """
    names = [f"{factor.id} {factor.name}" for factor in factors]
    wins = [place for place, factor in enumerate(factors) if factor.outcome is Outcome.WIN]
    alike = matrix.probabilities[:, :, 2]
    apart = matrix.probabilities[:, :, 3]
    return Group(
        "factors",
        tuple(names[place] for place in wins),
        matrix.lean[:, wins],
        (
            *(f"{name}, alike" for name in names),
            *(f"{name}, difference" for name in names),
            *(f"{name}, not applicable" for name in names),
        ),
        np.hstack([alike, np.abs(matrix.lean), apart]),
    )


def _neutral_verdicts(verdicts: Verdicts) -> Verdicts:
    return replace(
        verdicts,
        shown=np.where(np.isnan(verdicts.shown), _THIRD, verdicts.shown),
        swapped=np.where(np.isnan(verdicts.swapped), _THIRD, verdicts.swapped),
    )


def _neutral_matrix(matrix: VerdictMatrix) -> VerdictMatrix:
    quarter = 1 / matrix.shown.shape[2]
    return replace(
        matrix,
        shown=np.where(np.isnan(matrix.shown), quarter, matrix.shown),
        swapped=np.where(np.isnan(matrix.swapped), quarter, matrix.swapped),
    )


def _silent() -> None:
    """Make no progress."""
