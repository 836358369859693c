"""The results of a batch and the table that it is of go in; the table with the answers as columns comes out.

Results may come from anywhere: a provider's output and error files, or `run_batch`. Where the requests are given too,
an answer is validated against the schema that its request asked for: what ignores it is marked, not believed.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.engines.validation import validate_answer
from naze.errors import FormatError, InputError
from naze.jobs.batch.contract import RequestProblem
from naze.jobs.batch.parameters import read_schema_of
from naze.jobs.batch.requests import read_requests
from naze.records import Answer, FinishReason, Prompt, Status
from naze.tables import (
    BrokenRow,
    OpenedTable,
    attached,
    kind_of,
    nested_as_json,
    open_table,
    read_rows,
    write_table,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ReadBatch", "read_batch"]

OPEN = "open"
"""The status of a row that has no result."""
_ROW_ID = re.compile(r"row-(?P<row>\d+)(?:/(?P<question>.+))?", re.S)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What came of reading results."""

    table: Any
    """The path of the written file; for a table in memory the same kind of table."""
    rows: int
    answered: int
    failed: int
    open: int
    """Rows, or questions about them, without a result."""
    unknown: int
    """Results of no row of this table; they are left out."""


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one request."""

    value: Any
    status: str
    reason: str | None
    tokens: int | None


_ByRow = dict[str, dict[str, _Result]]
"""Row (its number from 1, or its key) -> question -> what came of it."""


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Results by the row and the question that they are of."""

    by_row: _ByRow
    kinds: dict[str, bool]
    """Question, in the order in which they came -> whether its answers are vectors."""
    unknown: int
    """Results that belong to no row."""
    key: str | None
    """The column that holds each row's custom_id; None: rows go by their number."""


@dataclass(slots=True)
class _Counted:
    rows: int = 0
    by_status: dict[str, int] = field(default_factory=dict)


def read_batch(
    results: str | Path | Sequence[str | Path],
    into: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    *,
    out: str | Path | None = None,
    requests: str | Path | Sequence[str | Path] = (),
    key: str | None = None,
    add: str = "answer",
) -> ReadBatch:
    """Put a batch's answers beside the rows that they are about.

    Args:
        results: output and error files, of one batch or of several.
        into: the table that the requests were made of.
        out: a .csv, .jsonl or .parquet file for the result; for a path it must be given.
        requests: the batch files; then answers are validated against the schemas that they asked for.
        key: the column that holds each row's custom_id; None: the ids are those of `write_batch`.
        add: the column's name where a request has no question's name in its id.

    Returns:
        The table with the columns `<name>`, `<name>_tokens`, `<name>_status` and `<name>_reason` for each question.

    Raises:
        FormatError: a file that holds no results, or one custom_id twice.
        InputError: no result belongs to the table, or a column is there already.
    """
    opened = open_table(into)
    target = None if out is None else Path(out)
    if opened.home == "path" and target is None:
        raise InputError(f"{opened.name}: the result needs a file of its own; name one with --out.")
    found = _read_results(_listed(results), _schemas(_listed(requests)))
    sorted_in = _sort_in(found, opened, key, add)
    _check_free(list(sorted_in.kinds), opened.columns)
    counted = _Counted()
    if target is None:
        table = _attach(opened, sorted_in, counted)
    else:
        table = _write(target, opened, _batches(opened, sorted_in, counted))
    counts = counted.by_status
    answered, left = counts.get(Status.ANSWERED.value, 0), counts.get(OPEN, 0)
    return ReadBatch(
        table, counted.rows, answered, sum(counts.values()) - answered - left, left, sorted_in.unknown
    )


def _listed(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]


def _schemas(paths: list[Path]) -> dict[str, str]:
    """Read the schema that each request asks for, by custom_id."""
    schemas: dict[str, str] = {}
    for path in paths:
        for request in read_requests(path):
            schema = read_schema_of(request.body)
            if isinstance(schema, str):
                schemas[request.custom_id] = schema
            elif isinstance(schema, RequestProblem):
                raise FormatError(f"{path}, line {request.line:,}: {schema.message}")
    return schemas


def _read_results(paths: list[Path], schemas: Mapping[str, str]) -> dict[str, _Result]:
    found: dict[str, _Result] = {}
    places: dict[str, str] = {}
    for path in paths:
        number = 0
        for batch in read_rows(path):
            for row in batch:
                number += 1
                place = f"{path}, result {number:,}"
                name, result = _read_result(place, row, schemas)
                if name in found:
                    raise FormatError(
                        f"{place}: custom_id {name!r} stands in {places[name]} already; expected one result of each request."
                    )
                found[name], places[name] = result, place
    return found


def _read_result(
    place: str, row: Mapping[str, Any] | BrokenRow, schemas: Mapping[str, str]
) -> tuple[str, _Result]:
    if isinstance(row, BrokenRow):
        raise FormatError(f"{place}: {row.reason}")
    name, response, error = row.get("custom_id"), row.get("response"), row.get("error")
    if not isinstance(name, str) or not (isinstance(response, Mapping) or isinstance(error, Mapping)):
        raise FormatError(
            f"{place}: expected custom_id and a response or an error, as a batch's output file has them."
        )
    body = response.get("body") if isinstance(response, Mapping) else None
    refusal = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping) or isinstance(refusal, Mapping) or not isinstance(body, Mapping):
        told = error if isinstance(error, Mapping) else refusal if isinstance(refusal, Mapping) else {}
        return name, _failure(told, response)
    return name, _success(place, name, body, schemas.get(name))


def _failure(told: Mapping[str, Any], response: object) -> _Result:
    code = told.get("code")
    kinds = {"context_length_exceeded": Status.OVERFLOW, "invalid_answer": Status.INVALID}
    status = kinds.get(str(code), Status.ERROR).value
    http = response.get("status_code") if isinstance(response, Mapping) else None
    said = [str(part) for part in (http, code, told.get("message")) if part is not None]
    return _Result(None, status, ": ".join(said) or "no reason is given", None)


def _success(place: str, name: str, body: Mapping[str, Any], schema: str | None) -> _Result:
    usage = body.get("usage")
    tokens = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    kept = tokens if isinstance(tokens, int) else None
    if body.get("object") == "list":
        vectors = [entry.get("embedding") for entry in body.get("data", ()) if isinstance(entry, Mapping)]
        return _Result(vectors[0] if len(vectors) == 1 else vectors, Status.ANSWERED.value, None, kept)
    try:
        choice = body["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        finished = choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{place} ({name}): the body holds no answer ({type(error).__name__}: {error}); expected that of a chat, a "
            "completion or an embedding."
        ) from error
    answer = _validated(text, finished, schema)
    cut = "cut at its largest number of tokens" if finished == "length" else None
    return _Result(answer.text, answer.status.value, answer.reason or cut, kept)


def _validated(text: object, finished: object, schema: str | None) -> Answer:
    if not isinstance(text, str) or not text.strip():
        return Answer(Status.INVALID, reason="the model wrote nothing")
    cut = FinishReason.LENGTH if finished == "length" else FinishReason.STOP
    answer = validate_answer(
        Prompt("", "", "", "", "", schema=schema), Answer(Status.ANSWERED, text, finish_reason=cut)
    )
    if answer.status is Status.ANSWERED:
        return answer
    return Answer(answer.status, reason=f"{answer.reason}. It wrote: {text.strip()[:200]!r}")


def _sort_in(found: Mapping[str, _Result], table: OpenedTable, key: str | None, add: str) -> _Sorted:
    if key is not None and key not in table.columns:
        raise InputError(f"{table.name}: no column {key!r}; there are: {', '.join(table.columns)}.")
    known = _row_names(table, key)
    kinds: dict[str, bool] = {}
    by_row: _ByRow = {}
    unknown: list[str] = []
    for name, result in found.items():
        matched = _ROW_ID.fullmatch(name) if key is None else None
        row = name if key is not None else matched["row"] if matched else ""
        if row not in known:
            unknown.append(name)
            continue
        question = (matched["question"] if matched else None) or add
        kinds[question] = kinds.get(question, False) or isinstance(result.value, list)
        by_row.setdefault(row, {})[question] = _unwrapped(result, question)
    if not by_row:
        raise InputError(
            f"{table.name}: none of the {len(found):,} results belongs to a row; their ids are {', '.join(unknown[:_SHOWN])} … "
            "Expected row-1/answer, … as `naze batch write` names them; name the column that holds the ids with --key."
        )
    return _Sorted(by_row, kinds, len(unknown), key)


def _row_names(table: OpenedTable, key: str | None) -> set[str]:
    names: set[str] = set()
    number = 0
    for batch in table.batches():
        names.update(
            str(number + place) for place in range(1, batch.height + 1)
        ) if key is None else names.update(str(cell) for cell in batch[key])
        number += batch.height
    return names


def _unwrapped(result: _Result, question: str) -> _Result:
    """Take a choice out of the object that `write_batch` asked for."""
    if result.status != Status.ANSWERED.value or not isinstance(result.value, str):
        return result
    try:
        value = json.loads(result.value)
    except ValueError:
        return result
    if isinstance(value, dict) and list(value) == [question] and isinstance(value[question], str):
        return _Result(value[question], result.status, result.reason, result.tokens)
    return result


def _columns_of(name: str) -> tuple[str, str, str, str]:
    return name, f"{name}_tokens", f"{name}_status", f"{name}_reason"


def _check_free(names: Sequence[str], columns: Sequence[str]) -> None:
    for name in names:
        for column in _columns_of(name):
            if column in columns:
                raise InputError(
                    f"a column {column!r} would be added, and there is one already; rename it, or give --add."
                )


def _batches(table: OpenedTable, results: _Sorted, counted: _Counted) -> "Iterator[pl.DataFrame]":
    for batch in table.batches():
        if results.key is None:
            rows = [str(counted.rows + place) for place in range(1, batch.height + 1)]
        else:
            rows = [str(cell) for cell in batch[results.key]]
        counted.rows += batch.height
        yield batch.select(table.columns).with_columns(_added(rows, results, counted))


def _added(rows: list[str], results: _Sorted, counted: _Counted) -> "list[pl.Series]":
    import polars as pl

    missing = _Result(None, OPEN, "no result", None)
    columns: list[pl.Series] = []
    for name, vectors in results.kinds.items():
        found = [results.by_row.get(row, {}).get(name, missing) for row in rows]
        for one in found:
            counted.by_status[one.status] = counted.by_status.get(one.status, 0) + 1
        value, tokens, status, reason = _columns_of(name)
        kind = pl.List(pl.Float64) if vectors else pl.String()
        columns += [
            pl.Series(value, [one.value for one in found], dtype=kind),
            pl.Series(tokens, [one.tokens for one in found], dtype=pl.Int64),
            pl.Series(status, [one.status for one in found], dtype=pl.String),
            pl.Series(reason, [one.reason for one in found], dtype=pl.String),
        ]
    return columns


def _attach(table: OpenedTable, results: _Sorted, counted: _Counted) -> Any:  # noqa: ANN401 - as it was given
    import polars as pl

    added = [column for name in results.kinds for column in _columns_of(name)]
    frames = [batch.select(added) for batch in _batches(table, results, counted)]
    return attached(table, pl.Series(range(counted.rows), dtype=pl.Int64), pl.concat(frames))


def _write(target: Path, table: OpenedTable, batches: "Iterator[pl.DataFrame]") -> Path:
    if table.home == "path" and target.exists() and target.samefile(table.given):
        raise InputError(
            f"{target} is the table itself; the result needs a file of its own. Give another --out."
        )
    plain = (nested_as_json(batch) for batch in batches) if kind_of(target) == "csv" else batches
    write_table(target, plain, remedy="Free some space or choose another --out.")
    return target
