"""A text that a model wrote for people goes in; what anybody sees to be wrong with it comes out, by rules.

No fault is hidden and none is left to the reader: each has a name that stands in the store, on the pages and in exports.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from enum import StrEnum

from naze.records import Answer, FinishReason
from naze.votes.language import detect_languages

__all__ = ["Mark", "are_alike", "cut_off", "text_marks"]


class Mark(StrEnum):
    """What is wrong with a text."""

    LOOPING = "looping"
    """It says the same again and again."""
    ALIKE = "alike"
    """It says the same of both responses."""
    CUT_OFF = "cut_off"
    """It ends before it has come to its end."""
    LANGUAGE = "language"
    """It is not in the language that was asked for."""
    LETTERS = "letters"
    """It has letters that its language is not written with, such as Chinese forms in Japanese."""
    COPIED = "copied"
    """It repeats the words of the instruction."""
    AGAINST_WINNER = "against_winner"
    """Its reason speaks for the response that was not preferred."""
    ONLY_NAME = "only_name"
    """Its definition only says the name again."""
    LONG_NAME = "long_name"
    """Its name is a sentence, not a name."""
    SAYS_NOTHING = "says_nothing"
    """Its reason only repeats the result."""
    UNVERIFIED = "unverified"
    """None of its quotes stands in the response that it is said to come from."""


ALIKE_SHARE = 0.8
"""Two texts with more pairs of letters in common than this, and as much in the same order, are the same to a reader."""
_IMMEDIATE = re.compile(r"([^\n]{2,60}?)\1{3,}|([^\W\d_])\2{9,}")
"""The same few characters four times in a row, or one letter ten times."""
_LEAST_DIGITS = 30
"""Characters of numbers in a row, again and again, that no number has."""
_PARTS = re.compile(r"[\n。！？!?、,;；]+|(?<=[.:])\s")
_LEAST_PART = 6
_MOST_TIMES = 3
_MOST_REPEATED = 0.3
_LONG = 800
"""Characters from which a text may come back to the same words a few times."""
_LEAST_AGAIN = 0.15
"""The share of a long text that was said before, from which it loops."""
_LEAST_ENGLISH = 40
"""Letters below which the language of a sentence is left open."""
_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3041-\u309f\u30a1-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_CHINESE_WORDS = re.compile(
    r"(?<![完終修満未魅読議校])了(?![解承見簡察知])|机器人|特朗普|磅|只羊|你|的(?:回答|問題|説明)是|以及|因此|但是"
)
"""Chinese that is written with letters which Japanese has too."""
_WITHIN = re.compile(r"「[^」]*」|『[^』]*』|“[^”]*”|\"[^\"]*\"|`[^`]*`")
_LEAST_COPIED = {"ja": 12, "zh": 12, "ko": 14}
_LEAST_COPIED_ELSEWHERE = 36
"""Letters in a row that a text has in common with its instruction by more than chance."""


def text_marks(text: str, language: str, *, instruction: Sequence[str] = ()) -> tuple[Mark, ...]:
    """Find what is wrong with a text that a model wrote.

    Args:
        text: what it wrote.
        language: ISO 639-1 code that was asked for. Japanese and English have rules for language and letters.
        instruction: what the model was told, to find its words copied.

    Returns:
        In a fixed order, each once.

    Example:
        >>> [str(mark) for mark in text_marks("それがそれがそれがそれがそれが良い。", "ja")]
        ['looping']
    """
    found = []
    if _loops(text):
        found.append(Mark.LOOPING)
    if _is_other_language(text, language):
        found.append(Mark.LANGUAGE)
    if _has_foreign_letters(text, language):
        found.append(Mark.LETTERS)
    if any(_copies(text, told, language) for told in instruction):
        found.append(Mark.COPIED)
    return tuple(found)


def cut_off(answer: Answer) -> bool:
    """Tell whether an answer was cut at its largest number of tokens."""
    return answer.finish_reason is FinishReason.LENGTH


def are_alike(one: str, other: str) -> bool:
    """Tell whether two texts say the same in the same order, letter by letter, or nearly.

    Example:
        >>> are_alike("is clear and correct", "is clear and correct."), are_alike("is clear", "is wrong")
        (True, False)
    """
    pairs_of_one, pairs_of_other = _pairs(one), _pairs(other)
    together = pairs_of_one | pairs_of_other
    if not together or len(pairs_of_one & pairs_of_other) / len(together) <= ALIKE_SHARE:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() > ALIKE_SHARE


def _pairs(text: str) -> set[str]:
    letters = "".join(character for character in text.casefold() if character.isalnum())
    return {letters[place : place + 2] for place in range(len(letters) - 1)} or {letters}


def _loops(text: str) -> bool:
    if any(_is_said(repeated[0]) for repeated in _IMMEDIATE.finditer(text)):
        return True
    parts = [part.strip().casefold() for part in _PARTS.split(text)]
    counted = Counter(part for part in parts if sum(map(str.isalnum, part)) >= _LEAST_PART)
    total = sum(counted.values())
    if total > 3 and 1 - len(counted) / total > _MOST_REPEATED:
        return True
    if max(counted.values(), default=0) < _MOST_TIMES:
        return False
    again = sum((times - 1) * len(part) for part, times in counted.items())
    return len(text) < _LONG or again > _LEAST_AGAIN * len(text)


def _is_said(repeated: str) -> bool:
    """Tell what a model says again and again from indentation, rules of dashes and the zeros of a large number."""
    digits = len(repeated) >= _LEAST_DIGITS and any(map(str.isdigit, repeated))
    return digits or _LETTER.search(repeated) is not None


def _is_other_language(text: str, language: str) -> bool:
    """Tell whether a text is in another language, by its script; of Latin ones, whether it is in English instead.

    Names and quotations are left out of account.
    """
    bare = _WITHIN.sub("", text)
    letters = len(_LETTER.findall(bare))
    if language == "ja":
        return letters >= 12 and len(_KANA.findall(bare)) < letters * 0.12
    if language in _LATIN_LANGUAGES:
        in_latin = len(_LATIN.findall(bare)) >= letters * 0.6
        return letters >= 12 and (not in_latin or (language in _TOLD_FROM_ENGLISH and _is_english(bare)))
    return False


def _is_english(text: str) -> bool:
    """Tell whether a text is surely in English, into which small models slip."""
    return len(_LETTER.findall(text)) >= _LEAST_ENGLISH and detect_languages([text]) == ["en"]


def _has_foreign_letters(text: str, language: str) -> bool:
    bare = _WITHIN.sub("", text)
    if language == "ja":
        return bool(_CHINESE_WORDS.search(bare)) or any(map(_is_chinese_form, _HAN.findall(bare)))
    if language in _LATIN_LANGUAGES:
        return bool(_HAN.search(bare))
    return False


def _is_chinese_form(letter: str) -> bool:
    """Tell whether Japanese has no such letter: it is not in JIS X 0208."""
    try:
        return len(letter.encode("euc_jp")) != 2
    except UnicodeEncodeError:
        return True


def _copies(text: str, told: str, language: str) -> bool:
    """Tell whether a text has as many letters in a row from an instruction as no text has by chance."""
    least = _LEAST_COPIED.get(language, _LEAST_COPIED_ELSEWHERE)
    wanted, source = _bare(text), _bare(told)
    return any(wanted[place : place + least] in source for place in range(len(wanted) - least + 1))


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


_LATIN_LANGUAGES = frozenset(
    "ca cs da de en es et fi fr hr hu id it lt lv ms nb nl pl pt ro sk sl sv sw tl tr vi".split()
)

_TOLD_FROM_ENGLISH = frozenset("ca cs da de es fi fr hr hu id it nl pl pt ro sk sv tr vi".split())
"""Those of them that the detector of `naze.votes.language` knows."""


def ordered(marks: Iterable[Mark]) -> tuple[str, ...]:
    """Give marks in their own order, each once, as the store keeps them."""
    wanted = set(marks)
    return tuple(str(mark) for mark in Mark if mark in wanted)
