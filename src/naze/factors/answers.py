"""A model's answer about explanations goes in; what it claims comes out, or None where it is of no use.

Schemas are enforced while answers are written; these readers trust nothing all the same, since a server may
ignore a schema.
"""

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Claimed", "read_collected", "read_extracted"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A reason that a model claims to have found, and the quote that is to prove it."""

    reason: str
    quote: str


def read_extracted(text: str) -> list[Claimed] | None:
    """Read `{"reasons": [{"quote": …, "reason": …}, …]}`; entries of another form are left out.

    Example:
        >>> read_extracted('{"reasons": [{"quote": "it is short", "reason": "is short"}, "x"]}')
        [Claimed(reason='is short', quote='it is short')]
    """
    entries = _reasons(text)
    if entries is None:
        return None
    return [
        Claimed(entry["reason"], entry["quote"])
        for entry in entries
        if isinstance(entry.get("reason"), str) and isinstance(entry.get("quote"), str)
    ]


def read_collected(text: str) -> list[tuple[int, Claimed]] | None:
    """Read `{"reasons": [{"reason": …, "evidence": [{"explanation": 3, "quote": …}, …]}, …]}`.

    Returns:
        The number of the explanation with each claim; entries of another form are left out.
    """
    entries = _reasons(text)
    if entries is None:
        return None
    found = []
    for entry in entries:
        reason, evidence = entry.get("reason"), entry.get("evidence")
        if not isinstance(reason, str) or not isinstance(evidence, list):
            continue
        for one in evidence:
            if (
                isinstance(one, dict)
                and _is_number(one.get("explanation"))
                and isinstance(one.get("quote"), str)
            ):
                found.append((one["explanation"], Claimed(reason, one["quote"])))
    return found


def _reasons(text: str) -> list[dict[str, Any]] | None:
    try:
        whole = json.loads(text)
    except ValueError:
        return None
    entries = whole.get("reasons") if isinstance(whole, dict) else None
    if not isinstance(entries, list):
        return None
    return [entry for entry in entries if isinstance(entry, dict)]


def _is_number(value: Any) -> bool:  # noqa: ANN401 - of a model's JSON
    return isinstance(value, int) and not isinstance(value, bool)
