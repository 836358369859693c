"""A response goes in; the passages of it that an explanation can quote come out, short and character by character.

A passage is a sentence, a line of code, or the beginning of one that is long. A model that may write nothing else for a
quote cannot misquote.
"""

import re

from naze.prompts import is_left_out_mark
from naze.prompts.sentences import sentences, trimmed
from naze.records import Turns

__all__ = ["distinctive", "quotable"]

LONGEST = 90
"""Characters of a quote in Latin letters; half as many in scripts that say more with a character."""
MOST_QUOTES = 160
"""Of one response; a longer one is quoted evenly over its length."""
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
_LIST_MARK = re.compile(r"(?:[-*+•>#]+|\(?\d{1,3}[.):]|\|)[ \t*_]*|[*_]{1,3}(?=\S)")
_WORD = re.compile(r"\w+")
_SAYS_SOMETHING = re.compile(r"\w")
_FENCE = re.compile(r"^\s*```.*$", re.M)
_BREAK = re.compile(r"[,;:，、；：)）\]」』。]|\s")


def quotable(turns: Turns) -> tuple[str, ...]:
    r"""Find the passages of a response that can be quoted.

    Args:
        turns: the response, as the model that explains it reads it. What it says of its own gaps, where it was
            shortened, cannot be quoted.

    Returns:
        At most `MOST_QUOTES`, in the order of the text, each once; each stands in one of the turns as it is. Empty where
        the response says nothing.

    Example:
        >>> quotable(("Sure! **Paris** is the capital.\n1. It lies on the Seine.",))
        ('Sure!', 'Paris** is the capital.', 'It lies on the Seine.')
    """
    passages: dict[str, None] = {}
    for turn in turns:
        for passage in _passages(turn or ""):
            passages.setdefault(passage)
    kept = list(passages)
    if len(kept) > MOST_QUOTES:
        kept = [kept[place * len(kept) // MOST_QUOTES] for place in range(MOST_QUOTES)]
    return tuple(kept)


def _passages(text: str) -> list[str]:
    """Cut a turn into sentences, and code into lines."""
    fences = [mark.span() for mark in _FENCE.finditer(text)]
    borders = [0, *(edge for fence in fences for edge in fence), len(text)]
    passages: list[str] = []
    for number in range(0, len(borders), 2):
        start, end = borders[number], borders[number + 1]
        is_code = number % 4 == 2
        spans = _lines(text, start, end) if is_code else list(sentences(text, start, end))
        passages += [passage for span in spans if (passage := _short(text, *span))]
    return passages


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    for line in re.compile(r"[^\n]+").finditer(text, start, end):
        if span := trimmed(text, *line.span()):
            spans.append(span)
    return spans


def _short(text: str, start: int, end: int) -> str | None:
    """Take the mark of a list off, and the end of what is too long; None where nothing is said."""
    if mark := _LIST_MARK.match(text, start, end):
        start = mark.end()
    most = LONGEST // 2 if len(_WIDE.findall(text, start, end)) * 3 > end - start else LONGEST
    if end - start > most:
        cuts = [cut.end() for cut in _BREAK.finditer(text, start + most // 2, start + most)]
        end = cuts[-1] if cuts else start + most
    span = trimmed(text, start, end)
    passage = text[span[0] : span[1]] if span else ""
    return passage if _SAYS_SOMETHING.search(passage) and not is_left_out_mark(passage) else None


def distinctive(turns: Turns, *, others: Turns) -> tuple[str, ...]:
    """Find the passages of a response that can be quoted for what sets it apart: the half with the most words of its own.

    Args:
        turns: the response.
        others: what a distinctive passage does not repeat: the prompt and the other response.

    Returns:
        In the order of the text; all of them where there are two or fewer.

    Example:
        >>> distinctive(("Sure! It is a film of 2013. The film is Elysium.",), others=("Sure! The film is The Martian.",))
        ('It is a film of 2013.', 'The film is Elysium.')
    """
    passages = quotable(turns)
    known = _words(" ".join(turn or "" for turn in others))
    own_share = {passage: _own_share(passage, known) for passage in passages}
    most = max(2, len(passages) // 2)
    kept = set(sorted(passages, key=lambda passage: -own_share[passage])[:most])
    return tuple(passage for passage in passages if passage in kept)


def _own_share(passage: str, known: set[str]) -> float:
    """Share of a passage's words that stand nowhere else; two words are added so that a passage of one does not lead."""
    words = _words(passage)
    return len(words - known) / (len(words) + 2)


def _words(text: str) -> set[str]:
    """Words, and of scripts without spaces the pairs of letters."""
    folded = text.casefold()
    wide = {folded[place : place + 2] for place in range(len(folded) - 1) if _WIDE.match(folded[place])}
    return {word for word in _WORD.findall(folded) if not _WIDE.match(word)} | wide
