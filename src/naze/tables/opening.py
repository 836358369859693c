"""A file, a text, a folder of texts or a table in memory goes in; an `OpenedTable` comes out: rows in batches, in order.

A row that cannot be read is no broken table: it comes out with its reason in the column `PROBLEM`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from naze.errors import FormatError, InputError
from naze.tables.files import existing_file, is_folder
from naze.tables.fingerprint import fingerprint
from naze.tables.loose import PROBLEM, loose_batches
from naze.tables.plain import is_several, plain_table
from naze.tables.read import read_batches

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TEXT_SUFFIXES", "OpenedTable", "attached", "open_table"]

Home = Literal["path", "polars", "pandas", "arrow"]
TEXT_SUFFIXES = (".txt", ".md", ".rst", ".text")
"""What counts as a text, by itself or in a folder of texts."""
_TEXTS_TOGETHER = 100
_ROWS_TOGETHER = 2_000


@dataclass(frozen=True, slots=True)
class OpenedTable:
    """A table that can be read several times, whatever it was given as."""

    name: str
    """What folders and results are named after."""
    home: Home
    """What the person gave, and expects back."""
    given: Any
    """The path, or the table itself."""
    columns: tuple[str, ...]
    fingerprint: str
    """Of the content: the same rows give the same text."""
    batches: Callable[[], "Iterator[pl.DataFrame]"]
    """Gives the rows in order; where some could not be read, with a column `PROBLEM`."""
    texts: frozenset[str] = field(default=frozenset())
    """Columns whose cells are texts only because the file knows no other kind (CSV)."""
    notes: tuple[str, ...] = ()
    """What the person should know of how it was read."""


def open_table(table: Any) -> OpenedTable:  # noqa: ANN401 - tables of several libraries
    """Open a table.

    Args:
        table: the path of a CSV, JSONL, JSON or Parquet file, of a text file or of a folder of text files (columns
            `path` and `text`); or a polars, pandas or Arrow table.

    Raises:
        FormatError: a file that is missing, empty or damaged; a folder without texts.
        InputError: no table, no column, or two columns of the same name.

    Example:
        >>> open_table("examples/votes.csv").columns[:3]
        ('id', 'model_a', 'model_b')
    """
    if isinstance(table, str | Path):
        path = Path(table)
        if is_folder(path) and not _holds_tables(path):
            opened = _folder(path)
        elif path.suffix.lower() in TEXT_SUFFIXES:
            opened = _texts([existing_file(path)], path.parent, path.stem, path)
        else:
            opened = _file(path)
    else:
        opened = _in_memory(table)
    if not opened.columns:
        raise InputError(f"{opened.name}: the table has no columns; expected at least one.")
    return opened


def _file(path: Path) -> OpenedTable:
    def strictly() -> "Iterator[pl.DataFrame]":
        return read_batches(path, batch_rows=_ROWS_TOGETHER)

    file = plain_table(path)
    notes, kind = file.notes, file.kind
    batches = strictly
    print_ = fingerprint(path)
    rounded = False
    try:
        first = next(strictly())
        columns = first.columns
        floats = [name for name, dtype in first.schema.items() if dtype.is_float()]
        if kind in ("json", "jsonl") and floats:  # a large whole number among fractions would be rounded
            loose = loose_batches(path, batch_rows=_ROWS_TOGETHER)
            rounded = any(loose.kinds.get(name) == "String" for name in floats)
    except FormatError:
        if kind not in ("json", "jsonl"):
            raise
        loose, rounded = loose_batches(path, batch_rows=_ROWS_TOGETHER), True
    if rounded:
        columns, notes, batches = loose.columns, (*notes, *loose.notes), loose.batches
    named = tuple(name for name in columns if name != PROBLEM)
    texts = frozenset(named) if kind == "csv" else frozenset[str]()
    return OpenedTable(path.resolve().stem, "path", path, named, print_, batches, texts, notes)


def _holds_tables(folder: Path) -> bool:
    """Tell whether a folder is a data set in several files rather than a folder of texts."""
    texts = any(file.suffix.lower() in TEXT_SUFFIXES for file in folder.iterdir())
    return not texts and is_several(folder)


def _folder(path: Path) -> OpenedTable:
    found = sorted(
        file for file in path.rglob("*") if file.suffix.lower() in TEXT_SUFFIXES and file.is_file()
    )
    if not found:
        raise FormatError(
            f"{path}: no texts in this folder; expected files ending in {', '.join(TEXT_SUFFIXES)}."
        )
    return _texts(found, path, path.resolve().name, path)


def _texts(found: list[Path], folder: Path, name: str, given: Path) -> OpenedTable:
    """Make a table of texts, one row each.

    Args:
        found: the files, in order.
        folder: their paths are told from here.
        name: of the table.
        given: what the person named.
    """
    digest = hashlib.sha256()
    for file in found:
        digest.update(
            f"{file.relative_to(folder)}\n{fingerprint(file) if file.stat().st_size else ''}\n".encode()
        )

    def batches() -> "Iterator[pl.DataFrame]":
        import polars as pl

        kinds = {"path": pl.String, "text": pl.String, PROBLEM: pl.String}
        for start in range(0, len(found), _TEXTS_TOGETHER):
            rows = [_text_row(file, folder) for file in found[start : start + _TEXTS_TOGETHER]]
            yield pl.DataFrame(rows, schema=kinds, orient="row")

    columns = ("path", "text")
    return OpenedTable(name, "path", given, columns, f"sha256:{digest.hexdigest()}", batches)


def _text_row(file: Path, folder: Path) -> tuple[str, str | None, str | None]:
    name = file.relative_to(folder).as_posix()
    try:
        return name, file.read_text(encoding="utf-8-sig"), None
    except UnicodeDecodeError as error:
        return name, None, f"{file}: byte {error.start:,} is not UTF-8. Save the file as UTF-8."
    except OSError as error:
        return name, None, f"{file}: cannot be read: {error.strerror}."


def _in_memory(table: Any) -> OpenedTable:  # noqa: ANN401 - tables of several libraries
    home, frame = _to_polars(table)
    digest = hashlib.sha256(json.dumps([[n, str(k)] for n, k in frame.schema.items()]).encode())
    for part in frame.iter_slices(_ROWS_TOGETHER):
        kept = BytesIO()
        part.write_ipc(kept)
        digest.update(kept.getbuffer())

    def batches() -> "Iterator[pl.DataFrame]":
        yield from frame.iter_slices(_ROWS_TOGETHER) if frame.height else [frame]

    return OpenedTable("table", home, table, tuple(frame.columns), f"sha256:{digest.hexdigest()}", batches)


def _to_polars(table: Any) -> "tuple[Home, pl.DataFrame]":  # noqa: ANN401 - tables of several libraries
    import polars as pl

    if isinstance(table, pl.LazyFrame):
        return "polars", table.collect()
    if isinstance(table, pl.DataFrame):
        return "polars", table
    library = type(table).__module__.split(".")[0]
    if library == "pandas" and hasattr(table, "columns"):
        return "pandas", _from_pandas(table)
    if hasattr(table, "__arrow_c_stream__"):
        return "arrow", pl.DataFrame(table)
    raise InputError(
        f"a {type(table).__name__} is no table; expected a path, or a polars, pandas or Arrow table."
    )


def _from_pandas(table: Any) -> "pl.DataFrame":  # noqa: ANN401 - a library that may be missing
    """Take a pandas table's cells over; where a column mixes kinds, each cell as text."""
    import polars as pl

    names = [str(name) for name in table.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"the pandas table has two columns named {twice[0]!r}; expected each name once.")
    columns = []
    for place, name in enumerate(names):
        column = table.iloc[:, place]
        cells = column.astype(object).where(column.notna(), None).tolist()
        try:
            columns.append(pl.Series(name, cells, strict=True))
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            texts = [None if cell is None else str(cell) for cell in cells]
            columns.append(pl.Series(name, texts, dtype=pl.String))
    return pl.DataFrame(columns)


def attached(table: OpenedTable, places: "pl.Series", columns: "pl.DataFrame") -> Any:  # noqa: ANN401
    """Put new columns beside chosen rows of a table in memory, and give it back as the kind it was.

    Args:
        table: a table in memory.
        places: of the chosen rows, from 0, int64.
        columns: one row for each place.
    """
    import polars as pl

    if table.home == "pandas":
        chosen = table.given.iloc[places.to_list()]
        return chosen.assign(**{name: columns[name].to_list() for name in columns.columns})
    frame = table.given.collect() if isinstance(table.given, pl.LazyFrame) else pl.DataFrame(table.given)
    whole = frame[places].hstack(columns)
    return whole.to_arrow() if table.home == "arrow" else whole
