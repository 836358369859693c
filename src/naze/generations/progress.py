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


class Progress(Protocol):
    """Is told of every answer while a run goes on."""

    def start(self, done: int, failed: int, total: int) -> None:
        """Rows that had ended before this sitting, and rows in all."""
        ...

    def advance(self, answer: Answer, rows: int) -> None:
        """One answer finished; it stands for so many rows (more than one where prompts are the same)."""
        ...

    def finish(self) -> None:
        """The sitting is over."""
        ...


class Meter:
    """Counts answers and reckons the time left.

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

    def start(self, done: int, failed: int, total: int) -> None:
        """Begin to count."""
        self._done, self._failed, self._total = done, failed, total
        self._began = self._block_began = self._clock()

    def advance(self, answer: Answer, rows: int) -> None:
        """Count one answer."""
        self._done += rows
        self._asked += rows
        self._block_rows += rows
        self._tokens += answer.prompt_tokens + answer.generated_tokens
        if answer.status is not Status.ANSWERED:
            self._failed += rows
        now = self._clock()
        if now - self._block_began >= max(1.0, (now - self._began) / _BLOCKS):
            self._blocks.append(((now - self._block_began) / self._block_rows, self._block_rows))
            self._block_began, self._block_rows = now, 0

    def reading(self) -> Reading:
        """Tell where the run stands."""
        elapsed = max(self._clock() - self._began, 1e-9)
        left = self._total - self._done
        middle = low = high = None
        if self._asked:
            per_row = elapsed / self._asked
            middle = left * per_row
            if len(self._blocks) >= 3:
                margin = self._margin(left)
                low, high = max(0.0, middle - margin), middle + margin
        return Reading(self._done, self._total, self._failed, self._tokens / elapsed, middle, low, high)

    def _margin(self, left: int) -> float:
        """Half the width of the 90 % interval of the seconds that some rows will take."""
        speeds = [speed for speed, _ in self._blocks]
        count, mean = len(speeds), sum(speeds) / len(speeds)
        variance = sum((speed - mean) ** 2 for speed in speeds) / (count - 1)
        of_one_row = variance * sum(rows for _, rows in self._blocks) / count
        return student_90(count - 1) * math.sqrt(left**2 * variance / count + left * of_one_row)


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
    if reading.seconds_left is not None and reading.done < reading.total:
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


def choose_progress() -> Progress:
    """Choose a bar on a terminal, else lines of JSON."""
    return BarProgress() if sys.stderr.isatty() else JsonProgress()
