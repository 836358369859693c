"""An engine goes in that somebody keeps; one that a run may use, and close, comes out.

Opening a model takes seconds to minutes: the steps of a job pass one engine on, as long as nothing went wrong in it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from naze.engines.protocol import Engine
from naze.engines.speaking import SpeaksFor
from naze.records import Answer, Prompt, Sampling

__all__ = ["LongLoan", "OnLoan"]


class OnLoan(SpeaksFor):
    """Speaks for an engine that a run may use; closed, it is given back, or freed where something was left open in it."""

    def __init__(self, engine: Engine, give_back: Callable[[], None]) -> None:
        super().__init__(engine)
        self._give_back = give_back
        self._closed = False
        self._under_way = 0
        """Iterators of answers that have not come to their end."""

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """See `Engine.answer`."""
        self._under_way += 1
        yield from self._engine.answer(prompts, sampling)
        self._under_way -= 1  # not reached where the engine died, or the caller stopped in the middle

    def close(self) -> None:
        """Give the engine back, or close it."""
        if self._closed:
            return
        self._closed = True
        if self._under_way:
            self._engine.close()
        else:
            self._give_back()


class LongLoan:
    """An engine that counts before it is handed over to whoever closes it, and after that as long as it is open."""

    def __init__(self, open_fresh: Callable[[], Engine]) -> None:
        self._open_fresh = open_fresh
        self._own: Engine | None = None
        """Open, and not handed over."""
        self._last: Engine | None = None

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """See `Engine.count_tokens`."""
        if self._last is None:
            self._own = self._last = self._open_fresh()
        return self._last.count_tokens(prompts)

    def hand_over(self) -> Engine:
        """Give the engine to whoever closes it."""
        engine, self._own = self._own, None
        self._last = engine or self._open_fresh()
        return self._last

    def close(self) -> None:
        """Close what was not handed over."""
        if self._own is not None:
            self._own.close()
            self._own = None
