"""What a model wrote in an explanation's form goes in, with its vote; the explanation comes out, each quote looked up.

A quote is verified where it stands in the response that it is said to come from, width, white space and Markdown aside.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from naze.jobs.explaining.form import Form, headings, wording
from naze.jobs.explaining.quotable import quotable
from naze.jobs.quotes import find_quote
from naze.records import Turns, Vote

__all__ = [
    "EXPLANATION_COLUMNS",
    "Explanation",
    "Point",
    "Side",
    "Statement",
    "explanation_of_columns",
    "read_explanation",
]

Side = Literal["a", "b"]
_SIDES: tuple[Side, Side] = ("a", "b")
EXPLANATION_COLUMNS = (
    "asked", "point_a", "quote_a", "verified_a", "point_b", "quote_b", "verified_b", "shared", "expected", "reason",
)  # fmt: skip
"""Columns that an export has of an explanation. Where a response has several points, each is a line of its cell."""


@dataclass(frozen=True, slots=True)
class Point:
    """What an explanation says of one response, and where that stands in it."""

    side: Side
    text: str
    """A sentence. Empty where two responses share what is said: then the quote alone speaks of this one."""
    quote: str
    """As the model gave it; empty where the response has nothing to quote."""
    verified: bool | None
    """Whether the quote stands in the response; None: there is nothing to quote."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that an explanation says about why a vote went as it did."""

    text: str
    shown: str
    """The same as it stands in the explanation that people read, character by character."""
    verified: bool | None
    """Whether its quote stands in the response; None: it has none."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a vote went as it did."""

    language: str
    """ISO 639-1 code."""
    asked: str
    """What the person wanted."""
    points: tuple[Point, ...]
    reason: str
    """Why the result is what it is."""
    shared: str | None = None
    """For ties and both bad: what the responses have in common."""
    expected: str | None = None
    """For votes without a result: the one that is expected, in the explanation's language."""

    @property
    def verified(self) -> int:
        """How many quotes stand in their response."""
        return sum(point.verified is True for point in self.points)

    @property
    def quoted(self) -> int:
        """How many quotes there are."""
        return sum(point.verified is not None for point in self.points)

    def texts(self) -> Iterator[str]:
        """Give what the model wrote in its own words, quotes aside."""
        yield from (text for text in (self.asked, self.shared, self.reason) if text)
        yield from (point.text for point in self.points if point.text)

    def of(self, side: Side) -> tuple[Point, ...]:
        """Give the points of one response."""
        return tuple(point for point in self.points if point.side == side)

    def statements(self) -> tuple[Statement, ...]:
        """Give the reason, what the responses share, and the points: the verified ones, or all where none is."""
        words = wording(self.language, "layout")
        points = [point for point in self.points if point.text]
        verified = [point for point in points if point.verified]
        said = [Statement(text, text, None) for text in (self.reason, self.shared) if text]
        said += [
            Statement(point.text, _named(point, words[f"side_{point.side}"]), point.verified)
            for point in verified or points
        ]
        return tuple(said)

    def lay_out(self) -> str:
        """Write the explanation as Markdown under its three headings."""
        words = wording(self.language, "layout")
        summary, analysis, why = headings(self.language)
        lines = [f"## 1. {summary}", self.asked, "", f"## 2. {analysis}"]
        for point in self.points:
            lines.append(_line(point, words[f"side_{point.side}"], words))
        if self.shared:
            lines.append(f"- **{words['shared']}**: {self.shared}")
        reason = self.reason or "…"
        if self.expected:
            reason = words["expected"].format(outcome=self.expected, reason=reason)
        return "\n".join([*lines, "", f"## 3. {why}", reason])

    def columns(self) -> dict[str, Any]:
        """Give the values of `EXPLANATION_COLUMNS`."""
        values: dict[str, Any] = {
            "asked": self.asked,
            "shared": self.shared,
            "expected": self.expected,
            "reason": self.reason,
        }
        for side in ("a", "b"):
            points = self.of(side)
            checked = [point.verified for point in points if point.verified is not None]
            values[f"point_{side}"] = _cell(point.text for point in points)
            values[f"quote_{side}"] = _cell(point.quote for point in points)
            values[f"verified_{side}"] = all(checked) if checked else None
        return {name: values[name] for name in EXPLANATION_COLUMNS}


def read_explanation(text: str | None, vote: Vote, form: Form) -> Explanation | None:
    """Read an explanation, and look its quotes up in the responses.

    Args:
        text: the JSON that a model wrote, or its beginning, where it was cut off or is still being written.
        vote: the whole vote.
        form: that the explanation was asked for in.

    Returns:
        What is there of it; None where the text is not of the form.
    """
    value = read_beginning(text or "")
    keys = form.keys
    fields = {name: value[key] for name, key in keys.items() if isinstance(value, Mapping) and key in value}
    asked = _text(fields.get("asked"))
    if asked is None:
        return None
    return Explanation(
        language=form.language,
        asked=asked,
        points=tuple(_points(fields, keys, vote)),
        reason=_text(fields.get(form.reason_name(vote.winner))) or "",
        shared=_text(fields.get("shared")),
        expected=_text(fields.get("expected")),
    )


def read_beginning(text: str) -> Any:  # noqa: ANN401 - JSON
    """Read a JSON text, or as much as there is of one that was cut off; None where that is nothing.

    Example:
        >>> read_beginning('{"a": ["x", "y z'), read_beginning('{"a": 1, "b"')
        ({'a': ['x', 'y z']}, {'a': 1})
    """
    closers: list[str] = []
    commas = [len(text)]
    in_text = escaped = False
    ends: dict[int, str] = {}
    for place, character in enumerate(text):
        if character == "," and not in_text:
            commas.append(place)
            ends[place] = "".join(reversed(closers))
        if in_text:
            escaped, in_text = character == "\\" and not escaped, character != '"' or escaped
        elif character == '"':
            in_text = True
        elif character in "{[":
            closers.append("}" if character == "{" else "]")
        elif character in "}]" and closers:
            closers.pop()
    ends[len(text)] = ("" if not in_text else '"') + "".join(reversed(closers))
    for place in [commas[0], *reversed(commas[1:])]:
        try:
            return json.loads(text[:place].removesuffix("\\" if escaped else "") + ends[place])
        except (ValueError, RecursionError):
            continue
    return None


def explanation_of_columns(values: Mapping[str, Any], language: str) -> Explanation | None:
    """Put an explanation together again from the columns of an export.

    Args:
        values: of `EXPLANATION_COLUMNS`.
        language: ISO 639-1 code of the explanation.

    Returns:
        None where the row has none.
    """
    if not _text(values.get("asked")):
        return None
    points = []
    for side in _SIDES:
        texts = (values.get(f"point_{side}") or "").split("\n")
        quotes = (values.get(f"quote_{side}") or "").split("\n")
        verified = values.get(f"verified_{side}")
        points += [
            Point(side, text, quote, verified) for text, quote in zip_longest(texts, quotes, fillvalue="")
        ]
    return Explanation(
        language,
        values["asked"],
        tuple(points),
        values.get("reason") or "",
        values.get("shared"),
        values.get("expected"),
    )


def _points(fields: Mapping[str, Any], keys: Mapping[str, str], vote: Vote) -> Iterator[Point]:
    responses: dict[Side, Turns] = {"a": vote.response_a, "b": vote.response_b}
    for side, turns in responses.items():
        entries = fields.get(f"points_{side}")
        if not isinstance(entries, list):
            entries = [
                {keys["quote"]: fields.get(f"quote_{side}"), keys["point"]: fields.get(f"point_{side}")}
            ]
        for entry in entries:
            if isinstance(entry, Mapping) and any(entry.values()):
                quote = _text(entry.get(keys["quote"])) or ""
                yield Point(side, _text(entry.get(keys["point"])) or "", quote, _verified(quote, turns))


def _verified(quote: str, turns: Turns) -> bool | None:
    """Tell whether a quote stands in a response; None where the response has nothing to quote, and nothing is quoted."""
    if not quote and not quotable(turns):
        return None
    return any(find_quote(quote, turn) is not None for turn in turns if turn)


def _text(value: Any) -> str | None:  # noqa: ANN401 - JSON
    return value.strip() or None if isinstance(value, str) else None


def _cell(texts: Iterable[str]) -> str | None:
    """Put each text on its line, an empty one too, so that points and quotes stay side by side; None: all are empty."""
    lines = [" ".join(text.splitlines()) for text in texts]
    return "\n".join(lines) if any(lines) else None


def _named(point: Point, name: str) -> str:
    """Write what is said of a response behind its name in bold."""
    text = point.text.removeprefix(name) if point.text.startswith(name) else f": {point.text}"
    return f"**{name}**{text if point.text else ':'}"


def _line(point: Point, name: str, words: Mapping[str, str]) -> str:
    """Write a point as an entry of a list, with its quote."""
    if point.verified:
        quote = words["quoted"].format(quote=_shown(point.quote))
    else:
        quote = words["unverified"] if point.verified is False else ""
    return f"- {_named(point, name)} {quote}".rstrip()


def _shown(quote: str) -> str:
    """Put a quote on one line, and three dots where its sentence goes on."""
    line = " ".join(quote.split())
    return line if _SENTENCE_END.search(line) else f"{line} …"


_SENTENCE_END = re.compile(r"[.!?。！？:;)）」』}\]>|]\W*$")
