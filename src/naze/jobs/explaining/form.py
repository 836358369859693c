"""A vote goes in; the form that its explanation is written in comes out, as a JSON Schema.

The form decides what a small model gets wrong: quotes are chosen among the response's own passages, each text is one
sentence that begins with whom it speaks of, and the reason begins with the response that was chosen.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from naze.jobs.explaining.quotable import distinctive, quotable
from naze.prompts import written_in
from naze.records import Sampling, Vote, Winner

__all__ = ["Form", "Length", "wording"]

CHINESE_FORMS = (
    "专业东两严为举么义书产亲们优伟你关军农则创别务动势华历发变员响团图处备复头她实对导层师带应开强总战护报时术权极标样步济满热环现电确种红约"
    "级线组细织经结给统续罗联药获营见观规视计认讨让训议记讲许论设访证评识诉词译试诗诚话诞询该详语误说请诸读课谁调谈谊谋谎谓谜谢谦谨谱贝负贡财"
    "责贤败货质贩贪购贯贴贵贷贸费贺资赏赔赖赚赛赞车转轮软轰轻载较辅辆辈辉输边达迁过迈运还这进远违连迟适选递逻遗邮邻郑释鉴针钉钟钢钥钱铁铃铅铜"
    "铭链销锁锅错锡锦键镇镜长门闪闭问闯闲间闷闹闻阀阅队阳阴阵阶际陆陈险隐难顶项顺须顾顿预领颇频题颜额风飞饭饮饰饱饼饿馆马驱驶驻驾骂验骑骗鱼鲁"
    "鲜鸟鸡鸣鸭齐齿龄龙龟"
)
"""The simplified letters that Chinese uses most and JIS X 0208 does not have: no Japanese text is written with them."""
MOST_CHARACTERS = 400
"""Of one text of an explanation; a longer one is not accepted."""
MOST_POINTS = 3
"""Of each response, in the full form."""
_REASONS = {
    Winner.A: "reason_a",
    Winner.B: "reason_b",
    Winner.TIE: "reason_tie",
    Winner.BOTH_BAD: "reason_both_bad",
    None: "reason_open",
}
"""How the reason for a result begins."""


class Length(StrEnum):
    """How much an explanation says."""

    SHORT = "short"
    """One point of each response, each in a sentence: for small models and large files."""
    FULL = "full"
    """Up to three points of each response, and a reason of several sentences: for models that can."""


@dataclass(frozen=True, slots=True)
class Form:
    """How explanations in a language are written.

    Args:
        language: ISO 639-1 code of the explanations.
        length: how much they say.
    """

    language: str
    length: Length = Length.SHORT

    @property
    def keys(self) -> Mapping[str, str]:
        """Names of the fields -> the keys that stand in the JSON."""
        return wording(self.language, "keys")

    @property
    def sampling(self) -> Sampling:
        """How a model chooses its words where nothing else is said."""
        return Sampling(_MOST_TOKENS[self.length], repetition_penalty=_PENALTIES.get(self.language, 1.0))

    def schema(self, vote: Vote) -> str:
        """Write the form of one vote's explanation, as JSON text.

        Args:
            vote: as the model reads it, shortened where it was.
        """
        decided = vote.winner in (Winner.A, Winner.B, None)
        fields: dict[str, Any] = {"asked": self._text("asked")}
        for side, quotes in _quotes(vote, decided=decided).items():
            point = self._text(f"point_{side}")
            if self.length is Length.FULL and decided:
                entry = _record({self.keys["quote"]: quotes, self.keys["point"]: point})
                fields[f"points_{side}"] = {
                    "type": "array",
                    "items": entry,
                    "minItems": 1,
                    "maxItems": MOST_POINTS,
                }
            else:
                fields[f"quote_{side}"] = quotes
                fields |= {f"point_{side}": point} if decided else {}
        if not decided:
            fields["shared"] = self._text("shared")
        if vote.winner is None:
            values = wording(self.language, "values")
            fields["expected"] = {"enum": [values[outcome] for outcome in ("a", "b", "tie")]}
        fields[self.reason_name(vote.winner)] = self._text(
            _REASONS[vote.winner], long=self.length is Length.FULL
        )
        return json.dumps(
            _record({self.keys[name]: field for name, field in fields.items()}), ensure_ascii=False
        )

    def as_contrast(self, schema: str) -> str:
        """Have the second response's points begin as differences from the first one's.

        Args:
            schema: of this form.
        """
        openings = wording(self.language, "openings")
        begins, begins_instead = (
            json.dumps(f"^{openings[name]}", ensure_ascii=False)[:-1]
            for name in ("point_b", "point_b_contrast")
        )
        return schema.replace(begins, begins_instead)

    def reason_name(self, winner: Winner | None) -> str:
        """Name the field that holds the reason for a result."""
        return "reason" if winner in (Winner.A, Winner.B) else _REASONS[winner]

    def _text(self, opening: str, *, long: bool = False) -> dict[str, Any]:
        """Say what a text may be: a sentence that begins as it should, in the letters of its language."""
        sentence = _SENTENCES.get(self.language, _ANY_TEXT)
        if self.language not in _SENTENCES:
            return {"type": "string", "pattern": sentence, "maxLength": MOST_CHARACTERS}
        if long:
            sentence = sentence.replace(_INSIDE, _ACROSS[self.language])
        beginning = wording(self.language, "openings")[opening]
        most = MOST_CHARACTERS * (2 if long else 1)
        return {
            "type": "string",
            "pattern": f"^{beginning}{sentence.replace(_INSIDE, '')}$",
            "maxLength": most,
        }


@lru_cache(maxsize=64)
def wording(language: str, section: str) -> Mapping[str, str]:
    """Read some words of an explanation; English ones where naze has none in the language.

    Args:
        language: ISO 639-1 code.
        section: `keys`, `openings`, `values`, `layout` or `again`.
    """
    words: Mapping[str, str] = _words()[written_in(language)][section]
    return words


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    return tomllib.loads(resources.files("naze.jobs.explaining").joinpath("wording.toml").read_text("utf-8"))


def headings(language: str) -> tuple[str, str, str]:
    """Name the three steps of an explanation in its language, in English where naze has no words for it."""
    known = _words()["headings"]
    summary, analysis, reason = known.get(language, known["en"])
    return summary, analysis, reason


def _quotes(vote: Vote, *, decided: bool) -> dict[str, dict[str, Any]]:
    """Say what can be quoted of each response; of one that says nothing, nothing."""
    quotes = {}
    for side, own, other in (
        ("a", vote.response_a, vote.response_b),
        ("b", vote.response_b, vote.response_a),
    ):
        passages = distinctive(own, others=(*vote.prompt, *other)) if decided else quotable(own)
        quotes[side] = {"enum": list(passages) or [""]}
    return quotes


def _record(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _han() -> str:
    """Write the Chinese characters that Japanese may be written with, as the ranges of a class."""
    left_out = sorted({0x9FFF, *map(ord, CHINESE_FORMS)})
    ranges, start = [], 0x4E00
    for code in left_out:
        if code > start:
            ranges.append(chr(start) if code == start + 1 else f"{chr(start)}-{chr(code - 1)}")
        start = code + 1
    return "".join(ranges)


_MOST_TOKENS = {Length.SHORT: 320, Length.FULL: 1024}
_PENALTIES = {"ja": 1.08}
"""Small models go round in circles in Japanese without one; in English they do not (docs/performance.md)."""
_INSIDE = "{inside}"
"""Where a pattern lets a further sentence begin."""
_JAPANESE = (
    "[ぁ-んァ-ヶー々〇、「」『』（）・…%+*/=(),:'#_<>0-9A-Za-z&$@~^|;{}～−×÷°℃０-９Ａ-Ｚａ-ｚ" + _han() + "-]"
)
_ENGLISH = "[0-9A-Za-z#$%&'()*+,/:;<=>@^_`{|}~À-ſ‘’“”–—-]"
_SENTENCES = {
    # A full stop ends it; Latin words may have spaces and points inside, so that names stay whole.
    "ja": f"(?:{_JAPANESE}|[0-9A-Za-z.,'] [0-9A-Za-z(]|\\.[0-9A-Za-z]{_INSIDE})+。",
    # One space between words, and a point inside one.
    "en": f" {_ENGLISH}(?:{_ENGLISH}| {_ENGLISH}|\\.[0-9A-Za-z,;:)']{_INSIDE})*\\.",
}
_ACROSS = {"ja": "|。", "en": f"|\\. {_ENGLISH}"}
_ANY_TEXT = r'^[^"\\\x00-\x1f]+$'
