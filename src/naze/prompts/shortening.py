"""A vote or a text goes in, with how much of it may stay; it comes out with marked gaps in its middle.

What is left out is said in the text, at the place. Both responses keep the same share of their length, since
length is one of the things that people judge; within one response the longest turns give way first.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from naze.prompts.languages import written_in
from naze.records import Turns, Vote

__all__ = [
    "LEAST_CHARACTERS",
    "Room",
    "is_boundary",
    "is_left_out_mark",
    "leave_middle_out",
    "left_out_mark",
    "level",
    "longest_room",
    "shorten_vote",
    "smallest_room",
]

LEAST_CHARACTERS = 160
"""A side that is longer than this keeps at least this many characters, in all its turns together."""

_MARKS = {"en": "[… {count:,} characters left out …]", "ja": "[……{count:,}文字省略……]"}
_IS_MARK = re.compile(
    "|".join(re.escape(mark).replace(re.escape("{count:,}"), r"\d[\d,]*") for mark in _MARKS.values())
)
_JOINER, _NON_JOINER = "\u200d", "\u200c"
_SPACING_VOWELS = frozenset("\u0e33\u0eb3")
"""Thai and Lao AM: letters by their category, but read as part of the character before."""
_VIRAMA = 9
"""Canonical combining class of the signs that join two consonants of an Indic script into one."""
_EXTENDING_CATEGORIES = frozenset({"Mn", "Me", "Mc"})


class Room(NamedTuple):
    """How many characters may stay: of both responses together, and of the person's turns."""

    responses: int
    prompt: int


def longest_room(vote: Vote) -> Room:
    """Return the room that leaves a vote as it is."""
    return Room(_length(vote.response_a) + _length(vote.response_b), _length(vote.prompt))


def smallest_room(vote: Vote) -> Room:
    """Return the room below which nothing is left to explain."""
    a, b, prompt = (
        min(_length(side), LEAST_CHARACTERS) for side in (vote.response_a, vote.response_b, vote.prompt)
    )
    return Room(a + b, prompt)


def shorten_vote(vote: Vote, room: Room, language: str) -> Vote:
    """Leave the middle of the responses out, and of the person's turns, until the rest fits the room.

    Args:
        vote: the whole vote.
        room: characters that may stay, marks not counted.
        language: of the template; the marks are written in it.
    """
    keep_a, keep_b = _shares(room.responses, _length(vote.response_a), _length(vote.response_b))
    return replace(
        vote,
        prompt=_shorten_turns(vote.prompt, room.prompt, language),
        response_a=_shorten_turns(vote.response_a, keep_a, language),
        response_b=_shorten_turns(vote.response_b, keep_b, language),
    )


def left_out_mark(count: int, language: str) -> str:
    """Say in a language that so many characters were left out here."""
    return _MARKS[written_in(language)].format(count=count)


def is_left_out_mark(text: str) -> bool:
    """Tell whether a line says that something was left out, in any language.

    Example:
        >>> is_left_out_mark(left_out_mark(1234, "en"))
        True
    """
    return _IS_MARK.fullmatch(text.strip()) is not None


def leave_middle_out(text: str, keep: int, language: str) -> str:
    """Keep the beginning and the end of a text, and say between them how many characters are missing.

    No character that a reader sees as one is cut apart: combining marks, joined emoji, flags, Hangul
    syllables and surrogate pairs stay whole. A text that would not become shorter stays as it is.

    Args:
        text: the whole text.
        keep: characters of it that may stay, the mark not counted.
        language: of the mark.
    """
    if keep >= len(text):
        return text
    head = _boundary_before(text, (keep + 1) // 2)
    tail = max(head, _boundary_after(text, len(text) - keep // 2))
    shortened = f"{text[:head]}\n{left_out_mark(tail - head, language)}\n{text[tail:]}"
    return shortened if len(shortened) < len(text) else text


def _length(turns: Turns) -> int:
    return sum(len(turn) for turn in turns if turn)


def _shares(room: int, length_a: int, length_b: int) -> tuple[int, int]:
    """Divide a room in proportion to two lengths, but so that neither is left with nothing."""
    least_a, least_b = min(length_a, LEAST_CHARACTERS), min(length_b, LEAST_CHARACTERS)
    in_proportion = round(room * length_a / max(1, length_a + length_b))
    share_a = max(least_a, min(in_proportion, room - least_b))
    return share_a, room - share_a


def _shorten_turns(turns: Turns, keep: int, language: str) -> Turns:
    """Give every turn the same highest length, so that the longest give way first."""
    lengths = [len(turn) if turn else 0 for turn in turns]
    if keep >= sum(lengths):
        return turns
    cap = level(lengths, keep)
    return tuple(turn and leave_middle_out(turn, cap, language) for turn in turns)


def level(lengths: Sequence[int], keep: int) -> int:
    """Return the highest length such that texts cut down to it hold `keep` characters together."""
    remaining, left = keep, len(lengths)
    for length in sorted(lengths):
        if length * left > remaining:
            return remaining // left
        remaining -= length
        left -= 1
    return max(lengths, default=0)


def _boundary_before(text: str, position: int) -> int:
    while position > 0 and not is_boundary(text, position):
        position -= 1
    return position


def _boundary_after(text: str, position: int) -> int:
    while position < len(text) and not is_boundary(text, position):
        position += 1
    return position


def is_boundary(text: str, position: int) -> bool:
    """Tell whether a reader sees two characters, not one, around a position."""
    if position in (0, len(text)):
        return True
    before, after = text[position - 1], text[position]
    if after.isascii():
        return not (before == "\r" and after == "\n")
    if before == _JOINER or _extends(after):
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, position) % 2 == 0
    return not _are_one_pair(before, after)


def _extends(character: str) -> bool:
    """Tell whether a character belongs to the one before it."""
    code = ord(character)
    return (
        unicodedata.category(character) in _EXTENDING_CATEGORIES
        or character in (_JOINER, _NON_JOINER)
        or character in _SPACING_VOWELS
        or 0x1F3FB <= code <= 0x1F3FF  # skin tones
        or 0xE0020 <= code <= 0xE007F  # flags of regions
        or 0x1160 <= code <= 0x11FF  # Hangul vowels and finals
        or 0xD7B0 <= code <= 0xD7FF
    )


def _are_one_pair(before: str, after: str) -> bool:
    """Tell whether two halves of a surrogate pair, two Hangul initials or two Indic consonants are one."""
    pair = 0xD800 <= ord(before) <= 0xDBFF and 0xDC00 <= ord(after) <= 0xDFFF
    hangul = 0x1100 <= ord(before) <= 0x115F and 0x1100 <= ord(after) <= 0x115F
    conjunct = unicodedata.combining(before) == _VIRAMA and unicodedata.category(after) == "Lo"
    return pair or hangul or conjunct


def _is_flag_half(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _flag_halves_before(text: str, position: int) -> int:
    start = position
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return position - start
