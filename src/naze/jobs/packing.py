"""Texts with their tokens and a limit go in; which of them stand together in a prompt comes out."""

from collections.abc import Sequence
from dataclasses import replace

from naze.jobs.asking import Worker
from naze.records import Prompt

__all__ = ["AROUND_TOKENS", "count_each", "packed"]

AROUND_TOKENS = 24
"""For the tags around a text and the seams between texts."""
_COUNTED_TOGETHER = 256


def count_each(
    texts: Sequence[str], frame: Prompt, worker: Worker, *, beside: int = AROUND_TOKENS
) -> tuple[int, list[int]]:
    """Count tokens.

    Args:
        texts: stand in the prompt's subject, one after another.
        frame: the prompt without any of them.
        worker: counts.
        beside: tokens that each text has around it.

    Returns:
        Tokens of the frame, and of each text with what stands around it.
    """
    [around] = worker.count_tokens([replace(frame, subject=".")])
    counts: list[int] = []
    for start in range(0, len(texts), _COUNTED_TOGETHER):
        prompts = [replace(frame, subject=text) for text in texts[start : start + _COUNTED_TOGETHER]]
        counts += [max(0, tokens - around) + beside for tokens in worker.count_tokens(prompts)]
    return around, counts


def packed(tokens: Sequence[int], room: int) -> list[range]:
    """Put neighbours together as long as they fit; one that does not fit alone stands alone.

    Example:
        >>> packed([3, 3, 3, 9, 1], 6)
        [range(0, 2), range(2, 3), range(3, 4), range(4, 5)]
    """
    found: list[range] = []
    start = used = 0
    for place, count in enumerate(tokens):
        if place > start and used + count > room:
            found.append(range(start, place))
            start, used = place, 0
        used += count
    return [*found, range(start, len(tokens))] if tokens else []
