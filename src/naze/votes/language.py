"""A text goes in; the ISO 639-1 code of its language comes out, or None when unsure. Of many votes: the languages in them."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from naze.records import Vote

if TYPE_CHECKING:
    import lingua
    import polars as pl

__all__ = ["detect_language", "detect_languages", "iso_codes", "languages_in"]

LEAST_LETTERS = 20
LEAST_CONFIDENCE = 0.9
MOST_CHARACTERS = 300
"""Looked at of each text; the beginning of a prompt is in the language of its author."""

MOST_VOTES = 1_000
"""So many votes without a language are looked at, at even distances: a second of time, whatever the size of the file."""
LEAST_SHARE = 0.02
"""A language that is detected in fewer of the votes is taken for a mistake: of five sets of English votes the detector took
up to 0.7 % for one other language."""
FEW_VOTES = 20
"""Of so many votes or more, one alone makes no language."""

TOLD_APART = (
    "ARABIC BENGALI BULGARIAN CATALAN CHINESE CROATIAN CZECH DANISH DUTCH ENGLISH FINNISH FRENCH GERMAN GREEK HEBREW "
    "HINDI HUNGARIAN INDONESIAN ITALIAN JAPANESE KOREAN PERSIAN POLISH PORTUGUESE ROMANIAN RUSSIAN SLOVAK SPANISH "
    "SWEDISH THAI TURKISH UKRAINIAN VIETNAMESE"
)
"""Languages of real votes. Rarer ones cost more answers than they give: of 1,561 arena prompts the quick detector
left 154 open with these at the confidence above, 214 with all 75; it disagreed with another detector on 30 and 26."""

_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9d]")
_LETTER = re.compile(r"[^\W\d_]")

NAMES = {
    "afrikaans": "af", "albanian": "sq", "arabic": "ar", "armenian": "hy", "azerbaijani": "az", "basque": "eu",
    "belarusian": "be", "bengali": "bn", "bosnian": "bs", "bulgarian": "bg", "catalan": "ca", "chinese": "zh",
    "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "esperanto": "eo",
    "estonian": "et", "finnish": "fi", "french": "fr", "galician": "gl", "georgian": "ka", "german": "de",
    "greek": "el", "gujarati": "gu", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "icelandic": "is",
    "indonesian": "id", "irish": "ga", "italian": "it", "japanese": "ja", "kazakh": "kk", "korean": "ko",
    "latin": "la", "latvian": "lv", "lithuanian": "lt", "macedonian": "mk", "malay": "ms", "marathi": "mr",
    "mongolian": "mn", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "punjabi": "pa",
    "romanian": "ro", "russian": "ru", "serbian": "sr", "slovak": "sk", "slovenian": "sl", "spanish": "es",
    "swahili": "sw", "swedish": "sv", "tagalog": "tl", "tamil": "ta", "telugu": "te", "thai": "th",
    "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "vietnamese": "vi", "welsh": "cy", "zulu": "zu",
}  # fmt: skip
"""Languages as published votes name them in English -> ISO 639-1."""


def detect_language(text: str) -> str | None:
    """Detect the language of a text.

    A text with kana is Japanese. None when there are fewer than 20 letters, or when the detector is unsure.

    Example:
        >>> detect_language("時間管理能力を向上させるにはどうしたらいいですか？")
        'ja'
    """
    return detect_languages([text])[0]


def detect_languages(texts: Sequence[str]) -> list[str | None]:
    """Detect the languages of many texts; the first 300 characters of each are looked at."""
    found: list[str | None] = [None] * len(texts)
    open_rows = []
    for row, text in enumerate(texts):
        beginning = text[:MOST_CHARACTERS]
        if len(_LETTER.findall(beginning)) < LEAST_LETTERS:
            continue
        if _KANA.search(beginning):
            found[row] = "ja"
        else:
            open_rows.append(row)
    if open_rows:
        asked = [texts[row][:MOST_CHARACTERS] for row in open_rows]
        for row, values in zip(
            open_rows, _detector().compute_language_confidence_values_in_parallel(asked), strict=True
        ):
            if values and values[0].value >= LEAST_CONFIDENCE:
                found[row] = values[0].language.iso_code_639_1.name.lower()
    return found


def languages_in(votes: Sequence[Vote]) -> tuple[str, ...]:
    """Name the languages of votes: those that votes bring, and of votes that bring none those that are detected often.

    Returns:
        ISO 639-1 codes in alphabetical order; none where nothing is known.
    """
    told = [vote.language for vote in votes]
    brought = Counter(one for one in told if one)
    bare = [row for row, one in enumerate(told) if not one]
    step = max(-(-len(bare) // MOST_VOTES), 1)
    prompts = ["\n".join(turn for turn in votes[row].prompt if turn) for row in bare[::step]]
    detected = Counter(one for one in detect_languages(prompts) if one)
    known = brought.total() + detected.total()
    least = max(LEAST_SHARE * known, 2 if known >= FEW_VOTES else 1)
    return tuple(sorted({*brought, *(one for one, count in detected.items() if count >= least)}))


@cache
def _detector() -> "lingua.LanguageDetector":
    from lingua import Language, LanguageDetectorBuilder

    # Full accuracy takes 740 MB and several seconds to load; the doubtful answers are dropped instead.
    languages = [getattr(Language, name) for name in TOLD_APART.split()]
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()


def iso_codes(names: "pl.Series") -> "pl.Series":
    """Turn names (`English`) and codes (`en`, `zh-Hant`) into ISO 639-1 codes; what is neither becomes a null."""
    import polars as pl

    plain = names.str.strip_chars().str.to_lowercase()
    short = plain.str.extract(r"^([a-z]{2})(?:[-_].*)?$")
    named = plain.replace_strict(NAMES, default=None, return_dtype=pl.String)
    return pl.select(pl.coalesce(named, short)).to_series().alias(names.name)
