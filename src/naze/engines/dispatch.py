"""Prompts are pulled in as there is room for them; answers come out as they finish.

Prompts about one subject share a long beginning, which a server computes once if it gets the chance: they
are kept on one lane (a slot of a llama.cpp server with a cache of its own), or, where the server shares
one cache among all, the first of them goes ahead of the others.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import CancelledError, Future, wait
from queue import SimpleQueue
from typing import Any

from naze.engines.background import BackgroundLoop
from naze.engines.working import Working, is_watched, tell, watched_by
from naze.records import Answer, Prompt

__all__ = ["Ask", "Dispatcher"]

Ask = Callable[[Prompt, int], Coroutine[Any, Any, Answer]]
"""Answers one prompt on the lane of that number."""

_CANCEL_SECONDS = 5.0
_Subject = tuple[str, str, str]


class Dispatcher:
    """Keeps a server busy with as many prompts as it can take.

    Args:
        loop: where requests run.
        ask: answers one prompt; raises when the engine as a whole has failed.
        lanes: how many prompts may be under way at once.
        lanes_share_cache: whether what one lane has read is known to the others.
    """

    def __init__(self, loop: BackgroundLoop, ask: Ask, *, lanes: int, lanes_share_cache: bool) -> None:
        self._loop = loop
        self._ask = ask
        self._lanes_share_cache = lanes_share_cache
        self._look_ahead = lanes if lanes > 1 else 0
        self._free: list[int] = list(range(lanes))
        self._last: dict[int, _Subject | None] = dict.fromkeys(range(lanes))
        self._waiting: list[Prompt] = []
        self._running: dict[Future[Answer], tuple[Prompt, int]] = {}
        self._heard: SimpleQueue[Future[Answer] | Working] = SimpleQueue()
        """Answers as they finish, and before that, where somebody watches, what is done."""
        self._read: _Subject | None = None
        """The last subject that the shared cache knows."""
        self._more = True

    def run(self, prompts: Iterable[Prompt]) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts as they finish; closing the iterator cancels what is under way."""
        source = iter(prompts)
        try:
            while True:
                while self._free and (prompt := self._next(source)) is not None:
                    self._send(prompt)
                if not self._running:
                    return
                yield from self._collect()
        finally:
            self._cancel()

    def _collect(self) -> Iterator[tuple[Prompt, Answer]]:
        """Wait for an answer; give out all that have come, and only then raise what failed."""
        failure: BaseException | None = None
        heard = [self._heard.get()]
        while not self._heard.empty():
            heard.append(self._heard.get())
        for future in heard:
            if isinstance(future, Working):
                tell(future)
                continue
            prompt, lane = self._running.pop(future)
            self._free.append(lane)
            self._read = _subject(prompt)
            error = future.exception()
            if error is None:
                yield prompt, future.result()
            else:
                failure = failure or error
        if failure is not None:
            raise failure

    def _next(self, source: Iterator[Prompt]) -> Prompt | None:
        """Choose the prompt to send next: what shares nothing with those under way goes first."""
        for place, prompt in enumerate(self._waiting):
            if self._may_go(prompt):
                return self._waiting.pop(place)
        while self._more and len(self._waiting) <= self._look_ahead:
            pulled = next(source, None)
            if pulled is None:
                self._more = False
            elif self._may_go(pulled):
                return pulled
            else:
                self._waiting.append(pulled)
        return self._spread()

    def _spread(self) -> Prompt | None:
        """Let a text start on another lane too: writing takes longer than reading its beginning twice.

        A choice is one token; it waits for the lane that knows its subject.
        """
        for place, prompt in enumerate(self._waiting):
            if not self._lanes_share_cache and not prompt.choices:
                return self._waiting.pop(place)
        return None

    def _may_go(self, prompt: Prompt) -> bool:
        subject = _subject(prompt)
        if subject is None or all(_subject(other) != subject for other, _ in self._running.values()):
            return True
        return self._lanes_share_cache and self._read == subject

    def _send(self, prompt: Prompt) -> None:
        subject = _subject(prompt)
        place = next((place for place, lane in enumerate(self._free) if self._last[lane] == subject), 0)
        lane = self._free.pop(place if subject is not None else 0)
        self._last[lane] = subject
        with watched_by(self._heard.put if is_watched() else None):  # told here, in the thread of who watches
            future = self._loop.start(self._ask(prompt, lane))
        self._running[future] = (prompt, lane)
        future.add_done_callback(self._heard.put)

    def _cancel(self) -> None:
        running = list(self._running)
        self._running.clear()
        for future in running:
            future.cancel()
        wait(running, timeout=_CANCEL_SECONDS)
        for future in running:  # an error that nobody will hear of any more is taken, so that nothing warns
            if future.done():
                try:
                    future.exception()
                except CancelledError:
                    pass


def _subject(prompt: Prompt) -> _Subject | None:
    """Name what prompts share with one another; None for a prompt without a subject."""
    if not prompt.subject:
        return None
    return (prompt.instruction, prompt.subject_id, prompt.subject)
