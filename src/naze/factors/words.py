"""`words.toml` goes in; the patterns by which reasons are found and compared come out, made when first needed."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

__all__ = ["Rules", "rules"]

_DEGREE_EN = r"(?:(?:more|less|very|well|highly|equally|quite|slightly|not)[ -])*"
_JOINED_JA = "(?:で(?:あり)?(?:、|かつ|)|、|かつ、?|(?<=[くり])、?|(?<=あって)、?)"


@dataclass(frozen=True, slots=True)
class Rules:
    """Compiled patterns."""

    judging_en: re.Pattern[str]
    judging_ja: re.Pattern[str]
    result_en: frozenset[str]
    result_ja: re.Pattern[str]
    carrier_en: re.Pattern[str]
    carrier_ja: re.Pattern[str]
    qualities_en: re.Pattern[str]
    """A list of two or more qualities."""
    qualities_ja: re.Pattern[str]
    between_en: re.Pattern[str]
    """What separates the qualities of a list."""
    between_ja: re.Pattern[str]
    lead_en: re.Pattern[str]
    lead_ja: re.Pattern[str]
    label: re.Pattern[str]
    kept_en: re.Pattern[str]
    kept_ja: re.Pattern[str]
    head_en: re.Pattern[str]
    tail_en: re.Pattern[str]
    head_ja: re.Pattern[str]
    tail_ja: re.Pattern[str]
    clause_en: re.Pattern[str]
    same: tuple[tuple[str, str], ...]
    """Wordings of English and Japanese that say the same."""


@lru_cache(maxsize=1)
def rules() -> Rules:
    """Return the patterns; read and compiled once."""
    words = tomllib.loads(files("naze.factors").joinpath("words.toml").read_text(encoding="utf-8"))
    judging, result, carrier, quality = (words[name] for name in ("judging", "result", "carrier", "quality"))
    lead, frame = words["lead"], words["frame"]
    quality_en, quality_ja = _DEGREE_EN + _any(quality["en"]), _any(quality["ja"])
    return Rules(
        judging_en=re.compile(rf"\b{_any(judging['en'])}\b", re.I),
        judging_ja=re.compile(_any(judging["ja"])),
        result_en=frozenset(" ".join(result["en"]).split()),
        result_ja=re.compile(_any(result["ja"])),
        carrier_en=re.compile(rf"\b{_any(carrier['en'])}\b", re.I),
        carrier_ja=re.compile(_any(carrier["ja"])),
        qualities_en=re.compile(rf"\b{quality_en}(?:(?:, (?:and )?| and ){quality_en})+\b", re.I),
        qualities_ja=re.compile(f"{quality_ja}(?:{_JOINED_JA}{quality_ja})+"),
        between_en=re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+"),
        between_ja=re.compile(f"{_JOINED_JA}(?=.)"),
        lead_en=_lead_en(lead["en"]),
        lead_ja=re.compile(rf"^(?:\s*{_any(lead['ja'])}[、,\s]*)+"),
        label=_label(lead["label"]),
        kept_en=re.compile(_any(frame["kept_en"])),
        kept_ja=re.compile(_any(frame["kept_ja"])),
        head_en=re.compile(rf"^(?:{_any(frame['head_en'])}\s+)+", re.I),
        tail_en=re.compile(rf"(?:[\s,]*{_any(frame['tail_en'])})+$", re.I),
        head_ja=re.compile(f"^{_any(frame['head_ja'])}+"),
        tail_ja=re.compile(f"{_any(frame['tail_ja'])}+$"),
        clause_en=_clause_en(words["clause"]),
        same=tuple((english, japanese) for english, japanese in words["same"]["pairs"]),
    )


def _any(alternatives: Sequence[str]) -> str:
    return f"(?:{'|'.join(alternatives)})"


def _lead_en(words: Sequence[str]) -> re.Pattern[str]:
    pronoun = r"(?:it|they|this|that|which|who|(?:this|the) (?:response|answer|assistant))"
    return re.compile(rf"^(?:\W*{_any(words)}\b[\s,]*)*(?:{pronoun}\s+(?:also\s+|both\s+)?)?", re.I)


def _label(words: Sequence[str]) -> re.Pattern[str]:
    marks = r"^[\s>#*_\-–—•・+]*(?:\(?\d{1,2}[.)．、]\s+)?[*_]*"
    return re.compile(rf"{marks}{_any(words)}[*_]*\s*[:：]\s*[*_]*\s*", re.I)


def _clause_en(words: dict[str, Sequence[str]]) -> re.Pattern[str]:
    """Where a new clause begins: behind a conjunction, or behind an "and" before a verb."""
    verb = rf"(?:it |they |not |also |only )?{_any(words['verbs_en'])}\b"
    return re.compile(
        rf"(?:\s*[,;:—–-]?\s+|\s*;\s*)(?:and\s+)?(?:{_any(words['conjunctions_en'])}(?![\w-])"
        rf"|and(?: also| then| therefore)?,?\s+(?={verb}))(?:\s*,)?\s*"
        r"|\s*;\s+|(?<=[a-z]),\s+on the other hand,?\s+",
        re.I,
    )
