"""An engine that computes in this machine's memory goes in; the same engine in a process of its own comes out.

Native code can crash, and the system may kill whoever takes too much memory. In a child process neither
takes the run down. Prompts and answers cross the child's standard input and output; the child asks for
each prompt when it has room for it, and ends when its parent does.
"""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import IO, Any, ClassVar, Self

from naze.engines.exit_status import how_it_ended
from naze.engines.protocol import Engine, EngineOptions, Identity, Model
from naze.engines.working import Working, tell, watched_by
from naze.errors import EngineCrashError, EngineUnavailableError, NazeError
from naze.records import Answer, Prompt, Sampling

_END_OF_PROMPTS = None
_TAIL_BYTES = 2000


class ChildEngine:
    """Runs the engine class named by `worker` in a child process and speaks for it.

    A subclass sets `worker`; it is then an `Engine` like any other. The child is started again when it is
    asked something after it was closed or has died.
    """

    worker: ClassVar[str]
    """`module:Class` of the engine that the child opens."""

    def __init__(self, model: Model, options: EngineOptions) -> None:
        self._model = model
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._identity: Identity
        self._context_tokens: int
        self._start()

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        """Start the child and load the model there. Raises what the engine's own `open` raises."""
        return cls(model, options)

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._identity

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that fit."""
        return self._context_tokens

    @property
    def process_id(self) -> int | None:
        """The child's process id, for those who measure or watch it; None when it is closed."""
        return None if self._process is None else self._process.pid

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it, chat template included."""
        counts: list[int] = self._ask("count_tokens", list(prompts))
        return counts

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts, in the order in which they finish. See `Engine.answer`."""
        return self._stream(prompts, "answer", sampling)

    def _stream(
        self, prompts: Iterable[Prompt], command: str, *arguments: object
    ) -> Iterator[tuple[Prompt, Answer]]:
        """Have the child answer prompts, by the method that is named as the command."""
        if self._process is None:
            self._start()
        source = iter(prompts)
        under_way: dict[int, Prompt] = {}
        taken = 0
        idle = False
        try:
            self._send((command, arguments))
            while True:
                kind, content = self._receive()
                if kind == "pull":
                    prompt = next(source, _END_OF_PROMPTS)
                    if prompt is not _END_OF_PROMPTS:
                        under_way[taken] = prompt
                    self._send((taken, prompt))
                    taken += 1
                elif kind == "working":
                    number, working = content
                    tell(replace(working, prompt=under_way.get(number)))
                elif kind == "answer":
                    number, answer = content
                    yield under_way.pop(number), answer
                else:
                    idle = True
                    if kind == "error":
                        raise content
                    return
        finally:
            if not idle:  # given up in the middle, or died: what is under way is of no use any more
                self.close()

    def close(self) -> None:
        """Stop the child. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, self._errors):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:  # what was still to be sent to a child that is gone
                    pass

    def _start(self) -> None:
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "naze.engines.child", self.worker],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )
        except OSError as error:
            raise EngineUnavailableError(
                f"cannot start {sys.executable} for {self.worker}: {error}. Free some memory and try again."
            ) from error
        self._identity, self._context_tokens = self._ask("open", self._model, self._options)

    def _ask(self, command: str, *arguments: object) -> Any:  # noqa: ANN401 - each command has its own reply
        if self._process is None:
            self._start()
        self._send((command, arguments))
        kind, content = self._receive()
        if kind == "error":
            if command == "open":
                self.close()
            raise content
        return content

    def _send(self, message: object) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            _write(self._process.stdin, message)
        except OSError as error:
            raise self._death() from error

    def _receive(self) -> tuple[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        try:
            message: tuple[str, Any] = pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise self._death() from error
        return message

    def _death(self) -> EngineCrashError:
        """Say how the child died, with the end of what it wrote."""
        assert self._process is not None
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        how = how_it_ended(status, -status, "a smaller model or key-value cache")
        assert self._errors is not None
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _TAIL_BYTES))
        tail = self._errors.read().decode("utf-8", errors="replace").strip()
        self.close()
        return EngineCrashError(
            f"the process of {type(self).__name__} {how}." + (f" It wrote: {tail}" if tail else "")
        )


def _write(stream: IO[bytes], message: object) -> None:
    stream.write(pickle.dumps(message))
    stream.flush()


class _Parent:
    """In the child: the parent's end of the line."""

    def __init__(self) -> None:
        self._input = sys.stdin.buffer
        self._output = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what native code prints must not fall among the messages

    def send(self, kind: str, content: object) -> None:
        _write(self._output, (kind, content))

    def pass_on(self, numbers: dict[int, int], working: Working) -> None:
        """Tell the parent what the engine is doing; a prompt is named by its number."""
        number = None if working.prompt is None else numbers.get(id(working.prompt))
        self.send("working", (number, replace(working, prompt=None)))

    def receive(self) -> Any:  # noqa: ANN401 - commands and prompts
        return pickle.load(self._input)

    def prompts(self, numbers: dict[int, int], engine: Engine) -> Iterator[Prompt]:
        """Pull prompts as the engine has room; note under which number the parent knows each.

        What makes the prompts may count tokens meanwhile: the engine is asked between a pull and its prompt.
        """
        while True:
            self.send("pull", None)
            number, prompt = self.receive()
            while number == "count_tokens":
                try:
                    self.send("counts", engine.count_tokens(*prompt))
                except NazeError as error:
                    self.send("error", error)
                number, prompt = self.receive()
            if prompt is _END_OF_PROMPTS:
                return
            numbers[id(prompt)] = number
            yield prompt


def _serve(worker: str, parent: _Parent) -> None:
    """In the child: open the engine, then do as told until the parent hangs up."""
    module, _, name = worker.partition(":")
    engine_class: type[Engine] = getattr(import_module(module), name)
    engine: Engine | None = None
    while True:
        command, arguments = parent.receive()
        try:
            if command == "open":
                engine = engine_class.open(*arguments)
                parent.send("ready", (engine.identity, engine.context_tokens))
            elif engine is not None and command == "count_tokens":
                parent.send("counts", engine.count_tokens(*arguments))
            elif engine is not None:
                numbers: dict[int, int] = {}
                with watched_by(partial(parent.pass_on, numbers)):
                    answers = getattr(engine, command)(parent.prompts(numbers, engine), *arguments)
                    for prompt, answer in answers:
                        parent.send("answer", (numbers.pop(id(prompt)), answer))
                parent.send("done", None)
        except NazeError as error:
            parent.send("error", error)


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        _serve(sys.argv[1], _Parent())
    except (EOFError, BrokenPipeError):
        return  # the parent is gone


if __name__ == "__main__":
    _main()
