"""A prompt's tokens go in; how many blank lines before its subject make that end with a block of the cache comes out.

A key-value cache is reused in whole blocks. Where many questions are asked of one subject, what stands in the last, partly
filled block of the subject is computed again with each question: half a block on average, often as much as the question
itself. Blank lines at the start of the subject, less than a block of them and the same for all its questions, move its end to
the end of a block; the instruction stands before them, and stays shared by all subjects (docs/performance.md says what that
brings, and that it hardly moves the answers).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from naze.records import Prompt

__all__ = ["PrefixAlignment", "Upcoming", "common_length"]

Ids = NDArray[np.int64]
Subject = tuple[str, str, str]


class Upcoming:
    """Prompts in turn, with a look at the one that comes next."""

    def __init__(self, prompts: Iterator[Prompt]) -> None:
        self._prompts = prompts
        self._seen: list[Prompt] = []

    def __iter__(self) -> "Upcoming":
        return self

    def __next__(self) -> Prompt:
        return self._seen.pop() if self._seen else next(self._prompts)

    def peek(self) -> Prompt | None:
        """Return the next prompt and leave it there; None: there is none."""
        if not self._seen:
            following = next(self._prompts, None)
            if following is None:
                return None
            self._seen.append(following)
        return self._seen[0]


class PrefixAlignment:
    """Says how many blank lines go before each prompt's subject, and puts them there.

    Args:
        block_tokens: tokens in one block of the cache.
        encode: a prompt's tokens as the model sees them, (tokens,).
        blank: the token of a line end; None where the model has none of its own: nothing is aligned.
    """

    def __init__(self, block_tokens: int, encode: Callable[[Prompt], Ids], blank: int | None) -> None:
        self._block_tokens = block_tokens
        self._encode = encode
        self._blank = blank
        self._start: tuple[str, int] | None = None
        self._last: tuple[Subject, int] | None = None

    def blanks(self, prompt: Prompt, following: Prompt | None) -> int:
        """Say how many blank lines go before a prompt's subject.

        The prompts of one subject come one after another; the first of them decides for all.

        Args:
            prompt: the one that is asked now.
            following: the one that comes after it; None: that is not known, or there is none.
        """
        subject = _subject(prompt)
        if self._last is None or self._last[0] != subject:
            shared = (
                following is not None and _subject(following) == subject and _is_one_of_several(following)
            )
            aligned = shared and self._blank is not None and _is_one_of_several(prompt)
            self._last = subject, -self._shared_tokens(prompt) % self._block_tokens if aligned else 0
        return self._last[1] if _is_one_of_several(prompt) else 0

    def with_blanks(self, prompt: Prompt, ids: Ids, count: int) -> Ids:
        """Put blank lines before a prompt's subject: (tokens + count,).

        Args:
            prompt: what is asked.
            ids: (tokens,), the whole of it.
            count: of `blanks`.
        """
        if count == 0 or self._blank is None:
            return ids
        start = self._subject_start(prompt.instruction)
        return np.concatenate([ids[:start], np.full(count, self._blank, np.int64), ids[start:]])

    def _shared_tokens(self, prompt: Prompt) -> int:
        """Count the tokens that all questions about a subject begin with."""
        other = "z" if not prompt.question.lstrip().startswith("z") else "y"
        return common_length(self._encode(prompt), self._encode(replace(prompt, question=other)))

    def _subject_start(self, instruction: str) -> int:
        """Count the tokens before the subject, the frame and the instruction, which all subjects share."""
        if self._start is None or self._start[0] != instruction:
            one, other = (self._encode(Prompt("", "", instruction, text, text)) for text in ("Ask", "blue"))
            self._start = instruction, common_length(one, other)
        return self._start[1]


def _subject(prompt: Prompt) -> Subject:
    return prompt.subject_id, prompt.instruction, prompt.subject


def _is_one_of_several(prompt: Prompt) -> bool:
    """Tell whether a prompt has the form of those that are asked of one subject: a choice, and nothing said before it."""
    return bool(prompt.choices and prompt.question) and not prompt.earlier and not prompt.plain


def common_length(one: Ids, other: Ids) -> int:
    """Count the leading tokens that are the same."""
    length = min(len(one), len(other))
    different = np.flatnonzero(one[:length] != other[:length])
    return int(different[0]) if len(different) else length
