"""A table file as people have it goes in; the file that can be read as it stands comes out, and what was done to get there.

Compressed files, other encodings than UTF-8, separators other than commas, line ends of old Macs, quotes in odd places,
empty lines, rows inside a JSON object, a data set in several files: each is written anew, once for a process, into a folder
that goes when the process ends. The file itself is never changed, and whatever was taken for granted is told in a note.
"""

import csv
import io
import json
import os
import re
import tempfile
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.configuration import read_configuration
from naze.counting import counted
from naze.errors import FormatError
from naze.invocation import note
from naze.tables.files import existing_file, is_folder
from naze.tables.unpacking import SUFFIXES, kind_of_content, unpacked

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PlainTable", "is_several", "plain_table"]

_HEAD_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_ENCODINGS = ("cp932", "euc_jp")
"""Tried in this order where a file is not UTF-8: what Japanese Windows and older Unix programs write."""
_SEPARATORS = (";", "\t", "|")
_SEPARATOR_NAMES = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_WRAPPERS = ("data", "rows", "records", "examples", "items")


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A file that can be read as it stands."""

    path: Path
    kind: str
    """csv, jsonl, json or parquet."""
    notes: tuple[str, ...] = ()
    """What was done, in words for people."""

    def scan(self) -> "pl.LazyFrame":
        """Look at the table. The types of JSONL columns are found by reading it through; else its columns are read alone."""
        import polars as pl

        if self.kind == "parquet":
            return pl.scan_parquet(self.path)
        if self.kind == "csv":
            return pl.scan_csv(self.path, infer_schema=False)
        if self.kind == "jsonl":
            return pl.scan_ndjson(self.path, infer_schema_length=None)
        return pl.read_json(self.path, infer_schema_length=None).lazy()


def is_several(path: Path) -> bool:
    """Tell whether a path names a data set in several files: a folder that holds tables, or a pattern."""
    if is_folder(path):
        return bool(_tables_in(path))
    return any(mark in path.name for mark in "*?[") and not path.exists()


def plain_table(path: str | Path) -> PlainTable:
    """Make a table file readable, and note what was done. The setting `encoding` names that of text files that are not UTF-8.

    Args:
        path: a file, a folder of table files, or a pattern such as `data/train-*.parquet`.

    Raises:
        FormatError: missing, empty, of a kind that is not known, or broken in a way that cannot be told for certain.
    """
    path, encoding = Path(path), read_configuration().encoding
    if is_several(path):
        table = _several(path, tuple((file, file.stat().st_mtime_ns) for file in _files_of(path)), encoding)
    else:
        state = existing_file(path).stat()
        table = _one(path.resolve(), path, state.st_size, state.st_mtime_ns, encoding)
    for words in table.notes:
        note(words)
    return table


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="naze-tables-")


def _new_file(kind: str) -> Path:
    handle, name = tempfile.mkstemp(suffix=f".{kind}", dir=_folder().name)
    os.close(handle)  # Windows removes no file that is open
    return Path(name)


@lru_cache(maxsize=64)
def _one(_: Path, path: Path, size: int, modified: int, encoding: str | None) -> PlainTable:
    notes: list[str] = []
    plain, name = unpacked(path, _new_file, notes)
    kind = kind_of_content(plain, name, path)
    if kind == "parquet":
        return PlainTable(plain, kind, tuple(notes))
    plain = _as_utf8(plain, path, kind, encoding, notes)
    if kind == "csv":
        return PlainTable(_as_commas(plain, path, Path(name).suffix.lower(), notes), kind, tuple(notes))
    plain, kind = _as_lines(plain, path, kind, notes)
    return PlainTable(plain, kind, tuple(notes))


# ---- encodings


def _as_utf8(plain: Path, path: Path, kind: str, encoding: str | None, notes: list[str]) -> Path:
    with plain.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    found = encoding or _encoding(plain, head)
    if found is None:
        from naze.tables.files import check_utf8

        check_utf8(plain)  # says where it is broken
        raise FormatError(
            f"{path}: the encoding is not known. Name it (--encoding, or NAZE_ENCODING), or save the file as UTF-8."
        )
    old_mac = kind == "csv" and b"\r" in head and b"\n" not in head and found.startswith("utf-8")
    if found.startswith("utf-8") and not old_mac:
        return plain
    target = _new_file("part")
    try:
        with (
            plain.open(encoding=found, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as file,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                if "\n" not in chunk and "\r" in chunk:
                    chunk, old_mac = chunk.replace("\r", "\n"), True
                file.write(chunk)
    except (UnicodeError, LookupError) as error:
        raise FormatError(
            f"{path}: cannot be read as {found} ({error}). Name another (--encoding, or NAZE_ENCODING)."
        ) from error
    if not found.startswith("utf-8"):
        notes.append(f"{path}: read as {found}; --encoding names another.")
    if old_mac:
        notes.append(f"{path}: its lines end as on old Macs (CR).")
    return target


def _encoding(plain: Path, head: bytes) -> str | None:
    """Tell a text file's encoding: by its mark, else the first in which all of it can be read."""
    if head.startswith(BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if head[1:200:2].count(0) > len(head[1:200:2]) // 3:
        return "utf-16-le"
    if head[0:200:2].count(0) > len(head[0:200:2]) // 3:
        return "utf-16-be"
    if _can_be_read(plain, "utf-8"):
        return "utf-8"
    return next((name for name in _ENCODINGS if _is_japanese(plain, name)), None)


_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_FULL_WIDTH = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uff00-\uff60\u2460-\u2473\u3200-\u33ff]")


def _is_japanese(plain: Path, encoding: str) -> bool:
    """Tell whether a file can be read in an encoding and is Japanese then: a broken UTF-8 file is neither."""
    if not _can_be_read(plain, encoding):
        return False
    with plain.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            foreign = [letter for letter in chunk.decode(encoding, "ignore") if not letter.isascii()]
            if foreign:
                if _begins_as_utf8(chunk):
                    return False
                text = "".join(foreign)
                return len(_JAPANESE.findall(text)) >= 2 and len(_FULL_WIDTH.findall(text)) >= 0.9 * len(text)
    return False


def _can_be_read(plain: Path, encoding: str) -> bool:
    decoder = getincrementaldecoder(encoding)()
    try:
        with plain.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _begins_as_utf8(chunk: bytes) -> bool:
    """Tell whether the first letters beyond ASCII are UTF-8: then the file is UTF-8, and broken further on."""
    first = next(place for place, byte in enumerate(chunk) if byte > 0x7F)
    try:
        chunk[first:].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > 0
    return True


# ---- commas


def _as_commas(plain: Path, path: Path, suffix: str, notes: list[str]) -> Path:
    """Write a text table with commas and doubled quotes, unless it is one."""
    with plain.open("rb") as file:
        raw = file.read(_HEAD_BYTES)
    head = raw.decode("utf-8-sig", "replace")
    separator = "\t" if suffix in (".tsv", ".tab") else _separator(head)
    escaped = _is_escaped(head, separator)
    header = next(csv.reader(io.StringIO(head, newline=""), delimiter=separator), [])
    _check_names(header, path)
    odd_lines = len(header) > 1 and _has_empty_lines(plain)  # in one column an empty line is an empty cell
    plain_enough = separator == "," and not escaped and not odd_lines and _polars_reads(raw)
    if plain_enough:
        return plain
    target, empty, trailing = _rewritten(plain, separator, escaped, len(header), path)
    if separator != ",":
        notes.append(f"{path}: {_SEPARATOR_NAMES[separator]} separate its cells.")
    if escaped:
        notes.append(f"{path}: quotes inside its cells are escaped by a backslash.")
    if trailing:
        notes.append(f"{path}: a comma at the end of its lines makes no column.")
    if empty:
        notes.append(f"{path}: {counted(empty, 'empty line')} passed over.")
    return target if notes or empty or not _polars_reads(raw) else plain


def _separator(head: str) -> str:
    line = head.lstrip("\r\n").split("\n", 1)[0]
    counts = {mark: line.count(mark) for mark in _SEPARATORS}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] and "," not in line else ","


def _is_escaped(head: str, separator: str) -> bool:
    r"""Tell whether quotes inside cells are written \" rather than doubled: only the former reads without an error."""
    if '\\"' not in head:
        return False
    whole = head[: head.rfind("\n") + 1] or head
    return not _reads(whole, delimiter=separator) and _reads(
        whole, delimiter=separator, escapechar="\\", doublequote=False
    )


def _reads(text: str, **dialect: Any) -> bool:  # noqa: ANN401 - the csv module's own
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), strict=True, **dialect):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)
    return True


def _check_names(header: list[str], path: Path) -> None:
    for place, name in enumerate(header):
        if name and name in header[:place]:
            first = header.index(name) + 1
            raise FormatError(
                f"{path}: the column {name!r} stands at place {first} and at place {place + 1} of the header; expected each "
                "name once. Rename one of them in the file's first line."
            )


def _has_empty_lines(plain: Path) -> bool:
    before = b""
    with plain.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            seen = before + chunk
            if b"\n\n" in seen or b"\n\r\n" in seen:
                return True
            before = chunk[-2:]
    return False


def _polars_reads(raw: bytes) -> bool:
    import polars as pl

    whole = raw[: raw.rfind(b"\n") + 1] if len(raw) == _HEAD_BYTES else raw
    try:
        pl.read_csv(whole, infer_schema=False)
    except pl.exceptions.PolarsError:
        return False
    return True


def _rewritten(plain: Path, separator: str, escaped: bool, width: int, path: Path) -> tuple[Path, int, bool]:
    """Write rows anew. Returns the file, how many empty lines it had, and whether lines end with a separator too many."""
    target, empty, trailing, number = _new_file("csv"), 0, False, 0
    dialect: dict[str, Any] = {"escapechar": "\\", "doublequote": False} if escaped else {}
    before = csv.field_size_limit(plain.stat().st_size + 1)
    try:
        with (
            plain.open(encoding="utf-8-sig", newline="") as source,
            target.open("w", encoding="utf-8", newline="") as file,
        ):
            rows = csv.reader(source, delimiter=separator, strict=True, **dialect)
            writer = csv.writer(file, lineterminator="\n")
            for number, row in enumerate(rows):
                if not row:
                    empty += 1
                    continue
                if len(row) == width + 1 and not row[-1]:
                    row, trailing = row[:-1], True
                if len(row) > width:
                    raise FormatError(
                        f"{path}: cannot be read as csv: row {number} (up to line {rows.line_num}) has {len(row)} cells; "
                        f"expected {width}, as in the header. Put cells that hold a comma or a line end between double quotes."
                    )
                writer.writerow([*row, *[""] * (width - len(row))])
    except csv.Error as error:
        where = f"row {number + 1} (up to line {rows.line_num})"
        hint = (
            "Is the file cut short?"
            if "unexpected end" in str(error)
            else 'A quote inside a cell is written twice ("").'
        )
        raise FormatError(f"{path}: cannot be read as csv: {where}: {error}. {hint}") from error
    finally:
        csv.field_size_limit(before)
    return target, empty, trailing


# ---- JSON


def _as_lines(plain: Path, path: Path, kind: str, notes: list[str]) -> tuple[Path, str]:
    """Tell JSON lines from a JSON list by what stands in the file; take rows out of an object that wraps them."""
    with plain.open(encoding="utf-8-sig") as file:
        head = file.read(_CHUNK_BYTES).lstrip()
    _check_keys(head, path)
    if head.startswith("["):
        if kind == "jsonl" and not _is_json(head.split("\n", 1)[0]):
            notes.append(f"{path}: holds a JSON list, and is read as one.")
            return plain, "json"
        return plain, kind
    if kind == "jsonl" or not head.startswith("{"):
        return plain, kind
    lines = [line for line in head.split("\n", 2) if line.strip()]
    if len(lines) > 1 and _is_json(lines[0]):
        if not any(isinstance(json.loads(lines[0]).get(name), list) for name in _WRAPPERS):
            notes.append(f"{path}: holds one JSON object on each line, and is read so.")
            return plain, "jsonl"
    return _unwrapped(plain, path, notes)


def _check_keys(head: str, path: Path) -> None:
    """Refuse objects in which a key stands twice: whatever reads them keeps one value and loses the other in silence.

    Who writes such objects writes all of them so; the beginning of the file tells.
    """

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise FormatError(
                    f"{path}: object {number}: the key {name!r} stands {names.count(name)} times; expected each once. "
                    "Rename or remove one."
                )
        return dict(pairs)

    decoder, at, number = json.JSONDecoder(object_pairs_hook=once), 0, 1
    while (match := _BETWEEN_OBJECTS.match(head, at)) and match.end() < len(head):
        try:
            _, at = decoder.raw_decode(head, match.end())
        except (ValueError, RecursionError):  # cut off, or broken: told where the rows are read
            return
        number += 1


_BETWEEN_OBJECTS = re.compile(r"[\s,\[]*")


def _unwrapped(plain: Path, path: Path, notes: list[str]) -> tuple[Path, str]:
    try:
        whole = json.loads(plain.read_text("utf-8-sig"))
    except ValueError:
        return plain, "json"
    lists = [name for name in _WRAPPERS if isinstance(whole, dict) and isinstance(whole.get(name), list)]
    if not lists:
        return plain, "json"
    target = _new_file("json")
    target.write_text(json.dumps(whole[lists[0]], ensure_ascii=False), "utf-8")
    notes.append(f"{path}: the rows stand under {lists[0]!r}.")
    return target, "json"


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


# ---- several files


def _tables_in(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith((".", "_")) and file.suffix.lower() in SUFFIXES
    )


def _files_of(path: Path) -> list[Path]:
    files = _tables_in(path) if path.is_dir() else sorted(path.parent.glob(path.name))
    if not files:
        raise FormatError(f"{path}: no file has such a name.")
    return files


@lru_cache(maxsize=16)
def _several(path: Path, files: tuple[tuple[Path, int], ...], encoding: str | None) -> PlainTable:
    """Put a data set in several files together, in the order of their names.

    Args:
        path: as it was named.
        files: with the time at which each was changed, so that a changed one is read anew.
        encoding: as set, for the same reason.
    """
    import polars as pl

    tables = [plain_table(file) for file, _ in files]
    scans = [table.scan() for table in tables]
    schema = scans[0].collect_schema()
    for (file, _), scan in zip(files, scans, strict=True):
        if scan.collect_schema() != schema:
            raise FormatError(
                f"{file}: its columns are {_said(scan.collect_schema())}; those of {files[0][0].name} are {_said(schema)}. "
                "Expected the same in all files of a data set."
            )
    target = _new_file("parquet")
    pl.concat(scans).sink_parquet(target, maintain_order=True)
    notes = [f"{path}: {counted(len(files), 'file')} read as one table."]
    return PlainTable(target, "parquet", (*notes, *(note for table in tables for note in table.notes)))


def _said(schema: "pl.Schema") -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in schema.items())
