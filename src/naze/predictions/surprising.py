"""Predictions out of fold and votes go in; the votes that surprised the predictor most come out, with what moved it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.factors.similarity import joined
from naze.predictions.explaining import Mover, explain_predictions
from naze.predictions.features.groups import Floats, Ints, VoteFeatures
from naze.predictions.models.learnt import Learnt
from naze.predictions.scores import log_loss
from naze.records import Turns, Vote

__all__ = ["SurprisingVote", "surprising_votes"]

MOST = 12
_OF_ONE_PROMPT = 2
_CHARACTERS = 6_000
CUT = " […] "


@dataclass(frozen=True, slots=True)
class SurprisingVote:
    """A vote that came out as the predictor thought least likely."""

    id: str
    prompt: str
    response_a: str
    response_b: str
    """Turns are joined by line breaks; the middle of what is longer than 6,000 characters is left out and marked."""
    winner: str
    probabilities: tuple[float, float, float]
    """Of a, b, tie, by a model that did not see its prompt."""
    loss: float
    """Nats."""
    movers: tuple[Mover, ...]
    """What moves the final model's prediction most: who wins first, then tie or decision."""


def surprising_votes(
    learnt: Learnt, features: VoteFeatures, votes: Sequence[Vote], told: Floats, happened: Ints, prompts: Ints
) -> tuple[SurprisingVote, ...]:
    """Return at most twelve votes, the most surprising first, at most two of one prompt."""
    losses = log_loss(told, happened)
    chosen: list[int] = []
    for row in np.argsort(-losses, kind="stable"):
        if sum(int(prompts[one]) == int(prompts[row]) for one in chosen) < _OF_ONE_PROMPT:
            chosen.append(int(row))
        if len(chosen) == MOST:
            break
    some = [votes[row] for row in chosen]
    reasons = explain_predictions(learnt, features.take(np.array(chosen, np.int64)), some, 3)
    return tuple(
        SurprisingVote(
            id=vote.id,
            prompt=_held(vote.prompt),
            response_a=_held(vote.response_a),
            response_b=_held(vote.response_b),
            winner=str(vote.winner),
            probabilities=(float(told[row, 0]), float(told[row, 1]), float(told[row, 2])),
            loss=float(losses[row]),
            movers=(*why.winner, *why.tie),
        )
        for row, vote, why in zip(chosen, some, reasons, strict=True)
    )


def _held(turns: Turns) -> str:
    text = joined(turns)
    half = _CHARACTERS // 2
    return text if len(text) <= _CHARACTERS else f"{text[:half]}{CUT}{text[-half:]}"
