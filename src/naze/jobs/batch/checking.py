"""A batch file goes in; what it holds comes out, or everything for which it is refused, before anything is asked."""

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from naze.errors import BatchFileError
from naze.jobs.batch.bodies import Defaults, inputs_of, read_body
from naze.jobs.batch.contract import (
    MOST_BYTES,
    MOST_INPUTS,
    MOST_REQUESTS,
    Endpoint,
    FileCode,
    FileProblem,
    RequestProblem,
)
from naze.jobs.batch.requests import Request, read_lines
from naze.tables.files import existing_file

__all__ = ["BatchFile", "check_batch"]

_PROBLEMS_KEPT = 100
_PROBLEMS_SAID = 10


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A batch file that can be run."""

    path: Path
    endpoint: Endpoint
    model: str
    """The model that is asked: the one that the requests name, or the one that the person named instead."""
    named_models: tuple[str, ...]
    """What the requests name, in the order of the file."""
    requests: int
    refused: tuple[tuple[Request, RequestProblem], ...]
    """The first requests that cannot be asked; each becomes a line of the error file."""
    refused_count: int
    schemas: tuple[tuple[int, str], ...] = ()
    """The first different JSON Schemas that answers must satisfy, each with the first line that asks for it."""


@dataclass(slots=True)
class _Seen:
    """What the lines so far hold."""

    requests: int = 0
    inputs: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    """custom_id -> line."""
    urls: dict[str, int] = field(default_factory=dict)
    """Endpoint -> the first line that names it."""
    models: dict[str, int] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)
    refused: list[tuple[Request, RequestProblem]] = field(default_factory=list)
    refused_count: int = 0
    schemas: dict[str, int] = field(default_factory=dict)
    """JSON Schema -> the first line that asks for it."""


def check_batch(
    path: str | Path, model: str | None = None, *, limits: bool = True, defaults: Defaults | None = None
) -> BatchFile:
    """Read a batch file through once.

    Args:
        path: the file.
        model: asked instead of what the requests name, which may then differ or be missing.
        limits: whether the provider's limits (50,000 requests, 200 MB, 50,000 texts to embed) hold.
        defaults: what holds where a request says nothing.

    Raises:
        BatchFileError: holds everything for which the file is refused: lines that are no JSON or lack a field, a
            custom_id that stands twice, two endpoints, two models, more than the limits.
        FormatError: there is no such file, or it is empty.
    """
    file = existing_file(path)
    seen = _Seen()
    if limits and file.stat().st_size > MOST_BYTES:
        message = f"the file has {file.stat().st_size:,} bytes; at most {MOST_BYTES:,} are allowed. Split it."
        seen.problems.append(FileProblem(FileCode.FILE_TOO_LARGE, message))
    for line in read_lines(file):
        if isinstance(line, FileProblem):
            seen.problems.append(line)
        else:
            _note(line, seen, model, defaults or Defaults())
        if len(seen.problems) >= _PROBLEMS_KEPT:
            break
    seen.problems += _problems_of_the_whole(seen, model, limits=limits)
    if seen.problems:
        raise BatchFileError(_say(file, seen.problems), problems=tuple(seen.problems))
    [endpoint] = seen.urls
    return BatchFile(
        path=file,
        endpoint=Endpoint(endpoint),
        model=model or next(iter(seen.models)),
        named_models=tuple(seen.models),
        requests=seen.requests,
        refused=tuple(seen.refused),
        refused_count=seen.refused_count,
        schemas=tuple((line, schema) for schema, line in seen.schemas.items()),
    )


def _note(request: Request, seen: _Seen, model: str | None, defaults: Defaults) -> None:
    seen.requests += 1
    before = seen.lines.setdefault(request.custom_id, request.line)
    if before != request.line:
        message = f"custom_id {request.custom_id!r} stands in line {before:,} already; expected it once."
        seen.problems.append(FileProblem(FileCode.DUPLICATE_CUSTOM_ID, message, request.line, "custom_id"))
    seen.urls.setdefault(request.url, request.line)
    named = request.model
    if isinstance(named, str) and named:
        seen.models.setdefault(named, request.line)
    elif model is None:
        message = f"body.model is {named!r}; expected the name of a model. Or name one for all with --model."
        seen.problems.append(FileProblem(FileCode.INVALID_REQUEST, message, request.line, "body.model"))
    seen.inputs += inputs_of(request)
    found = read_body(request, defaults)
    if isinstance(found, RequestProblem):
        seen.refused_count += 1
        if len(seen.refused) < _PROBLEMS_KEPT:
            seen.refused.append((request, found))
        return
    for prompt in found.prompts:
        if prompt.schema is not None and len(seen.schemas) < _PROBLEMS_KEPT:
            seen.schemas.setdefault(prompt.schema, request.line)


def _problems_of_the_whole(seen: _Seen, model: str | None, *, limits: bool) -> list[FileProblem]:
    """Say what no single line shows."""
    problems: list[FileProblem] = []
    if not seen.requests and not seen.problems:
        problems.append(
            FileProblem(FileCode.EMPTY_FILE, "no request stands in the file; expected one a line.")
        )
    if len(seen.urls) > 1:
        message = f"{_places(seen.urls)}; expected one endpoint in a file. Split it by url."
        problems.append(FileProblem(FileCode.URL_MISMATCH, message, max(seen.urls.values()), "url"))
    if len(seen.models) > 1 and model is None:
        message = f"{_places(seen.models)}; expected one model in a file. Split it by model, or name one for all with --model."
        problems.append(
            FileProblem(FileCode.MODEL_MISMATCH, message, max(seen.models.values()), "body.model")
        )
    if limits and seen.requests > MOST_REQUESTS:
        message = f"{seen.requests:,} requests; at most {MOST_REQUESTS:,} are allowed. Split the file, or lift the limits."
        problems.append(FileProblem(FileCode.TOO_MANY_TASKS, message))
    if limits and seen.inputs > MOST_INPUTS:
        message = f"{seen.inputs:,} texts to embed; at most {MOST_INPUTS:,} are allowed in a file, over all requests."
        problems.append(FileProblem(FileCode.TOO_MANY_TASKS, message))
    return problems


def _places(found: dict[str, int]) -> str:
    return ", ".join(f"{name} (first in line {line:,})" for name, line in islice(found.items(), 5))


def _say(path: Path, problems: list[FileProblem]) -> str:
    said = "\n".join(f"  {problem}" for problem in problems[:_PROBLEMS_SAID])
    left = len(problems) - _PROBLEMS_SAID
    more = f"\n  … {left} more" if left > 0 else ""
    return f"{path}: the batch file is refused; nothing was asked:\n{said}{more}"
