"""Prompts and a way to open engines go in; one answer for every prompt comes out, crashes included.

When an engine dies, what it had under way is asked once more on a fresh engine. If that dies too, each of
those prompts is asked alone; one that makes the engine die alone is recorded as failed, and the rest goes on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from naze.engines.protocol import Engine
from naze.errors import EngineCrashError, EngineError, EngineReplyError, EngineUnavailableError
from naze.records import Answer, Prompt, Sampling, Status

MOST_LONE_CRASHES = 5
"""When so many prompts in a row make a fresh engine die, it is the engine, not the prompts: the run stops."""

Answers = Iterator[tuple[Prompt, Answer]]


class Asker:
    """Asks prompts of an engine, and of a fresh one when it dies.

    Args:
        open_engine: opens a fresh engine.
        sampling: how the model chooses its words.
    """

    def __init__(self, open_engine: Callable[[], Engine], sampling: Sampling) -> None:
        self._open_engine = open_engine
        self._sampling = sampling
        self._engine: Engine | None = None
        self._blamed: list[tuple[Prompt, Answer]] = []
        """Failures held back until an engine has answered again: only then was it the prompts."""

    def close(self) -> None:
        """Close the engine that is open."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def answers(self, prompts: Iterable[Prompt]) -> Answers:
        """Answer every prompt, in the order in which they finish.

        Raises:
            EngineUnavailableError: the engine cannot be reached or opened any more, or fresh ones die on every
                prompt; what has no answer stays unasked.
            EngineReplyError: the engine does not keep to the protocol.
        """
        source = iter(prompts)
        while True:
            window = _Window(source)
            try:
                yield from self._ask(window, earlier=0)
                break
            except _DiedError as died:
                suspects = window.under_way()
                if not suspects:
                    raise died.cause from died
            yield from self._ask_again(suspects)
        yield from self._clear_blamed()

    def _ask(self, window: "_Window", *, earlier: int) -> Answers:
        if self._engine is None:
            self._engine = self._open_fresh()
        answers = self._engine.answer(window, self._sampling)
        try:
            for prompt, answer in answers:
                window.finish(prompt)
                yield from self._clear_blamed()
                yield prompt, replace(answer, attempts=answer.attempts + earlier) if earlier else answer
        except (EngineCrashError, EngineUnavailableError) as error:
            self.close()
            refused = getattr(error, "status", None) is not None  # the server is there: 401, 404
            if refused or window.source_failed:
                raise
            raise _DiedError(error) from error
        finally:
            _close(answers)
        window.check_ended()

    def _open_fresh(self) -> Engine:
        try:
            return self._open_engine()
        except EngineCrashError as error:
            raise EngineUnavailableError(
                f"a fresh engine died while it was being opened: {error} "
                "Every answer so far is stored; the same command goes on."
            ) from error

    def _clear_blamed(self) -> Answers:
        while self._blamed:
            yield self._blamed.pop(0)

    def _ask_again(self, suspects: list[Prompt]) -> Answers:
        window = _Window(iter(suspects))
        try:
            yield from self._ask(window, earlier=1)
            return
        except _DiedError:
            twice = window.under_way()
            once = list(window)
        for prompt in twice:
            yield from self._ask_alone(prompt, earlier=2)
        for prompt in once:
            yield from self._ask_alone(prompt, earlier=1)

    def _ask_alone(self, prompt: Prompt, *, earlier: int) -> Answers:
        try:
            yield from self._ask(_Window(iter([prompt])), earlier=earlier)
        except _DiedError as died:
            reason = f"the engine died on this prompt alone: {died.cause}"
            self._blamed.append((prompt, Answer(Status.ERROR, reason=reason, attempts=earlier + 1)))
            if len(self._blamed) >= MOST_LONE_CRASHES:
                raise EngineUnavailableError(
                    f"{len(self._blamed)} prompts in a row each made a fresh engine die; it is the engine rather "
                    f"than the prompts, and none of them is recorded as failed. The last time: {died.cause} Try "
                    "another --engine, or wait until the server is well; the same command then goes on."
                ) from died


class _DiedError(Exception):
    """The engine died while answering, as opposed to while being opened."""

    def __init__(self, cause: EngineError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Window:
    """Prompts that an engine pulls; remembers which of them have no answer yet."""

    def __init__(self, source: Iterator[Prompt]) -> None:
        self._source = source
        self._open: dict[int, Prompt] = {}
        self.source_failed = False
        """Whether the source raised: it gives no more prompts, and no fresh engine can mend that."""

    def __iter__(self) -> Iterator[Prompt]:
        return self

    def __next__(self) -> Prompt:
        try:
            prompt = next(self._source)
        except StopIteration:
            raise
        except BaseException:
            self.source_failed = True
            raise
        self._open[id(prompt)] = prompt
        return prompt

    def finish(self, prompt: Prompt) -> None:
        """Note that a prompt has its answer.

        Raises:
            EngineReplyError: the prompt is none that was pulled, or has an answer already.
        """
        if self._open.pop(id(prompt), None) is None:
            raise EngineReplyError(
                f"the engine answered a prompt about {prompt.subject_id!r} that it was not given, or for the second "
                "time; expected each prompt that was pulled exactly once. This is a fault of the engine."
            )

    def under_way(self) -> list[Prompt]:
        """Name the prompts that were pulled and have no answer."""
        return list(self._open.values())

    def check_ended(self) -> None:
        """Make sure that nothing was dropped in silence.

        Raises:
            EngineReplyError: prompts were pulled and not answered, or not all were pulled.
        """
        dropped = len(self._open)
        left = next(self._source, None) is not None
        if dropped or left:
            raise EngineReplyError(
                f"the engine ended with {dropped} prompts unanswered{' and more to pull' if left else ''}; expected "
                "one answer for each. This is a fault of the engine; the same command asks for what is missing."
            )


def _close(answers: Answers) -> None:
    """Cancel what is in flight, where the engine's iterator can be closed."""
    close = getattr(answers, "close", None)
    if close is not None:
        close()
