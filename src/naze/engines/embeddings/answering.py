"""An embedding model goes in; an engine comes out, so that vectors are computed in durable runs as answers are.

A prompt's question is the text, and the answer's text its vector in base64: float32, little-endian, which is also
how OpenAI's interface writes vectors when it is asked for base64.
"""

import base64
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Self

import numpy as np

from naze.configuration import read_configuration
from naze.engines.embeddings.opening import open_uncached
from naze.engines.embeddings.protocol import BATCH_TEXTS, Embedder
from naze.engines.protocol import EngineOptions, Identity, Model
from naze.errors import EngineReplyError
from naze.records import Answer, FinishReason, Prompt, Sampling, Status

__all__ = ["EmbeddingEngine", "read_vector"]

_UNKNOWN_CONTEXT = 1 << 30
"""Where a server does not say how long a text may be: it refuses by itself."""


class EmbeddingEngine:
    """Answers a prompt with the vector of its question.

    Args:
        name: what the person calls the model.
        embedder: computes the vectors.
    """

    def __init__(self, name: str, embedder: Embedder) -> None:
        self._embedder = embedder
        self._identity = Identity(
            engine="embeddings", model=name, fingerprint=embedder.identity, address=embedder.address
        )

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        """Open an embedding model by its name. See `open_embedder` for names and errors."""
        configuration = read_configuration()
        return cls(model.name, open_uncached(model.name, options.allow_remote, configuration))

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._identity

    @property
    def context_tokens(self) -> int:
        """Tokens of a text that are seen."""
        return self._embedder.context_tokens or _UNKNOWN_CONTEXT

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each text's tokens."""
        return self._embedder.count_tokens([prompt.question for prompt in prompts])

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Embed texts, a batch at a time; one that is longer than the model sees is not embedded in part."""
        source = iter(prompts)
        while batch := list(islice(source, BATCH_TEXTS)):
            began = time.perf_counter()
            counted = list(zip(batch, self.count_tokens(batch), strict=True))
            fitting = [pair for pair in counted if pair[1] <= self.context_tokens]
            yield from (
                (prompt, self._too_long(count)) for prompt, count in counted if count > self.context_tokens
            )
            yield from self._embed(fitting, began)

    def close(self) -> None:
        """Free the model."""
        self._embedder.close()

    def _embed(self, counted: list[tuple[Prompt, int]], began: float) -> Iterator[tuple[Prompt, Answer]]:
        try:
            vectors = self._embedder.embed([prompt.question for prompt, _ in counted])
        except EngineReplyError as error:
            failed = Answer(Status.ERROR, reason=str(error), attempts=error.attempts)
            yield from ((prompt, failed) for prompt, _ in counted)
            return
        seconds = time.perf_counter() - began
        for (prompt, count), vector in zip(counted, vectors, strict=True):
            yield (
                prompt,
                Answer(
                    Status.ANSWERED,
                    text=base64.b64encode(vector.astype("<f4").tobytes()).decode(),
                    finish_reason=FinishReason.STOP,
                    prompt_tokens=count,
                    seconds=seconds,
                ),
            )

    def _too_long(self, tokens: int) -> Answer:
        return Answer(
            Status.OVERFLOW,
            reason=f"the text has {tokens:,} tokens; the model sees {self.context_tokens:,}",
            prompt_tokens=tokens,
            attempts=0,
        )


def read_vector(text: str) -> list[float]:
    """Read the vector that an answer of this engine holds.

    Example:
        >>> read_vector("AACAPwAAAMA=")
        [1.0, -2.0]
    """
    return [float(value) for value in np.frombuffer(base64.b64decode(text), "<f4")]
