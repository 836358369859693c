"""What an engine is: prompts go in lazily, answers come out as they finish.

An engine is a class that satisfies `Engine`, with a class method `open(model, options)`, registered under
the entry point group `naze.engines`. Ours are registered exactly as a stranger's are, and
`tests/engines/test_every_engine.py` runs over all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from naze.records import Answer, Prompt, Sampling


@dataclass(frozen=True, slots=True)
class Model:
    """A model made concrete: what a name means on this machine, for one engine."""

    name: str
    """As the person named it, for messages and manifests."""
    path: Path | None = None
    """A GGUF file, or a folder with OpenVINO files; None for a server."""
    address: str | None = None
    """Base URL of a server, e.g. `http://127.0.0.1:1234/v1`; None for an embedded engine."""
    remote_name: str | None = None
    """What the server calls the model."""
    sha256: str | None = None
    """SHA-256 of the file at `path`, when known."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine runs, as opposed to what it answers. Not part of an answer's key."""

    context_tokens: int | None = None
    """Tokens of prompt and answer together; None: the model's own, as far as memory allows."""
    concurrency: int | None = None
    """Sequences at once; None: from the memory there is."""
    cache_gigabytes: float | None = None
    """Memory for the key-value cache; None: from the memory there is."""
    threads: int | None = None
    timeout_seconds: float = 600.0
    """For one answer of a server."""
    allow_remote: bool = False
    """Speak to an address that is not this machine's own."""
    api_key: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers: goes into a run's manifest, and its fingerprint into every answer's key."""

    engine: str
    """The registered name, e.g. `openvino`."""
    model: str
    """As the person named it."""
    fingerprint: str
    """Changes when the weights or the form they are computed in change."""
    address: str | None = None
    """Where prompts are sent, when not computed in this process tree."""
    notes: tuple[str, ...] = ()
    """What the person should know, in plain words: slow build, converted form, why this engine."""


class Engine(Protocol):
    """Answers prompts.

    Raised by `answer`: `EngineCrashError` when the engine died (the caller opens a fresh one and asks the
    prompts that have no answer yet again), `EngineUnavailableError` when it cannot be reached. What concerns
    one prompt alone is no exception but an `Answer` with status OVERFLOW, INVALID or ERROR.
    """

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        """Load the model or reach the server.

        Raises:
            ModelFileError: the file cannot be loaded by this engine.
            EngineUnavailableError: the program or the server is not there.
            RemoteRefusedError: the address is not loopback and `options.allow_remote` is not set.
        """
        ...

    @property
    def identity(self) -> Identity:
        """Who answers."""
        ...

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that fit."""
        ...

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it, chat template included."""
        ...

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts, in the order in which they finish.

        Prompts are pulled lazily, no more than can run at once plus a small look-ahead; prompts that share
        a beginning should come one after another. Each prompt that was pulled is yielded exactly once. A prompt
        with a sampling of its own is answered with that one.
        Closing the iterator cancels what is in flight.
        """
        ...

    def close(self) -> None:
        """Free memory, stop child processes. May be called twice."""
        ...


@runtime_checkable
class StateReader(Protocol):
    """What an engine may be able to do beside answering: tell what the model has in mind after a prompt.

    `naze.engines.states.with_states` makes an `Engine` of it, and says so plainly where an engine cannot.
    """

    def read_states(self, prompts: Iterable[Prompt]) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts with choices; every answer that has no reason to fail has `states` too.

        Prompts are pulled as in `Engine.answer`. The states are of the residual stream at `naze.engines.states.DEPTHS`,
        at the prompt's last token, each depth scaled to a root mean square of 1.
        """
        ...
