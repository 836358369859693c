"""The second step of a summary: the points of each document are put together, level by level, until few enough are left.

A level asks about as many points as fit a prompt and gets at most half of them back, so that it ends. What a point
rests on goes with it to the top.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from naze.errors import ConfigurationError
from naze.generations import Progress
from naze.jobs.asking import Step, Worker
from naze.jobs.packing import CountsTokens, count_each, counts_kept_in, packed
from naze.jobs.summaries.points import Point, combined_points, points_schema
from naze.jobs.summaries.reading import TASK, Document, Reading
from naze.prompts import Template, load_template
from naze.records import FittedPrompt, Prompt, Status

__all__ = ["combine"]

_MOST_TOGETHER = 40
"""Points in a prompt: small models lose their way among more."""
_MOST_LEVELS = 24


def combine(
    documents: Sequence[Document],
    reading: Reading,
    worker: Worker,
    folder: Path,
    *,
    progress: Progress | None = None,
) -> int:
    """Bring every document down to as many points as its summary may have.

    Args:
        documents: their points are replaced.
        reading: how they were read.
        worker: the model.
        folder: keeps a run for each level, `level-1`, `level-2`, ….
        progress: is told of every answer.

    Returns:
        How many levels there were.
    """
    for level in range(1, _MOST_LEVELS + 1):
        going = [one for one in documents if len(one.points) > reading.points]
        if not going:
            return level - 1
        _combine_level(going, reading, worker, folder / f"level-{level}", progress)
    for one in documents:
        if len(one.points) > reading.points:
            one.failures.append(
                (Status.INVALID, f"more than {reading.points} points after {_MOST_LEVELS} levels")
            )
    return _MOST_LEVELS


def _combine_level(
    going: Sequence[Document], reading: Reading, worker: Worker, folder: Path, progress: Progress | None
) -> None:
    limit = worker.limit_tokens(folder, reading.sampling)
    asked: list[tuple[Document, list[Point], int]] = []
    with counts_kept_in(folder, worker) as counter:
        for one in going:
            asked += _together(one, reading, counter, limit)
    prompts = [
        FittedPrompt(_prompt(reading, points, most, f"{one.number} points {place}"), limit_tokens=limit)
        for place, (one, points, most) in enumerate(asked, 1)
    ]
    decides = json.dumps(
        [[row.prompt.subject_id, row.prompt.subject, row.prompt.question] for row in prompts]
    )
    made_from = hashlib.sha256(decides.encode("utf-8", "surrogatepass")).hexdigest()

    def source(_: int) -> Iterator[FittedPrompt]:
        return iter(prompts)

    template = _template(reading)
    run = worker.ask(
        folder,
        Step(TASK, template, reading.sampling, made_from, check=reading.check(template)),
        source,
        progress=progress,
    )
    for one in going:
        one.points, one.marks = [], set()
    with closing(run):
        for row, (one, points, most) in zip(run.rows(), asked, strict=True):
            answer = row.answer
            if answer is None:
                continue
            one.tokens += answer.prompt_tokens + answer.generated_tokens
            if answer.status is Status.ANSWERED and answer.text is not None:
                one.points += combined_points(answer.text, points, one.rejected)[:most]
                one.marks.update(answer.marks)
            else:
                one.failures.append(
                    (answer.status, f"{len(points)} points could not be put together: {answer.reason}")
                )


def _together(
    one: Document, reading: Reading, counter: CountsTokens, limit: int
) -> list[tuple[Document, list[Point], int]]:
    """Say which points of a document stand in a prompt, and how many may come back."""
    around, counts = count_each(
        [point.text for point in one.points], _prompt(reading, (), 1, "frame"), counter
    )
    room = min(limit - around, reading.piece_tokens)
    if room < max(counts):
        raise ConfigurationError(
            f"the context leaves {max(0, room):,} tokens for points, and one has {max(counts):,}. Take a model with a longer "
            "context."
        )
    groups = [
        part
        for group in packed(counts, room)
        for part in (group[start : start + _MOST_TOGETHER] for start in range(0, len(group), _MOST_TOGETHER))
    ]
    last = len(groups) == 1
    found = []
    for group in groups:
        most = reading.points if last else min(reading.points, max(1, len(group) // 2))
        found.append((one, [one.points[place] for place in group], most))
    return found


def _template(reading: Reading) -> Template:
    schema = json.dumps(points_schema(reading.points, combining=True))
    return replace(load_template("combine_points", reading.language), schema=schema)


def _prompt(reading: Reading, points: Sequence[Point], most: int, name: str) -> Prompt:
    shown = [{"number": number, "text": point.text} for number, point in enumerate(points, 1)]
    prompt = _template(reading).render({"points": shown, "most": most}, subject_id=name)
    return replace(prompt, schema=json.dumps(points_schema(most, combining=True)))
