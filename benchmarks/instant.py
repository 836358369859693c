"""What the benchmarks of naze's own work share: an engine that answers at once, and parts with memory of their own."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from naze.engines.protocol import Identity
from naze.records import Answer, FinishReason, Prompt, Sampling, Status


class InstantEngine:
    """Answers every prompt at once, always the same.

    Args:
        text: of the answer.
        prompt_tokens: that every prompt is said to have.
    """

    context_tokens = 8192
    identity = Identity("scripted", "instant", "instant 1")

    def __init__(self, text: str, prompt_tokens: int) -> None:
        self._prompt_tokens = prompt_tokens
        self._answer = Answer(
            Status.ANSWERED, text, finish_reason=FinishReason.STOP, prompt_tokens=prompt_tokens
        )

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer as fast as prompts can be pulled."""
        return ((prompt, self._answer) for prompt in prompts)

    def count_tokens(self, prompts: list[Prompt]) -> list[int]:
        """Count nothing; no prompt here is long."""
        return [self._prompt_tokens] * len(prompts)

    def close(self) -> None:
        """Nothing to free."""


def measured_part(script: str, name: str, folder: Path, *more: str) -> dict[str, float]:
    """Run one part of a script in a process of its own and read what it measured.

    Args:
        script: the benchmark's file; it knows `--part` and `--folder`, and prints JSON as its last line.
        name: of the part.
        folder: where it works.
        more: further arguments.
    """
    command = [sys.executable, script, "--part", name, "--folder", str(folder), *more]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: dict[str, float] = json.loads(told.splitlines()[-1])
    return measured
