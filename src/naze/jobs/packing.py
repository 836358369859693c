"""Texts with their tokens and a limit go in; which of them stand together in a prompt comes out.

Counts are kept beside a job's answers, so that a finished job packs its texts again without opening the model.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from typing import Protocol

from naze.jobs.asking import Worker
from naze.records import Prompt
from naze.tables.aside import write_whole

__all__ = ["AROUND_TOKENS", "CountsTokens", "count_each", "counts_kept_in", "packed"]

AROUND_TOKENS = 24
"""For the tags around a text and the seams between texts."""
_COUNTED_TOGETHER = 256
_COUNTS_NAME = "counts.json"


class CountsTokens(Protocol):
    """Whoever counts tokens as the model will see them: a worker, or counts that were kept."""

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens, chat template included."""
        ...


class _KeptCounts:
    """Counts with a worker what was not counted before."""

    def __init__(self, worker: Worker, before: dict[str, list[int]]) -> None:
        self._worker = worker
        self._before = before
        self.used: dict[str, list[int]] = {}

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """See `CountsTokens`."""
        told = json.dumps([self._worker.fingerprint, *map(astuple, prompts)])
        key = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
        counts = self._before.get(key)
        self.used[key] = self._worker.count_tokens(prompts) if counts is None else counts
        return self.used[key]


@contextmanager
def counts_kept_in(folder: Path, worker: Worker) -> Iterator[CountsTokens]:
    """Count meanwhile with what was kept in a folder, and keep there what was counted.

    Args:
        folder: of a job's run.
        worker: counts what was not counted before.

    Raises:
        StoreError: the counts cannot be written.
    """
    path = folder / _COUNTS_NAME
    try:
        before = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # not kept yet, or damaged: it is counted again
        before = {}
    counts = _KeptCounts(worker, before)
    yield counts
    if counts.used == before:
        return
    write_whole(path, json.dumps(counts.used), remedy="Free some space or choose another --out.")


def count_each(
    texts: Sequence[str], frame: Prompt, worker: CountsTokens, *, beside: int = AROUND_TOKENS
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
