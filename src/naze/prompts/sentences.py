"""A text goes in; where its sentences stand comes out, as spans, in Japanese and English.

Spans and not texts, so that what is quoted is always the source's own characters.
"""

import re
from collections.abc import Iterator

__all__ = ["Span", "sentences", "trimmed"]

Span = tuple[int, int]
"""Start and end of a piece of a text, in characters."""

_BLOCKS = re.compile(r"```.*?(?:```|\Z)|\n", re.S)
"""Fenced code, whole or cut off, and line ends: no sentence goes across them."""
_END = re.compile(r"[.!?]+[\"'”’)\]*_]*(?=\s|$)|[。．！？]+[」』）)\"”*]*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|approx|no|nos|fig|eq|mr|mrs|ms|dr|prof|st|jr|sr|inc|ltd|co|dept|est|vol|pp?"
    r"|u\.s|u\.k|a\.m|p\.m)|(?:^|[\s(])[A-Za-z]|^\s*\d{1,2})\.$",
    re.I,
)
_HIRAGANA = re.compile(r"\s*[\u3041-\u309f]")
_OPEN, _CLOSE = "「『（", "」』）"


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Find the sentences of a text, without surrounding white space, in order.

    Line ends and fenced code always end a sentence; a full stop does not behind an abbreviation, an initial or
    the number of a list, before a small letter, or inside 「…」.

    Example:
        >>> [text[a:b] for text in ["It costs 3.5 dollars, e.g. here. Good."] for a, b in sentences(text)]
        ['It costs 3.5 dollars, e.g. here.', 'Good.']
    """
    end = len(text) if end is None else end
    for block in _BLOCKS.finditer(text, start, end):
        yield from _in_line(text, start, block.start())
        start = block.end()
    yield from _in_line(text, start, end)


def _in_line(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for stop in _END.finditer(text, start, end):
        if _goes_on(text, begin, stop, end):
            continue
        if span := trimmed(text, begin, stop.end()):
            yield span
        begin = stop.end()
    if span := trimmed(text, begin, end):
        yield span


def _goes_on(text: str, begin: int, stop: re.Match[str], end: int) -> bool:
    """Tell that a full stop does not end its sentence."""
    if stop[0][0] in "。．！？":
        if stop[0][-1] in _CLOSE:  # 「…？」に対する…: the sentence goes on behind what it quotes
            return _HIRAGANA.match(text, stop.end(), end) is not None
        piece = text[begin : stop.start()]
        depth = sum(map(piece.count, _OPEN)) - sum(map(piece.count, _CLOSE))
        return depth > 0 and any(text.find(close, stop.start(), end) >= 0 for close in _CLOSE)
    follows = text[stop.end() : min(stop.end() + 3, end)].lstrip(" \t*_\"'“(")
    if follows[:1].islower() and follows.isascii():
        return True
    return stop[0][0] == "." and bool(
        _ABBREVIATION.search(text[max(begin, stop.start() - 12) : stop.start() + 1])
    )


def trimmed(text: str, start: int, end: int) -> Span | None:
    """Return a piece without the white space around it; None where nothing else is in it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None
