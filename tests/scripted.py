"""An engine that does as a test says: answers at once, or dies, delays or fails on chosen prompts; and runs of it."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self

from naze.engines.protocol import EngineOptions, Identity, Model
from naze.errors import EngineCrashError
from naze.generations import Manifest, write_run
from naze.records import Answer, FinishReason, FittedPrompt, Prompt, Sampling, Status


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


MANIFEST = Manifest(
    task="test",
    engine="scripted",
    model="scripted",
    fingerprint="scripted 1",
    sampling={**asdict(Sampling(max_tokens=10)), "stop": []},
    template="none",
    template_hash="0",
    template_parts={},
    language="en",
)


def rows(texts: Iterable[str]) -> Callable[[], list[FittedPrompt]]:
    made = [
        FittedPrompt(Prompt(f"row {number}", "", "instruction", "subject", text))
        for number, text in enumerate(texts)
    ]
    return lambda: made


def run_all(
    folder: Path, source: Callable[[], list[FittedPrompt]], engine: ScriptedEngine, planned_from: str = "1"
):
    with write_run(folder, MANIFEST) as run:
        if not run.is_planned_from(planned_from):
            run.plan(source, planned_from)
        return run.execute(source, lambda: engine)
