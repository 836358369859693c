"""A path goes in; what is known of the file before it is parsed comes out, or a plain error."""

import os
from codecs import getincrementaldecoder
from difflib import get_close_matches
from pathlib import Path

from naze.errors import FormatError

__all__ = ["KINDS", "check_utf8", "existing_file", "is_folder", "kind_of"]

KINDS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet"}
"""Suffix -> kind of file."""

PACKED = (".gz", ".zip", ".zst", ".bz2", ".xz", ".7z")
"""Suffixes of compressed files."""

_CHUNK_BYTES = 1 << 20


def existing_file(path: str | Path) -> Path:
    """Return the path of a file that is there and has content.

    Raises:
        FormatError: missing, a folder, or empty.
    """
    path = Path(path)
    if is_folder(path):
        raise FormatError(f"{path} is a folder; expected a file. Name the file inside it.")
    if not path.exists():
        raise FormatError(f"{path}: there is no such file.{_nearest(path)}")
    if not os.access(path, os.R_OK):
        raise FormatError(f"{path} cannot be read: permission denied. Allow this user to read it.")
    if path.stat().st_size == 0:
        raise FormatError(f"{path} is empty (0 bytes); expected a table with at least one row.")
    return path


def is_folder(path: Path) -> bool:
    """Tell whether a path is that of a folder.

    Raises:
        FormatError: the system does not even look: a name that is too long, a folder that may not be entered.
    """
    try:
        return path.is_dir()
    except OSError as error:
        raise FormatError(
            f"{path}: cannot be opened ({error.strerror or error}). Expected the name of a file that this user may read."
        ) from error


def kind_of(path: str | Path) -> str:
    """Say what kind of file a path names, by its suffix: csv, jsonl, json or parquet.

    Raises:
        FormatError: another suffix.

    Example:
        >>> kind_of("votes.JSONL")
        'jsonl'
    """
    suffix = Path(path).suffix.lower()
    if suffix in PACKED:
        raise FormatError(
            f"{path} is compressed ({suffix}); expected one of {', '.join(KINDS)}. Unpack it first."
        )
    if suffix not in KINDS:
        raise FormatError(
            f"{path}: the suffix is {suffix!r}; expected one of {', '.join(KINDS)}. Rename the file."
        )
    return KINDS[suffix]


def check_utf8(path: Path) -> None:
    """Read a text file through once.

    Raises:
        FormatError: it is not UTF-8; says at which byte.
    """
    decoder = getincrementaldecoder("utf-8")()
    at = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                offset = at - waiting + error.start
                found = error.object[error.start]
                raise FormatError(
                    f"{path}: not UTF-8: byte {offset:,} is 0x{found:02x}. Save the file as UTF-8 ({_remedy(path)})."
                ) from None
            if not chunk:
                return
            at += len(chunk)


def _remedy(path: Path) -> str:
    with path.open("rb") as file:
        mark = file.read(2)
    if mark in (b"\xff\xfe", b"\xfe\xff"):
        return "it is UTF-16: iconv -f utf-16 -t utf-8"
    return "iconv -f cp932 -t utf-8, for a Japanese Windows file"


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return f" Nor is there a folder {path.parent}."
    names = [entry.name for entry in path.parent.iterdir() if entry.suffix.lower() in KINDS]
    near = get_close_matches(path.name, names, n=3)
    return f" Did you mean {' or '.join(near)}?" if near else ""
