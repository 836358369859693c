"""Texts go in; the language of each comes out, quickly enough for a hundred thousand of them."""

from collections.abc import Sequence

import numpy as np

from naze.predictions.features.groups import Floats

__all__ = ["languages_of", "same_language"]

_ENGLISH = r"(?i)\b(?:the|and|that|with|you|your|this|what|which|have|are|from)\b"
"""Frequent words of English that are frequent in no other language."""
_ENGLISH_WORDS = 3
"""So many of them at a text's beginning need no detector."""
_BEGINNING = 300
"""Characters that are looked at."""


def languages_of(texts: Sequence[str]) -> list[str | None]:
    """Name the language of each text's beginning as ISO 639-1 code; None where it is too short or unclear.

    Three of four real texts are plain English, and told by their most frequent words; the others are put to the detector
    (`naze.votes.language`).

    Example:
        >>> languages_of(["What is the capital, and where?", "Wo liegt die Hauptstadt, und wie heißt sie?"])
        ['en', 'de']
    """
    import polars as pl

    from naze.votes.language import detect_languages

    beginning = pl.Series(texts, dtype=pl.String).str.slice(0, _BEGINNING)
    english = (beginning.str.count_matches(_ENGLISH) >= _ENGLISH_WORDS).to_list()
    asked = [row for row, known in enumerate(english) if not known]
    found: list[str | None] = ["en"] * len(texts)
    for row, language in zip(asked, detect_languages([texts[row] for row in asked]), strict=True):
        found[row] = language
    return found


def same_language(prompts: Sequence[str | None], responses: Sequence[str | None]) -> Floats:
    """Say where a response is in its prompt's language: 1 it is, 0 it is not, 0.5 one of the two is not known; (votes, 1)."""
    told = [
        0.5 if None in (prompt, response) else float(prompt == response)
        for prompt, response in zip(prompts, responses, strict=True)
    ]
    return np.array(told, np.float64)[:, None]
