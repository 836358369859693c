"""A JSON or JSONL file goes in; its objects come out in batches, each as it stands in the file.

A line that is no JSON object comes out as a `BrokenRow` with its reason: one bad row is no bad file.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from naze.errors import FormatError
from naze.tables.files import check_utf8
from naze.tables.plain import plain_table

__all__ = ["BrokenRow", "read_rows"]

_CHUNK_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that could not be parsed."""

    reason: str


Row = dict[str, Any] | BrokenRow


def read_rows(path: str | Path, *, batch_rows: int = 10_000) -> Iterator[list[Row]]:
    """Read a JSONL file, or a JSON file that holds one list of objects, as it stands.

    `NaN` is read as a null, as some published files have it.

    Raises:
        FormatError: missing, empty, not UTF-8, of another kind, or JSON that is no list of objects.
    """
    table = plain_table(path)
    if table.kind not in ("json", "jsonl"):
        raise FormatError(f"{path} is a {table.kind} file; expected .jsonl or .json.")
    check_utf8(table.path)
    with table.path.open(encoding="utf-8-sig") as file:
        rows = (
            _lines(file)
            if table.kind == "jsonl"
            else _objects(Path(path), iter(lambda: file.read(_CHUNK_CHARACTERS), ""))
        )
        while batch := list(islice(rows, batch_rows)):
            yield batch


def _lines(lines: Iterable[str]) -> Iterator[Row]:
    for line in lines:
        if line.strip():
            yield _row_of(line)


def _row_of(line: str) -> Row:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        try:
            value = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            return BrokenRow(f"the line is no JSON ({error}): {_short(line)}")
    return value if isinstance(value, dict) else BrokenRow(f"expected a JSON object, found {_short(line)}")


def _objects(path: Path, chunks: Iterator[str]) -> Iterator[Row]:
    """Take the objects of one JSON list out of the text, one after another, without holding the text."""
    decoder = json.JSONDecoder(parse_constant=_no_number)
    text = next((chunk for chunk in chunks if chunk.strip()), "").lstrip()
    if not text.startswith("["):
        raise FormatError(f"{path}: expected a JSON list of objects, found {_short(text)}")
    text, count = text[1:], 0
    while True:
        text = text.lstrip().removeprefix(",").lstrip() if count else text.lstrip()
        if text.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(text)
        except RecursionError as error:
            raise FormatError(
                f"{path}: after {count:,} rows the JSON is nested too deeply ({error})."
            ) from None
        except ValueError as error:
            more = next(chunks, "")
            if not more:
                raise FormatError(
                    f"{path}: the JSON is broken after {count:,} rows ({error}): {_short(text)}"
                ) from None
            text += more
            continue
        yield (
            value
            if isinstance(value, dict)
            else BrokenRow(f"expected a JSON object, found {_short(str(value))}")
        )
        text, count = text[end:], count + 1
        if not text.strip():
            text = next(chunks, "")


def _no_number(name: str) -> None:
    """Read NaN and the infinities, which are no JSON, as a null."""


def _short(text: str, characters: int = 80) -> str:
    text = text.strip()
    return repr(text if len(text) <= characters else text[:characters] + "…")
