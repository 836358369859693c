"""The lines of a batch file go in; requests come out, or what is wrong with a line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from naze.jobs.batch.contract import Endpoint, FileCode, FileProblem
from naze.tables.files import existing_file

__all__ = ["Request", "read_lines", "read_requests"]

_FIELDS = ("custom_id", "method", "url", "body")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One line of a batch file."""

    line: int
    """From 1."""
    custom_id: str
    url: str
    body: dict[str, Any]

    @property
    def model(self) -> object:
        """What the body names as its model; None where it names none."""
        return self.body.get("model")


def read_lines(path: str | Path) -> Iterator[Request | FileProblem]:
    """Read every line; lines without anything but white space are passed over.

    Raises:
        FormatError: the file is missing, empty or cannot be read.
    """
    with existing_file(path).open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if line.strip():
                yield _read_line(number, line)


def read_requests(path: str | Path) -> Iterator[Request]:
    """Read the requests of a file that was checked."""
    return (line for line in read_lines(path) if isinstance(line, Request))


def _read_line(number: int, raw: bytes) -> Request | FileProblem:
    try:
        value = _decode(raw)
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} of the line is 0x{raw[error.start]:02x}; expected UTF-8."
        return FileProblem(FileCode.INVALID_JSON_LINE, message, number)
    except (ValueError, RecursionError) as error:
        message = f"this line is no JSON ({error}): {_short(raw.decode('utf-8', 'replace'))}"
        return FileProblem(FileCode.INVALID_JSON_LINE, message, number)
    if not isinstance(value, dict):
        message = f"this line holds {_short(value)}; expected an object with {', '.join(_FIELDS)}."
        return FileProblem(FileCode.INVALID_JSON_LINE, message, number)
    wrong = _wrong_field(value)
    if wrong is not None:
        return FileProblem(FileCode.INVALID_REQUEST, wrong[1], number, wrong[0])
    return Request(number, value["custom_id"], value["url"], value["body"])


def _decode(raw: bytes) -> object:
    """Parse quickly what is strict JSON; else say what Python's own parser says of it."""
    text = raw.decode("utf-8")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return json.loads(text)


def _wrong_field(value: dict[str, Any]) -> tuple[str, str] | None:
    """Name the first field that is not as the contract says, and say how."""
    missing = [name for name in _FIELDS if name not in value]
    if missing:
        return missing[0], f"{', '.join(missing)} missing; expected {', '.join(_FIELDS)}."
    custom_id, method, url, body = (value[name] for name in _FIELDS)
    if not isinstance(custom_id, str) or not custom_id:
        return "custom_id", f"custom_id is {_short(custom_id)}; expected a text that is not empty."
    if method != "POST":
        return "method", f"method is {_short(method)}; expected 'POST'."
    if url not in list(Endpoint):
        return "url", f"url is {_short(url)}; expected one of {', '.join(Endpoint)}."
    if not isinstance(body, dict):
        return "body", f"body is {_short(body)}; expected an object."
    return None


def _short(value: object) -> str:
    text = repr(value.strip() if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
