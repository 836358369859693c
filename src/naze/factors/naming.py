"""Clusters of reasons go in; a model names and defines each, and factors come out.

The model sees the most central reasons of a cluster and the most distinct ones. A name that says nothing is
refused and said; a name that was given twice makes one factor of two clusters.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from naze.generations import Progress
from naze.jobs.asking import Step, Worker
from naze.prompts import Template, load_template
from naze.records import (
    Answer,
    Evidence,
    Factor,
    Fit,
    FittedPrompt,
    Outcome,
    Prompt,
    Reason,
    Sampling,
    Status,
)

__all__ = ["Named", "ReasonGroup", "Refused", "name_factors"]

TASK = "name factors"
MOST_SHOWN = 24
"""Reasons that the model sees of a cluster at most."""
_LONGEST_REASON = 240
"""Characters of one reason that the model sees."""
_MOST_EVIDENCE = 50
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "definition": {"type": "string", "minLength": 10, "maxLength": 240},
            "name": {"type": "string", "minLength": 2, "maxLength": 60},
        },
        "required": ["definition", "name"],
        "additionalProperties": False,
    }
)
_SAMPLING = Sampling(max_tokens=160)
_EMPTY_NAMES = re.compile(
    r"^(?:(?:overall |general |response |answer )?(?:quality|equality|equal(?:ity)?|similarity|similar|same(?:ness)?|tie|"
    r"both (?:are )?(?:equal|good|the same)|equal(?:ly)? (?:good|quality)|better|preference|criterion|none)"
    r"|(?:応答の|回答の|全体的な)?(?:品質|質|同等|同等性|同じ|類似|類似性|引き分け|優劣|観点|なし))[.。]?$"
)
"""Names under which anything falls, and so nothing."""


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """Reasons that say one thing."""

    shown: tuple[Reason, ...]
    """The most central first, then the most distinct: what a model sees, and the evidence."""
    reason_ids: tuple[str, ...]
    """All of its reasons."""
    vote_ids: frozenset[str]
    """The votes that they come from."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A group that became no factor, and why."""

    name: str
    why: str
    """`says nothing`, or `same as f03`."""
    reason_count: int


@dataclass(frozen=True)
class Named:
    """What naming led to."""

    factors: tuple[Factor, ...]
    """By how many votes speak of each, `f01` first."""
    reason_ids: Mapping[str, tuple[str, ...]]
    """Factor's id -> the reasons that were merged into it."""
    refused: tuple[Refused, ...]
    unnamed: int = 0
    """Groups that the model gave no valid name; each bears the words of its most central reason."""
    notes: tuple[str, ...] = field(default=())


def name_factors(
    groups: Sequence[ReasonGroup],
    worker: Worker,
    folder: Path,
    *,
    outcome: Outcome,
    language: str,
    progress: Progress | None = None,
) -> Named:
    """Have a model name and define each group of reasons. Durable: the same call again continues.

    Args:
        groups: of `ReasonGroup`, the largest first.
        worker: the model.
        folder: of the run that keeps the answers.
        outcome: what the reasons explain.
        language: ISO 639-1 code of names and definitions.
        progress: is told of every answer.

    Returns:
        The factors. Groups with one name are one factor; names that say nothing are refused.
    """
    if not groups:
        return Named((), {}, ())
    template = replace(load_template("name_factor", language), schema=SCHEMA)
    made_from = hashlib.sha256(
        json.dumps([[reason.text for reason in group.shown] for group in groups]).encode()
    ).hexdigest()

    def source(limit_tokens: int) -> Iterator[FittedPrompt]:
        for number, group in enumerate(groups, start=1):
            values: dict[str, object] = {"outcome": outcome.value, "others": []}
            yield _fitting_prompt(f"group {number}", group, _Wording(template, values), worker, limit_tokens)

    run = worker.ask(folder, Step(TASK, template, _SAMPLING, made_from), source, progress=progress)
    try:
        answers = [row.answer for row in run.rows()]
    finally:
        run.close()
    return _merge_named(groups, answers, outcome)


@dataclass(frozen=True, slots=True)
class _Wording:
    """A template with what is the same for all groups."""

    template: Template
    values: Mapping[str, Any]

    def prompt(self, name: str, shown: Sequence[str]) -> Prompt:
        return self.template.render({**self.values, "reasons": shown}, subject_id=name)


def _fitting_prompt(
    name: str, group: ReasonGroup, wording: _Wording, worker: Worker, limit: int
) -> FittedPrompt:
    """Show as many of a group's reasons as fit: half as many each time they do not."""
    shown = [_one_line(reason.text) for reason in group.shown[:MOST_SHOWN]]
    while True:
        prompt = wording.prompt(name, shown)
        [tokens] = worker.count_tokens([prompt])
        if tokens <= limit:
            return FittedPrompt(prompt, Fit.WHOLE, tokens, tokens, limit)
        if len(shown) <= 1:
            return FittedPrompt(prompt, Fit.OVERFLOW, tokens, tokens, limit)
        shown = shown[: (len(shown) + 1) // 2]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _merge_named(groups: Sequence[ReasonGroup], answers: Sequence[Answer | None], outcome: Outcome) -> Named:
    """Put groups of one name together, set empty names aside, and number what is left."""
    kept: dict[str, tuple[str, str, list[ReasonGroup]]] = {}
    refused: list[Refused] = []
    unnamed = 0
    for group, answer in zip(groups, answers, strict=True):
        named = _read(answer)
        if named is None:
            unnamed += 1
            named = _one_line(group.shown[0].text)[:60], _one_line(group.shown[0].text)
        name, definition = named
        if _EMPTY_NAMES.match(_key(name)):
            refused.append(Refused(name, "says nothing", len(group.reason_ids)))
        elif _key(name) in kept:
            kept[_key(name)][2].append(group)
            refused.append(Refused(name, f"same as {kept[_key(name)][0]}", len(group.reason_ids)))
        else:
            kept[_key(name)] = name, definition, [group]
    ordered = sorted(kept.values(), key=lambda one: (-len(_votes(one[2])), one[0]))
    factors, reasons = [], {}
    for number, (name, definition, members) in enumerate(ordered, start=1):
        factor_id = f"f{number:02d}"
        ids = tuple(reason_id for group in members for reason_id in group.reason_ids)
        reasons[factor_id] = ids
        factors.append(
            Factor(
                id=factor_id,
                name=name,
                definition=definition,
                outcome=outcome,
                evidence=tuple(
                    Evidence(reason.vote_id, reason.id, reason.quote)
                    for group in members
                    for reason in group.shown
                )[:_MOST_EVIDENCE],
                reason_count=len(ids),
                vote_count=len(_votes(members)),
            )
        )
    return Named(tuple(factors), reasons, tuple(refused), unnamed)


def _votes(members: Sequence[ReasonGroup]) -> frozenset[str]:
    return frozenset().union(*(group.vote_ids for group in members))


def _read(answer: Answer | None) -> tuple[str, str] | None:
    """Read a name and a definition; None when the model gave none that is valid."""
    if answer is None or answer.status is not Status.ANSWERED or answer.text is None:
        return None
    try:
        found = json.loads(answer.text)
        name, definition = (str(found[part]).strip() for part in ("name", "definition"))
    except (json.JSONDecodeError, KeyError, TypeError):
        return None
    return (name, definition) if name and definition else None


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
