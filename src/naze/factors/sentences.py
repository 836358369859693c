"""A text goes in; where its sentences and their clauses stand comes out, as spans, in Japanese and English.

Spans and not texts, so that what is quoted is always the source's own characters.
"""

import re
from collections.abc import Iterator

from naze.factors.words import rules

__all__ = ["Span", "clauses", "script_language", "sentences"]

Span = tuple[int, int]
"""Start and end of a piece of a text, in characters."""

_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9d]")
_HAN = re.compile("[\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z]")
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

_CLAUSE_JA = re.compile(
    r"(?<=[すいたるだ])が、|一方(?:で)?、|(?<=[るた])のに対し(?:て)?、|のに対し(?:て)?、|ものの、|(?<=ており)、|(?<=であり)、"
    r"|(?<=[ただるい])(?:ため|ので|から)(?:、|、より)|(?<=し)、(?=また|さらに|かつ|より)|(?<=[いれせきしりみび])、また、?"
    r"|(?<=で)、(?=[^、。]{1,9}(?:で、|です|で[あし]|性[がも]))|(?<=[がも]あり)、"
    r"|しかし(?:ながら)?、|ただし、|したがって、|そのため、"
)


def script_language(text: str, otherwise: str | None) -> str | None:
    """Tell a piece's language from its script alone: kana is Japanese, Latin letters without any are English.

    Args:
        text: a sentence or less.
        otherwise: what the whole text is in; kept for every other script and every other Latin language.
    """
    if _KANA.search(text):
        return "ja"
    if otherwise in ("ja", None) and not _HAN.search(text) and len(_LATIN.findall(text)) >= 3:
        return "en"
    return otherwise


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
        if span := _trimmed(text, begin, stop.end()):
            yield span
        begin = stop.end()
    if span := _trimmed(text, begin, end):
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


def clauses(text: str, span: Span, language: str | None) -> list[Span]:
    """Cut a sentence into the clauses that each say one thing.

    Args:
        text: the whole text.
        span: the sentence.
        language: `ja` cuts at Japanese conjunctions, `en` at English ones; any other is not cut.
    """
    if language not in ("ja", "en"):
        return [span]
    pattern = _CLAUSE_JA if language == "ja" else rules().clause_en
    found: list[Span] = []
    begin = span[0]
    for cut in pattern.finditer(text, *span):
        if piece := _trimmed(text, begin, cut.start()):
            found.append(piece)
        begin = cut.end()
    if piece := _trimmed(text, begin, span[1]):
        found.append(piece)
    return found


def _trimmed(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None
