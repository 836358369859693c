"""Reasons of many explanations go in; kinds of reasons come out, the one that most votes name first.

Reasons become wordings (`wording.py`), each distinct wording is embedded once, every language's mean is taken out
of its vectors, and the vectors are clustered: finely first, then near-synonyms are merged. Everything is decided
by the seed; the order of the reasons does not matter.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.engines.embeddings import Embedder
from naze.errors import InputError
from naze.factors.clustering import Clustering, ClusterSettings, cluster
from naze.factors.judging import is_vacuous
from naze.factors.members import central_members, distinct_members
from naze.factors.naming import ReasonGroup
from naze.factors.notes import Note
from naze.factors.sides import is_fault
from naze.factors.wording import wordings
from naze.factors.words import rules
from naze.records import Reason, Winner

__all__ = ["NO_KIND", "VACUOUS", "Kind", "MergeSettings", "Merged", "merge_reasons", "reason_groups"]

NO_KIND = -1
"""In `Merged.assignment`: like no other reason, or unlike its nearest kind."""
_CENTRAL = 5
"""Central reasons that stand before the distinct ones."""
_WORDS = 24
VACUOUS = -2
"""In `Merged.assignment`: refused, since it names nothing ("both are equally good")."""


@dataclass(frozen=True, slots=True)
class MergeSettings(ClusterSettings):
    """How reasons are merged."""

    shown: int = 8
    """Members that are given as the most central, and as the most distinct."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Reasons that say the same."""

    members: tuple[int, ...]
    """Positions in the reasons, the most central first."""
    central: tuple[int, ...]
    """Positions of typical reasons: taken in turn from each language, no vote and no wording twice."""
    distinct: tuple[int, ...]
    """Positions of reasons that differ as much as members of this kind do."""
    vote_count: int
    by_winner: Mapping[str, int]
    """Votes by result (`a`, `b`, `tie`, `both_bad`, `none`)."""
    by_language: Mapping[str, int]
    """Reasons by language; `none` where unsure."""
    cohesion: float
    """Mean cosine of the members to their centre, -1 to 1."""

    @property
    def reason_count(self) -> int:
        """How many reasons were merged into it."""
        return len(self.members)


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of merging."""

    kinds: tuple[Kind, ...]
    """At most the number asked for; the one that most votes name first."""
    assignment: NDArray[np.int32]
    """Int array (n_reasons,): position of the kind; positions beyond `kinds` are kinds that were found and not
    asked for; `NO_KIND`, `VACUOUS`."""
    kind_count: int
    """Kinds found, those beyond `kinds` included."""
    wordings: tuple[str, ...]
    """What was compared of each reason."""
    distinct_count: int
    """Distinct wordings that were embedded."""
    rare: tuple[int, int]
    """Kinds that one vote alone and that two votes name, before they were dissolved."""
    notes: tuple[Note, ...]
    """What the person should know: fewer kinds than asked for and why, how many reasons were refused."""


def merge_reasons(
    reasons: Sequence[Reason],
    embedder: Embedder,
    settings: MergeSettings | None = None,
    *,
    prompts: Mapping[str, str] | None = None,
) -> Merged:
    """Merge reasons that say the same.

    Args:
        reasons: of any number of votes, in any mixture of languages.
        embedder: asked each distinct wording once.
        settings: how many kinds, and what counts as the same.
        prompts: vote id -> the text of its prompt; helps to tell what a vote is about from how it is judged.

    Returns:
        Kinds of reasons. Where there are fewer than asked for, `notes` says why.

    Raises:
        InputError: no reasons, or none that names anything.
    """
    settings = settings or MergeSettings()
    said_of = {(reason.text, reason.language) for reason in reasons}
    empty = {key for key in said_of if is_vacuous(*key)}
    vacuous = np.array([(reason.text, reason.language) in empty for reason in reasons], bool)
    if vacuous.all():
        raise InputError(
            f"{len(reasons):,} reasons, of which {int(vacuous.sum()):,} only state the result; expected reasons that "
            "name something. Look at the explanations with `naze runs show`."
        )
    wanted = np.flatnonzero(~vacuous)
    worded = wordings(reasons, prompts)
    said = [(worded[place], reasons[place]) for place in wanted.tolist()]
    distinct, inverse = _distinct([(text, reason.language or "") for text, reason in said])
    vectors = embedder.embed([text for text, _ in distinct])
    voters = _numbers([reason.vote_id for _, reason in said])
    languages = [language for _, language in distinct]
    found = cluster(vectors, languages, inverse, voters, settings, same=_known_same(distinct))
    assignment = np.full(len(reasons), VACUOUS, np.int32)
    assignment[wanted] = found.labels[inverse]
    kinds = tuple(
        _kind(reasons, wanted, inverse, found, number, settings)
        for number in range(min(settings.count, len(found.centers)))
    )
    return Merged(
        kinds=kinds,
        assignment=assignment,
        kind_count=len(found.centers),
        wordings=tuple(worded),
        distinct_count=len(distinct),
        rare=(found.once, found.twice),
        notes=_notes(assignment, len(found.centers), len(distinct), settings),
    )


def reason_groups(reasons: Sequence[Reason], merged: Merged) -> list[ReasonGroup]:
    """Return each kind as what a model is shown to name it: words, the most central reasons, the most distinct ones."""
    groups = []
    for kind in merged.kinds:
        shown = dict.fromkeys((*kind.central[:_CENTRAL], *kind.distinct, *kind.central[_CENTRAL:]))
        words = Counter(merged.wordings[place] for place in kind.members)
        groups.append(
            ReasonGroup(
                shown=tuple(reasons[place] for place in shown),
                reason_ids=tuple(reasons[place].id for place in kind.members),
                vote_ids=frozenset(reasons[place].vote_id for place in kind.members),
                words=tuple(sorted(words.items(), key=lambda one: (-one[1], one[0]))[:_WORDS]),
                fault=is_fault(reasons[place] for place in kind.members),
            )
        )
    return groups


def _distinct(keys: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
    """Return the distinct keys in order of their text, and for each key its place among them."""
    distinct = sorted(set(keys))
    place = {key: number for number, key in enumerate(distinct)}
    return distinct, np.fromiter((place[key] for key in keys), np.int64, len(keys))


def _known_same(distinct: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """Find the wordings of two languages that are listed as the same."""
    place = {key: number for number, key in enumerate(distinct)}
    pairs = [((english, "en"), (japanese, "ja")) for english, japanese in rules().same]
    return [(place[one], place[other]) for one, other in pairs if one in place and other in place]


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """Give equal names equal numbers, from 0."""
    place: dict[str, int] = {}
    return np.fromiter((place.setdefault(name, len(place)) for name in names), np.int64, len(names))


def _kind(
    reasons: Sequence[Reason],
    wanted: NDArray[np.int64],
    inverse: NDArray[np.int64],
    found: Clustering,
    number: int,
    settings: MergeSettings,
) -> Kind:
    of_kind = np.flatnonzero(found.labels[inverse] == number)
    closeness = found.closeness[inverse[of_kind]]
    order = np.lexsort((of_kind, -closeness))
    of_kind, closeness = of_kind[order], closeness[order]
    said = [reasons[place] for place in wanted[of_kind].tolist()]
    votes = {reason.vote_id: reason.winner for reason in said}
    by_winner = Counter(_winner_name(winner) for winner in votes.values())
    languages = [reason.language or "none" for reason in said]
    voters = [reason.vote_id for reason in said]
    central = central_members(inverse[of_kind], languages, voters, settings.shown)
    distinct = distinct_members(found.points[inverse[of_kind]], inverse[of_kind], voters, settings.shown)
    return Kind(
        members=tuple(wanted[of_kind].tolist()),
        central=tuple(wanted[of_kind[central]].tolist()),
        distinct=tuple(wanted[of_kind[distinct]].tolist()),
        vote_count=len(votes),
        by_winner=dict(sorted(by_winner.items())),
        by_language=dict(sorted(Counter(languages).items())),
        cohesion=float(closeness.mean()),
    )


def _winner_name(winner: Winner | None) -> str:
    return "none" if winner is None else winner.value


def _notes(
    assignment: NDArray[np.int32], found: int, distinct: int, settings: MergeSettings
) -> tuple[Note, ...]:
    notes, reasons = [], len(assignment)
    vacuous = int((assignment == VACUOUS).sum())
    if vacuous:
        notes.append(Note("vacuous", {"n": vacuous, "all": reasons}))
    if found < settings.count:
        values = {"n": found, "count": settings.count, "distinct": distinct, "least": settings.least_votes}
        notes.append(Note("few_kinds" if distinct >= settings.count else "few_reasons", values))
    elif found > settings.count:
        left = int((assignment >= settings.count).sum())
        notes.append(Note("further_kinds", {"n": found - settings.count, "reasons": left}))
    unlike = int((assignment == NO_KIND).sum())
    if unlike:
        notes.append(Note("no_kind", {"n": unlike, "all": reasons}))
    return tuple(notes)
