"""An engine that can tell a model's hidden states goes in; an engine whose answers carry them comes out."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from naze.engines.protocol import Engine, Identity, StateReader
from naze.engines.speaking import SpeaksFor
from naze.errors import ConfigurationError
from naze.records import Answer, Prompt, Sampling

__all__ = ["DEPTHS", "decode_states", "encode_states", "states_fingerprint", "with_states"]

DEPTHS = (0.5, 0.75, 1.0)
"""Where in a network the residual stream is taken: after this share of its layers."""


def encode_states(states: NDArray[np.float32]) -> bytes:
    """Turn states (depths, width) into what an answer holds: each depth scaled to a root mean square of 1, float16.

    So scaled no value is beyond the square root of the width, far from what float16 can hold; it keeps three digits.
    """
    values = states.astype(np.float32)
    scale = np.sqrt((values**2).mean(axis=1, keepdims=True))
    return bytes((values / np.maximum(scale, 1e-12)).astype("<f2").tobytes())


def decode_states(raw: bytes) -> NDArray[np.float32]:
    """Turn what an answer holds into states: (depths, width)."""
    return np.frombuffer(raw, "<f2").reshape(len(DEPTHS), -1).astype(np.float32)


def with_states(engine: Engine) -> Engine:
    """Return an engine whose answers carry the model's hidden states.

    Raises:
        ConfigurationError: this engine cannot tell them.
    """
    if not isinstance(engine, StateReader):
        who = engine.identity
        raise ConfigurationError(
            f"the engine {who.engine!r} cannot tell the hidden states of {who.model}; `openvino` can, of any model that it "
            "loads. Name such a model (`naze models`), or do without --probe."
        )
    return _WithStates(engine, engine)


def states_fingerprint(fingerprint: str) -> str:
    """Return the fingerprint of a model whose answers carry its states."""
    return f"{fingerprint} states {' '.join(f'{depth:g}' for depth in DEPTHS)}"


class _WithStates(SpeaksFor):
    """Speaks for an engine, and has it read states instead of answering."""

    def __init__(self, engine: Engine, reader: StateReader) -> None:
        super().__init__(engine)
        self._reader = reader

    @property
    def identity(self) -> Identity:
        """Who answers; the fingerprint says that it is read by another way, so that nothing is mixed up in a run."""
        identity = self._engine.identity
        return replace(identity, fingerprint=states_fingerprint(identity.fingerprint))

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer with states."""
        return self._reader.read_states(prompts)
