"""Votes go in; how alike the texts of their two responses are comes out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.factors.held_out import Ints
from naze.factors.matrix import Floats
from naze.records import Turns, Vote

__all__ = ["TextSimilarity", "joined", "text_similarity"]


@dataclass(frozen=True)
class TextSimilarity:
    """How alike two responses are, by the runs of three characters that they share."""

    jaccard: Floats
    """(votes,): shared runs of all runs, 0 to 1; 1 for equal texts, two empty ones included."""
    containment: Floats
    """(votes,): shared runs of those of the shorter response, 0 to 1: whether one says what the other says."""
    shorter: Ints
    """(votes,): characters of the shorter response."""


def text_similarity(votes: Sequence[Vote]) -> TextSimilarity:
    """Compare the two responses of each vote, all turns together, without case and spacing.

    Runs of characters need no words, so that Japanese is compared as English is. Each run counts once.

    Source: Broder 1997, "On the resemblance and containment of documents".
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    texts_a, texts_b = ([_plain(side) for side in sides] for sides in _sides(votes))
    shorter = np.array([min(len(a), len(b)) for a, b in zip(texts_a, texts_b, strict=True)], np.int64)
    if not len(votes):
        return TextSimilarity(np.empty(0), np.empty(0), shorter)
    runs = HashingVectorizer(
        analyzer="char", ngram_range=(3, 3), lowercase=False, binary=True, norm=None,
        alternate_sign=False, n_features=2**20,
    )  # fmt: skip
    # A text of one or two characters has no run of three: pad it, so that it can be compared as well.
    runs_a, runs_b = (runs.transform([f"\2\2{text}\2\2" for text in texts]) for texts in (texts_a, texts_b))
    shared = np.asarray(runs_a.multiply(runs_b).sum(axis=1), np.float64).ravel()
    count_a, count_b = (np.asarray(found.sum(axis=1), np.float64).ravel() for found in (runs_a, runs_b))
    return TextSimilarity(
        jaccard=shared / (count_a + count_b - shared),
        containment=shared / np.minimum(count_a, count_b),
        shorter=shorter,
    )


def joined(turns: Turns) -> str:
    """Lay the turns of one side out as one text."""
    return "\n".join(turn or "" for turn in turns)


def _sides(votes: Sequence[Vote]) -> tuple[list[Turns], list[Turns]]:
    return [vote.response_a for vote in votes], [vote.response_b for vote in votes]


def _plain(turns: Turns) -> str:
    return " ".join(joined(turns).casefold().split())
