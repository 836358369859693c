"""Votes and a way to part them go in; the part of each vote comes out: by language, length, turns, period, any column."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from naze.errors import InputError
from naze.records import Vote

__all__ = ["CATEGORIES", "TIMES", "labels_by", "most_common", "ways"]

CATEGORIES = ("category", "domain", "scenario", "topic", "task")
"""Columns of votes that tell what a prompt is about."""
TIMES = ("tstamp", "timestamp", "time", "date", "created", "created_at", "day", "month", "year")
"""Columns of votes that tell when they were cast; the first that is there is the `period`."""
_OWN = ("language", "source", "length", "turns")
_NOT_PARTS = frozenset({"held_out", "judged", "explanation", "text", "answer"})
_FEW_MONTHS = 12


def ways(votes: Sequence[Vote]) -> tuple[str, ...]:
    """Name the ways in which votes can be parted, those of naze first, then their columns."""
    columns = sorted(
        {name for vote in votes for name, value in vote.extra.items() if _plain(value)} - _NOT_PARTS
    )
    period = ("period",) if any(name in columns for name in TIMES) else ()
    return (*_OWN, *period, *columns)


def labels_by(votes: Sequence[Vote], by: str, *, most: int) -> list[str | None]:
    """Say in which part each vote is; None where that is not known.

    A column of numbers with many values is parted into thirds, one of times into months or years.

    Args:
        votes: all votes that are compared.
        by: one of `ways`.
        most: parts; more different numbers are parted into thirds.

    Raises:
        InputError: the votes cannot be parted so.
    """
    if by == "length":
        return _thirds([_characters(vote) for vote in votes], "characters")
    if by == "turns":
        return ["one" if len(vote.prompt) == 1 else "several" for vote in votes]
    if by in ("language", "source"):
        return [getattr(vote, by) for vote in votes]
    there = ways(votes)
    if by not in there:
        raise InputError(f"the votes cannot be parted by {by!r}; expected one of model, {', '.join(there)}.")
    column = next(name for name in TIMES if name in there) if by == "period" else by
    values = [vote.extra.get(column) for vote in votes]
    if by == "period" or all(isinstance(one, date) for one in values if one is not None):
        return _periods(values, column)
    if column in TIMES and all(one is None or _is_time(one) for one in values):
        return _periods(values, column)
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    if numbers and len(set(numbers)) > most and len(numbers) == sum(one is not None for one in values):
        return _thirds(values, "")
    return [None if one is None else str(one) for one in values]


def most_common(labels: Sequence[str | None], most: int) -> list[str | None]:
    """Keep the most common labels; the others become one, `other (12 values)`.

    Example:
        >>> most_common(["a", "a", "b", "c", None], 2)
        ['a', 'a', 'other (2 values)', 'other (2 values)', None]
    """
    counts = Counter(label for label in labels if label is not None)
    if len(counts) <= most:
        return list(labels)
    kept = {label for label, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[: most - 1]}
    other = f"other ({len(counts) - len(kept)} values)"
    return [label if label is None or label in kept else other for label in labels]


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float | date)


def _characters(vote: Vote) -> int:
    """Count the characters of both responses."""
    return sum(len(turn or "") for turn in (*vote.response_a, *vote.response_b))


def _thirds(values: Sequence[object], unit: str) -> list[str | None]:
    """Part numbers into three parts of equal size."""
    numbers = np.array([value if isinstance(value, int | float) else np.nan for value in values], np.float64)
    if np.isnan(numbers).all():
        return [None] * len(numbers)
    low, high = np.nanquantile(numbers, [1 / 3, 2 / 3], method="lower")
    names = [
        f"1: up to {low:,.6g} {unit}".rstrip(), f"2: up to {high:,.6g}", f"3: over {high:,.6g}",
    ]  # fmt: skip
    return [None if np.isnan(one) else names[int(one > low) + int(one > high)] for one in numbers.tolist()]


def _periods(values: Sequence[object], column: str) -> list[str | None]:
    """Part times into months, or, where those are many, into years."""
    times = [_time(value, column) for value in values]
    months = [None if time is None else f"{time:%Y-%m}" for time in times]
    if len({month for month in months if month}) <= _FEW_MONTHS:
        return list(months)
    return [None if time is None else f"{time:%Y}" for time in times]


def _time(value: object, column: str) -> date | None:
    """Read a time: a date, its ISO 8601 form, a year, or seconds since 1970."""
    if value is None or isinstance(value, date):
        return value
    try:
        if isinstance(value, str):
            return (
                datetime.fromisoformat(value.strip()) if not value.strip().isdigit() else _number(int(value))
            )
        if isinstance(value, int | float):
            return _number(value)
    except (ValueError, OverflowError, OSError):
        pass
    raise InputError(
        f"column {column}: {value!r} is no time; expected a date, its ISO 8601 form (2026-11-25), a year, or seconds since "
        "1970."
    )


def _is_time(value: object) -> bool:
    """Tell whether a value can be read as a time: "2026-11-25" can, "March" cannot."""
    try:
        return _time(value, "") is not None
    except InputError:
        return False


def _number(value: float) -> date:
    """Take a small number as a year, a large one as seconds since 1970, a very large one as milliseconds."""
    if 1000 <= value < 10_000:
        return date(int(value), 1, 1)
    return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
