"""The plan and the answers of a run, in one SQLite file.

The plan says which row stands at which position and under which key its answer is found. Answers are a
journal in the order in which they finished; a failure that is asked again stays in it, superseded.
Write-ahead logging lets others read while one process writes.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from naze.generations.connecting import each_row, opened_to_read, opened_to_write, storable, told_by_sqlite
from naze.records import Answer, FinishReason, Fit, FittedPrompt, Status

STORE_NAME = "store.sqlite"
_KEYS_TOGETHER = 1_000
_COUNTS = "counts"
"""The remembered counts, with the last answer that they include."""

_ROWS = """
SELECT plan.position, plan.subject_id, plan.question_id, plan.fit, plan.tokens, plan.whole_tokens,
    plan.limit_tokens, answers.status, answers.text, answers.probabilities, answers.choice_mass,
    answers.reason, answers.finish_reason, answers.prompt_tokens, answers.cached_tokens,
    answers.generated_tokens, answers.seconds, answers.attempts, answers.marks, answers.finished_at
FROM plan LEFT JOIN answers ON answers.key = plan.key AND answers.superseded = 0
"""
_FAULTY = (
    "answers.superseded = 0 AND answers.marks IS NOT NULL AND answers.second = 0 AND NOT EXISTS (SELECT 1 FROM answers later "
    "WHERE later.key = answers.key AND later.second = 1 AND later.number > answers.number)"
)
"""Answers with a fault whose prompt was not asked in a second way yet."""
_NUMBERED = (
    "SELECT subject_id, question_id, key, "
    "row_number() OVER (PARTITION BY subject_id, question_id ORDER BY position) AS copy FROM plan"
)
"""Ids may stand in a file more than once: each row is told by its id and which copy of it this is."""
EXPORTED = (
    "position", "subject_id", "question_id", "status", "text", "probabilities", "choice_mass", "reason",
    "finish_reason", "fit", "prompt_tokens", "cached_tokens", "generated_tokens", "whole_tokens", "limit_tokens",
    "seconds", "attempts", "marks",
)  # fmt: skip
"""The columns of `Store.tuples`."""
_EXPORT = """
SELECT plan.position, plan.subject_id, plan.question_id, coalesce(answers.status, 'open'), answers.text,
    answers.probabilities, answers.choice_mass, answers.reason, answers.finish_reason, plan.fit,
    answers.prompt_tokens, answers.cached_tokens, answers.generated_tokens, plan.whole_tokens, plan.limit_tokens,
    answers.seconds, coalesce(answers.attempts, 0),
    (SELECT group_concat(value, ', ') FROM json_each(answers.marks))
FROM plan LEFT JOIN answers ON answers.key = plan.key AND answers.superseded = 0
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One planned prompt and what came of it."""

    position: int
    """Place in the input, from 0."""
    subject_id: str
    question_id: str
    fit: Fit
    tokens: int | None
    whole_tokens: int | None
    limit_tokens: int | None
    answer: Answer | None
    """None: not asked yet."""
    finished_at: float | None = None
    """When the answer was stored, in seconds since 1970; None: not asked yet."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning found, against the plan before it."""

    rows: int
    new: int
    """Rows that were not there before."""
    changed: int
    """Rows whose prompt is another one now; they are asked again."""
    gone: int
    """Rows of the plan before that are no longer there; their answers stay in the store."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How many answers have faults, and what was done about them."""

    faulty: int
    """Rows whose answer is kept with a fault."""
    asked_again: int
    """Prompts that were asked in a second way."""
    mended: int
    """Those of them whose second answer is kept."""
    unasked: int
    """Prompts whose answer has a fault, and that were not asked in a second way yet."""


class Store:
    """The plan and the answers of one run.

    Args:
        folder: the run's folder.
        writable: whether this process holds the run's lock.
    """

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        self.path = folder / STORE_NAME
        self._writable = writable
        with told_by_sqlite(self.path):
            self._connection = opened_to_write(self.path) if writable else opened_to_read(self.path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def fact(self, name: str) -> str | None:
        """Read a remembered fact, e.g. `planned_from`."""
        with told_by_sqlite(self.path):
            found = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def write_plan(self, prompts: Iterable[tuple[FittedPrompt, bytes]], planned_from: str) -> Planned:
        """Replace the plan in one transaction.

        Args:
            prompts: every row in input order, with the key of its answer.
            planned_from: fingerprint of the data and settings that the plan was made from.

        Returns:
            How the plan differs from the one before.
        """
        run = self._connection.execute
        with told_by_sqlite(self.path):
            run("BEGIN IMMEDIATE")
            try:
                run("DROP TABLE IF EXISTS temp.before")
                run(f"CREATE TEMP TABLE before AS {_NUMBERED}")
                run("DELETE FROM plan")
                self._connection.executemany(
                    "INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (_plan_values(position, row, key) for position, (row, key) in enumerate(prompts)),
                )
                planned = self._compare_plans()
                self._remember("planned_from", planned_from)
                self._forget(_COUNTS)
                run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):  # the disk may be gone; what went wrong first is told
                        run("ROLLBACK")
                raise
            run("DROP TABLE temp.before")
        return planned

    def _compare_plans(self) -> Planned:
        def count(query: str) -> int:
            return int(self._connection.execute(query).fetchone()[0])

        rows, before = count("SELECT count(*) FROM plan"), count("SELECT count(*) FROM temp.before")
        if before == 0:
            return Planned(rows, rows, 0, 0)
        self._connection.execute("CREATE INDEX temp.before_ids ON before (subject_id, question_id, copy)")
        same_ids = f"({_NUMBERED}) p JOIN temp.before b USING (subject_id, question_id, copy)"
        both = count(f"SELECT count(*) FROM {same_ids}")
        changed = count(f"SELECT count(*) FROM {same_ids} WHERE p.key <> b.key")
        return Planned(rows, rows - both, changed, before - both)

    def wanted(self) -> bytearray:
        """Mark the positions that are still to be asked.

        Returns:
            For each position 0, or at the first position of an unanswered key how many rows share it
            (255 stands for more).
        """
        with told_by_sqlite(self.path):
            rows = self._connection.execute("SELECT coalesce(max(position), -1) + 1 FROM plan").fetchone()[0]
            marks = bytearray(rows)
            open_rows = self._connection.execute(
                "SELECT min(position), count(*) FROM plan WHERE NOT EXISTS "
                "(SELECT 1 FROM answers WHERE answers.key = plan.key AND superseded = 0) GROUP BY key"
            )
            for position, sharing in open_rows:
                marks[position] = min(sharing, 255)
        return marks

    def wanted_again(self) -> bytearray:
        """Mark the positions whose answers have faults and were not asked in a second way yet; see `wanted`."""
        with told_by_sqlite(self.path):
            rows = self._connection.execute("SELECT coalesce(max(position), -1) + 1 FROM plan").fetchone()[0]
            marks = bytearray(rows)
            faulty = self._connection.execute(
                f"SELECT min(position), count(*) FROM plan JOIN answers USING (key) WHERE {_FAULTY} GROUP BY key"
            )
            for position, sharing in faulty:
                marks[position] = min(sharing, 255)
        return marks

    def answer(self, key: bytes) -> Answer | None:
        """Read the answer that is kept under a key."""
        for row in self.rows("WHERE plan.key = ?", (key,)):
            return row.answer
        return None

    def faults(self) -> Faults:
        """Count the answers with faults, and what was done about them."""
        kept = "plan JOIN answers USING (key) WHERE superseded = 0"
        queries = (
            f"SELECT count(*) FROM {kept} AND marks IS NOT NULL",
            "SELECT count(DISTINCT key) FROM answers JOIN plan USING (key) WHERE second = 1",
            f"SELECT count(DISTINCT key) FROM {kept} AND second = 1",
            f"SELECT count(DISTINCT key) FROM plan JOIN answers USING (key) WHERE {_FAULTY}",
        )
        with told_by_sqlite(self.path):
            return Faults(*(int(self._connection.execute(query).fetchone()[0]) for query in queries))

    def rows(self, where: str = "", values: tuple[Any, ...] = ()) -> Iterator[Row]:
        """Read rows with their answers, in input order, a few at a time."""
        with told_by_sqlite(self.path):
            for found in self._connection.execute(f"{_ROWS} {where} ORDER BY plan.position", values):
                yield _row(found)

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Read the hidden states of rows that have them, each with the id of its subject, in input order."""
        with told_by_sqlite(self.path):
            known = self._connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'states'"
            ).fetchone()[0]
            if not known:  # a run that was begun before there were any
                return
            yield from each_row(
                self._connection.execute(
                    "SELECT plan.subject_id, states.states FROM plan JOIN states ON states.key = plan.key "
                    "ORDER BY plan.position"
                )
            )

    def tuples(self) -> Iterator[tuple[Any, ...]]:
        """Read what an export holds of each row, in input order; see `EXPORTED`."""
        with told_by_sqlite(self.path):
            yield from each_row(self._connection.execute(f"{_EXPORT} ORDER BY plan.position"))

    def planned_keys(self, positions: Iterable[int]) -> Iterator[bytes]:
        """Read the keys of positions in rising order, a few together, so that no transaction stays open."""
        positions = iter(positions)
        while together := list(islice(positions, _KEYS_TOGETHER)):
            wanted = set(together)
            with told_by_sqlite(self.path):
                found = self._connection.execute(
                    "SELECT position, key FROM plan WHERE position BETWEEN ? AND ? ORDER BY position",
                    (together[0], together[-1]),
                ).fetchall()
            yield from (key for position, key in found if position in wanted)

    def forget_plan(self) -> None:
        """Have the rows planned anew by the next command; answers stay."""
        with told_by_sqlite(self.path):
            self._forget("planned_from")

    def counts(self) -> list[tuple[str | None, str, int, int, int, int, float]]:
        """Count rows by status and fit.

        The counts of a run that did not change since they were counted by its writer are remembered: a run of
        a million rows is seen to be finished at once.

        Returns:
            (status or None, fit, rows, prompt tokens, cached tokens, generated tokens, seconds) each.
        """
        query = (
            "SELECT answers.status, plan.fit, count(*), coalesce(sum(answers.prompt_tokens), 0), "
            "coalesce(sum(answers.cached_tokens), 0), coalesce(sum(answers.generated_tokens), 0), "
            "coalesce(sum(answers.seconds), 0.0) FROM plan "
            "LEFT JOIN answers ON answers.key = plan.key AND answers.superseded = 0 GROUP BY 1, 2"
        )
        with told_by_sqlite(self.path):
            last = self._connection.execute("SELECT max(number) FROM answers").fetchone()[0]
            kept = self.fact(_COUNTS)
            if kept is not None and json.loads(kept)["last"] == last:
                return [tuple(count) for count in json.loads(kept)["counts"]]
            counts = self._connection.execute(query).fetchall()
            if self._writable:
                self._remember(_COUNTS, json.dumps({"last": last, "counts": counts}))
        return counts

    def spent(self) -> list[tuple[int, int, int, int]]:
        """Sum what all answers cost, superseded ones and those of rows that are gone included.

        Returns:
            (1 when routed, answers, prompt tokens, generated tokens) each.
        """
        with told_by_sqlite(self.path):
            return self._connection.execute(
                "SELECT coalesce(planned.fit = ?, 0), count(*), sum(prompt_tokens), sum(generated_tokens) FROM answers "
                "LEFT JOIN (SELECT key, min(fit) AS fit FROM plan GROUP BY key) planned USING (key) "
                "WHERE answers.status <> ? AND answers.attempts > 0 GROUP BY 1",
                (Fit.ROUTED.value, Status.OVERFLOW.value),
            ).fetchall()

    def _remember(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def _forget(self, name: str) -> None:
        self._connection.execute("DELETE FROM facts WHERE name = ?", (name,))

    def supersede(self, statuses: Iterable[Status]) -> int:
        """Set failures aside so that their rows are asked again. They stay in the journal.

        Returns:
            How many answers were set aside.
        """
        names = [status.value for status in statuses]
        marks = ", ".join("?" * len(names))
        with told_by_sqlite(self.path):
            self._forget(_COUNTS)
            return self._connection.execute(
                f"UPDATE answers SET superseded = 1 WHERE superseded = 0 AND status IN ({marks})", names
            ).rowcount

    def earlier_attempts(self) -> dict[bytes, int]:
        """Count by key how often was asked for answers that were superseded. Each counts those before it too."""
        with told_by_sqlite(self.path):
            return dict(
                self._connection.execute(
                    "SELECT key, max(attempts) FROM answers WHERE superseded = 1 GROUP BY key"
                )
            )


def _plan_values(position: int, row: FittedPrompt, key: bytes) -> tuple[Any, ...]:
    return (
        position,
        storable(row.prompt.subject_id),
        storable(row.prompt.question_id),
        key,
        row.fit.value,
        row.tokens,
        row.whole_tokens,
        row.limit_tokens,
    )


def _row(found: tuple[Any, ...]) -> Row:
    position, subject_id, question_id, fit, tokens, whole_tokens, limit_tokens, status, *rest, finished_at = (
        found
    )
    answer = None
    if status is not None:
        text, probabilities, mass, reason, finish, prompt, cached, generated, seconds, attempts, marks = rest
        answer = Answer(
            status=Status(status),
            text=text,
            probabilities=None if probabilities is None else json.loads(probabilities),
            choice_mass=mass,
            reason=reason,
            finish_reason=None if finish is None else FinishReason(finish),
            prompt_tokens=prompt,
            cached_tokens=cached,
            generated_tokens=generated,
            seconds=seconds,
            attempts=attempts,
            marks=() if marks is None else tuple(json.loads(marks)),
        )
    return Row(
        position, subject_id, question_id, Fit(fit), tokens, whole_tokens, limit_tokens, answer, finished_at
    )
