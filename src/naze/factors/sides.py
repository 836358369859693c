"""Reasons with their quotes go in; whether they speak of the response that was preferred, or of a fault, comes out."""

import re
import unicodedata
from collections.abc import Iterable

from naze.records import Reason, Winner

__all__ = ["is_fault", "named_side"]

_LABEL = re.compile(
    r"\b(?:responses?|answers?|assistants?|models?|outputs?|option|ai)\s*[\"“*(#]*(?P<en>[ab12])\b"
    r"|(?:アシスタント|回答|応答|返答|レスポンス|モデル|答え)\s*\**(?P<ja>[ab12])(?![0-9a-z])",
    re.I,
)
_JOINT = re.compile(r"^[\"”)*\s]*(?:,|、|・|と|も|and|or|&|および|及び)?\s*$", re.I)
"""What stands between two names where both are meant."""
_BOTH = re.compile(r"\bboth\b|\bneither\b|両方|両者|どちらも|いずれも|双方", re.I)
_LEAST = 5
_SHARE = 0.6


def named_side(reason: Reason) -> str | None:
    """Tell which response a reason speaks of: the name that stands before it in its quote.

    Returns:
        `a` or `b`; None where no response or both are named.

    Example:
        >>> quote = "Response A is clear, while Response B repeats itself."
        >>> named_side(Reason("1#2", "1", "repeats itself", quote))
        'b'
    """
    quote = unicodedata.normalize("NFKC", reason.quote)
    text = unicodedata.normalize("NFKC", reason.text)
    if _BOTH.search(text):
        return None
    names = list(_LABEL.finditer(quote))
    at = _place(text, quote)
    before = [name for name in names if name.start() <= at]
    if not before:
        sides = {_side(name) for name in names}
        return sides.pop() if len(sides) == 1 else None
    if len(before) > 1 and _JOINT.match(quote[before[-2].end() : before[-1].start()]):
        return None
    if _BOTH.search(quote[before[-1].end() : at]):
        return None
    return _side(before[-1])


def is_fault(reasons: Iterable[Reason]) -> bool:
    """Tell whether reasons name a fault: 3 of 5 or more speak of the response that was not preferred.

    At least 5 of them must name a response of a decided vote.
    """
    lost = known = 0
    for reason in reasons:
        side = named_side(reason)
        if side is None or reason.winner not in (Winner.A, Winner.B):
            continue
        known += 1
        lost += side != reason.winner
    return known >= _LEAST and lost >= _SHARE * known


def _place(text: str, quote: str) -> int:
    """Find where in its quote a reason stands; its words may have been taken apart."""
    pieces = [
        text,
        " ".join(text.split()[:3]),
        " ".join(text.split()[-3:]),
        text[-8:],
        text.split()[-1] if text.split() else "",
    ]
    for piece in pieces:
        at = quote.find(piece) if len(piece) >= 3 else -1
        if at >= 0:
            return at
    return len(quote)


def _side(name: re.Match[str]) -> str:
    return "a" if (name["en"] or name["ja"]).lower() in "a1" else "b"
