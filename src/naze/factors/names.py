"""A clause of an explanation goes in; it comes out without the names of the responses and without what leads it in."""

import re

from naze.factors.words import rules

__all__ = ["without_names"]

_NOUN_EN = r"(?:responses?|answers?|assistants?|outputs?|models?|option|AI|chatbot)"
_NAME_EN = re.compile(
    r"(?:\b(?:the|both|in|by|of|from|than|to|while|unlike|compared (?:to|with))\s+)*?"
    rf"\**\b(?:the\s+)?{_NOUN_EN}\s*[\"“”'*(#]*(?:[AB]|[12]|one|two)\b[\"“”)*]*(?:['’]s?)?"
    r"(?:\s*(?:,|and|&|or)\s*(?:(?:response|answer|assistant|model)\s*)?\**(?:[AB]|[12])\b\**(?:['’]s?)?)?"
    r"(?:\s+(?:answers?|responses?|outputs?|feedback|code|version))?",
    re.I,
)
_NAME_JA = re.compile(
    "(?:(?:アシスタント|回答|応答|返答|レスポンス|モデル|答え)\\s*\\**[ABＡＢ12１２]\\**"
    "(?:(?:の)?(?:回答|応答|返答|答え|方|ほう))?(?:と|も|、|・|および|及び)?){1,2}"
    "(?:[ABＡＢ]\\**)?(?:の(?:両方|両者|回答|応答|返答|答え|方|ほう))*"
)


def without_names(text: str, language: str | None) -> str:
    """Take the responses' names and leading labels out: which of them it was is no part of a reason.

    Example:
        >>> without_names("**Response A**: it is shorter than Response B", "en")
        'is shorter than the other'
    """
    while (bare := rules().label.sub("", text, count=1)) != text:
        text = bare
    text = text.replace("**", "").replace("__", "").replace("`", "")
    if language == "ja":
        return _without_names_ja(text)
    if language == "en":
        return _without_names_en(text)
    return text.strip()


def _without_names_ja(text: str) -> str:
    text = rules().lead_ja.sub("", text)
    if found := _NAME_JA.match(text):
        both = "両方とも" if re.search("両|[ABＡＢ12]\\**[とも]", found[0]) else ""
        text = both + re.sub(r"^(?:[はがもの、，\s]|とも)+", "", text[found.end() :])
    return _NAME_JA.sub("もう一方", text).strip(" 　、,。．.")


def _without_names_en(text: str) -> str:
    text = rules().lead_en.sub("", text)
    if found := _NAME_EN.match(text):
        both = "both " if re.search(r"\b(?:both|and)\b", found[0], re.I) else ""
        text = both + text[found.end() :].lstrip(" ,:")
    return rules().lead_en.sub("", _NAME_EN.sub(_other, text)).strip(" ,;:.-–—")


def _other(found: re.Match[str]) -> str:
    lead = re.match(r"(?:(?:in|by|of|from|than|to|while|unlike|compared (?:to|with))\s+)+", found[0], re.I)
    return (lead[0] if lead else "") + "the other"
