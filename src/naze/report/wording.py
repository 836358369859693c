"""A text's key and its values go in; words come out, in one language, or in both for a page that switches."""

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup, escape

from naze.report.factor_texts import TEXTS as _OF_FACTORS
from naze.report.note_texts import TEXTS as _OF_NOTES
from naze.report.predictor_texts import TEXTS as _OF_PREDICTORS

__all__ = ["LANGUAGES", "Key", "Message", "as_html", "as_markdown", "both", "escape_markdown", "fill", "say"]

_ROOMS = (_OF_FACTORS, _OF_NOTES, _OF_PREDICTORS)
TEXTS = {
    language: {key: text for texts in _ROOMS for key, text in texts[language].items()}
    for language in _OF_FACTORS
}
"""All texts by language. A key stands in one file alone, else one page would speak another one's words: a test holds it."""
LANGUAGES = tuple(TEXTS)
_GAP = re.compile(r"\{(\w+)(?::([^/{}]*)/([^/{}]*))?\}")
_STRONG = re.compile(r"\*\*(.+?)\*\*")
_MARKDOWN_MARKS = re.compile(r"([\\`*_\[\]<>|#])")

_AND = {"en": ", ", "ja": "、"}


class Key(str):
    """A value that is itself a text's key, worded in the language of the text around it."""


Message = tuple[str, Mapping[str, object]]
"""A text's key and what fills its gaps."""


def fill(text: str, values: Mapping[str, object], shown: Callable[[str], str] = str) -> str:
    """Fill the gaps of a text; whole numbers get separators, and the word that goes with them.

    Args:
        text: with gaps such as `{n}` or `{n:vote/votes}`.
        values: one for each gap.
        shown: makes a value safe for where it stands.

    Example:
        >>> fill("{n:vote/votes} of {all}", {"n": 1, "all": 1200})
        '1 vote of 1,200'
    """

    def put(gap: re.Match[str]) -> str:
        value = values[gap[1]]
        number = f"{value:,}" if isinstance(value, int) else shown(str(value))
        return number if gap[2] is None else f"{number} {gap[2] if value == 1 else gap[3]}"

    return _GAP.sub(put, text)


def say(language: str, key: str, **values: object) -> str:
    """Word a text in one language, plainly."""
    return fill(TEXTS[language][key].replace("**", ""), _worded(language, values))


def as_html(language: str, key: str, **values: object) -> Markup:
    """Word a text as HTML; what fills its gaps is escaped."""
    text = _STRONG.sub(r"<strong>\1</strong>", str(escape(TEXTS[language][key])))
    return Markup(fill(text, _worded(language, values), lambda value: str(escape(value))))


def as_markdown(language: str, key: str, **values: object) -> str:
    """Word a text as Markdown; what fills its gaps is escaped."""
    return fill(TEXTS[language][key], _worded(language, values), escape_markdown)


def escape_markdown(text: str) -> str:
    r"""Keep Markdown and HTML in a text from being read as such.

    Example:
        >>> escape_markdown("a*b <i>")
        'a\\*b \\<i\\>'
    """
    return _MARKDOWN_MARKS.sub(r"\\\1", text)


def both(key: str, **values: object) -> Markup:
    """Word a text in every language; the page shows the one that it is in."""
    worded = {language: as_html(language, key, **values) for language in LANGUAGES}
    if len(set(worded.values())) == 1:
        return worded[LANGUAGES[0]]
    spans = (f'<span class="t" lang="{language}">{text}</span>' for language, text in worded.items())
    return Markup("".join(spans))


def _worded(language: str, values: Mapping[str, object]) -> dict[str, object]:
    """Word the values that are keys, and join those that are several."""
    return {name: _one(language, value) for name, value in values.items()}


def _one(language: str, value: object) -> object:
    if isinstance(value, Key):
        return TEXTS[language][value]
    if isinstance(value, list | tuple):
        return _AND[language].join(str(_one(language, one)) for one in value)
    return value
