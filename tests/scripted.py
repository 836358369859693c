"""An engine that does as a test says: answers at once, or dies, delays or fails on chosen prompts."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Self

from naze.engines.protocol import EngineOptions, Identity, Model
from naze.errors import EngineCrashError
from naze.records import Answer, FinishReason, Prompt, Sampling, Status


class ScriptedEngine:
    """Answers "answer to <question>"; takes several prompts in before it gives the first answer out."""

    context_tokens = 8192

    def __init__(
        self,
        *,
        dies_on: Callable[[Prompt], bool] = lambda prompt: False,
        together: int = 4,
        seconds: float = 0.0,
        asked: list[str] | None = None,
        fingerprint: str = "scripted 1",
    ) -> None:
        self.dies_on = dies_on
        self.together = together
        self.seconds = seconds
        self.asked = [] if asked is None else asked
        self.identity = Identity("scripted", "scripted", fingerprint)
        self.closed = False

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        return cls()

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        return [len((prompt.instruction + prompt.subject + prompt.question).split()) for prompt in prompts]

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        waiting: list[Prompt] = []
        source = iter(prompts)
        while True:
            while len(waiting) < self.together and (prompt := next(source, None)) is not None:
                waiting.append(prompt)
            if not waiting:
                return
            prompt = waiting.pop()  # the last first: answers come out of order
            self.asked.append(prompt.subject_id)
            if self.dies_on(prompt):
                raise EngineCrashError(f"died on {prompt.subject_id}")
            if self.seconds:
                time.sleep(self.seconds)
            yield prompt, self.reply(prompt)

    def reply(self, prompt: Prompt) -> Answer:
        return Answer(
            Status.ANSWERED,
            text=f"answer to {prompt.question}",
            finish_reason=FinishReason.STOP,
            prompt_tokens=10,
            generated_tokens=3,
            seconds=self.seconds,
        )

    def close(self) -> None:
        self.closed = True
