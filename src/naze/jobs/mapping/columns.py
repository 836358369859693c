"""A run's rows go in; the columns that it adds to its table come out, a batch at a time."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import InputError
from naze.generations import Run
from naze.generations.store import EXPORTED
from naze.jobs.questions import Asked
from naze.jobs.schemas import field_kinds
from naze.records import Fit, Status
from naze.tables import PROBLEM, ROW, read_batches

if TYPE_CHECKING:
    import polars as pl

__all__ = ["added_columns", "check_free", "mapped_batches", "no_rows"]

_AT = {name: place for place, name in enumerate(EXPORTED)}
_ROWS_TOGETHER = 2_000


def added_columns(asked: Sequence[Asked]) -> list[str]:
    """Name the columns that some questions add."""
    return [name for one in asked for name in _kinds(one)]


def check_free(asked: Sequence[Asked], columns: Sequence[str]) -> None:
    """Make sure that no new column has the name of one that is there.

    Raises:
        InputError: names both.
    """
    seen = set(columns)
    for name in added_columns(asked):
        if name in seen:
            raise InputError(
                f"a column {name!r} would be added, and there is one already; choose another name or a prefix "
                "(--add, --prefix)."
            )
        seen.add(name)


def mapped_batches(run: Run, rows: Path, asked: Sequence[Asked]) -> "Iterator[pl.DataFrame]":
    """Read the rows of a run with what was added to them, in input order.

    Args:
        run: all of its rows have ended.
        rows: the run's copy of the table.
        asked: its questions.
    """
    ended = run.tuples()
    for batch in read_batches(rows, batch_rows=_ROWS_TOGETHER):
        found = list(islice(ended, batch.height * len(asked)))
        columns = [
            column for place, one in enumerate(asked) for column in _columns(one, found[place :: len(asked)])
        ]
        yield batch.drop(ROW, PROBLEM, strict=False).with_columns(columns)


def no_rows(asked: Sequence[Asked]) -> "list[pl.Series]":
    """Return the columns that some questions add to a table without rows."""
    return [column for one in asked for column in _columns(one, ())]


Ended = Sequence[tuple[Any, ...]]
"""What came of one question, for some rows: tuples of the columns `EXPORTED`."""


def _kinds(one: Asked) -> "dict[str, Callable[[Ended], pl.Series]]":
    """Name a question's columns, each with what makes it."""
    import polars as pl

    name = one.name
    text = pl.String()
    kinds: dict[str, tuple[pl.DataType, Callable[[tuple[Any, ...]], Any]]] = {}
    prefix, schema = one.question.fields_prefix, one.question.schema
    if schema is not None and prefix is not None:
        for field, kind in field_kinds(schema).items():
            kinds[prefix + field] = kind, partial(_field, field, kind)
    else:
        kinds[name] = text, lambda row: _value(one, row)
    if one.meanings:
        by_choice = pl.Struct({choice: pl.Float64 for choice in one.meanings.values()})
        kinds[f"{name}_probability"] = pl.Float64(), lambda row: _likeliest(row)
        kinds[f"{name}_probabilities"] = by_choice, lambda row: _probabilities(one, row)
    kinds[f"{name}_tokens"] = pl.Int64(), _tokens
    kinds[f"{name}_status"] = text, lambda row: row[_AT["status"]]
    kinds[f"{name}_reason"] = text, _reason

    def make(column: str) -> "Callable[[Ended], pl.Series]":
        kind, read = kinds[column]
        return lambda ended: pl.Series(column, [read(row) for row in ended], dtype=kind, strict=False)

    return {column: make(column) for column in kinds}


def _columns(one: Asked, ended: Ended) -> "list[pl.Series]":
    return [make(ended) for make in _kinds(one).values()]


def _answered(row: tuple[Any, ...]) -> bool:
    return bool(row[_AT["status"]] == Status.ANSWERED.value)


def _value(one: Asked, row: tuple[Any, ...]) -> str | None:
    if not _answered(row):
        return None
    text = str(row[_AT["text"]])
    return one.meanings[text] if one.meanings else text.strip()


def _field(field: str, kind: "pl.DataType", row: tuple[Any, ...]) -> Any:  # noqa: ANN401 - of any kind
    """Read one field of an answer that satisfies its schema; what is no text becomes JSON in a column of texts."""
    value = json.loads(row[_AT["text"]]).get(field) if _answered(row) else None
    if value is None or str(kind) != "String" or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _probabilities(one: Asked, row: tuple[Any, ...]) -> dict[str, float] | None:
    if not _answered(row):
        return None
    kept: dict[str, float] = json.loads(row[_AT["probabilities"]])
    return {one.meanings[choice]: probability for choice, probability in kept.items()}


def _likeliest(row: tuple[Any, ...]) -> float | None:
    return float(max(json.loads(row[_AT["probabilities"]]).values())) if _answered(row) else None


def _tokens(row: tuple[Any, ...]) -> int | None:
    if row[_AT["prompt_tokens"]] is None:
        return None
    return int(row[_AT["prompt_tokens"]] + row[_AT["generated_tokens"]])


def _reason(row: tuple[Any, ...]) -> str | None:
    """Say why there is no value; or of a value, that its row was shortened or written by another model."""
    if row[_AT["reason"]] is not None or not _answered(row):
        return None if row[_AT["reason"]] is None else str(row[_AT["reason"]])
    if row[_AT["fit"]] == Fit.SHORTENED.value:
        return (
            f"shortened: the prompt had {row[_AT['whole_tokens']]:,} tokens; {row[_AT['limit_tokens']]:,} fit "
            "beside the answer"
        )
    return "answered by the long model" if row[_AT["fit"]] == Fit.ROUTED.value else None
