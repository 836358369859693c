"""A run: prompts go in, every one of them ends as an answer or as a failure with its reason.

A run is a folder with a manifest and a store. `open_run` reads it, also while another process writes;
`write_run` holds its lock, plans and executes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from naze.engines.protocol import Engine
from naze.engines.validation import validate_answer
from naze.engines.working import watched_by
from naze.errors import ConfigurationError, InputError, RunLockedError, RunNotFoundError, StoreError
from naze.generations.answer_writer import AnswerWriter
from naze.generations.asking import Asker
from naze.generations.budget import Spender
from naze.generations.connecting import storable
from naze.generations.keys import AnswerKeys
from naze.generations.manifest import MANIFEST_NAME, Manifest, check_match, read_manifest, write_manifest
from naze.generations.progress import Progress
from naze.generations.second_way import Check, asks_again, is_better
from naze.generations.store import STORE_NAME, Planned, Row, Store
from naze.records import Answer, Fit, FittedPrompt, Prompt, Sampling, Status

Source = Callable[[], Iterable[FittedPrompt]]
"""Gives every row of a run in input order; may be called more than once."""
FAILURES = (Status.INVALID, Status.OVERFLOW, Status.ERROR)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many rows of a run ended how."""

    rows: int
    answered: int
    invalid: int
    overflow: int
    error: int
    open: int
    """Planned and not asked yet."""
    shortened: int
    routed: int
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    seconds: float
    """Summed over answers; those computed together each count their whole time."""
    faulty: int = 0
    """Rows whose answer is kept with a fault that was found in it."""
    asked_again: int = 0
    """Prompts that were asked in a second way because of a fault."""
    mended: int = 0
    """Those of them whose second answer was better, and is kept."""

    @property
    def failed(self) -> int:
        """Rows that ended without an answer."""
        return self.invalid + self.overflow + self.error


class Run:
    """A run that can be read.

    Attributes:
        folder: where it lies.
        manifest: what it was started with.
    """

    def __init__(self, folder: Path, manifest: Manifest, store: Store) -> None:
        self.folder = folder
        self.manifest = manifest
        self._store = store

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def summary(self) -> Summary:
        """Count how the rows ended."""
        by_status: Counter[str | None] = Counter()
        by_fit: Counter[str] = Counter()
        sums = [0, 0, 0, 0.0]
        faults = self._store.faults()
        for status, fit, rows, *numbers in self._store.counts():
            by_status[status] += rows
            by_fit[fit] += rows
            sums = [kept + number for kept, number in zip(sums, numbers, strict=True)]
        return Summary(
            rows=sum(by_status.values()),
            answered=by_status[Status.ANSWERED],
            invalid=by_status[Status.INVALID],
            overflow=by_status[Status.OVERFLOW],
            error=by_status[Status.ERROR],
            open=by_status[None],
            shortened=by_fit[Fit.SHORTENED],
            routed=by_fit[Fit.ROUTED],
            prompt_tokens=int(sums[0]),
            cached_tokens=int(sums[1]),
            generated_tokens=int(sums[2]),
            seconds=float(sums[3]),
            faulty=faults.faulty,
            asked_again=faults.asked_again,
            mended=faults.mended,
        )

    def is_finished_from(self, planned_from: str, *, checked: bool = False) -> bool:
        """Tell whether all rows of a plan that was made from exactly this have ended.

        Args:
            planned_from: fingerprint of the data.
            checked: faulty answers count as open until they were asked in a second way.
        """
        if self._store.fact("planned_from") != planned_from or self.summary().open:
            return False
        return not (checked and self._store.faults().unasked)

    def rows(self) -> Iterator[Row]:
        """Read every row with its answer, in input order, a few in memory at a time."""
        return self._store.rows()

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Read the hidden states of the rows that have them, each with the id of its subject; see `naze.engines.states`."""
        return self._store.states()

    def row(self, subject_id: str) -> list[Row]:
        """Read the rows about one subject; empty when there are none."""
        return list(self._store.rows("WHERE plan.subject_id = ?", (storable(subject_id),)))

    def tuples(self) -> Iterator[tuple[Any, ...]]:
        """Read every row as a tuple of the columns `EXPORTED`, in input order: quicker than `rows`."""
        return self._store.tuples()

    def failures(self) -> Iterator[Row]:
        """Read the rows that ended without an answer."""
        return self._store.rows("WHERE answers.status <> ?", (Status.ANSWERED.value,))


class WritableRun(Run):
    """A run whose lock this process holds. Made by `write_run`."""

    def is_planned_from(self, planned_from: str) -> bool:
        """Tell whether the plan was made from exactly this."""
        return self._store.fact("planned_from") == planned_from

    def plan(self, source: Source, planned_from: str) -> Planned:
        """Write down every row that is to be asked.

        Rows whose prompt is the same as in an earlier plan keep their answers.

        Args:
            source: the rows.
            planned_from: fingerprint of the data; the same one again means that there is nothing to plan.
        """
        keys, long_keys = self._keys()
        return self._store.write_plan(
            ((row, (long_keys if row.fit is Fit.ROUTED else keys).key(row.prompt)) for row in source()),
            planned_from,
        )

    def reset_failures(self, statuses: Iterable[Status] = FAILURES) -> int:
        """Set failures aside so that `execute` asks their rows again. Returns how many."""
        return self._store.supersede(statuses)

    def execute(
        self,
        source: Source,
        open_engine: Callable[[], Engine],
        *,
        open_long_engine: Callable[[], Engine] | None = None,
        progress: Progress | None = None,
        spender: Spender | None = None,
        long_spender: Spender | None = None,
        check: Check | None = None,
    ) -> Summary:
        """Ask every planned row that has no answer yet, and store each answer as it finishes.

        What is found faulty is asked once more in another way, after all others; the better answer is kept.

        Args:
            source: the same rows that were planned.
            open_engine: opens the engine; called only when there is something to ask, and after a crash.
            open_long_engine: opens the engine that routed rows go to.
            progress: is told of every answer.
            spender: lets prompts through as long as a budget pays for them; None: no budget.
            long_spender: the same for routed rows.
            check: finds faults in answers; None: nobody looks.

        Raises:
            StoreError: an answer cannot be stored; the run stops.
            BudgetError: the budget would be passed; what was asked before is stored.
            EngineUnavailableError: the engine cannot be reached; the same command goes on later.
            InputError: the rows are not those that were planned.
            ConfigurationError: rows are to be routed, and there is no engine to route them to.
        """
        summary = self.summary()
        if not summary.open and not (asks_again(check) and self._store.faults().unasked):
            return summary
        if summary.routed and open_long_engine is None:
            raise ConfigurationError(
                f"{self.folder}: {summary.routed:,} rows are planned for the model with the longer context, and none "
                "is given. Name it with --long-model."
            )
        if progress is not None:
            progress.start(summary.rows - summary.open, summary.failed, summary.rows)
        try:
            keys, long_keys = self._keys()
            sitting = _Sitting(self.folder, self._store, source, self._sampling(), progress, check)
            sitting.ask(keys, open_engine, spender, routed=False)
            if open_long_engine is not None and summary.routed:
                sitting.ask(long_keys, open_long_engine, long_spender, routed=True)
        finally:
            if progress is not None:
                progress.finish()
        summary = self.summary()
        if summary.open:
            raise StoreError(
                f"{self.folder}: {summary.open:,} planned rows have no answer in the store though all were asked. "
                "Every answer that came is stored; the same command asks for the others. This is a fault of naze."
            )
        return summary

    def _sampling(self) -> Sampling:
        kept = dict(self.manifest.sampling)
        return Sampling(**{**kept, "stop": tuple(kept.get("stop", ()))})

    def _keys(self) -> tuple[AnswerKeys, AnswerKeys]:
        sampling = self._sampling()
        long_fingerprint = self.manifest.long_fingerprint or self.manifest.fingerprint
        return AnswerKeys(self.manifest.fingerprint, sampling), AnswerKeys(long_fingerprint, sampling)


class _Sitting:
    """One call of `execute`: asks, validates, looks for faults, stores, tells the progress."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        source: Source,
        sampling: Sampling,
        progress: Progress | None,
        check: Check | None,
    ) -> None:
        self._folder = folder
        self._store = store
        self._source = source
        self._sampling = sampling
        self._progress = progress
        self._check = check
        self._earlier = store.earlier_attempts()
        self._under_way: dict[int, _UnderWay] = {}
        """By the identity of the prompt."""

    def ask(
        self, keys: AnswerKeys, open_engine: Callable[[], Engine], spender: Spender | None, *, routed: bool
    ) -> None:
        """Ask the rows of one engine until none is left, or the budget is used up; then what was found faulty once more."""
        with closing(AnswerWriter(self._store.path)) as self._writer:
            rows = self._chosen(self._store.wanted()).rows(keys, routed=routed)
            self._ask(self._askable(rows), open_engine, spender)
        if self._check is None or not self._check.asks_again:
            return
        wanted = self._store.wanted_again()
        if not any(wanted):  # else every prompt is made once more for nothing
            return
        if self._progress is not None:
            self._progress.again(sum(map(bool, wanted)))
        with closing(AnswerWriter(self._store.path)) as self._writer:
            rows = self._chosen(wanted).rows(keys, routed=routed)
            self._ask(self._second_prompts(rows, self._check), open_engine, spender)

    def _chosen(self, wanted: bytearray) -> "_Chosen":
        return _Chosen(self._folder, self._store, self._source, wanted)

    def _ask(
        self, askable: Iterator[Prompt], open_engine: Callable[[], Engine], spender: Spender | None
    ) -> None:
        first = next(askable, None)
        if first is None:
            return
        prompts = chain([first], askable)
        asker = Asker(open_engine, self._sampling)
        with closing(asker), watched_by(getattr(self._progress, "work", None)):
            for together in [prompts] if spender is None else spender.rounds(prompts, self._sampling):
                for prompt, answer in asker.answers(together):
                    if spender is not None:
                        spender.settle(prompt, answer)
                    self._finish(self._under_way.pop(id(prompt)), validate_answer(prompt, answer))

    def _askable(self, rows: Iterator["_Wanted"]) -> Iterator[Prompt]:
        """Pass on what can be asked; record at once what cannot."""
        for row, key, stands_for in rows:
            if row.problem is not None:
                self._keep(key, stands_for, Answer(Status.INVALID, reason=row.problem, attempts=0))
                continue
            if row.fit is not Fit.OVERFLOW:
                self._under_way[id(row.prompt)] = _UnderWay(row, key, stands_for)
                yield row.prompt
                continue
            reason = "the prompt does not fit the context"
            if row.whole_tokens is not None and row.limit_tokens is not None:
                reason = (
                    f"the prompt has {row.whole_tokens:,} tokens; {row.limit_tokens:,} fit beside the answer"
                )
            tokens = row.whole_tokens or 0
            answer = Answer(Status.OVERFLOW, reason=reason, prompt_tokens=tokens, attempts=0)
            self._keep(key, stands_for, answer)

    def _second_prompts(self, rows: Iterator["_Wanted"], check: Check) -> Iterator[Prompt]:
        for row, key, stands_for in rows:
            answer = self._store.answer(key)
            if answer is not None:
                prompt = check.again(row, answer)
                self._under_way[id(prompt)] = _UnderWay(row, key, stands_for, prompt, answer)
                yield prompt

    def _finish(self, under_way: "_UnderWay", answer: Answer) -> None:
        """Look for faults, and store."""
        row, key, first = under_way.row, under_way.key, under_way.first
        if self._check is not None and answer.status in (Status.ANSWERED, Status.INVALID):
            answer = self._check.look(row, answer)
        if first is None:
            self._keep(key, under_way.stands_for, answer)
        else:
            answer = replace(answer, attempts=answer.attempts + first.attempts)
            self._writer.put(key, answer, second=True, kept=is_better(answer, first))
            if self._progress is not None:
                self._progress.advance(answer, 0)

    def _keep(self, key: bytes, stands_for: int, answer: Answer) -> None:
        if key in self._earlier:
            answer = replace(answer, attempts=answer.attempts + self._earlier[key])
        self._writer.put(key, answer)
        if self._progress is not None:
            self._progress.advance(answer, stands_for)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A prompt that was handed to the engine."""

    row: FittedPrompt
    key: bytes
    stands_for: int
    """How many planned rows share its answer."""
    prompt: Prompt | None = None
    """What is asked instead, in the second way; kept here, so that its identity stays its own."""
    first: Answer | None = None
    """The answer to the first way of asking."""


_Wanted = tuple[FittedPrompt, bytes, int]
"""A row that is still to be asked, the key of its answer, and how many planned rows share that answer."""


class _Chosen:
    """Picks the rows that are still to be asked, and makes sure that they are those that were planned."""

    def __init__(self, folder: Path, store: Store, source: Source, wanted: bytearray) -> None:
        self._folder = folder
        self._store = store
        self._source = source
        self._wanted = wanted

    def rows(self, keys: AnswerKeys, *, routed: bool) -> Iterator[_Wanted]:
        """Give the rows of one engine.

        Raises:
            InputError: a row is not the one that was planned.
        """
        positions = (position for position, sharing in enumerate(self._wanted) if sharing)
        planned = self._store.planned_keys(positions)
        position = -1
        for position, row in enumerate(self._source()):
            if position >= len(self._wanted):
                raise self._different(position, f"the plan has {len(self._wanted):,} rows")
            if not self._wanted[position]:
                continue
            expected = next(planned)
            if (row.fit is Fit.ROUTED) != routed:
                continue
            key = keys.key(row.prompt)
            if key != expected:
                raise self._different(position, "its prompt is not the one that was planned")
            yield row, key, self._wanted[position]
        if position + 1 != len(self._wanted):
            raise self._different(position + 1, f"it is missing; the plan has {len(self._wanted):,} rows")

    def _different(self, position: int, what: str) -> InputError:
        self._store.forget_plan()
        return InputError(
            f"{self._folder}, row {position + 1}: {what}; the data changed since it was planned. "
            "Every answer so far is stored. The same command again plans anew and asks what changed."
        )


def open_run(path: str | Path) -> Run:
    """Open a run for reading; another process may be writing it.

    Raises:
        RunNotFoundError: no run in this folder.
        RunVersionError: made by a newer naze.
        StoreError: the run is damaged.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    if not (folder / STORE_NAME).is_file():
        raise RunNotFoundError(
            f"{folder}: the run has a manifest and no store yet; nothing was planned. Run its command again."
        )
    return Run(folder, manifest, Store(folder))


@contextmanager
def write_run(path: str | Path, manifest: Manifest | None = None) -> Iterator[WritableRun]:
    """Open a run for writing, or begin one; hold its lock meanwhile.

    Args:
        path: the run's folder.
        manifest: what is asked for now; None: go on with what the run was started with.

    Raises:
        RunLockedError: another process writes this run.
        ManifestMismatchError: the run was started with other settings; names each field.
        RunNotFoundError: no manifest given and no run there.
    """
    folder = Path(path)
    if manifest is None:
        read_manifest(folder)
    else:
        _make_folder(folder)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunLockedError(
            f"{folder}: another process is writing this run. Wait for it, or stop it; `naze runs show` reads meanwhile."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{folder}: the run cannot be locked ({error}). Its folder must be writable; choose another --out."
        ) from error
    try:
        current = _agreed(folder, manifest)
        run = WritableRun(folder, current, Store(folder, writable=True))
        try:
            yield run
        finally:
            run.close()
    finally:
        lock.release()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: the run's folder cannot be made ({error}). Choose another --out."
        ) from error


def _agreed(folder: Path, asked: Manifest | None) -> Manifest:
    """Compare what is asked for with what the run was started with, and keep the manifest up to date.

    Where the data lies now and how the engine runs are taken over; nothing else changes.
    """
    begun = (folder / MANIFEST_NAME).is_file()
    if asked is None or begun:
        kept = read_manifest(folder)
        if asked is None:
            return kept
        check_match(kept, asked, folder)
        current = replace(
            kept, data_path=asked.data_path, data_fingerprint=asked.data_fingerprint, options=asked.options
        )
        if asked.made_by:
            current = replace(current, made_by=asked.made_by, made_in=asked.made_in)
        if current == kept:
            return kept
    else:
        current = asked
    write_manifest(folder, current)
    return current
