"""Prompts and a way to open engines go in; one answer for every prompt comes out, crashes included.

When an engine dies, what it had under way is asked once more on a fresh engine. If that dies too, each of
those prompts is asked alone; one that makes the engine die alone is recorded as failed, and the rest goes on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from naze.engines.protocol import Engine
from naze.errors import EngineCrashError, EngineError, EngineUnavailableError
from naze.records import Answer, Prompt, Sampling, Status

MOST_LONE_CRASHES = 5
"""When so many prompts in a row make a fresh engine die, it is the engine, not the prompts: the run stops."""


class Asker:
    """Asks prompts of an engine, and of a fresh one when it dies.

    Args:
        open_engine: opens a fresh engine.
        sampling: how the model chooses its words.
        engine: the one to begin with, when it is open already.
    """

    def __init__(
        self, open_engine: Callable[[], Engine], sampling: Sampling, engine: Engine | None = None
    ) -> None:
        self._open_engine = open_engine
        self._sampling = sampling
        self._engine = engine
        self._lone_crashes = 0

    def close(self) -> None:
        """Close the engine that is open."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def answers(self, prompts: Iterable[Prompt]) -> Iterator[tuple[Prompt, Answer]]:
        """Answer every prompt, in the order in which they finish.

        Raises:
            EngineUnavailableError: the engine cannot be reached any more; what is unanswered stays unasked.
            EngineCrashError: fresh engines die on every prompt.
        """
        source = iter(prompts)
        while True:
            window = _Window(source)
            try:
                yield from self._ask(window, earlier=0)
                return
            except EngineCrashError as error:
                suspects = window.under_way()
                if not suspects:
                    raise
                yield from self._ask_again(suspects, error)

    def _ask(self, window: "_Window", *, earlier: int) -> Iterator[tuple[Prompt, Answer]]:
        if self._engine is None:
            self._engine = self._open_engine()
        answers = self._engine.answer(window, self._sampling)
        try:
            for prompt, answer in answers:
                window.finish(prompt)
                self._lone_crashes = 0
                yield prompt, replace(answer, attempts=answer.attempts + earlier) if earlier else answer
        except EngineCrashError:
            self.close()
            raise
        finally:
            _close(answers)

    def _ask_again(self, suspects: list[Prompt], crash: EngineError) -> Iterator[tuple[Prompt, Answer]]:
        window = _Window(iter(suspects))
        try:
            yield from self._ask(window, earlier=1)
            return
        except EngineCrashError as error:
            crash = error
        for prompt in window.under_way() + list(window):
            yield from self._ask_alone(prompt, crash)

    def _ask_alone(self, prompt: Prompt, crash: EngineError) -> Iterator[tuple[Prompt, Answer]]:
        try:
            yield from self._ask(_Window(iter([prompt])), earlier=2)
        except EngineCrashError as error:
            self._lone_crashes += 1
            if self._lone_crashes >= MOST_LONE_CRASHES:
                raise EngineUnavailableError(
                    f"{self._lone_crashes} prompts in a row each made a fresh engine die, last: {error} "
                    "It is the engine rather than the prompts; nothing of them is recorded. Try another --engine "
                    "or a smaller model; the same command then goes on."
                ) from error
            yield (
                prompt,
                Answer(Status.ERROR, reason=f"the engine died on this prompt alone: {error}", attempts=3),
            )


class _Window:
    """Prompts that an engine pulls; remembers which of them have no answer yet."""

    def __init__(self, source: Iterator[Prompt]) -> None:
        self._source = source
        self._open: dict[int, Prompt] = {}

    def __iter__(self) -> Iterator[Prompt]:
        return self

    def __next__(self) -> Prompt:
        prompt = next(self._source)
        self._open[id(prompt)] = prompt
        return prompt

    def finish(self, prompt: Prompt) -> None:
        """Note that a prompt has its answer."""
        del self._open[id(prompt)]

    def under_way(self) -> list[Prompt]:
        """Name the prompts that were pulled and have no answer."""
        return list(self._open.values())


def _close(answers: Iterator[tuple[Prompt, Answer]]) -> None:
    """Cancel what is in flight, where the engine's iterator can be closed."""
    close = getattr(answers, "close", None)
    if close is not None:
        close()
