"""A compressed file or a workbook goes in; the table file that it holds comes out, and what was done to get there."""

import bz2
import gzip
import lzma
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from naze.counting import counted
from naze.errors import FormatError
from naze.tables.files import KINDS
from naze.tables.workbook import WORKBOOKS, write_sheet

__all__ = ["SUFFIXES", "kind_of_content", "unpacked"]

SUFFIXES = {**KINDS, ".tsv": "csv", ".tab": "csv"}
"""Suffix -> kind of file, once it is unpacked."""
_CHUNK_BYTES = 1 << 20
_ZIP = b"PK\x03\x04"


def _open_zstd(path: Path) -> IO[bytes]:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise FormatError(
            f"{path} is compressed with zstd, and what reads it is not installed: pip install 'naze[zstd]'. Or unpack it "
            f"first: zstd -d {path.name}"
        ) from None
    return cast(IO[bytes], zstd.open(path))


_PACKED: dict[bytes, tuple[str, Callable[[Path], IO[bytes]]]] = {
    b"\x1f\x8b": ("gzip", lambda path: cast(IO[bytes], gzip.open(path))),
    b"BZh": ("bzip2", lambda path: bz2.open(path)),
    b"\xfd7zXZ\x00": ("xz", lambda path: lzma.open(path)),
    b"\x28\xb5\x2f\xfd": ("zstd", _open_zstd),
}
"""First bytes -> name, and what opens it."""


def unpacked(path: Path, new_file: Callable[[str], Path], notes: list[str]) -> tuple[Path, str]:
    """Unpack a compressed file, whatever its name says, or write a workbook's sheet as CSV.

    Args:
        path: a file that is there.
        new_file: makes an empty file of a kind.
        notes: what was done is added to them.

    Returns:
        The file to read, and the name that tells its kind.

    Raises:
        FormatError: it is damaged, holds several tables, or what reads it is not installed.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if path.suffix.lower() in WORKBOOKS:
        target = new_file("csv")
        notes += write_sheet(path, target)
        return target, f"{path.name}.csv"
    if head.startswith(_ZIP):
        return _unzipped(path, new_file, notes)
    for mark, (name, opener) in _PACKED.items():
        if head.startswith(mark):
            target = new_file("part")
            try:
                with opener(path) as packed, target.open("wb") as file:
                    shutil.copyfileobj(packed, file, _CHUNK_BYTES)
            except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
                raise FormatError(
                    f"{path}: is compressed ({name}) and damaged ({error}). Copy it again."
                ) from error
            notes.append(f"{path}: unpacked ({name}).")
            known = Path(path.stem) if path.suffix.lower() in (".gz", ".bz2", ".xz", ".zst") else path
            return target, _name_by_content(target, known.name)
    return path, path.name


def _name_by_content(file: Path, name: str) -> str:
    """Give what was packed the suffix of what it holds, where the name says JSON and the file does not."""
    with file.open("rb") as opened:
        head = opened.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    says_json = Path(name).suffix.lower() in (".json", ".jsonl", ".ndjson")
    return f"{name}.csv" if says_json and head[:1] not in (b"{", b"[") else name


def _unzipped(path: Path, new_file: Callable[[str], Path], notes: list[str]) -> tuple[Path, str]:
    with zipfile.ZipFile(path) as archive:
        tables = [name for name in archive.namelist() if Path(name).suffix.lower() in SUFFIXES]
        if len(tables) != 1:
            raise FormatError(
                f"{path}: holds {counted(len(tables), 'table')} ({', '.join(tables[:5])}); expected one. Unpack it."
            )
        target = new_file("part")
        with archive.open(tables[0]) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, _CHUNK_BYTES)
    notes.append(f"{path}: unpacked {tables[0]}.")
    return target, tables[0]


def kind_of_content(plain: Path, name: str, path: Path) -> str:
    """Say what kind of table an unpacked file is: by its name, and Parquet by its first bytes.

    Args:
        plain: the file.
        name: that tells its kind.
        path: what the person named, for messages.

    Raises:
        FormatError: its suffix is that of no table.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise FormatError(
            f"{path}: the suffix is {suffix!r}; expected one of {', '.join((*SUFFIXES, *WORKBOOKS))}. Rename the file."
        )
    with plain.open("rb") as file:
        if file.read(4) == b"PAR1":
            return "parquet"
    return SUFFIXES[suffix]
