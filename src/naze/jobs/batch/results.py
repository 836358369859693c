"""A finished run and its batch file go in; the output and the error file come out, each whole or not at all."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from naze.engines.chat_template import well_formed
from naze.errors import InputError
from naze.generations import Row, Run
from naze.jobs.batch.bodies import Defaults, read_body
from naze.jobs.batch.contract import RequestProblem
from naze.jobs.batch.replies import About, Usage, failed_line, output_line, refused_line
from naze.jobs.batch.requests import Request, read_requests
from naze.records import FinishReason, Status
from naze.tables.aside import written_aside

__all__ = ["Written", "write_results"]


@dataclass(slots=True)
class Written:
    """What the two files hold."""

    completed: int = 0
    """Lines of the output file."""
    failed: int = 0
    """Lines of the error file."""
    cut: int = 0
    """Answers that reached their largest number of tokens."""
    usage: Usage = field(default_factory=Usage)


def write_results(
    run: Run, requests: Path, defaults: Defaults, about: About, *, out: Path, errors: Path
) -> Written:
    """Write a line for every request, in the order of the requests.

    Both files are written aside and renamed at the end. Where nothing failed there is no error file; one that an
    earlier call left is removed.

    Args:
        run: finished; of exactly these requests.
        requests: the batch file.
        defaults: as they were planned with.
        about: what all lines have in common.
        out: the output file.
        errors: the error file.

    Raises:
        InputError: the batch file is not the one that was run.
        StoreError: the files cannot be written; the run is whole.
    """
    written, what = Written(), "the results"
    remedy = f"Every answer is kept in {run.folder}; free some space and run the same command again."
    with ExitStack() as stack:
        output = stack.enter_context(written_aside(out, what, remedy=remedy))
        failures = stack.enter_context(written_aside(errors, what, remedy=remedy))
        for line, good in _lines(run, requests, defaults, about, written):
            _write(output if good else failures, line)
    if not written.failed:
        errors.unlink(missing_ok=True)
    return written


def _lines(
    run: Run, requests: Path, defaults: Defaults, about: About, written: Written
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Give each request's line, and whether it belongs to the output file."""
    rows = run.rows()
    for request in read_requests(requests):
        asked = read_body(request, defaults)
        count = 1 if isinstance(asked, RequestProblem) else len(asked.prompts)
        own = list(islice(rows, count))
        _check(run, request, own, count)
        if isinstance(asked, RequestProblem):
            written.failed += 1
            yield refused_line(request, asked, about), False
            continue
        answers = [row.answer for row in own if row.answer is not None]
        written.usage.add(answers)
        good = all(answer.status is Status.ANSWERED for answer in answers)
        if good:
            written.completed += 1
            written.cut += any(answer.finish_reason is FinishReason.LENGTH for answer in answers)
            yield output_line(request, asked, own, about), True
        else:
            written.failed += 1
            yield failed_line(request, own, about), False


def _check(run: Run, request: Request, rows: list[Row], count: int) -> None:
    ids = {row.subject_id for row in rows}
    if (
        len(rows) != count
        or any(row.answer is None for row in rows)
        or ids != {well_formed(request.custom_id)}
    ):
        raise InputError(
            f"{run.folder}: line {request.line:,} ({request.custom_id!r}) is not the request that was run; the batch file "
            "changed meanwhile. Run the same command again: what changed is asked, nothing else."
        )


def _write(file: IO[bytes], line: dict[str, Any]) -> None:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    file.write(well_formed(text).encode() + b"\n")
