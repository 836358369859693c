"""A factor goes in; votes that speak for it, against it, and that it was found in come out, with quotes in context."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from naze.factors.reasons import split_reasons
from naze.jobs.quotes import restore_quote
from naze.records import Evidence, Factor, Outcome, Vote

if TYPE_CHECKING:
    from naze.factors.result import Factors

__all__ = ["Case", "Quote", "Role", "cases_of"]

_AROUND = 160
"""Characters of an explanation that are shown before and after a quote."""
_QUOTES = 3


class Role(StrEnum):
    """What a vote has to do with a factor."""

    SOURCE = "source"
    """The factor was found in its explanation."""
    FOR = "for"
    """Held out; it went as the factor says."""
    AGAINST = "against"
    """Held out; it went otherwise."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What an explanation says, word by word, and what stands around it there."""

    before: str
    text: str
    """Occurs in the explanation, character by character."""
    after: str


@dataclass(frozen=True, slots=True)
class Case:
    """One vote, seen under one factor."""

    id: str
    """`s1`, `f1`, `a1`, …: its role and number. Unique among the cases of a factor."""
    role: Role
    vote: Vote
    lean: float | None
    """P(a) - P(b) on the factor, -1 to 1; None where the model was not asked."""
    alike: float | None
    """P(alike | applicable), 0 to 1."""
    quotes: tuple[Quote, ...]
    """Of a source: what made the factor. Of a held-out vote: what its own explanation names as reasons; that took no
    part in finding or testing."""


def cases_of(factors: "Factors", factor: Factor, most: int = 6) -> tuple[Case, ...]:
    """Choose cases of a factor: the clearest ones for and against it, and its most central sources.

    For wins a case for it is a decided vote whose preferred response shows the factor more; for ties a tie whose
    responses are alike on it. Against it: decided the other way; decided although the responses are alike.

    Args:
        factors: the folder.
        factor: one of its factors.
        most: cases of each role.
    """
    lean, alike, applies = _verdicts(factors, factor)
    wins = factor.outcome is Outcome.WIN
    outcomes = _outcomes(factors.judged)
    if wins:
        strength = np.where(applies & (outcomes != 0), lean * outcomes, 0.0)
        roles = {Role.FOR: strength, Role.AGAINST: -strength}
    else:
        threshold = factors.tests[factor.id].alike_threshold
        level = 0.5 if threshold is None else threshold
        strength = np.where(applies & (alike >= level), np.maximum(alike, 1e-9), 0.0)
        roles = {
            Role.FOR: np.where(outcomes == 0, strength, 0.0),
            Role.AGAINST: np.where(outcomes != 0, strength, 0.0),
        }
    found = list(_sources(factors, factor, most))
    for role, strengths in roles.items():
        order = np.lexsort((np.arange(len(strengths)), -strengths))
        rows = [int(row) for row in order[:most] if strengths[row] > 1e-6]
        for number, row in enumerate(rows, 1):
            vote = factors.judged[row]
            found.append(
                Case(
                    f"{role.value[0]}{number}", role, vote, float(lean[row]), float(alike[row]),
                    tuple(_own_quotes(factors, vote)),
                )
            )  # fmt: skip
    return tuple(found)


def _verdicts(factors: "Factors", factor: Factor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lean, alike and whether the factor applies, of each judged vote; 0 where it does not."""
    held = factors.held_out()
    column = [one.id for one in factors.factors].index(factor.id)
    applies = held.applies[:, column]
    lean = np.where(applies, held.probabilities[:, column, 0] - held.probabilities[:, column, 1], 0.0)
    return lean, np.where(applies, held.alike[:, column], 0.0), applies


def _outcomes(votes: Sequence[Vote]) -> np.ndarray:
    return np.array([{"a": 1.0, "b": -1.0}.get(vote.winner or "", 0.0) for vote in votes])


def _sources(factors: "Factors", factor: Factor, most: int) -> Iterator[Case]:
    """Give the votes that the factor was found in, the most central first; each once."""
    by_vote: dict[str, list[Evidence]] = {}
    for one in factor.evidence:
        by_vote.setdefault(one.vote_id, []).append(one)
    rows = {name: row for row, name in enumerate(factors.votes.frame()["id"])}
    for number, (vote_id, evidence) in enumerate(list(by_vote.items())[:most], 1):
        text = factors.explanations[vote_id].text
        quotes = tuple(_in_context(text, one.quote) for one in evidence[:_QUOTES])
        yield Case(f"s{number}", Role.SOURCE, factors.votes[rows[vote_id]], None, None, quotes)


def _own_quotes(factors: "Factors", vote: Vote) -> Iterator[Quote]:
    """Give what the explanation of a held-out vote names as reasons."""
    explanation = factors.explanations.get(vote.id)
    if explanation is None:
        return
    reasons = split_reasons(vote.id, explanation.text, language=explanation.language, winner=vote.winner)
    for quote in list(dict.fromkeys(reason.quote for reason in reasons))[:_QUOTES]:
        yield _in_context(explanation.text, quote)


def _in_context(text: str, quote: str) -> Quote:
    found = restore_quote(quote, text) or quote
    at = text.find(found)
    if at < 0:
        return Quote("", quote, "")
    end = at + len(found)
    before, after = text[max(0, at - _AROUND) : at], text[end : end + _AROUND]
    return Quote(
        ("…" if at > _AROUND else "") + before, found, after + ("…" if end + _AROUND < len(text) else "")
    )
