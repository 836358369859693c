"""A language code goes in; the names under which a model and a person know that language come out."""

from difflib import get_close_matches

from naze.errors import ConfigurationError

__all__ = ["LANGUAGES", "language_name", "written_in"]

LANGUAGES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ms": "Malay",
    "nb": "Norwegian Bokmål",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""ISO 639-1 code -> the language's English name, which is what the templates tell the model."""

WRITTEN_IN = ("en", "ja")
"""Languages that naze's own texts are written in."""


def language_name(code: str) -> str:
    """Return the English name of a language.

    Raises:
        ConfigurationError: no such code in the table; the message names the nearest.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    by_name = {name.lower(): known for known, name in LANGUAGES.items()}
    lowered = code.strip().lower().replace("_", "-")
    near = by_name.get(lowered) or (lowered.split("-")[0] if lowered.split("-")[0] in LANGUAGES else None)
    if near is None:
        near = next((by_name[name] for name in get_close_matches(lowered, by_name, n=1)), None)
    meant = f"; did you mean {near!r} ({LANGUAGES[near]})?" if near else "."
    raise ConfigurationError(
        f"language is {code!r}; expected an ISO 639-1 code{meant} Known: {', '.join(LANGUAGES)}."
    )


def written_in(code: str) -> str:
    """Return the language that naze's own words around an answer in `code` are written in: `ja` or `en`."""
    return code if code in WRITTEN_IN else "en"
