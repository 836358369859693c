"""Clusters of reasons go in; a model names and defines each, and factors come out.

The model sees the most common words of a cluster, its most central reasons and its most distinct ones. A name that
says nothing is refused and said; a name that was given twice makes one factor of two clusters.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from naze.engines.embeddings import Embedder
from naze.factors.fitting import word_ranks
from naze.factors.judging import is_vacuous
from naze.factors.name_checks import DEFINITION_CHARACTERS, is_broken, is_cut_off, says_fault, vocabulary
from naze.factors.name_faults import KEYS, NameCheck, first_clean, is_garbled, name_marks, same_name
from naze.generations import Progress
from naze.jobs.asking import Step, Worker
from naze.jobs.checking import TextCheck
from naze.jobs.watched import Watched
from naze.prompts import Template, load_template
from naze.records import (
    Answer,
    Evidence,
    Factor,
    Fit,
    FittedPrompt,
    Outcome,
    Reason,
    Sampling,
    Status,
)

__all__ = ["Named", "ReasonGroup", "Refused", "name_factors"]

TASK = "name factors"
MOST_SHOWN = 8
"""Whole reasons that the model sees of a cluster at most."""
MOST_WORDS = 10
"""Wordings that it sees."""
_SAME_SHARE = 0.25
"""Where the three most common wordings are so large a share, they tell what a group is about by themselves."""
_WORST_SHARE = 1 / 3
"""A name does not fit where the words of more than so large a share of the groups are nearer to it."""
_LONGEST_REASON = 160
"""Characters of one reason that the model sees."""
_MOST_EVIDENCE = 50
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "definition": {"type": "string", "minLength": 10, "maxLength": DEFINITION_CHARACTERS},
            "name": {"type": "string", "minLength": 2, "maxLength": 60},
        },
        "required": ["definition", "name"],
        "additionalProperties": False,
    }
)
_SAMPLING = Sampling(max_tokens=128)
_EMPTY_NAMES = re.compile(
    r"^(?:(?:overall |general |response |answer )?(?:quality|equality|same(?:ness)?|preference|criterion|criteria|"
    r"faults?|problem|none)|(?:応答の|回答の|全体的な)?(?:同等性|類似|類似性|観点|欠点|なし))[.。]?$"
)
"""Names under which anything falls, and so nothing."""
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """Reasons that say one thing."""

    shown: tuple[Reason, ...]
    """The most central first, then the most distinct: what a model sees, and the evidence."""
    reason_ids: tuple[str, ...]
    """All of its reasons."""
    vote_ids: frozenset[str]
    """The votes that they come from."""
    words: tuple[tuple[str, int], ...] = ()
    """What they say once the matter of the prompts is taken out, and how many of them, the most common first."""
    fault: bool = False
    """They speak of the response that was not preferred."""


class WhyRefused(StrEnum):
    """Why a group became no factor."""

    SAYS_NOTHING = "says nothing"
    SAME_AS = "same as"
    """Followed by the name of the factor that it joined."""
    BEYOND_COUNT = "beyond --count"
    SAYS_ANOTHER = "says something else than its reasons"
    FAULT_OF_PRAISE = "names a fault, and its reasons praise"


@dataclass(frozen=True, slots=True)
class Refused:
    """A group that became no factor, and why."""

    name: str
    why: str
    """As in `WhyRefused`; `same as` with a name."""
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
    watched: Watched = field(default_factory=Watched)
    """Names and definitions that had a fault, and were asked for once more."""


def name_factors(
    groups: Sequence[ReasonGroup],
    worker: Worker,
    folder: Path,
    *,
    outcome: Outcome,
    language: str,
    embedder: Embedder | None = None,
    progress: Progress | None = None,
) -> Named:
    """Have a model name and define each group of reasons. Durable: the same call again continues.

    A name or definition with a fault (`name_faults.py`) is asked for once more in another way, and the better one is kept;
    one that is garbled still gives way to the group's own words, and any other bears its mark.

    Groups whose name is empty, does not say what its group says (`fitting.py`), or was given to a larger group
    before, are asked once more with the names that are taken, if any are. What is then still empty is
    refused, what still has one name is one factor, and a group without a fitting name bears its own words where most of
    its reasons share them; else it is refused.

    Args:
        groups: of `ReasonGroup`, the largest first.
        worker: the model.
        folder: of the run that keeps the answers; the second round has a folder `again` in it.
        outcome: what the reasons explain.
        language: ISO 639-1 code of names and definitions.
        embedder: compares names with what they stand for; None: whatever the model says is taken.
        progress: is told of every answer of the first round.

    Returns:
        The factors.
    """
    if not groups:
        return Named((), {}, ())
    template = replace(load_template("name_factor", language), schema=SCHEMA)
    wording = _Wording(template, outcome, worker)
    rows: list[_Row] = [(f"group {number}", group, ()) for number, group in enumerate(groups, 1)]
    names, watched = _asked(wording, rows, folder, progress)
    known = vocabulary(text for group in groups for text in _texts(group))
    names = [None if one is None or is_broken(one[0], known) else one for one in names]
    ranks = _ranks(groups, names, embedder)
    worst = _worst_rank(groups)
    taken, again = _taken(groups, names, ranks, outcome, language)
    if again and taken:  # with no name taken it would be the same question, and the same answer
        rows = [(f"group {place + 1}", groups[place], tuple(taken)) for place in again]
        renamed, of_second = _asked(wording, rows, folder / "again", None)
        watched += of_second
        second = {
            place: one
            for place, one in zip(again, renamed, strict=True)
            if one is not None and not is_broken(one[0], known)
        }
        changed = [second.get(place, name) for place, name in enumerate(names)]
        for place, rank in enumerate(_ranks(groups, changed, embedder)):
            if rank <= max(ranks[place], worst):
                names[place], ranks[place] = changed[place], rank
    return replace(_merge_named(groups, names, ranks, outcome, language), watched=watched)


_Name = tuple[str, str]
"""A name and a definition."""
_Row = tuple[str, ReasonGroup, tuple[str, ...]]
"""A group, what it is called in the run, and the names that are taken."""


@dataclass(frozen=True, slots=True)
class _Wording:
    """How groups are asked about."""

    template: Template
    outcome: Outcome
    worker: Worker

    def fitting_prompt(self, row: _Row, limit: int) -> FittedPrompt:
        """Show as many of a group's reasons as fit: half as many each time they do not."""
        name, group, others = row
        most = MOST_WORDS
        while True:
            words, reasons = _shown(group, most)
            values = {"outcome": self.outcome.value, "fault": group.fault, "others": list(others)}
            prompt = self.template.render({**values, "words": words, "reasons": reasons}, subject_id=name)
            [tokens] = self.worker.count_tokens([prompt])
            if tokens <= limit or most <= 1:
                fits = Fit.WHOLE if tokens <= limit else Fit.OVERFLOW
                return FittedPrompt(prompt, fits, tokens, tokens, limit)
            most //= 2


def _shown(group: ReasonGroup, most: int) -> tuple[list[tuple[str, int]], list[str]]:
    """Choose what a model sees of a group: its words, and reasons whole where few of them say the same.

    What only has gaps left, or loops, a model would take for a pattern and go on with.
    """
    clean = [one for one in group.words if not is_garbled(one[0], "")] or group.words
    words = [(_one_line(text), times) for text, times in clean[:most]]
    if _says_one_thing(group):
        return words, []
    return words, [_one_line(reason.text) for reason in group.shown[: min(most, MOST_SHOWN)]]


def _says_one_thing(group: ReasonGroup) -> bool:
    """Tell whether a group's three most common wordings make up much of it."""
    same = sum(times for _, times in group.words[:3])
    return bool(group.words) and same >= _SAME_SHARE * len(group.reason_ids)


def _asked(
    wording: _Wording, rows: Sequence[_Row], folder: Path, progress: Progress | None
) -> tuple[list[_Name | None], Watched]:
    """Ask about groups; None where the model gave no valid answer."""
    told = [[name, group.words, [one.text for one in group.shown], others] for name, group, others in rows]
    made_from = hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def source(limit_tokens: int) -> Iterator[FittedPrompt]:
        return (wording.fitting_prompt(row, limit_tokens) for row in rows)

    check = NameCheck(TextCheck(wording.template, _SAMPLING, KEYS, own=True))
    step = Step(TASK, wording.template, _SAMPLING, made_from, check=check)
    run = wording.worker.ask(folder, step, source, progress=progress)
    try:
        return [_read(row.answer) for row in run.rows()], Watched.of(run)
    finally:
        run.close()


def _ranks(
    groups: Sequence[ReasonGroup], names: Sequence[_Name | None], embedder: Embedder | None
) -> list[int]:
    if embedder is None or not all(group.words for group in groups):
        return [1] * len(groups)
    told = [None if one is None else f"{one[0]}: {one[1]}" for one in names]
    ranks = word_ranks(told, [group.words[:MOST_WORDS] for group in groups], embedder)
    return [int(rank) for rank in ranks]


def _texts(group: ReasonGroup) -> Iterator[str]:
    yield from (text for text, _ in group.words)
    yield from (reason.text for reason in group.shown)


def _worst_rank(groups: Sequence[ReasonGroup]) -> int:
    return max(3, round(_WORST_SHARE * len(groups)))


def _taken(
    groups: Sequence[ReasonGroup],
    names: Sequence[_Name | None],
    ranks: Sequence[int],
    outcome: Outcome,
    language: str,
) -> tuple[list[str], list[int]]:
    """Return the names that stand, and the places of groups that need another one."""
    taken: dict[tuple[bool, str], str] = {}
    again = []
    for place, (group, named) in enumerate(zip(groups, names, strict=True)):
        key = (group.fault, "" if named is None else same_name(named[0]))
        fits = named is not None and ranks[place] <= _worst_rank(groups)
        if (
            named is None
            or not fits
            or _is_empty(named[0], language)
            or _contradicts(named[0], group, outcome)
            or key in taken
        ):
            again.append(place)
        else:
            taken[key] = named[0]
    return list(taken.values()), again


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _merge_named(
    groups: Sequence[ReasonGroup],
    names: Sequence[_Name | None],
    ranks: Sequence[int],
    outcome: Outcome,
    language: str,
) -> Named:
    """Put groups of one name together, set empty names aside, and number what is left."""
    kept: dict[tuple[bool, str], _Kept] = {}
    refused: list[Refused] = []
    unnamed = 0
    for group, given, rank in zip(groups, names, ranks, strict=True):
        fitting = given if given is not None and rank <= _worst_rank(groups) else None
        name, definition = _sound(fitting, group, language)
        key = group.fault, same_name(name)
        called = fitting[0] if fitting else given[0] if given and not _says_one_thing(group) else name
        why: str | None = _why_refused(called, group, outcome, language)
        if given is not None and fitting is None and not _says_one_thing(group):
            why = WhyRefused.SAYS_ANOTHER
        unnamed += fitting is None and why in (None, WhyRefused.SAYS_NOTHING)
        if why is None and key in kept:
            kept[key].take(group, definition, language)
            called, why = name, f"{WhyRefused.SAME_AS} {kept[key].name}"
        if why is not None:
            refused.append(Refused(called, why, len(group.reason_ids)))
        else:
            kept[key] = _Kept(name, definition, [group])
    return _numbered(kept.values(), Named((), {}, tuple(refused), unnamed), outcome, language)


def _numbered(kept: Iterable["_Kept"], named: Named, outcome: Outcome, language: str) -> Named:
    """Make factors of the names that stand, by how many votes speak of each."""
    ordered = sorted(kept, key=lambda one: (-len(_votes(one.members)), one.name))
    factors = tuple(
        _factor(f"f{number:02d}", one, outcome, language) for number, one in enumerate(ordered, start=1)
    )
    reasons = {
        factor.id: tuple(reason_id for group in one.members for reason_id in group.reason_ids)
        for factor, one in zip(factors, ordered, strict=True)
    }
    return replace(named, factors=factors, reason_ids=reasons)


def _why_refused(name: str, group: ReasonGroup, outcome: Outcome, language: str) -> WhyRefused | None:
    if _contradicts(name, group, outcome):
        return WhyRefused.FAULT_OF_PRAISE
    return WhyRefused.SAYS_NOTHING if _is_empty(name, language) else None


@dataclass(slots=True)
class _Kept:
    """A name that stands, and the groups that bear it."""

    name: str
    definition: str
    members: list[ReasonGroup]

    def take(self, group: ReasonGroup, definition: str, language: str) -> None:
        """Put another group to it; of two definitions the one with fewer faults stays, of equals the first."""
        self.members.append(group)
        first, other = (name_marks(self.name, one, language) for one in (self.definition, definition))
        if len(other) < len(first):
            self.definition = definition


def _factor(factor_id: str, kept: _Kept, outcome: Outcome, language: str) -> Factor:
    members = kept.members
    shown = [reason for group in members for reason in group.shown]
    return Factor(
        id=factor_id,
        name=kept.name,
        definition=kept.definition,
        outcome=outcome,
        evidence=tuple(Evidence(one.vote_id, one.id, one.quote) for one in shown)[:_MOST_EVIDENCE],
        reason_count=sum(len(group.reason_ids) for group in members),
        vote_count=len(_votes(members)),
        fault=members[0].fault,
        marks=name_marks(kept.name, kept.definition, language),
    )


def _sound(given: _Name | None, group: ReasonGroup, language: str) -> _Name:
    """Put the group's own words in the place of a name or definition that there is not, or that is garbled."""
    own = _own_words(group, language)
    if given is None:
        return own
    name, definition = (
        stands_in if is_garbled(told, language) and not is_garbled(stands_in, language) else told
        for told, stands_in in zip(given, own, strict=True)
    )
    return name, definition


def _own_words(group: ReasonGroup, language: str) -> _Name:
    """Name a group by its most common wordings; by its most central reason where they have none in common."""
    words = [_one_line(text) for text, _ in group.words[:3] if not is_garbled(text, language)]
    if _says_one_thing(group) and words:
        return words[0][:60], "; ".join(words)
    lines = [_one_line(reason.text) for reason in group.shown]
    line = first_clean(lines, language) or lines[0]
    return line[:60], line


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
    return (name, definition) if name and definition and not is_cut_off(definition) else None


def _contradicts(name: str, group: ReasonGroup, outcome: Outcome) -> bool:
    """Tell whether a name is that of a fault where the reasons praise. Both responses of a tie may share a fault."""
    return outcome is Outcome.WIN and not group.fault and says_fault(name)


def _is_empty(name: str, language: str) -> bool:
    """Tell whether a name only states a result ("both answers are the same"), or anything falls under it."""
    spoken = "ja" if _JAPANESE.search(name) else language
    return bool(_EMPTY_NAMES.match(_key(name))) or is_vacuous(_key(name), spoken)


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
