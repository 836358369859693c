"""Answers go in as they finish; a thread of its own stores them."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from naze.generations.connecting import connect, storable, told_by_sqlite
from naze.records import Answer

__all__ = ["AnswerWriter"]

_WAITING_ANSWERS = 5_000
"""Answers that may wait for the disk before the engine has to wait too."""
_COMMITTED_TOGETHER = 2_000
_ANSWER_COLUMNS = (
    "key, status, text, probabilities, choice_mass, reason, finish_reason, "
    "prompt_tokens, cached_tokens, generated_tokens, seconds, attempts, finished_at, marks, second, superseded"
)
_INSERT_ANSWER = f"INSERT INTO answers ({_ANSWER_COLUMNS}) VALUES ({', '.join('?' * 16)})"
_SET_ASIDE = "UPDATE answers SET superseded = 1 WHERE key = ? AND superseded = 0"
_INSERT_STATES = "INSERT OR REPLACE INTO states VALUES (?, ?)"

_Item = tuple[tuple[Any, ...], bytes | None]
"""The values of an answer, and its hidden states."""
_SECOND, _SUPERSEDED = 14, 15
"""Where these two stand among an answer's values."""


class AnswerWriter:
    """Stores answers from a thread of its own: one by one when they come slowly, many together when fast.

    What was handed over is on its way to the disk at once, so that a killed process loses at most the
    answers in flight. A write that fails raises `StoreError` at the next call; nothing goes on unrecorded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="naze answer writer", daemon=True)
        self._thread.start()

    def put(self, key: bytes, answer: Answer, *, second: bool = False, kept: bool = True) -> None:
        """Hand an answer over; waits when the disk is far behind.

        Args:
            key: of the prompt as it was planned.
            answer: what came of it.
            second: the prompt was asked in a second way.
            kept: of two answers this is the better one; the other stays in the journal.
        """
        self._check()
        while self._queue.qsize() >= _WAITING_ANSWERS:
            time.sleep(0.005)
            self._check()
        self._queue.put((_values(key, answer, second=second, kept=kept), answer.states))

    def close(self) -> None:
        """Wait until everything is stored."""
        self._queue.put(None)
        self._thread.join()
        self._check()

    def _check(self) -> None:
        if self._failure is not None:
            with told_by_sqlite(self._path):
                raise self._failure

    def _run(self) -> None:
        try:
            with closing(connect(self._path)) as connection:
                self._write_all(connection)
        except BaseException as error:  # the edge of this thread: whatever it is, the asking must stop
            self._failure = error

    def _write_all(self, connection: sqlite3.Connection) -> None:
        more = True
        while more:
            batch, more = self._next_batch()
            if batch:
                connection.execute("BEGIN IMMEDIATE")
                better = [values[:1] for values, _ in batch if values[_SECOND] and not values[_SUPERSEDED]]
                connection.executemany(_SET_ASIDE, better)
                connection.executemany(_INSERT_ANSWER, [values for values, _ in batch])
                told = [(values[0], states) for values, states in batch if states is not None]
                connection.executemany(_INSERT_STATES, told)
                connection.execute("COMMIT")

    def _next_batch(self) -> tuple[list["_Item"], bool]:
        """Wait for one answer, then take whatever else is there."""
        batch: list[_Item] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) >= _COMMITTED_TOGETHER:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False


def _values(key: bytes, answer: Answer, *, second: bool, kept: bool) -> tuple[Any, ...]:
    probabilities = None
    if answer.probabilities is not None:
        probabilities = storable(json.dumps(dict(answer.probabilities), ensure_ascii=False))
    return (
        key,
        answer.status.value,
        storable(answer.text),
        probabilities,
        answer.choice_mass,
        storable(answer.reason),
        None if answer.finish_reason is None else answer.finish_reason.value,
        answer.prompt_tokens,
        answer.cached_tokens,
        answer.generated_tokens,
        answer.seconds,
        answer.attempts,
        time.time(),
        json.dumps(answer.marks) if answer.marks else None,
        int(second),
        int(not kept),
    )
