"""Groups of texts and a question go in; one answer for each group comes out, however many texts it has.

Tree reduction: as many texts as fit make one prompt; where a group needs several, its partial answers are put
together in the same way, until one is left. Each level is a durable run of its own.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from naze.errors import ConfigurationError
from naze.generations import Progress, Run
from naze.jobs.asking import Step, Worker
from naze.jobs.packing import AROUND_TOKENS, count_each, packed
from naze.prompts import Template, leave_middle_out
from naze.records import FittedPrompt, Prompt, Sampling, Status

__all__ = ["Group", "Reduced", "reduce_groups"]

TASK = "reduce"
_MOST_LEVELS = 32


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that are asked about together."""

    id: str
    values: Mapping[str, Any]
    """What the question may use."""
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reduced:
    """What came of a group."""

    text: str | None
    """None: one of its prompts failed."""
    status: Status
    reason: str | None
    tokens: int
    """Read and written, on all levels."""
    levels: int
    """How often answers were put together, plus one."""


@dataclass(slots=True)
class _Open:
    """A group on its way."""

    group: Group
    texts: tuple[str, ...]
    tokens: int = 0
    shortened: int = 0
    done: Reduced | None = None
    pieces: list[str] = field(default_factory=list)
    """What the prompts of this level answered, in order."""
    failure: tuple[Status, str] | None = None


def reduce_groups(
    groups: Sequence[Group],
    first: Template,
    combining: Template,
    worker: Worker,
    folder: Path,
    *,
    sampling: Sampling,
    progress: Progress | None = None,
) -> list[Reduced]:
    """Ask about every group. Durable: the same call again asks nothing twice.

    Args:
        groups: in the order of the result; ids differ.
        first: asks about texts; knows `texts` and the groups' values.
        combining: asks about partial answers, in the same way.
        worker: the model.
        folder: keeps a run for each level, `level-1`, `level-2`, ….
        sampling: of every level.
        progress: is told of every answer.

    Raises:
        ConfigurationError: the context has no room for two answers beside the question.
    """
    waiting = [_Open(group, group.texts) for group in groups]
    for level in range(1, _MOST_LEVELS + 1):
        going = [one for one in waiting if one.done is None]
        if not going:
            break
        template = first if level == 1 else combining
        _ask_level(going, template, worker, folder / f"level-{level}", sampling, progress)
        for one in going:
            _settle(one, level)
    return [_reduced(one) for one in waiting]


def _ask_level(
    going: Sequence[_Open],
    template: Template,
    worker: Worker,
    folder: Path,
    sampling: Sampling,
    progress: Progress | None,
) -> None:
    limit = worker.limit_tokens(folder, sampling)
    prompts: list[FittedPrompt] = []
    owners: list[_Open] = []
    for one in going:
        made = _pieces(one, template, worker, limit, sampling)
        prompts += made
        owners += [one] * len(made)
    decides = [
        [prompt.prompt.subject_id, prompt.prompt.subject, prompt.prompt.question] for prompt in prompts
    ]
    made_from = hashlib.sha256(json.dumps(decides).encode("utf-8", "surrogatepass")).hexdigest()

    def source(_: int) -> Iterator[FittedPrompt]:
        return iter(prompts)

    run = worker.ask(folder, Step(TASK, template, sampling, made_from), source, progress=progress)
    try:
        _collect(run, owners)
    finally:
        run.close()


def _pieces(
    one: _Open, template: Template, worker: Worker, limit: int, sampling: Sampling
) -> list[FittedPrompt]:
    """Make the prompts of a group on one level."""
    frame = _prompt(one, template, (), "frame")
    around, counts = count_each(one.texts, frame, worker)
    room = limit - around
    if room < 2 * (sampling.max_tokens + AROUND_TOKENS):
        raise ConfigurationError(
            f"the context leaves {max(0, room):,} tokens beside the question, and two answers may have "
            f"{2 * sampling.max_tokens:,}: they could not be put together. Lower max_tokens, or take a model with a longer "
            "context."
        )
    texts = list(one.texts)
    for place, count in enumerate(counts):
        if count > room:
            texts[place], counts[place] = _shortened(
                texts[place], count, room, frame, worker, template.language
            )
            one.shortened += 1
    made = []
    for number, places in enumerate(packed(counts, room), 1):
        chosen = tuple(texts[place] for place in places)
        made.append(
            FittedPrompt(_prompt(one, template, chosen, f"{one.group.id} #{number}"), limit_tokens=limit)
        )
    return made


def _prompt(one: _Open, template: Template, texts: Sequence[str], name: str) -> Prompt:
    return template.render({**one.group.values, "texts": texts}, subject_id=name)


def _shortened(
    text: str, tokens: int, room: int, frame: Prompt, worker: Worker, language: str
) -> tuple[str, int]:
    """Leave the middle of a text out that is too long alone, and say so in it."""
    keep = len(text)
    while tokens > room and keep > 1:
        keep = int(keep * min(0.9, 0.95 * room / tokens))
        shorter = leave_middle_out(text, keep, language)
        _, [tokens] = count_each([shorter], frame, worker)
        if tokens <= room:
            return shorter, tokens
    return text, tokens


def _collect(run: Run, owners: Sequence[_Open]) -> None:
    for row, one in zip(run.rows(), owners, strict=True):
        answer = row.answer
        if answer is None:
            continue
        one.tokens += answer.prompt_tokens + answer.generated_tokens
        if answer.status is Status.ANSWERED and answer.text is not None:
            one.pieces.append(answer.text.strip())
        elif one.failure is None:
            one.failure = answer.status, f"{row.subject_id}: {answer.reason}"


def _settle(one: _Open, level: int) -> None:
    """See whether a group is done; otherwise its answers are the next level's texts."""
    if one.failure is not None:
        status, reason = one.failure
        one.done = Reduced(None, status, reason, one.tokens, level)
    elif len(one.pieces) == 1:
        note = f"{one.shortened} of its texts were shortened to fit the context" if one.shortened else None
        one.done = Reduced(one.pieces[0], Status.ANSWERED, note, one.tokens, level)
    else:
        one.texts, one.pieces = tuple(one.pieces), []


def _reduced(one: _Open) -> Reduced:
    if one.done is not None:
        return one.done
    reason = f"not one answer after {_MOST_LEVELS} levels"
    return Reduced(None, Status.INVALID, reason, one.tokens, _MOST_LEVELS)
