"""A document goes in; pieces of it that each fit a prompt come out, cut where a reader would cut.

A piece ends before a heading or a paragraph where one is near, else behind a sentence; a sentence that is too long alone
is cut between words or, as in Japanese, between characters. The last sentences of a piece stand at the beginning of the
next one too, so that what crosses a border is read whole. Every sentence keeps its place in the document.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from naze.prompts.sentences import Span, sentences, trimmed
from naze.prompts.shortening import is_boundary

__all__ = ["Piece", "Sentence", "cut_document", "document_sentences"]

_HEADING = re.compile(r"^(?:#{1,6}\s|第[0-9一二三四五六七八九十]+[章節条]|(?:\d+\.)+\d*\s+\S|[■◆●【])")
_LIST = re.compile(r"^\s*(?:[-*+•・>|#]|\d{1,3}[.)]\s|[（(]\d+[)）]|[①-⑳■◆●【])")
_LONG_LINE = 40
"""A line of at least so many columns that ends within a sentence goes on in the next line."""
_BACK = 0.5
"""The share of a piece in which a border is looked for, from its end."""
_MOST_CHARACTERS = 1_200
"""A sentence that is longer is cut."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document."""

    span: Span
    """Its place in the document, in characters."""
    paragraph: bool
    """Whether a paragraph begins with it."""
    heading: bool
    """Whether it is a heading."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Sentences that are read together."""

    first: int
    """Which sentence of the document it begins with, from 0."""
    sentences: tuple[Sentence, ...]


def document_sentences(text: str) -> list[Sentence]:
    r"""Find the sentences of a document, in order. Lines that were broken at some width are read as one.

    Example:
        >>> text = "# Results\n\nIt rose by 4 %. Costs fell."
        >>> [(text[one.span[0]:one.span[1]], one.heading) for one in document_sentences(text)]
        [('# Results', True), ('It rose by 4 %.', False), ('Costs fell.', False)]
    """
    flowing = _flowing(text)
    found: list[Sentence] = []
    end = 0
    for span in sentences(flowing):
        between = text[end : span[0]]
        paragraph = not found or between.count("\n") > 1
        line = text.rfind("\n", 0, span[0]) + 1
        heading = not text[line : span[0]].strip() and bool(_HEADING.match(text[span[0] : span[1]]))
        for place, part in enumerate(_parts(text, span)):
            found.append(Sentence(part, (paragraph or heading) and place == 0, heading))
        end = span[1]
    return found


def _flowing(text: str) -> str:
    """Turn the line ends within sentences into spaces; every character keeps its place."""
    lines = text.split("\n")
    kept = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        wide = sum(2 if ord(character) > 0x2E7F else 1 for character in line)
        goes_on = (
            wide >= _LONG_LINE
            and following.strip()
            and not _LIST.match(following)
            and not _HEADING.match(line.strip())
            and line.rstrip()[-1:] not in ".!?。．！？:：|"
        )
        kept.append(line + (" " if goes_on else "\n"))
    return "".join(kept)[: len(text)]


def _parts(text: str, span: Span) -> list[Span]:
    """Cut a sentence that is too long into parts."""
    start, end = span
    parts: list[Span] = []
    while end - start > _MOST_CHARACTERS:
        cut = start + _MOST_CHARACTERS
        space = max(
            text.rfind(mark, start + _MOST_CHARACTERS // 2, cut) for mark in (" ", "\n", "、", ",", "，")
        )
        cut = space + 1 if space > 0 else cut
        while cut > start + 1 and not is_boundary(text, cut):
            cut -= 1
        if part := trimmed(text, start, cut):
            parts.append(part)
        start = cut
    if part := trimmed(text, start, end):
        parts.append(part)
    return parts


def cut_document(
    found: Sequence[Sentence], tokens: Sequence[int], room: int, overlap: int, *, whole: bool = False
) -> list[Piece]:
    """Cut a document into pieces.

    Args:
        found: its sentences.
        tokens: of each, with what stands around it.
        room: tokens that the sentences of a piece may have together; a sentence that has more stands alone.
        overlap: how many sentences at the end of a piece the next one begins with.
        whole: make one piece of everything.
    """
    if whole:
        return [Piece(0, tuple(found))] if found else []
    pieces: list[Piece] = []
    start = 0
    while start < len(found):
        end, used = start, 0
        while end < len(found) and (end == start or used + tokens[end] <= room):
            used += tokens[end]
            end += 1
        if end < len(found):
            end = _border(found, tokens, start, end, room)
        pieces.append(Piece(start, tuple(found[start:end])))
        if end == len(found):
            break
        start = _next_start(tokens, start, end, overlap, room)
    return pieces


def _border(found: Sequence[Sentence], tokens: Sequence[int], start: int, end: int, room: int) -> int:
    """Go back from where a piece is full to a heading, else to a paragraph, that is not too far away."""
    ways: tuple[Callable[[Sentence], bool], ...] = (lambda one: one.heading, lambda one: one.paragraph)
    for wanted in ways:
        back, place = 0, end
        while place > start + 1 and back <= room * _BACK:
            if wanted(found[place]):
                return _before_headings(found, start, place)
            place -= 1
            back += tokens[place]
    return _before_headings(found, start, end)


def _before_headings(found: Sequence[Sentence], start: int, end: int) -> int:
    """Leave a heading with what it is the heading of."""
    while end > start + 1 and found[end - 1].heading:
        end -= 1
    return end


def _next_start(tokens: Sequence[int], start: int, end: int, overlap: int, room: int) -> int:
    """Begin the next piece with the last sentences of this one, as far as that leaves room to go on."""
    begin = end
    while begin > start + 1 and end - begin < overlap and sum(tokens[begin - 1 : end]) <= room // 4:
        begin -= 1
    return begin
