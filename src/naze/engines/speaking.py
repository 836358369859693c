"""An engine goes in; one that speaks for it comes out, for those who change one thing about it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from naze.engines.protocol import Engine, EngineOptions, Identity, Model
from naze.records import Answer, Prompt, Sampling

__all__ = ["SpeaksFor"]


class SpeaksFor:
    """Passes everything on to an engine that is open. See `Engine` for what each does.

    Args:
        engine: the one that is spoken for.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        """Not to be called: it is made of an engine that is open."""
        raise NotImplementedError(f"{cls.__name__} is made of an engine that is open")

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._engine.identity

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that fit."""
        return self._engine.context_tokens

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it."""
        return self._engine.count_tokens(prompts)

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts, in the order in which they finish."""
        return self._engine.answer(prompts, sampling)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
