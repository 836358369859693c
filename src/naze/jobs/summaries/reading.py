"""The first step of a summary: every part of every document is read, and its points are kept with their places."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.generations import Progress
from naze.jobs.asking import Step, Told, Worker
from naze.jobs.checking import TextCheck
from naze.jobs.packing import count_each
from naze.jobs.summaries.pieces import Piece, cut_document, document_sentences
from naze.jobs.summaries.points import Point, part_points, points_schema
from naze.prompts import Template, load_template
from naze.prompts.sentences import Span
from naze.records import Fit, FittedPrompt, Prompt, Sampling, Status
from naze.tables import PROBLEM, ROW, read_batches, write_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__ = ["MARK_TOKENS", "Document", "Reading", "read_documents"]

TASK = "summarize"
MARK_TOKENS = 8
"""For a sentence's number and its line end."""
_DOCUMENTS_TOGETHER = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents are read."""

    column: str
    """Of the texts."""
    language: str
    points: int
    """The most that a document's summary has."""
    piece_tokens: int
    """The most that a part has, however long the context is: small models miss less in short parts."""
    overlap: int
    """Sentences that a part shares with the one before."""
    map_reduce: bool
    """Whether a document that is too long for one part is cut."""
    sampling: Sampling

    @property
    def template(self) -> Template:
        """Asks about one part."""
        schema = json.dumps(points_schema(self.points, combining=False))
        return replace(load_template("summarize_part", self.language), schema=schema)

    def check(self, template: Template) -> TextCheck:
        """Look at the points that a template asks for."""
        return TextCheck(template, self.sampling, frozenset(("point",)), own=True)


@dataclass(slots=True)
class Document:
    """What is known of a document on the way to its summary."""

    number: int
    """Of its row in the table, from 1."""
    points: list[Point] = field(default_factory=list)
    pieces: int = 0
    tokens: int = 0
    """Read and written."""
    rejected: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Status, str]] = field(default_factory=list)
    """Parts, or combinations, without an answer."""
    marks: set[str] = field(default_factory=set)
    """What is wrong with its words, though the model was asked twice (`naze.jobs.faults`)."""


def read_documents(
    rows: Path,
    reading: Reading,
    worker: Worker,
    folder: Path,
    *,
    made_from: str,
    data_path: str = "",
    progress: Progress | None = None,
    tell: "Callable[[Told], None] | None" = None,
) -> list[Document]:
    """Ask about every part of every document. Durable: the same call again asks nothing twice.

    Args:
        rows: a copy of the documents' table.
        reading: how they are read.
        worker: the model.
        folder: of the run.
        made_from: fingerprint of the documents.
        data_path: where they came from.
        progress: is told of every answer.
        tell: is called once, when it is settled what will be asked.

    Returns:
        One for each row, in order; failures are in it.
    """
    limit = worker.limit_tokens(folder, reading.sampling)
    decides = [made_from, limit, worker.fingerprint, reading.column, reading.points]
    decides += [reading.piece_tokens, reading.overlap, reading.map_reduce, reading.template.hash]
    pieces = folder / f"pieces-{hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]}.parquet"
    if not pieces.is_file():
        write_table(pieces, _cut_all(rows, reading, worker, limit), "the pieces of the documents")
    step = Step(
        TASK,
        reading.template,
        reading.sampling,
        pieces.stem,
        data_path=data_path,
        check=reading.check(reading.template),
    )
    run = worker.ask(
        folder, step, lambda _: _prompts(rows, pieces, reading, limit), progress=progress, tell=tell
    )
    for other in folder.glob("pieces-*.parquet"):
        if other != pieces:
            other.unlink(missing_ok=True)
    documents: dict[int, Document] = {}
    with closing(run):
        for (number, text, spans, _), row in zip(
            _pieces(rows, pieces, reading.column), run.rows(), strict=True
        ):
            document = documents.setdefault(number, Document(number))
            answer = row.answer
            if answer is None:
                continue
            document.pieces += 1
            document.tokens += answer.prompt_tokens + answer.generated_tokens
            if answer.status is Status.ANSWERED and answer.text is not None:
                document.points += part_points(answer.text, text, spans, document.rejected)
                document.marks.update(answer.marks)
            else:
                document.failures.append((answer.status, f"part {document.pieces}: {answer.reason}"))
    return list(documents.values())


def _cut_all(rows: Path, reading: Reading, worker: Worker, limit: int) -> "Iterator[pl.DataFrame]":
    """Cut every document; a part is a row with the places of its sentences, and a document without a text one without."""
    import polars as pl

    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "document": pl.Int64, "starts": pl.List(pl.Int64), "ends": pl.List(pl.Int64), "breaks": pl.List(pl.Boolean),
        "tokens": pl.Int64, "problem": pl.String,
    }  # fmt: skip
    for batch in _documents(rows, reading.column):
        found: list[dict[str, Any]] = []
        for number, text, problem in batch:
            if problem is not None or not text.strip():
                found.append(
                    {"document": number, "problem": problem or f"nothing to read: {reading.column} empty"}
                )
                continue
            for piece, tokens in _cut(text, reading, worker, limit):
                spans = [one.span for one in piece.sentences]
                found.append(
                    {
                        "document": number,
                        "starts": [start for start, _ in spans],
                        "ends": [end for _, end in spans],
                        "breaks": [one.paragraph for one in piece.sentences],
                        "tokens": tokens,
                    }
                )
        yield pl.DataFrame(found, schema=schema, orient="row")


def _cut(text: str, reading: Reading, worker: Worker, limit: int) -> list[tuple[Piece, int]]:
    found = document_sentences(text)
    frame = _prompt(reading.template, "frame", "", (), (), reading.points)
    around, counts = count_each(
        [text[one.span[0] : one.span[1]] for one in found], frame, worker, beside=MARK_TOKENS
    )
    room = min(limit - around, reading.piece_tokens)
    pieces = cut_document(found, counts, max(1, room), reading.overlap, whole=not reading.map_reduce)
    return [
        (piece, around + sum(counts[piece.first : piece.first + len(piece.sentences)])) for piece in pieces
    ]


def _documents(rows: Path, column: str) -> Iterator[list[tuple[int, str, str | None]]]:
    for batch in read_batches(rows, batch_rows=_DOCUMENTS_TOGETHER):
        problems = batch[PROBLEM] if PROBLEM in batch.columns else [None] * batch.height
        texts = ("" if cell is None else str(cell) for cell in batch[column])
        yield list(zip(batch[ROW], texts, problems, strict=True))


_Found = tuple[int, str, tuple[Span, ...], dict[str, Any]]
"""A document's number and text, the places of a part's sentences, and the part's row."""


def _pieces(rows: Path, pieces: Path, column: str) -> Iterator[_Found]:
    """Read the parts together with the documents that they are of."""
    documents = chain.from_iterable(_documents(rows, column))
    number, text = 0, ""
    for batch in read_batches(pieces):
        for piece in batch.iter_rows(named=True):
            while number != piece["document"]:
                number, text, _ = next(documents)
            spans = tuple(zip(piece["starts"] or (), piece["ends"] or (), strict=True))
            yield number, text, spans, piece


def _prompts(rows: Path, pieces: Path, reading: Reading, limit: int) -> Iterator[FittedPrompt]:
    template, place, last = reading.template, 0, 0
    for number, text, spans, piece in _pieces(rows, pieces, reading.column):
        place = place + 1 if number == last else 1
        last = number
        if piece["problem"] is not None:
            yield FittedPrompt(Prompt(str(number), "", "", "", piece["problem"]), problem=piece["problem"])
            continue
        name = f"{number} part {place}"
        prompt = _prompt(template, name, text, spans, piece["breaks"], reading.points)
        tokens = int(piece["tokens"])
        fit = Fit.WHOLE if tokens <= limit else Fit.OVERFLOW
        yield FittedPrompt(prompt, fit, tokens, tokens, limit)


def _prompt(
    template: Template, name: str, text: str, spans: Sequence[Span], breaks: Sequence[bool], most: int
) -> Prompt:
    shown = [
        {"number": number, "text": " ".join(text[start:end].split()), "paragraph": paragraph}
        for number, ((start, end), paragraph) in enumerate(zip(spans, breaks, strict=True), 1)
    ]
    return template.render({"sentences": shown, "most": most}, subject_id=name)
