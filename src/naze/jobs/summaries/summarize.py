"""Documents of any length go in; a summary of each comes out, whose every point says where the document says so.

Map and reduce: a document is cut into parts that fit the context (`pieces.py`), the points of each are read with the
numbers of their sentences (`reading.py`, checked by `points.py`), and put together until few are left (`combining.py`).
"""

import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from naze.configuration import read_configuration
from naze.errors import ConfigurationError, InputError
from naze.generations import Account, open_run, write_run
from naze.generations.manifest import MANIFEST_NAME
from naze.jobs.asking import opened_worker
from naze.jobs.faults import Mark, ordered
from naze.jobs.mapping import MapSettings, TableOptions, checked_target, write_mapped
from naze.jobs.summaries.about import SummaryAbout, write_summary_about
from naze.jobs.summaries.combining import combine
from naze.jobs.summaries.points import Point
from naze.jobs.summaries.reading import Document, Reading, read_documents
from naze.jobs.texts import text_column, texts_language
from naze.jobs.watched import Watched
from naze.records import Status
from naze.tables import PROBLEM, ROW, OpenedTable, attached, copy_rows, open_table, read_batches
from naze.tables.beside import beside

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Summarized", "SummaryOptions", "run_summaries", "summarize"]

ADDED = ("", "_points", "_parts", "_tokens", "_rejected", "_marks", "_status", "_reason")
"""What is added to the table, behind the column's name."""
_TOKENS_OF_POINT = 120
"""Of an answer, for each point; Japanese takes most."""


@dataclass(frozen=True, slots=True)
class SummaryOptions:
    """How documents are summarized."""

    column: str | None = None
    """Of the texts; None: `text`, or the only column of texts."""
    add: str = "summary"
    """The name of the new column, and the beginning of those beside it."""
    points: int = 5
    """The most that a summary has."""
    piece_tokens: int = 1_500
    """The most that a part of a document has; fewer where the context is shorter."""
    overlap: int = 1
    """Sentences that a part shares with the one before."""
    map_reduce: bool = True
    """Cut documents that are too long; False: they fail."""
    retry: bool = False
    """Ask again about parts that failed."""

    def __post_init__(self) -> None:
        for name, least in (("points", 1), ("piece_tokens", 64), ("overlap", 0)):
            if getattr(self, name) < least:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; expected at least {least}.")


@dataclass(frozen=True, slots=True)
class Summarized:
    """What came of it."""

    folder: Path
    rows: Path
    """The copy of the documents."""
    column: str
    add: str
    documents: Mapping[int, Document]
    """By the row's number in the table."""
    levels: int
    """How often points were put together, at most."""
    language: str

    @property
    def failed(self) -> int:
        """Documents without a summary, or with one that misses a part."""
        return sum(bool(one.failures) or not one.points for one in self.documents.values())

    @property
    def rejected(self) -> Counter[str]:
        """Points that were dropped, by why."""
        return sum((one.rejected for one in self.documents.values()), Counter[str]())

    @property
    def watched(self) -> Watched:
        """Answers with a fault that were asked for once more, on all levels."""
        counts = Watched()
        for folder in (self.folder / "parts", *self.folder.glob("level-*")):
            if (folder / "manifest.json").is_file():
                with closing(open_run(folder)) as run:
                    counts += Watched.of(run)
        return counts

    @property
    def marked(self) -> int:
        """Documents whose summary has a fault still."""
        return sum(bool(one.marks) for one in self.documents.values())

    def batches(self, *, texts: bool = False) -> "Iterator[pl.DataFrame]":
        """Read the table with the summaries, a few rows at a time.

        Args:
            texts: keep the column of the texts; it is usually too long to be wanted beside its summary.
        """
        for batch in read_batches(self.rows, batch_rows=50):
            cells = ["" if cell is None else str(cell) for cell in batch[self.column]]
            found = [
                _columns(self.documents[number], text) for number, text in zip(batch[ROW], cells, strict=True)
            ]
            hidden = [ROW, PROBLEM, *([] if texts else [self.column])]
            yield batch.drop(hidden, strict=False).with_columns(_series(self.add, found))


def summarize(
    documents: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    *,
    how: SummaryOptions | None = None,
    **options: Unpack[TableOptions],
) -> Any:  # noqa: ANN401 - the same kind of table
    """Summarize documents of any length; every point says where the document says so.

    Args:
        documents: a text file, a folder of them, a CSV, JSONL, JSON or Parquet file with a column of texts, or a table.
        how: how many points, how long the parts are.
        options: model, where the result and the run go, which rows: see `TableOptions`.

    Returns:
        For a table its rows with the new columns; for a path the path of the result. `summary` holds a point on each
        line; `summary_points` has for each point its text and sources: `start` and `end` in characters, `line` and
        `last_line` from 1, and `quote`, the document's own words.

    Raises:
        InputError: no documents, or no column of texts.
        NazeError: as `naze.map`.
    """
    opened = open_table(documents)
    target = summary_target(opened, options.get("out"))
    found = run_summaries(opened, how=how, **options)
    if target is not None:
        write_mapped(found.batches(), target, found.folder)
    if opened.home == "path":
        return target
    import polars as pl

    columns = pl.concat([batch.select([found.add + behind for behind in ADDED]) for batch in found.batches()])
    numbers = pl.read_parquet(found.rows, columns=[ROW])[ROW].cast(pl.Int64) - 1
    return attached(opened, numbers, columns)


def summary_target(table: OpenedTable, out: str | Path | None) -> Path | None:
    """Say where the summaries of a table are written; None: nowhere, they are returned."""
    if out is not None:
        return checked_target(Path(out))
    if table.home != "path":
        return None
    return beside(Path(table.given).resolve(), "-summary", suffix=".jsonl")


def run_summaries(
    documents: OpenedTable, *, how: SummaryOptions | None = None, **options: Unpack[TableOptions]
) -> Summarized:
    """Ask all that is open, durably.

    Args:
        documents: opened.
        how: how many points, how long the parts are.
        options: `model`, `run`, `where`, `sample`, `settings`, `progress` and `tell` of them.
    """
    chosen, settings = how or SummaryOptions(), options.get("settings") or MapSettings()
    column = text_column(documents, chosen.column)
    taken = [chosen.add + behind for behind in ADDED if chosen.add + behind in documents.columns]
    if taken:
        raise InputError(
            f"a column {taken[0]!r} would be added, and there is one already; give another --add."
        )
    configuration = read_configuration()
    model = options.get("model") or configuration.model
    if model is None:
        raise ConfigurationError("no model is named. Give --model, or set `model` in naze.toml.")
    language = settings.language or texts_language(documents, column)
    reading = Reading(
        column,
        language,
        chosen.points,
        chosen.piece_tokens,
        chosen.overlap,
        chosen.map_reduce,
        replace(
            settings.sampling, max_tokens=max(settings.sampling.max_tokens, _TOKENS_OF_POINT * chosen.points)
        ),
    )
    run = options.get("run")
    folder = (
        Path(run) if run is not None else configuration.runs / _folder_name(documents.name, reading, model)
    )
    rows, made_from = _copy(documents, folder, options, settings)
    if chosen.retry:
        _reset(folder)
    about = SummaryAbout(documents.name, model, language)
    write_summary_about(folder, about)
    progress = options.get("progress")
    with opened_worker(
        model,
        engine=settings.engine,
        options=settings.options,
        account=None if settings.budget is None else Account(settings.budget, folder),
        begun=folder,
    ) as worker:
        found = read_documents(
            rows,
            reading,
            worker,
            folder / "parts",
            made_from=made_from,
            data_path=str(documents.given) if documents.home == "path" else "",
            progress=progress,
            tell=options.get("tell"),
        )
        levels = combine(found, reading, worker, folder, progress=progress)
    done = Summarized(folder, rows, column, chosen.add, {one.number: one for one in found}, levels, language)
    write_summary_about(folder, replace(about, documents=len(done.documents), failed=done.failed))
    return done


def _copy(table: OpenedTable, folder: Path, options: TableOptions, settings: MapSettings) -> tuple[Path, str]:
    where, sample = options.get("where"), options.get("sample")
    chosen = json.dumps([table.fingerprint, where, sample, settings.seed])
    rows = folder / f"documents-{hashlib.sha256(chosen.encode()).hexdigest()[:16]}.parquet"
    if not rows.is_file():
        if not copy_rows(table, rows, where=where, sample=sample, seed=settings.seed):
            rows.unlink()
            raise InputError(f"{table.name}: no documents to summarize.")
    for other in folder.glob("documents-*.parquet"):
        if other != rows:
            other.unlink(missing_ok=True)
    return rows, chosen


def _reset(folder: Path) -> None:
    for manifest in folder.glob(f"*/{MANIFEST_NAME}"):
        with write_run(manifest.parent) as run:
            run.reset_failures()


def _folder_name(name: str, reading: Reading, model: str) -> str:
    decides = json.dumps([reading.language, reading.points, str(reading.sampling)])
    return f"{name}-summary-{Path(model).name}-{hashlib.sha256(decides.encode()).hexdigest()[:8]}".lower().replace(
        ":", "-"
    )


def _columns(one: Document, text: str) -> dict[str, Any]:
    """Lay a document's summary out as cells."""
    starts = [0, *(place + 1 for place, character in enumerate(text) if character == "\n")]
    status, reason = _ended(one)
    return {
        "": "\n".join(point.text for point in one.points) if one.points else None,
        "_points": [_point(point, text, starts) for point in one.points],
        "_parts": one.pieces,
        "_tokens": one.tokens,
        "_rejected": one.rejected.total(),
        "_marks": ordered(map(Mark, one.marks)),
        "_status": status.value,
        "_reason": reason,
    }


def _ended(one: Document) -> tuple[Status, str | None]:
    """Say how a document ended; one whose summary misses a part is answered, with the reason beside it."""
    if one.points:
        failed = (
            f"{len(one.failures)} of its prompts failed; the first: {one.failures[0][1]}"
            if one.failures
            else None
        )
        return Status.ANSWERED, failed
    if one.failures:
        return one.failures[0]
    return Status.INVALID, f"no point is left: {one.rejected.total()} were rejected"


def _point(point: Point, text: str, starts: list[int]) -> dict[str, Any]:
    return {
        "point": point.text,
        "sources": [
            {
                "start": start,
                "end": end,
                "line": bisect_right(starts, start),
                "last_line": bisect_right(starts, end - 1),
                "quote": text[start:end],
            }
            for start, end in point.sources
        ],
    }


def _series(add: str, found: list[dict[str, Any]]) -> "list[pl.Series]":
    import polars as pl

    source = pl.Struct(
        {"start": pl.Int64, "end": pl.Int64, "line": pl.Int64, "last_line": pl.Int64, "quote": pl.String}
    )
    kinds: dict[str, pl.DataType] = {
        "": pl.String(),
        "_points": pl.List(pl.Struct({"point": pl.String, "sources": pl.List(source)})),
        "_parts": pl.Int64(),
        "_tokens": pl.Int64(),
        "_rejected": pl.Int64(),
        "_marks": pl.List(pl.String),
        "_status": pl.String(),
        "_reason": pl.String(),
    }
    return [pl.Series(add + behind, [one[behind] for one in found], dtype=kinds[behind]) for behind in ADDED]
