"""Names and definitions that a model gave go in; what is wrong with them, and what can stand in, comes out.

A definition is what verdicts are asked with: one that goes round in circles, or is written in letters of another language,
gives way to the words of the group's own reasons. Anything less stays, and is marked.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import ClassVar

from naze.factors.name_checks import is_cut_off
from naze.jobs.checking import TextCheck, texts_of
from naze.jobs.faults import Mark, ordered, text_marks
from naze.records import Answer, FittedPrompt, Prompt

__all__ = [
    "KEYS",
    "NameCheck",
    "first_clean",
    "is_garbled",
    "is_sentence",
    "name_marks",
    "only_says_name",
    "same_name",
]

KEYS = frozenset(("name", "definition"))
_GAPS = re.compile("それ|…")
"""What stands where the matter of a prompt was taken out of a reason (`wording.py`)."""
_MOST_GAPS = 2
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+")
_SMALL = frozenset(
    "a an the of and in on to for with that which who it its is are be has have more most very response responses answer "
    "answers give gives provide provides show shows contain contains offer offers use uses or than other what".split()
)
_FRAME_JA = re.compile(
    "応答|回答|観点|内容|である|であり|ている|されて|して|いる|です|ます|こと|もの|ある|より|示す|示し|持つ|高い|優れ|[がはのをにでともなさ性的、。\\s]"
)
_LEADS_JA = re.compile("^(?:より|もっと|最も|とても)+")
_ENDS_JA = re.compile("(?:であること|である|の高さ|こと|さ|性|的|な)+$")
_LEAST_SAID = 2
_LONGEST_NAME_JA = 24
_LONGEST_NAME_WORDS = 7
_ENDS_SENTENCE_JA = re.compile("(?:です|ます|ました|ません|ている|である|する|した|した。|。)$")
_WRITTEN_OUT = re.compile("[a-z]{4}")
"""A word of another language, rather than the name of a format or an abbreviation."""
_SAME_BEGINNING = 4
"""Letters by which "concise" and "conciseness" are one word."""


@dataclass(frozen=True, slots=True)
class NameCheck:
    """Looks at names and definitions of factors.

    Args:
        texts: looks at each as at any text.
    """

    asks_again: ClassVar[bool] = True
    texts: TextCheck

    def look(self, row: FittedPrompt, answer: Answer) -> Answer:
        """Mark what is wrong with either. See `naze.generations.Check`."""
        looked = self.texts.look(row, answer)
        name, definition = (" ".join(texts_of(answer.text or "", {key})) for key in ("name", "definition"))
        of_both = name_marks(name, definition, self.texts.template.language) if definition else ()
        return replace(looked, marks=ordered(map(Mark, (*looked.marks, *of_both))))

    def again(self, row: FittedPrompt, answer: Answer) -> Prompt:
        """Ask with what was wrong, and more against repetition. See `naze.generations.Check`."""
        return self.texts.again(row, answer)


def name_marks(name: str, definition: str, language: str) -> tuple[str, ...]:
    """Find what is wrong with a name and its definition.

    Example:
        >>> name_marks("conciseness", "The response is concise.", "en")
        ('only_name',)
    """
    return ordered(_name_marks(name, definition, language))


def _name_marks(name: str, definition: str, language: str) -> Iterator[Mark]:
    for text in (name, definition):
        yield from text_marks(text, language)
        if _is_gaps(text):
            yield Mark.LOOPING
    if is_cut_off(definition):
        yield Mark.CUT_OFF
    if language == "ja" and not _JAPANESE.search(name) and _WRITTEN_OUT.search(name):
        yield Mark.LANGUAGE
    if is_sentence(name):
        yield Mark.LONG_NAME
    if only_says_name(name, definition):
        yield Mark.ONLY_NAME


def is_sentence(name: str) -> bool:
    """Tell whether a name is a sentence rather than what one calls a quality.

    Example:
        >>> is_sentence("具体的な例"), is_sentence("例を挙げて説明しています"), is_sentence("covers a wider range")
        (False, True, False)
    """
    if _JAPANESE.search(name):
        return len(name) > _LONGEST_NAME_JA or bool(_ENDS_SENTENCE_JA.search(name))
    return len(name.split()) > _LONGEST_NAME_WORDS


def is_garbled(text: str, language: str) -> bool:
    """Tell whether nobody can be asked with a text: it goes round in circles, or has letters of another language.

    Example:
        >>> is_garbled("それがそれをそれがそれを説明する", "ja"), is_garbled("応答が短い。", "ja")
        (True, False)
    """
    return _is_gaps(text) or bool({Mark.LOOPING, Mark.LETTERS} & set(text_marks(text, language)))


def first_clean(texts: Iterable[str], language: str) -> str | None:
    """Return the first text that is not garbled; None: all are."""
    return next((text for text in texts if text.strip() and not is_garbled(text, language)), None)


def _is_gaps(text: str) -> bool:
    return len(_GAPS.findall(text)) > _MOST_GAPS


def only_says_name(name: str, definition: str) -> bool:
    """Tell whether a definition has no words but those of its name and of any definition.

    Rules for English and Japanese.

    Example:
        >>> only_says_name("丁寧さ", "応答が丁寧である。"), only_says_name("丁寧さ", "応答が敬語で書かれている。")
        (True, False)
    """
    if _JAPANESE.search(definition):
        bare = _FRAME_JA.sub("", _plain(definition))
        for part in filter(None, _FRAME_JA.split(_plain(name))):
            bare = bare.replace(part, "")
        return len(bare) < _LEAST_SAID
    named = _WORD.findall(_plain(name))
    said = [word for word in _WORD.findall(_plain(definition)) if word not in _SMALL]
    return all(any(_is_same_word(word, one) for one in named) for word in said)


def _is_same_word(one: str, other: str) -> bool:
    pairs = zip(one, other, strict=False)
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    return one == other or (shared >= _SAME_BEGINNING and shared >= min(len(one), len(other)) - 2)


def same_name(name: str) -> str:
    """Return what two names have in common that are one in other words: order, number, endings and small words aside.

    Example:
        >>> same_name("Clear and concise"), same_name("concise, clear"), same_name("具体性") == same_name("より具体的")
        ('clear concise', 'clear concise', True)
    """
    line = _plain(name)
    if _JAPANESE.search(line):
        bare = _ENDS_JA.sub("", _LEADS_JA.sub("", "".join(_WORD.findall(line))))
        return bare if len(bare) >= _LEAST_SAID else line
    words = {_singular(word) for word in _WORD.findall(line) if word not in _SMALL}
    return " ".join(sorted(words)) or line


def _singular(word: str) -> str:
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
