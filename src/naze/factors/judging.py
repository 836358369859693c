"""A clause of an explanation goes in; whether it judges a response, and whether it says anything, comes out.

Rules for Japanese and English. A clause that judges names a quality, a fault or a comparison; one that retells
the prompt, the score or what a response says does not. A vacuous one judges but names nothing: "both are equal".
"""

import re

from naze.factors.names import without_names
from naze.factors.words import rules

__all__ = ["is_echo", "is_vacuous", "judges", "qualities", "says_nothing"]

_LEFT_JA = re.compile("[\u4e00-\u9fff\u30a0-\u30ffA-Za-z]|[\u3041-\u309f]{4,}")
"""What a Japanese text says something with: a Chinese character, katakana, or four kana in a row."""
_CRITERIA = re.compile(
    "正確さ|正確性|網羅性|羅性|分かりやすさ|わかりやすさ|長さ|書式|口調|correctness|completeness|clarity|length|format|tone",
    re.I,
)
_UNDECIDED = re.compile(
    r"\b(?:difficult|hard|impossible|not easy) to (?:differentiate|distinguish|determine|decide|choose|say|tell|pick|rank)\b"
    r".{0,50}\b(?:between|which|who|winner|one over|superior|better|quality)\b"
    "|(?:どちら|優劣|優れて|勝者).{0,20}(?:判断|区別|決め|選ぶ).{0,12}(?:難し|困難)",
    re.I,
)
"""That it is hard to choose says no more than that there is no difference."""


def judges(text: str, language: str | None) -> bool:
    """Tell whether a clause judges. In a language without rules everything counts as judging."""
    if language == "ja":
        return rules().judging_ja.search(text) is not None
    return language != "en" or rules().judging_en.search(text) is not None


def is_echo(text: str) -> bool:
    """Tell whether a clause only repeats the template's list of criteria (three of them or more, no verdict on any)."""
    if len(_CRITERIA.findall(text)) < 3:
        return False
    rest = _CRITERIA.sub("", text)
    return (
        len(re.sub(r"[\W\d_]+|and|strengths|weaknesses|its|良い点|悪い点|同じように書きます|と|の", "", rest))
        <= 4
    )


def is_vacuous(text: str, language: str | None) -> bool:
    """Tell whether a reason says no more than that one is better, or that both are equal, or that it is hard to choose.

    It is vacuous when nothing is left after taking out the words that only state a result. Rules exist for
    Japanese and English; in another language nothing is called vacuous.

    Example:
        >>> is_vacuous("Both answers are equally good.", "en"), is_vacuous("どちらの回答も同じくらい良いです。", "ja")
        (True, True)
        >>> is_vacuous("Both answers are equally short.", "en")
        False
    """
    bare = without_names(text, language)
    if _UNDECIDED.search(bare):
        return True
    if language == "ja":
        return _LEFT_JA.search(rules().result_ja.sub(" ", bare)) is None
    if language == "en":
        return all(word in rules().result_en for word in re.findall(r"[a-z]+(?:['’][a-z]+)?", bare.lower()))
    return not bare.strip()


def qualities(text: str, language: str | None) -> list[str]:
    """Cut a list of qualities into as many reasons; any other text stays as it is.

    Example:
        >>> qualities("gave helpful, relevant, and accurate answers", "en")
        ['gave helpful answers', 'gave relevant answers', 'gave accurate answers']
        >>> qualities("より具体的で詳細です", "ja")
        ['より具体的です', 'より詳細です']
    """
    if language not in ("ja", "en"):
        return [text]
    japanese = language == "ja"
    found = (rules().qualities_ja if japanese else rules().qualities_en).search(text)
    if found is None:
        return [text]
    between = rules().between_ja if japanese else rules().between_en
    words = [word for word in between.split(found[0]) if word]
    return [_with_quality(text[: found.start()], word, text[found.end() :]) for word in words]


def _with_quality(before: str, word: str, after: str) -> str:
    """Put one quality where the list stood; a Japanese form that only lists can have becomes a final one."""
    for listed, final in (("く", "い"), ("あり", "ある"), ("あって", "ある")):
        if word.endswith(listed):
            return before + word.removesuffix(listed) + final
    return before + word + after


def says_nothing(text: str, language: str | None) -> bool:
    """Tell whether a text whose subject matter was taken out names no quality any more: "provides more …"."""
    if language == "ja":
        text = rules().carrier_ja.sub(" ", text)
        return is_vacuous(text, language)
    if language == "en":
        text = rules().carrier_en.sub(" ", text.lower().replace("…", " "))
    return is_vacuous(text, language)
