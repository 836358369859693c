"""A quote and the text that it is said to come from go in; whether it occurs there, character by character, comes out.

A model that copies often changes spaces or the width of characters (`，` for `,`, `Ａ` for `A`). Such a quote is
accepted, and what is kept is the source's own characters; any other difference rejects it.
"""

import re
import unicodedata
from functools import lru_cache

from naze.prompts.sentences import Span

__all__ = ["bears", "check_quote", "find_quote", "restore_quote"]

_WORD = re.compile("[a-z]+|[\u4e00-\u9fff]|[\u30a1-\u30faー]{2,}|[^\\W\\d_a-z\u3041-\u309f]+")
_SMALL = frozenset(
    "the and are was were has have had its for that this with not does did both more than".split()
)
_FOLDED = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "`": "'", "、": ",", "。": ".", "*": None}
)
"""Marks that models exchange freely, and Markdown's emphasis, which they drop."""


def check_quote(quote: str, source: str) -> bool:
    """Tell whether a quote occurs in its source, character by character. An empty one does not."""
    return bool(quote.strip()) and quote in source


def restore_quote(quote: str, source: str) -> str | None:
    """Return the source's own characters for a quote that differs in white space, width or marks only.

    Args:
        quote: what a model says stands in the source.
        source: the whole text.

    Returns:
        A text that occurs in the source; None when the quote does not.

    Example:
        >>> restore_quote("回答A は正確,簡潔", "回答Ａは正確、簡潔です。")
        '回答Ａは正確、簡潔'
    """
    found = find_quote(quote, source)
    return None if found is None else source[found[0] : found[1]]


def find_quote(quote: str, source: str) -> Span | None:
    """Find where a quote stands in its source, white space, width and marks aside; None where it does not.

    Example:
        >>> find_quote("it is  good", "Yes, it is good.")
        (5, 15)
    """
    trimmed = quote.strip()
    if check_quote(trimmed, source):
        start = source.index(trimmed)
        return start, start + len(trimmed)
    wanted, _ = _folded(trimmed)
    if not wanted:
        return None
    text, places = _folded(source)
    start = text.find(wanted)
    return None if start < 0 else (places[start], places[start + len(wanted) - 1] + 1)


def bears(quote: str, reason: str) -> bool:
    """Tell whether a quote can bear a reason: a word of the reason, or its beginning, stands in the quote.

    Small models copy a sentence and write something else beside it. A reason in another script than its quote
    cannot be compared this way and is let through.

    Example:
        >>> bears("It was more detailed than B.", "gives more detail"), bears("It was long.", "has errors")
        (True, False)
    """
    said = [word for word in _words(reason) if len(word) >= 3 or not word.isascii()]
    if not said or reason.isascii() != quote.isascii():
        return bool(reason.strip())
    found = quote.casefold()
    return any(word[:5] in found for word in said if word not in _SMALL)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=256)
def _folded(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the text without white space, in one width, and for each of its characters where it stood."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            continue
        for folded in unicodedata.normalize("NFKC", character).translate(_FOLDED):
            if not folded.isspace():
                characters.append(folded)
                places.append(place)
    return "".join(characters), tuple(places)
