"""Votes go in; how alike the texts of their two responses are comes out."""

import re
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
    """(votes,): shared runs of those of the shorter response, 0 to 1: whether one says what the other says. Where the
    shorter one has fewer than three characters, 1 where it stands in the other and 0 where it does not."""
    shorter: Ints
    """(votes,): characters of the shorter response."""


def text_similarity(votes: Sequence[Vote]) -> TextSimilarity:
    """Compare the two responses of each vote, all turns together, without case and spacing.

    Runs of characters need no words, so that Japanese is compared as English is. Each run counts once.

    Source: Broder 1997, "On the resemblance and containment of documents".
    """
    texts_a, texts_b = ([_plain(side) for side in sides] for sides in _sides(votes))
    shorter = np.array([min(len(a), len(b)) for a, b in zip(texts_a, texts_b, strict=True)], np.int64)
    if not len(votes):
        return TextSimilarity(np.empty(0), np.empty(0), shorter)
    # A text of one or two characters has no run of three: pad it, so that it can be compared as well.
    shared, count_a, count_b = _shared(
        [f"\2\2{text}\2\2" for text in texts_a], [f"\2\2{text}\2\2" for text in texts_b]
    )
    return TextSimilarity(shared / (count_a + count_b - shared), _containment(texts_a, texts_b), shorter)


def _shared(texts_a: Sequence[str], texts_b: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    """Count the different runs of three characters that both texts have, that A has, and that B has: (votes,) each."""
    from sklearn.feature_extraction.text import HashingVectorizer

    runs = HashingVectorizer(
        analyzer="char", ngram_range=(3, 3), lowercase=False, binary=True, norm=None,
        alternate_sign=False, n_features=2**20,
    )  # fmt: skip
    runs_a, runs_b = runs.transform(texts_a), runs.transform(texts_b)
    counted = (runs_a.multiply(runs_b), runs_a, runs_b)
    shared, count_a, count_b = (np.asarray(one.sum(axis=1), np.float64).ravel() for one in counted)
    return shared, count_a, count_b


def _containment(texts_a: Sequence[str], texts_b: Sequence[str]) -> Floats:
    """Say how far the shorter text stands in the longer one, marks at its ends aside: (votes,), 0 to 1."""
    pairs = [sorted((_bare(a), _bare(b)), key=len) for a, b in zip(texts_a, texts_b, strict=True)]
    shared, _, _ = _shared([short for short, _ in pairs], [long for _, long in pairs])
    counts = np.array([len({short[at : at + 3] for at in range(len(short) - 2)}) for short, _ in pairs])
    whole = np.array([(short in long if short else short == long) for short, long in pairs], np.float64)
    return np.where(counts > 0, np.minimum(shared / np.maximum(counts, 1), 1.0), whole)


def _bare(text: str) -> str:
    """Take off what is neither letter nor digit at both ends."""
    return re.sub(r"^\W+|\W+$", "", text)


def joined(turns: Turns) -> str:
    """Lay the turns of one side out as one text."""
    return "\n".join(turn or "" for turn in turns)


def _sides(votes: Sequence[Vote]) -> tuple[list[Turns], list[Turns]]:
    return [vote.response_a for vote in votes], [vote.response_b for vote in votes]


def _plain(turns: Turns) -> str:
    return " ".join(joined(turns).casefold().split())
