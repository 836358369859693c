"""Votes go in; what meets the eye before a word is read comes out: length and markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.factors.matrix import Floats
from naze.records import Turns, Vote

__all__ = ["MARKDOWN", "Style", "style"]

MARKDOWN: dict[str, str] = {
    "headings": r"(?m)^ {0,3}#{1,6}\s",
    "list_items": r"(?m)^\s*(?:(?:[-*+•]|\d+[.)])\s|・)",
    "bold": r"\*\*[^*\n]+\*\*|__[^_\n]+__",
    "table_rows": r"(?m)^\s*\|.*\|\s*$",
    "code_blocks": r"(?m)^\s*```",
}
"""What is counted in a response. Inside code blocks only the blocks are counted (there `#` is a remark)."""
_CODE = r"(?ms)^\s*```.*?(?:^\s*```|\z)"


@dataclass(frozen=True)
class Style:
    """Length and markdown of two responses beside each other."""

    names: tuple[str, ...]
    """Of the columns of `differences`; the first is the length."""
    differences: Floats
    """(votes, names): log(1 + count in A) - log(1 + count in B). Exchanging the responses changes the sign."""
    distances: Floats
    """(votes, names): the same without its sign: how unlike the responses are."""
    total_length: Floats
    """(votes,): log(1 + characters of both)."""

    @property
    def antisymmetric(self) -> Floats:
        """(votes, names): what changes its sign where the responses are exchanged."""
        return self.differences

    @property
    def symmetric(self) -> Floats:
        """(votes, names + 1): what stays where the responses are exchanged."""
        return np.column_stack([self.distances, self.total_length])


def style(votes: Sequence[Vote]) -> Style:
    """Measure length and markdown of the responses, all turns together.

    Counts are put on a log scale, because the first heading changes a response more than the tenth. Length is in
    characters, which need no tokenizer and hold for Japanese as well.

    Source: for the kind of features, Chiang et al. 2024, "Does style matter? Disentangling style and substance in
    Chatbot Arena": length, headings, lists and bold text, code blocks left out before counting.
    """
    counts_a = _counts([vote.response_a for vote in votes])
    counts_b = _counts([vote.response_b for vote in votes])
    differences = np.log1p(counts_a) - np.log1p(counts_b)
    return Style(
        names=("characters", *MARKDOWN),
        differences=differences,
        distances=np.abs(differences),
        total_length=np.log1p(counts_a[:, 0] + counts_b[:, 0]),
    )


def _counts(responses: Sequence[Turns]) -> Floats:
    """Count characters and marks: (responses, 1 + marks)."""
    import polars as pl

    texts = pl.Series(["\n".join(turn or "" for turn in turns) for turns in responses], dtype=pl.String)
    outside = texts.str.replace_all(_CODE, "\n")
    columns = [texts.str.len_chars()]
    for name, pattern in MARKDOWN.items():
        text = texts if name == "code_blocks" else outside
        columns.append(text.str.count_matches(pattern))
    counts = np.column_stack([column.to_numpy().astype(np.float64) for column in columns])
    counts[:, -1] = np.ceil(counts[:, -1] / 2)
    return counts
