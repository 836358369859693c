"""Answers as they finish go in; what a person wants to know meanwhile comes out.

Rows done, tokens a second, failures so far and the time left with its uncertainty: on a terminal a bar, else
one line of JSON every few seconds.
"""

import json
import math
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import IO, Protocol

from naze.engines.working import Working
from naze.generations.intervals import student_90
from naze.records import Answer, Status

_BLOCKS = 40
"""The speed is judged from so many stretches of time at most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a run stands."""

    done: int
    """Rows that have ended, those of earlier sittings included."""
    total: int
    failed: int
    """Of them invalid, overflow or error."""
    tokens_per_second: float
    """Prompt and generated tokens, in this sitting."""
    seconds_left: float | None
    """None until it can be told."""
    seconds_left_low: float | None
    """The 90 % interval of `seconds_left`."""
    seconds_left_high: float | None
    tokens_read: int = 0
    """In this sitting, as far as the engine tells before answers are whole."""
    tokens_written: int = 0
    again: int = 0
    """Answers with a fault that are still to be asked for once more."""


class Progress(Protocol):
    """Is told of every answer while a run goes on."""

    def start(self, done: int, failed: int, total: int) -> None:
        """Rows that had ended before this sitting, and rows in all."""
        ...

    def advance(self, answer: Answer, rows: int) -> None:
        """One answer finished; it stands for so many rows (more than one where prompts are the same).

        An answer that was asked for once more stands for no further row: 0.
        """
        ...

    def again(self, answers: int) -> None:
        """So many answers have a fault, and are asked for once more."""
        ...

    def work(self, working: Working) -> None:
        """The engine was busy with answers that are not whole yet."""
        ...

    def finish(self) -> None:
        """The sitting is over."""
        ...


class Meter:
    """Counts answers and reckons the time left.

    Where the engine tells what it reads and writes, the time left is that of the tokens that are left, by the speeds of
    reading and of writing so far; before the first answer is whole, its length is guessed.

    The interval comes from how much the speed varied between stretches of time so far: how well the mean of the
    stretches' seconds a row is known, and how far the rows that are left may lie from it, as Student's interval. It
    tightens while the run goes on, with every stretch that is measured and every row that is done.

    Source: prediction intervals for the mean of further observations, Hahn and Meeker 1991, Statistical Intervals,
    chapter 4.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done = self._failed = self._total = self._tokens = self._asked = 0
        self._blocks: deque[tuple[float, int]] = deque(maxlen=_BLOCKS)
        """Of each stretch of time: seconds a row, and its rows."""
        self._began = self._block_began = clock()
        self._block_rows = 0
        self._prompts_read = self._tokens_read = self._tokens_written = self._generated = 0
        self._read_read = self._read_written = self._written_written = 0
        self._seconds_read = self._seconds_written = self._seconds = 0.0
        """Sums of products over the stretches of time in which the engine told something."""
        self._last_work = self._began
        self._again = 0

    def again(self, answers: int) -> None:
        """Count answers that are asked for once more."""
        self._again += answers

    def work(self, working: Working) -> None:
        """Count what the engine has read and written."""
        now = self._clock()
        seconds, read, written = now - self._last_work, working.tokens_read, working.tokens_written
        self._read_read += read * read
        self._read_written += read * written
        self._written_written += written * written
        self._seconds_read += seconds * read
        self._seconds_written += seconds * written
        self._seconds += seconds
        self._last_work = now
        self._prompts_read += working.prompts_read
        self._tokens_read += working.tokens_read
        self._tokens_written += working.tokens_written

    def start(self, done: int, failed: int, total: int) -> None:
        """Begin to count."""
        self._done, self._failed, self._total = done, failed, total
        self._began = self._block_began = self._last_work = self._clock()

    def advance(self, answer: Answer, rows: int) -> None:
        """Count one answer."""
        self._again -= rows == 0
        self._done += rows
        self._asked += rows or 1
        self._generated += answer.generated_tokens
        self._block_rows += rows or 1
        self._tokens += answer.prompt_tokens + answer.generated_tokens
        if rows and answer.status is not Status.ANSWERED:
            self._failed += rows
        now = self._clock()
        if now - self._block_began >= max(1.0, (now - self._began) / _BLOCKS):
            self._blocks.append(((now - self._block_began) / self._block_rows, self._block_rows))
            self._block_began, self._block_rows = now, 0

    def reading(self) -> Reading:
        """Tell where the run stands."""
        elapsed = max(self._clock() - self._began, 1e-9)
        left = self._total - self._done + self._again
        middle = low = high = None
        by_tokens = self._by_tokens(left)
        if self._asked or by_tokens is not None:
            middle = left * elapsed / self._asked if by_tokens is None else by_tokens
            low, high = middle / _UNSURE, middle * _UNSURE
            if len(self._blocks) >= 3:
                margin = self._margin(left)
                low, high = (
                    max(middle / _MOST_UNSURE, middle - margin),
                    min(middle * _MOST_UNSURE, middle + margin),
                )
        tokens = max(self._tokens, self._tokens_read + self._tokens_written)
        return Reading(
            self._done,
            self._total,
            self._failed,
            tokens / elapsed,
            middle,
            low,
            high,
            self._tokens_read,
            self._tokens_written,
            self._again,
        )

    def _by_tokens(self, left: int) -> float | None:
        """Reckon the seconds that the tokens of the rows left will take; None where the engine told nothing of use."""
        if not self._prompts_read or left <= 0:
            return None
        read_a_row = self._tokens_read / self._prompts_read
        written_a_row = (
            self._generated / self._asked
            if self._asked
            else max(_GUESSED_TOKENS, 2 * self._tokens_written / self._prompts_read)
        )
        under_way = min(left, max(0, self._prompts_read - self._asked))
        still_read = (left - under_way) * read_a_row
        unfinished = under_way * written_a_row - max(0, self._tokens_written - self._generated)
        still_written = (left - under_way) * written_a_row
        still_written += max(unfinished, under_way * written_a_row * _LEAST_SHARE)
        of_read, of_written = self._seconds_a_token()
        return still_read * of_read + still_written * of_written

    def _seconds_a_token(self) -> tuple[float, float]:
        """Tell what reading a token and writing one take, as least squares over the stretches of time find it."""
        rr, ww, rw = self._read_read, self._written_written, self._read_written
        sr, sw = self._seconds_read, self._seconds_written
        together = self._seconds / max(1, self._tokens_read + self._tokens_written)
        determinant = rr * ww - rw * rw
        if determinant <= 0:
            return together, together
        of_read, of_written = (sr * ww - sw * rw) / determinant, (sw * rr - sr * rw) / determinant
        return (of_read, of_written) if of_read > 0 and of_written > 0 else (together, together)

    def _margin(self, left: int) -> float:
        """Half the width of the 90 % interval of the seconds that some rows will take."""
        speeds = [speed for speed, _ in self._blocks]
        count, mean = len(speeds), sum(speeds) / len(speeds)
        variance = sum((speed - mean) ** 2 for speed in speeds) / (count - 1)
        of_one_row = variance * sum(rows for _, rows in self._blocks) / count
        return student_90(count - 1) * math.sqrt(left**2 * variance / count + left * of_one_row)


_UNSURE = 2.0
"""Before the speed was measured in three stretches of time, it may be so many times more or less."""
_MOST_UNSURE = 3.0
"""An interval says no more than that: "0 to 4,488 s" tells nobody anything."""
_GUESSED_TOKENS = 150
"""Of an answer, before the first is whole."""
_LEAST_SHARE = 0.1
"""Of an answer, still to be written as long as it is not whole: however long it has become, the time left is not 0."""


class JsonProgress:
    """Writes one line of JSON every few seconds: for logs and other programs."""

    def __init__(self, stream: IO[str] | None = None, *, every_seconds: float = 5.0) -> None:
        self._stream = stream or sys.stderr
        self._every_seconds = every_seconds
        self._meter = Meter()
        self._written = 0.0

    def start(self, done: int, failed: int, total: int) -> None:
        """Begin, with one line."""
        self._meter.start(done, failed, total)
        self._write()

    def advance(self, answer: Answer, rows: int) -> None:
        """Count an answer, and write a line when it is time."""
        self._meter.advance(answer, rows)
        if time.monotonic() - self._written >= self._every_seconds:
            self._write()

    def work(self, working: Working) -> None:
        """Count what the engine does, and write a line when it is time."""
        self._meter.work(working)
        if time.monotonic() - self._written >= self._every_seconds:
            self._write()

    def again(self, answers: int) -> None:
        """Count answers that are asked for once more."""
        self._meter.again(answers)

    def say(self, line: str) -> None:
        """Write a line for people, apart from those for programs."""
        print(line, flush=True)  # noqa: T201 - a person reads it

    def finish(self) -> None:
        """End, with one line."""
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        reading = {
            name: round(value, 1) if isinstance(value, float) else value
            for name, value in asdict(self._meter.reading()).items()
        }
        print(json.dumps(reading), file=self._stream, flush=True)


class BarProgress:
    """Shows a bar on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"),
            console=Console(stderr=True),
        )
        self._meter = Meter()
        self._task = self._bar.add_task("", told="", total=None)
        self._shown = 0.0

    def start(self, done: int, failed: int, total: int) -> None:
        """Show the bar."""
        self._meter.start(done, failed, total)
        self._bar.update(self._task, completed=done, total=total, told="")
        self._bar.start()

    def advance(self, answer: Answer, rows: int) -> None:
        """Count an answer, and draw when the eye can see it."""
        self._meter.advance(answer, rows)
        if time.monotonic() - self._shown >= 0.1:
            self._draw()

    def work(self, working: Working) -> None:
        """Count what the engine does, and draw when the eye can see it."""
        self._meter.work(working)
        if time.monotonic() - self._shown >= 0.1:
            self._draw()

    def again(self, answers: int) -> None:
        """Count answers that are asked for once more, and say so."""
        self._meter.again(answers)
        self._draw()

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        self._bar.console.print(line, markup=False, highlight=False)

    def finish(self) -> None:
        """Leave the bar as it stands."""
        self._draw()
        self._bar.stop()

    def _draw(self) -> None:
        self._shown = time.monotonic()
        reading = self._meter.reading()
        self._bar.update(self._task, completed=reading.done, told=describe(reading))


def describe(reading: Reading) -> str:
    """Say a reading in a few words, e.g. `1,024 tokens/s, 12 min left (10 to 15), 3 failed`."""
    words = [f"{reading.tokens_per_second:,.0f} tokens/s"]
    if reading.tokens_read and not reading.done:
        words.insert(0, f"{reading.tokens_read:,} tokens read, {reading.tokens_written:,} written")
    if reading.again:
        words.append(f"{reading.again:,} with a fault asked for once more")
    if reading.seconds_left is not None and (reading.done < reading.total or reading.again):
        left = f"{span(reading.seconds_left)} left"
        if reading.seconds_left_low is not None and reading.seconds_left_high is not None:
            left += f" ({span(reading.seconds_left_low)} to {span(reading.seconds_left_high)})"
        words.append(left)
    if reading.failed:
        words.append(f"{reading.failed:,} failed")
    return ", ".join(words)


def span(seconds: float) -> str:
    """Say a time in the unit a person would use."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"


def choose_progress() -> BarProgress | JsonProgress:
    """Choose a bar on a terminal, else lines of JSON."""
    return BarProgress() if sys.stderr.isatty() else JsonProgress()
