"""Two responses go in; how far they say the same comes out: even columns, for ties."""

import re
from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from naze.predictions.features.groups import Group

__all__ = ["agreement"]

_WORDS = re.compile(r"[^\W\d_\u3041-\u30ff\u4e00-\u9fff]{4,}|[\u3041-\u30ff\u4e00-\u9fff]{2}")
"""Words of some length; of Japanese and Chinese, pairs of characters."""
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_NAMES = re.compile(r"(?<=[a-z,;] )[A-Z][\w'-]+")
"""Capitalised words within a sentence."""
_BEGINNING = 80
"""Characters that are compared from the start."""

_COLUMNS = (
    "words in common", "numbers in common", "numbers in both", "names in common", "names in both", "same beginning",
    "length of the shorter one", "near lengths", "very near lengths", "squared difference of lengths",
)  # fmt: skip


def agreement(a: Sequence[str], b: Sequence[str]) -> Group:
    """Return the group `agreement`: what two responses have in common, and how near their lengths are.

    Common are words, numbers and names by their Jaccard index (0 where one response has none, told by a column of its own),
    and the logarithm of the equal characters at the start. With d the distance of the logarithms of the lengths, their
    nearness is e^-d and e^-3d, and d squared.

    Args:
        a: first responses.
        b: second responses, as many.

    Source: Jaccard 1912, "The distribution of the flora in the alpine zone".
    """
    rows = np.array([_row(one, other) for one, other in zip(a, b, strict=True)], np.float64)
    return Group("agreement", (), np.empty((len(a), 0)), _COLUMNS, rows.reshape(len(a), len(_COLUMNS)))


def _row(a: str, b: str) -> tuple[float, ...]:
    words, _ = _shared(_WORDS, a.lower(), b.lower())
    numbers, with_numbers = _shared(_NUMBERS, a, b)
    names, with_names = _shared(_NAMES, a, b)
    starts = (text.lstrip()[:_BEGINNING].lower() for text in (a, b))
    beginning = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*starts, strict=False)))
    sizes = np.log1p(len(a)), np.log1p(len(b))
    apart = abs(sizes[0] - sizes[1])
    return (
        words, numbers, with_numbers, names, with_names, float(np.log1p(beginning)), min(sizes), np.exp(-apart),
        np.exp(-3 * apart), apart**2,
    )  # fmt: skip


def _shared(pattern: re.Pattern[str], a: str, b: str) -> tuple[float, float]:
    """Return the Jaccard index of what a pattern finds in two texts, and whether it finds something in both."""
    one, other = set(pattern.findall(a)), set(pattern.findall(b))
    if not one or not other:
        return 0.0, 0.0
    return len(one & other) / len(one | other), 1.0
