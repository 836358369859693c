"""Ties and verdicts go in; for each tie, of which kind it is and which rule decided comes out."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from naze.errors import InputError
from naze.factors.matrix import Floats, VerdictMatrix
from naze.factors.similarity import TextSimilarity, text_similarity
from naze.records import Vote, Winner

__all__ = ["TieCase", "TieKind", "TieRule", "tie_kinds"]

SAME_TEXT = 0.8
"""Of the runs of three characters of both responses, so large a share is in both."""
SAME_ANSWER = 0.7
"""Of the runs of three characters of the shorter response, so large a share is in the other."""
SHORT_ANSWER = 200
"""Characters that an easy answer has at most."""
CLEAR_LEAN = 0.2
"""A factor speaks for a response where P(a) - P(b) is at least so far from 0."""


class TieKind(StrEnum):
    """Why a vote may be a tie."""

    BOTH_BAD = "both_bad"
    SAME_CONTENT = "same_content"
    EASY_ANSWER = "easy_answer"
    """The question has one short answer, and both give it."""
    TRADE_OFF = "trade_off"
    """Some factors speak for one response, others for the other."""
    BOTH_GOOD = "both_good"
    OTHER = "other"
    """No rule applies."""


class TieRule(StrEnum):
    """What decided the kind of a tie, in the order in which the rules are asked."""

    SAID_BOTH_BAD = "said_both_bad"
    """The vote says so: its winner, its source's own word for it, or that neither response is acceptable."""
    SIMILAR_TEXT = "similar_text"
    """`SAME_TEXT` or more of the runs of three characters are in both responses."""
    SHORT_AND_CONTAINED = "short_and_contained"
    """The shorter response has at most `SHORT_ANSWER` characters, and `SAME_ANSWER` of it is in the other."""
    OPPOSED_FACTORS = "opposed_factors"
    """A factor leans to A by `CLEAR_LEAN` or more, and another to B."""
    SAID_BOTH_GOOD = "said_both_good"
    """The vote says that both responses are acceptable."""
    SOURCE_TELLS_APART = "source_tells_apart"
    """The vote's source has a word for "both bad", and the person did not use it."""
    NONE = "none"
    """No rule applies."""


_KIND_OF = {
    TieRule.SAID_BOTH_BAD: TieKind.BOTH_BAD,
    TieRule.SIMILAR_TEXT: TieKind.SAME_CONTENT,
    TieRule.SHORT_AND_CONTAINED: TieKind.EASY_ANSWER,
    TieRule.OPPOSED_FACTORS: TieKind.TRADE_OFF,
    TieRule.SAID_BOTH_GOOD: TieKind.BOTH_GOOD,
    TieRule.SOURCE_TELLS_APART: TieKind.BOTH_GOOD,
    TieRule.NONE: TieKind.OTHER,
}


@dataclass(frozen=True, slots=True)
class TieCase:
    """One tie."""

    vote_id: str
    kind: TieKind
    rule: TieRule
    similarity: float
    """Jaccard similarity of the responses, 0 to 1."""
    for_a: str | None
    """Id of the factor that leans furthest to A; None where none leans by `CLEAR_LEAN`."""
    for_b: str | None
    """The same for B."""


def tie_kinds(
    matrix: VerdictMatrix, votes: Sequence[Vote], *, factor_ids: Collection[str] | None = None
) -> tuple[TieCase, ...]:
    """Tell the ties among votes apart. The first rule of `TieRule` that applies decides.

    "Both good" stands behind the rules that look at the responses, because it says less than they do.

    Args:
        matrix: verdicts; a tie without verdicts can still be of every kind but a trade-off.
        votes: decided votes among them are passed over, but tell whether a source knows "both bad".
        factor_ids: factors that may make a trade-off, such as those that passed; None: all.

    Raises:
        InputError: a factor that is not in the matrix.
    """
    unknown = sorted(set(factor_ids or ()) - set(matrix.factor_ids))
    if unknown:
        raise InputError(
            f"kinds of ties: no factor {unknown[0]!r} in the verdicts; they have {matrix.factor_ids}."
        )
    ties = [vote for vote in votes if vote.winner in (Winner.TIE, Winner.BOTH_BAD)]
    telling = {vote.source for vote in votes if _says_both_bad(vote)}
    similar = text_similarity(ties)
    lean = _leans(matrix, ties, factor_ids)
    cases = []
    for row, vote in enumerate(ties):
        for_a, for_b = _strongest(lean[row], matrix.factor_ids), _strongest(-lean[row], matrix.factor_ids)
        rule = _said(vote) or _seen(similar, row)
        if rule is None:
            rule = _inferred(vote, opposed=bool(for_a and for_b), told=vote.source in telling)
        cases.append(TieCase(vote.id, _KIND_OF[rule], rule, float(similar.jaccard[row]), for_a, for_b))
    return tuple(cases)


def _said(vote: Vote) -> TieRule | None:
    return TieRule.SAID_BOTH_BAD if _says_both_bad(vote) else None


def _says_both_bad(vote: Vote) -> bool:
    raw = re.sub(r"[^a-z]", "", str(vote.extra.get("winner_raw", "")).lower())
    return vote.winner is Winner.BOTH_BAD or "bothbad" in raw or _acceptable(vote) == ("no", "no")


def _acceptable(vote: Vote) -> tuple[str, str]:
    """Read what some sources ask besides: whether each response is acceptable, yes or no."""
    said = [str(vote.extra.get(f"{side}_acceptable", "")).strip().lower() for side in "ab"]
    return said[0], said[1]


def _seen(similar: TextSimilarity, row: int) -> TieRule | None:
    if similar.jaccard[row] >= SAME_TEXT:
        return TieRule.SIMILAR_TEXT
    if similar.containment[row] >= SAME_ANSWER and 0 < similar.shorter[row] <= SHORT_ANSWER:
        return TieRule.SHORT_AND_CONTAINED
    return None


def _inferred(vote: Vote, *, opposed: bool, told: bool) -> TieRule:
    if opposed:
        return TieRule.OPPOSED_FACTORS
    if _acceptable(vote) == ("yes", "yes"):
        return TieRule.SAID_BOTH_GOOD
    return TieRule.SOURCE_TELLS_APART if told else TieRule.NONE


def _leans(matrix: VerdictMatrix, ties: Sequence[Vote], factor_ids: Collection[str] | None) -> Floats:
    """Return the lean of each tie on each factor, 0 where there is none: (ties, factors)."""
    rows = {name: row for row, name in enumerate(matrix.vote_ids)}
    at = np.array([rows.get(vote.id, -1) for vote in ties], np.int64)
    lean = np.zeros((len(ties), len(matrix.factor_ids)))
    lean[at >= 0] = np.nan_to_num(matrix.lean[at[at >= 0]])
    kept = [factor_ids is None or name in factor_ids for name in matrix.factor_ids]
    return np.where(np.array(kept, bool), lean, 0.0)


def _strongest(lean: Floats, factor_ids: Sequence[str]) -> str | None:
    if not len(lean) or lean.max() < CLEAR_LEAN:
        return None
    return factor_ids[int(lean.argmax())]
