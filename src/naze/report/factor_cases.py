"""A folder of factors goes in; what the page shows of single votes comes out, each vote once however often it is a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from naze.factors.cases import Case, Quote, Role
from naze.factors.drill import Drill, drill
from naze.factors.matrix import VERDICTS
from naze.factors.result import Factors
from naze.records import Vote
from naze.report.wording import Message

__all__ = ["Cases", "collect_cases", "passages"]

AROUND = 160
"""Characters of an explanation that are shown before and after quotes."""


@dataclass(frozen=True)
class Cases:
    """The cases of all factors."""

    drills: tuple[Drill, ...]
    """In the order of the factors."""
    counts: dict[str, Message]
    """Factor's id -> how many cases it has."""
    data: dict[str, Any]
    """What the page's script reads."""


def collect_cases(factors: Factors, most: int) -> Cases:
    """Look into every factor.

    Args:
        factors: the folder.
        most: cases of each role.
    """
    drills = tuple(drill(factors, factor.id, most=most) for factor in factors.factors)
    places: dict[str, int] = {}
    votes: list[dict[str, Any]] = []
    rows = {name: row for row, name in enumerate(factors.matrix().vote_ids)}
    texts = factors.explanations
    shown: dict[str, Any] = {}
    for column, one in enumerate(drills):
        told = []
        for case in one.cases:
            if case.vote.id not in places:
                places[case.vote.id] = len(votes)
                votes.append(_vote(case.vote))
            row = None if case.role is Role.SOURCE else rows.get(case.vote.id)
            text = texts[case.vote.id].text if case.vote.id in texts else ""
            told.append(_case(case, text, places[case.vote.id], _verdict(factors, row, column)))
        shown[one.factor.id] = {"cases": told, "slices": _slices(one), "analysis": _analysis(one)}
    counts = {one.factor.id: _count(one) for one in drills}
    return Cases(drills, counts, {"votes": votes, "factors": shown})


def _count(one: Drill) -> Message:
    return "f_open", {f"n_{role.value}": len(one.of(role)) for role in Role}


def _vote(vote: Vote) -> dict[str, Any]:
    found = {
        "id": vote.id,
        "prompt": vote.prompt,
        "a": vote.response_a,
        "b": vote.response_b,
        "winner": vote.winner,
        "model_a": vote.model_a,
        "model_b": vote.model_b,
        "source": vote.source,
    }
    return {name: value for name, value in found.items() if value is not None}


def _verdict(factors: Factors, row: int | None, column: int) -> list[float] | None:
    """Return the probabilities of a, b, alike and not applicable; None where nothing was answered."""
    if row is None:
        return None
    probabilities = factors.matrix().probabilities[row, column]
    assert len(probabilities) == len(VERDICTS)
    return None if np.isnan(probabilities).any() else [round(float(one), 4) for one in probabilities]


def _case(case: Case, text: str, vote: int, verdict: Sequence[float] | None) -> dict[str, Any]:
    return {
        "id": case.id,
        "role": case.role,
        "vote": vote,
        "p": verdict,
        "quotes": passages(text, case.quotes),
    }


def passages(text: str, quotes: Sequence[Quote], around: int = AROUND) -> list[list[str]]:
    """Show quotes where they stand in an explanation; those that stand close together share one passage.

    Args:
        text: the explanation.
        quotes: each occurs in it, character by character.
        around: characters that are shown before and after.

    Returns:
        Passages, each as texts that are by turns around a quote and the quote.

    Example:
        >>> passages("A is short. B is wrong.", [Quote("", "A is short.", ""), Quote("", "B is wrong.", "")])
        [['', 'A is short.', ' ', 'B is wrong.', '']]
    """
    shown: list[list[str]] = []
    end = 0
    for start, stop in _places(text, quotes):
        if shown and start - end <= 2 * around:
            shown[-1][-1:] = [text[end:start], text[start:stop], ""]
        else:
            if shown:
                shown[-1][-1] = _after(text, end, around)
            cut = max(0, start - around)
            shown.append([("…" if cut else "") + text[cut:start], text[start:stop], ""])
        end = stop
    if shown:
        shown[-1][-1] = _after(text, end, around)
    return shown


def _places(text: str, quotes: Sequence[Quote]) -> list[tuple[int, int]]:
    """Find quotes, in the order of the text; those that overlap are one."""
    found = sorted((at, at + len(one.text)) for one in quotes if (at := text.find(one.text)) >= 0)
    joined: list[tuple[int, int]] = []
    for start, stop in found:
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        else:
            joined.append((start, stop))
    return joined


def _after(text: str, end: int, around: int) -> str:
    return text[end : end + around] + ("…" if end + around < len(text) else "")


def _slices(one: Drill) -> list[list[Any]]:
    """Name each part of the held-out votes, how many they are, the figure with its interval, and what it stands beside."""
    return [
        [
            part.by,
            part.value,
            part.votes,
            part.figure.value,
            part.figure.low,
            part.figure.high,
            part.base.value,
        ]
        for part in one.slices
    ]


def _analysis(one: Drill) -> dict[str, Any] | None:
    if one.analysis is None or not one.analysis.claims:
        return None
    claims = [[claim.text, list(claim.case_ids)] for claim in one.analysis.claims]
    return {"model": one.analysis.model, "claims": claims, "marks": list(one.analysis.marks)}
