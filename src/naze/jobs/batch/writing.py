"""A table and questions go in; batch files for any provider that takes the OpenAI Batch API's form come out.

Each row and question becomes a chat request whose `custom_id` says what it is of (`row-12/delivery`), so that
`reading.py` finds its way back. A question with choices asks for JSON that
holds one of them, under the question's name.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from naze.configuration import read_configuration
from naze.engines.chat_template import split_into_turns, well_formed
from naze.errors import ConfigurationError, InputError
from naze.jobs.batch.contract import MOST_BYTES, MOST_REQUESTS, Endpoint
from naze.jobs.questions import Question, as_asked, language_of
from naze.prompts import RowPrompts, TableRow
from naze.prompts.offering import offer_words, verbatim
from naze.prompts.template import Template
from naze.records import Prompt
from naze.tables import PROBLEM, ROW, copy_rows, open_table, read_batches, read_columns
from naze.tables.aside import written_aside

__all__ = ["WriteSettings", "WrittenBatch", "answer_schema", "custom_id", "write_batch"]

_ROWS_TOGETHER = 2_000
_REMEDY = "Free some space or choose another --out."


@dataclass(frozen=True, slots=True)
class WriteSettings:
    """How requests are written, beyond the model and the questions."""

    where: str | None = None
    """Only rows for which this SQL condition holds."""
    sample: int | None = None
    """Only so many rows, drawn at random, the same every time."""
    seed: int = 0
    """Another seed draws another sample."""
    language: str | None = None
    """Of naze's own words in the prompts; None: Japanese where the prompts are Japanese, else as configured."""
    instruction: str | None = None
    """The system text; None: naze's own."""
    max_tokens: int | None = None
    """The longest answer (`max_completion_tokens`); None: not said, the provider's own."""
    temperature: float | None = None
    """None: not said; some models take none but their own."""


@dataclass(frozen=True, slots=True)
class WrittenBatch:
    """What was written."""

    files: tuple[Path, ...]
    """More than one where a provider's limits ask for it."""
    requests: int
    left_out: int
    """Rows without a request, since there is nothing to ask of them: empty, or not readable."""


def write_batch(
    table: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    questions: Sequence[Question],
    *,
    model: str,
    out: str | Path,
    settings: WriteSettings | None = None,
) -> WrittenBatch:
    """Write requests about every row of a table, for a provider, or for `run_batch`.

    Args:
        table: a CSV, JSONL, JSON or Parquet file, a folder of texts, or a polars, pandas or Arrow table.
        questions: what is asked of each row.
        model: what the provider calls the model.
        out: a .jsonl file; beyond 50,000 requests or 200 MB further ones follow, numbered: `requests-2.jsonl`.
        settings: which rows, language, length.

    Raises:
        TemplateError: a prompt names a column that there is not; the nearest is suggested.
        InputError: no rows.
        StoreError: the files cannot be written.

    Example:
        >>> import polars
        >>> rows = polars.DataFrame({"text": ["The parcel came late.", "Lovely tea!"]})
        >>> late = naze.Question("late", "Is this about delivery? {{ text }}", choices=("yes", "no"))
        >>> naze.write_batch(rows, [late], model="gpt-4o-mini", out="requests.jsonl").requests
        2
    """
    settings = settings or WriteSettings()
    out = Path(out)
    if out.suffix.lower() != ".jsonl":
        raise ConfigurationError(f"{out}: requests are lines of JSON; expected a name that ends in .jsonl.")
    opened = open_table(table)
    asking = RowPrompts(_templates(questions, settings), opened.columns)
    with tempfile.TemporaryDirectory(prefix="naze-batch-") as folder:
        rows = Path(folder) / "rows.parquet"
        if not copy_rows(opened, rows, where=settings.where, sample=settings.sample, seed=settings.seed):
            raise InputError(
                f"{opened.name}: no rows to write requests about; the condition holds for none, or it is empty."
            )
        files = _Files(out)
        left_out = 0
        with files:
            for material in asking.materials(_table_rows(rows, asking.columns)):
                if isinstance(material, tuple):
                    left_out += 1
                    continue
                for prompt in material.prompts(None):
                    files.add(_request(prompt, model, settings))
    return WrittenBatch(tuple(files.paths), files.requests, left_out)


def custom_id(row: int | str, question: str) -> str:
    """Name a request after its row, from 1, and its question."""
    return f"row-{row}/{question}"


def answer_schema(question: Question) -> dict[str, Any] | None:
    """Say what the answer must be: the question's own schema, or an object that holds one of its choices."""
    if question.schema is not None:
        return dict(question.schema)
    if not question.choices:
        return None
    return {
        "type": "object",
        "properties": {question.name: {"type": "string", "enum": list(question.choices)}},
        "required": [question.name],
        "additionalProperties": False,
    }


def _templates(questions: Sequence[Question], settings: WriteSettings) -> list[Template]:
    if not questions:
        raise ConfigurationError("there is no question; expected at least one prompt.")
    prompts = [question.prompt for question in questions if isinstance(question.prompt, str)]
    language = settings.language or language_of(prompts, read_configuration().language)
    return [_template(question, language, settings.instruction) for question in questions]


def _template(question: Question, language: str, instruction: str | None) -> Template:
    """Make a question's template; choices are offered by their words, whatever their first tokens."""
    open_question = replace(question, choices=(), definitions={}, schema=None)
    template = as_asked(open_question, language, instruction, lambda _: True).template
    schema = answer_schema(question)
    text = None if schema is None else json.dumps(schema, ensure_ascii=False)
    if not question.choices:
        return replace(template, schema=text)
    offered = offer_words(question.choices, language)
    if question.definitions:
        meanings = "\n".join(f"- {choice}: {meaning}" for choice, meaning in question.definitions.items())
        offered = f"{verbatim(meanings)}\n\n{offered}"  # a line end right after a block is taken away
    return replace(template, question=f"{template.question}\n\n{offered}", schema=text)


def _table_rows(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    broken = PROBLEM in read_columns(path)
    wanted = [ROW, *columns, *([PROBLEM] if broken else [])]
    for batch in read_batches(path, columns=wanted, batch_rows=_ROWS_TOGETHER):
        for row in batch.iter_rows(named=True):
            number, problem = row.pop(ROW), row.pop(PROBLEM, None)
            yield TableRow(str(number), row, problem)


def _request(prompt: Prompt, model: str, settings: WriteSettings) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model, "messages": split_into_turns(prompt, system_role=True)}
    if settings.max_tokens is not None:
        body["max_completion_tokens"] = settings.max_tokens
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if prompt.schema is not None:
        schema = {"name": "answer", "schema": json.loads(prompt.schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    name = custom_id(prompt.subject_id, prompt.question_id)
    return {"custom_id": name, "method": "POST", "url": Endpoint.CHAT.value, "body": body}


class _Files:
    """One file after another, none beyond a provider's limits; all whole at the end, or none changed."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._stack = ExitStack()
        self._file: IO[bytes] | None = None
        self._requests = self._bytes = 0
        self.requests = 0
        self.paths: list[Path] = []

    def __enter__(self) -> None:
        self._stack.__enter__()

    def __exit__(self, *error: Any) -> None:  # noqa: ANN401 - as a context manager is told
        self._stack.__exit__(*error)

    def add(self, request: dict[str, Any]) -> None:
        """Write a request, into the next file where this one is full."""
        line = well_formed(json.dumps(request, ensure_ascii=False)).encode() + b"\n"
        if self._file is None or self._requests >= MOST_REQUESTS or self._bytes + len(line) > MOST_BYTES:
            self._file = self._next()
        self._file.write(line)
        self._requests, self._bytes = self._requests + 1, self._bytes + len(line)
        self.requests += 1

    def _next(self) -> IO[bytes]:
        number = len(self.paths) + 1
        path = self._out if number == 1 else self._out.with_stem(f"{self._out.stem}-{number}")
        self.paths.append(path)
        self._requests = self._bytes = 0
        return self._stack.enter_context(written_aside(path, "the requests", remedy=_REMEDY))
