"""What a model answers about a part of a document goes in; points come out, each with the places that it rests on.

Nothing is taken on trust: a sentence that does not exist or is a heading, a point that shares no word with its sentence,
or a number that does not stand in what was read rejects the point, and is counted.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from naze.jobs.quotes import bears
from naze.prompts.sentences import Span

__all__ = ["COMBINED", "PARTS", "REJECTIONS", "Point", "combined_points", "part_points", "points_schema"]

REJECTIONS = {
    "missing": "named a sentence or point that does not exist",
    "unsupported": "shared no word with what they rested on",
    "numbers": "had a number that was not there",
    "heading": "only repeated a heading",
    "repeated": "were there already",
}
"""Why a point is rejected."""
_HEADING = re.compile(r"\s*#{1,6}\s")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a document says."""

    text: str
    sources: tuple[Span, ...]
    """Where it says so, in characters, in the order of the document."""


def points_schema(most: int, *, combining: bool) -> dict[str, Any]:
    """Return the JSON Schema of an answer.

    Args:
        most: points that it may have.
        combining: whether points rest on points instead of a sentence.
    """
    where: dict[str, Any] = {"sentence": {"type": "integer"}}
    if combining:
        where = {"from": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 8}}
    properties = {**where, "point": {"type": "string", "minLength": 1}}
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"points": {"type": "array", "items": item, "maxItems": most}},
        "required": ["points"],
        "additionalProperties": False,
    }


PARTS, COMBINED = "sentence", "from"
"""The key under which an answer says what a point rests on."""


def part_points(answer: str, text: str, spans: Sequence[Span], rejected: Counter[str]) -> list[Point]:
    """Read what a model says of a part of a document.

    Args:
        answer: JSON that satisfies `points_schema`.
        text: the whole document.
        spans: of the part's sentences, which the model saw numbered from 1.
        rejected: is told of every point that is dropped, by the names in `REJECTIONS`.
    """
    found: list[Point] = []
    part = " ".join(text[start:end] for start, end in spans)
    for claimed in json.loads(answer)["points"]:
        number, said = claimed[PARTS], " ".join(claimed["point"].split())
        if not 1 <= number <= len(spans):
            rejected["missing"] += 1
            continue
        span = spans[number - 1]
        source = text[span[0] : span[1]]
        why = "heading" if _HEADING.match(source) else _fault(said, source, part)
        if why is None and any(span in point.sources for point in found):
            why = "repeated"
        if why is not None:
            rejected[why] += 1
            continue
        found.append(Point(said, (span,)))
    return found


def combined_points(answer: str, points: Sequence[Point], rejected: Counter[str]) -> list[Point]:
    """Read what a model makes of many points; each keeps the places of those that it rests on.

    Args:
        answer: JSON that satisfies `points_schema`.
        points: which the model saw numbered from 1.
        rejected: is told of every point that is dropped.
    """
    found: list[Point] = []
    whole = " ".join(point.text for point in points)
    for claimed in json.loads(answer)["points"]:
        said = " ".join(claimed["point"].split())
        numbers = dict.fromkeys(claimed[COMBINED])
        rests = [points[number - 1] for number in numbers if 1 <= number <= len(points)]
        rests = [point for point in rests if bears(point.text, said)]
        if not rests:
            there = any(1 <= number <= len(points) for number in numbers)
            rejected["unsupported" if there else "missing"] += 1
            continue
        sources = tuple(sorted({span for point in rests for span in point.sources}))
        why = _fault(said, " ".join(point.text for point in rests), whole)
        if why is None and any(said == point.text or sources == point.sources for point in found):
            why = "repeated"
        if why is not None:
            rejected[why] += 1
            continue
        found.append(Point(said, sources))
    return found


def _fault(said: str, source: str, part: str) -> str | None:
    """Say what is wrong with a point; None: nothing that can be seen."""
    if not said or not bears(source, said):
        return "unsupported"
    known = set(_NUMBER.findall(_plain(part)))
    return "numbers" if any(number not in known for number in _NUMBER.findall(_plain(said))) else None


def _plain(text: str) -> str:
    """Write digits of any width as ASCII ones, without the commas of thousands."""
    digits = text.translate({code: chr(code - 0xFEE0) for code in range(0xFF10, 0xFF1A)})
    return re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", digits)
