"""What a format notes while it converts a batch: which rows cannot be read and why, what was replaced."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Notes"]

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Notes:
    """Kept for one batch; rows are counted from 0 within it."""

    winners: Mapping[str, str] = field(default_factory=dict)
    """Words of this file for a winner -> a, b, tie or both_bad."""
    problems: dict[int, str] = field(default_factory=dict)
    """Row -> why it cannot be read; the first reason counts."""
    replaced_surrogates: int = 0
    """Halves of a surrogate pair that stood alone and were replaced with U+FFFD."""

    def reject(self, row: int, reason: str) -> None:
        """Keep a row aside."""
        self.problems.setdefault(row, reason)

    def whole(self, text: str) -> str:
        """Replace halves of surrogate pairs, which no file can hold, with U+FFFD, and count them."""
        text, count = _SURROGATES.subn("\ufffd", text)
        self.replaced_surrogates += count
        return text
