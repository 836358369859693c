"""Reasons go in; what is compared of each comes out: its words without the subject matter of its vote.

An embedding of "gives more detail about the Black Death" lies nearer to other texts about the Black Death than to
"gives more detail about Rust". Reasons are to be compared by what they judge. So words that few votes share, and
words of the vote's own prompt, are taken out, unless they judge; what is left is the reason's *wording*. Many
reasons then have the same wording, which is embedded once.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from naze.factors.judging import judges, says_nothing
from naze.factors.words import rules
from naze.records import Reason

__all__ = ["wordings"]

_WORDS_EN = re.compile(r"[^\W\d_][\w'’-]*")
_RUNS_JA = re.compile("[\u4e00-\u9fff々]+|[\u30a1-\u30faー]+|[A-Za-zＡ-Ｚａ-ｚ]+")
"""Runs of Chinese characters, of katakana and of Latin letters: near enough to words, without a dictionary."""
_SMALL_EN = (
    r"(?:a|an|the|of|in|on|for|to|with|by|about|at|from|into|as|and|or|that|which|who|how|what|when|where|such|like"
    r"|its|their|his|her|user's|including|if|is|are|be|being|can|could|would|between|during|over|per|it|they|them|some|each|any)"
)
_GAP = "…"
_QUOTED = re.compile('[“"][^“”"]{0,300}[”"]|「[^」]{0,300}」|『[^』]{0,300}』|[(（][^()（）]{0,300}[)）]')
_EXAMPLES = re.compile(
    r"[,\s]*\b(?:such as|for example|e\.g\.|i\.e\.|namely)\b.*$|[,\s]+including\b.*$|:\s.*$", re.I
)
_NUMBERS = re.compile(r"\d[\d.,/%]*|[０-９]+")
_AROUND = re.compile(
    rf"(?:[\s,;:–-]*(?:\b{_SMALL_EN}\b[\s,;:–-]*)*{_GAP})+(?:[\s,;:–-]*\b{_SMALL_EN}\b)*[\s,;:–-]*", re.I
)
_AROUND_JA = re.compile(f"(?:{_GAP}[のやとなに、・」』\\s]{{0,2}})*{_GAP}")


def wordings(reasons: Sequence[Reason], prompts: Mapping[str, str] | None = None) -> list[str]:
    """Return what is compared of each reason.

    A word stays when it judges (`judging.judges`), or when it is shared: found in the reasons of at least
    `sqrt(n) / 2` of the n different prompts (votes, where the prompts are not given), and not in the vote's prompt.

    Args:
        reasons: of any number of votes and languages.
        prompts: vote id -> the text of its prompt. Votes about the same prompt count once.

    Returns:
        One for each reason, in order; two reasons with the same wording are the same reason. A reason of which
        nothing would be left keeps its whole text.
    """
    prompts = prompts or {}
    cleaned = [_without_asides(reason.text) for reason in reasons]
    shared = _shared_words(reasons, cleaned, prompts)
    own: dict[str, frozenset[str]] = {}
    judging: dict[tuple[str, str], bool] = {}
    return [
        _wording(text, reason, shared, _own_words(reason, prompts, own), judging)
        for text, reason in zip(cleaned, reasons, strict=True)
    ]


def _without_asides(text: str) -> str:
    bare = _EXAMPLES.sub("", _QUOTED.sub(_GAP, text))
    return bare if len(bare) >= 3 else text


def _pattern(language: str | None) -> re.Pattern[str]:
    return _RUNS_JA if language == "ja" else _WORDS_EN


def _shared_words(
    reasons: Sequence[Reason], cleaned: Sequence[str], prompts: Mapping[str, str]
) -> dict[str | None, frozenset[str]]:
    """Find, for each language, the words that enough different prompts' reasons use."""
    users: dict[str | None, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    numbers: dict[str, int] = {}
    groups: dict[str | None, set[int]] = defaultdict(set)
    for text, reason in zip(cleaned, reasons, strict=True):
        group = numbers.setdefault(prompts.get(reason.vote_id, reason.vote_id), len(numbers))
        groups[reason.language].add(group)
        of_language = users[reason.language]
        for word in set(_pattern(reason.language).findall(text.lower())):
            of_language[word].add(group)
    return {
        language: frozenset(
            word
            for word, found in of_language.items()
            if len(found) >= max(2, math.ceil(math.sqrt(len(groups[language])) / 2))
        )
        for language, of_language in users.items()
    }


def _own_words(
    reason: Reason, prompts: Mapping[str, str], known: dict[str, frozenset[str]]
) -> frozenset[str]:
    """Return the longer words of the vote's own prompt."""
    prompt = prompts.get(reason.vote_id)
    if prompt is None:
        return frozenset()
    if prompt not in known:
        words = _pattern(reason.language).findall(prompt[:4000].lower())
        known[prompt] = frozenset(word for word in words if len(word) > (1 if reason.language == "ja" else 3))
    return known[prompt]


def _wording(
    text: str,
    reason: Reason,
    shared: Mapping[str | None, frozenset[str]],
    own: frozenset[str],
    judging: dict[tuple[str, str], bool],
) -> str:
    language = reason.language
    common = shared[language]

    def keep(found: re.Match[str]) -> str:
        word = found[0].lower()
        if word in common and word not in own:
            return found[0]
        if (word, language or "") not in judging:
            judging[word, language or ""] = _stays(word, language)
        return found[0] if judging[word, language or ""] else _GAP

    bare = _pattern(language).sub(keep, _NUMBERS.sub(_GAP, text))
    if language == "ja":
        bare = _AROUND_JA.sub(_GAP, bare)
        told = bare.replace(_GAP, "それ").strip(" 　、。")
    else:
        told = _AROUND.sub(f" {_GAP} ", bare).strip(" ,;:.-–")
        told = re.sub(r"\s+", " ", told.removeprefix(_GAP).removesuffix(_GAP)).strip(" ,;:.").lower()
    left = Counter(character.isalpha() for character in told.replace("それ", ""))[True]
    if left < 3 or says_nothing(told, language):
        return text
    bare = _without_frame(told, language)
    return told if len(bare) < 2 or says_nothing(bare, language) else bare


def _stays(word: str, language: str | None) -> bool:
    """Tell whether a word stays however rare it is: it judges, or says what a response does to the prompt."""
    if language not in ("ja", "en"):
        return False
    kept = rules().kept_ja if language == "ja" else rules().kept_en
    return kept.fullmatch(word) is not None or judges(word, language)


def _without_frame(text: str, language: str | None) -> str:
    """Take away what only carries a verdict: "both responses provided a more … answer to the user's question"."""
    if language == "ja":
        return rules().tail_ja.sub("", rules().head_ja.sub("", text)) or text
    if language == "en":
        return rules().tail_en.sub("", rules().head_en.sub("", text)) or text
    return text
