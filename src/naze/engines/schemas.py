"""A JSON Schema goes in; the part of it that an engine's grammar holds an answer to comes out, and what is left over.

What an engine cannot enforce while it writes is left out of its grammar, named before a run starts, and checked after
(`validation.py`): it is never ignored. The rules come from trying each keyword with each engine (docs/tables.md).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["Enforced", "Leftover", "enforced"]

MOST_REPEATS = 200
"""Longer texts and lists make a grammar that takes minutes to build, or no end of memory."""
_MOST_INTEGER = 2**63
_FORMATS = frozenset({"date", "time", "date-time", "uuid"})
_NUMBER_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LENGTHS = ("minLength", "maxLength")
_COUNTS = ("minItems", "maxItems", "minProperties", "maxProperties")
_NEVER = (
    "multipleOf", "uniqueItems", "contains", "minContains", "maxContains", "not", "if", "then", "else", "propertyNames",
    "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties", "unevaluatedItems",
)  # fmt: skip
"""Keywords that no engine's grammar holds an answer to."""
_NOT_IN = {"llamacpp": frozenset({"patternProperties", "minProperties", "maxProperties"})}
_ODD_PATTERN = re.compile(r"\(\?(?!:)|\\[1-9]|\\[bBpPkAZz]")
"""Look-arounds, back references, word boundaries and Unicode classes."""
_REPEATS = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions"})
"""Keywords whose value maps names to schemas."""
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset({"items", "additionalProperties"})


@dataclass(frozen=True, slots=True)
class Leftover:
    """A keyword that is checked only after the answer is there."""

    place: str
    """Where in the schema, e.g. `properties/age`; "" at its top."""
    keyword: str
    why: str

    def __str__(self) -> str:
        where = f" at {self.place}" if self.place else ""
        return f"{self.keyword}{where} ({self.why})"


@dataclass(frozen=True, slots=True)
class Enforced:
    """What a grammar holds an answer to."""

    schema: str
    """JSON Schema, as JSON text."""
    leftovers: tuple[Leftover, ...]


@lru_cache(maxsize=64)
def enforced(schema: str, engine: str) -> Enforced:
    """Leave out of a schema what an engine's grammar does not enforce.

    Args:
        schema: JSON Schema, as JSON text; known to be valid.
        engine: `openvino` or `llamacpp`; of any other engine nothing is known, and nothing is left out.

    Example:
        >>> [str(left) for left in enforced('{"type": "integer", "multipleOf": 7}', "openvino").leftovers]
        ['multipleOf (no grammar expresses it)']
    """
    if engine not in ("openvino", "llamacpp"):
        return Enforced(schema, ())
    leftovers: list[Leftover] = []
    kept = _loosen(json.loads(schema), "", engine, leftovers)
    return Enforced(json.dumps(kept, ensure_ascii=False), tuple(leftovers))


def _loosen(schema: Any, place: str, engine: str, leftovers: list[Leftover]) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for keyword, value in schema.items():
        why = _why_not(keyword, value, schema, engine)
        if why is not None:
            leftovers.append(Leftover(place, keyword, why))
            continue
        if keyword == "oneOf":
            leftovers.append(
                Leftover(place, keyword, "enforced as anyOf; that only one fits is checked after")
            )
        kept[keyword] = _inside(keyword, value, f"{place}/{keyword}".lstrip("/"), engine, leftovers)
    return kept


def _inside(keyword: str, value: Any, place: str, engine: str, leftovers: list[Leftover]) -> Any:  # noqa: ANN401
    """Loosen the schemas that stand inside a keyword."""
    if keyword in _BY_NAME and isinstance(value, dict):
        return {name: _loosen(one, f"{place}/{name}", engine, leftovers) for name, one in value.items()}
    if keyword in _LISTS and isinstance(value, list):
        return [_loosen(one, f"{place}/{number}", engine, leftovers) for number, one in enumerate(value)]
    return _loosen(value, place, engine, leftovers) if keyword in _SINGLE else value


def _why_not(keyword: str, value: Any, schema: Mapping[str, Any], engine: str) -> str | None:  # noqa: ANN401
    """Say why a grammar does not enforce a keyword; None where it does."""
    if keyword in _NEVER or keyword in _NOT_IN.get(engine, ()):
        return "no grammar expresses it"
    check = _CHECKS.get(keyword)
    return None if check is None else check(value, schema)


def _pattern(value: Any, _: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - JSON
    if not (str(value).startswith("^") and str(value).endswith("$")):
        return "only patterns between ^ and $ are enforced"
    if _ODD_PATTERN.search(value):
        return "look-arounds, back references, \\b and \\p are not enforced"
    repeats = [int(number) for pair in _REPEATS.findall(value) for number in pair if number]
    return (
        f"more than {MOST_REPEATS} repeats are not enforced"
        if max(repeats, default=0) > MOST_REPEATS
        else None
    )


def _length(value: Any, schema: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - JSON
    if "pattern" in schema or "format" in schema:
        return "not enforced beside pattern or format"
    return f"more than {MOST_REPEATS} characters are not enforced" if value > MOST_REPEATS else None


def _number(value: Any, schema: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - JSON
    if schema.get("type") != "integer":
        return "enforced for whole numbers only"
    return "beyond 64 bits" if abs(value) >= _MOST_INTEGER else None


def _count(value: Any, _: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - JSON
    return f"more than {MOST_REPEATS} are not enforced" if value > MOST_REPEATS else None


def _format(value: Any, _: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - JSON
    return None if value in _FORMATS else f"enforced: {', '.join(sorted(_FORMATS))}"


def _all_of(value: Any, _: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - JSON
    return None if len(value) == 1 else "several schemas that must all hold are not enforced"


_CHECKS: dict[str, Callable[[Any, Mapping[str, Any]], str | None]] = {
    "pattern": _pattern,
    "format": _format,
    "allOf": _all_of,
    **dict.fromkeys(_LENGTHS, _length),
    **dict.fromkeys(_NUMBER_LIMITS, _number),
    **dict.fromkeys(_COUNTS, _count),
}
