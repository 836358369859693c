"""Explained votes go in; the part that factors are found in and the part that they are tested on come out.

No prompt stands on both sides.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from naze.errors import ConfigurationError, InputError
from naze.factors.extraction import Explanation
from naze.factors.notes import Note
from naze.factors.source import Explained
from naze.records import Outcome, Winner
from naze.tables.selecting import satisfying_rows
from naze.votes import Votes, read_votes
from naze.votes.split import normalised_prompt, split
from naze.votes.votes import COLUMNS

__all__ = ["OUTCOME_WINNERS", "Parts", "choose_votes", "divide", "draw_votes", "votes_to_test"]

OUTCOME_WINNERS: dict[Outcome, tuple[Winner, ...]] = {
    Outcome.WIN: (Winner.A, Winner.B),
    Outcome.TIE: (Winner.TIE, Winner.BOTH_BAD),
}
"""The results that each outcome is about."""


@dataclass(frozen=True)
class Parts:
    """What factors are found in, and what they are tested on."""

    votes: Votes
    """Both parts, with the columns `held_out` and `judged`."""
    explained: tuple[Explanation, ...]
    """Of votes with the outcome, none of them held out: reasons are found in these alone."""
    held_out: int
    """Votes with a result that are held out."""
    judged: Votes
    """Of those, the ones that the model is asked about."""
    notes: tuple[Note, ...]


def choose_votes(explained: Explained, where: str | None) -> Explained:
    """Keep the votes that satisfy a condition in SQL, such as `language = 'ja'`.

    Raises:
        InputError: the condition cannot be read, or no vote satisfies it.
    """
    if where is None:
        return explained
    votes = _satisfying(explained.votes, where, explained.name)
    kept = set(votes.frame()["id"])
    explanations = tuple(one for one in explained.explanations if one.vote_id in kept)
    if not explanations:
        raise InputError(f"{explained.name}: no vote that satisfies {where!r} has an explanation.")
    return replace(explained, votes=votes, explanations=explanations)


def votes_to_test(
    source: "Votes | str | Path | Sequence[str | Path] | None", where: str | None
) -> Votes | None:
    """Read further votes to test on, of one file or several, and keep those that satisfy a condition in SQL.

    Args:
        source: votes, or files of them; None: there are none.
        where: such as `language = 'ja'`; None: all.

    Raises:
        ConfigurationError: there is a condition and nothing that it speaks of.
        InputError: the condition cannot be read, no vote satisfies it, or an id stands in two files.
    """
    if source is None or (isinstance(source, Sequence) and len(source) == 0):
        if where is not None:
            raise ConfigurationError(
                f"--test-where {where!r} chooses among the votes of --test-votes, and there is none. Name a file with "
                "--test-votes; --where chooses among the explained votes."
            )
        return None
    votes = source if isinstance(source, Votes) else _pooled(source)
    return votes if where is None else _satisfying(votes, where, str(votes.path or "votes to test on"))


def _pooled(source: "str | Path | Sequence[str | Path]") -> Votes:
    """Read files of votes as one table."""
    import polars as pl

    files = [source] if isinstance(source, str | Path) else list(source)
    tables = [read_votes(file) for file in files]
    if len(tables) == 1:
        return tables[0]
    frame = pl.concat([table.frame() for table in tables], how="diagonal_relaxed")
    twice = frame.filter(frame["id"].is_duplicated())["id"]
    if len(twice):
        raise InputError(
            f"votes to test on: the id {twice[0]!r} stands in several of {', '.join(map(str, files))}; expected ids that "
            "do not repeat."
        )
    return Votes.from_frame(frame, path=" + ".join(map(str, files)))


def _satisfying(votes: Votes, where: str, name: str) -> Votes:
    """Keep the votes that satisfy a condition in SQL; extra columns whose texts are all numbers count as numbers."""
    import polars as pl

    frame = votes.frame()
    texts = [column for column in frame.columns if column not in COLUMNS and frame[column].dtype == pl.String]
    rows = satisfying_rows(frame, where, texts=texts)
    if not rows:
        raise InputError(f"{name}: no vote satisfies {where!r}.")
    return votes.select(rows)


def divide(
    explained: Explained,
    outcome: Outcome,
    *,
    test: Votes | None = None,
    holdout: float,
    test_limit: int | None,
    seed: int,
) -> Parts:
    """Part votes by prompt.

    Args:
        explained: votes with explanations.
        outcome: what the factors are to explain.
        test: further votes to test on; all explained votes are then used for finding, and those of `test` whose
            prompt is among them are left out.
        holdout: without `test`, the share of the explained votes that is held out.
        test_limit: held-out votes that the model is asked about at most, drawn by the seed; None: all.
        seed: decides the parts.

    Raises:
        InputError: no explained vote has the outcome, or nothing is left to test on.
        ConfigurationError: a share or a limit out of range.
    """
    if test_limit is not None and test_limit < 1:
        raise ConfigurationError(
            f"the test limit is {test_limit}; expected 1 or more votes, or none for all."
        )
    notes = list(explained.notes)
    if test is None:
        found, tested = split(explained.votes, holdout=holdout, seed=seed)
    else:
        found, tested = explained.votes, _other_prompts(explained.votes, test, notes)
    used = _used(explained, found, outcome)
    voted = [row for row, vote in enumerate(tested) if vote.winner is not None]
    if not voted:
        raise InputError(
            f"{explained.name}: {len(tested):,} votes are held out and none of them has a result; nothing can be tested. "
            "Give more votes, or votes to test on with --test-votes."
        )
    judged = draw_votes(tested, voted, test_limit, seed)
    if len(judged) < len(voted):
        notes.append(Note("test_limit", {"n": len(judged), "all": len(voted)}))
    return Parts(
        votes=_together(found, tested, set(judged.frame()["id"])),
        explained=used,
        held_out=len(voted),
        judged=judged,
        notes=tuple(notes),
    )


def _other_prompts(known: Votes, test: Votes, notes: list[Note]) -> Votes:
    """Take the votes whose prompt is not among the known ones."""
    seen = {normalised_prompt(vote.prompt) for vote in known}
    rows = [row for row, vote in enumerate(test) if normalised_prompt(vote.prompt) not in seen]
    if len(rows) < len(test):
        notes.append(Note("shared_prompts", {"n": len(test) - len(rows), "all": len(test)}))
    taken = test.select(rows)
    ids = set(known.frame()["id"]).intersection(taken.frame()["id"])
    if ids:
        raise InputError(
            f"{test.path or 'votes to test on'}: the id {min(ids)!r} is also the id of an explained vote with another "
            "prompt; expected ids that do not repeat."
        )
    return taken


def _used(explained: Explained, found: Votes, outcome: Outcome) -> tuple[Explanation, ...]:
    """Take the explanations of votes with the outcome.

    Raises:
        InputError: there are none.
    """
    kept = set(found.frame()["id"])
    used = tuple(
        one
        for one in explained.explanations
        if one.vote_id in kept and one.winner in OUTCOME_WINNERS[outcome]
    )
    if used:
        return used
    words = {Outcome.TIE: "a tie", Outcome.WIN: "decided (a or b)"}[outcome]
    other = Outcome.WIN if outcome is Outcome.TIE else Outcome.TIE
    having = sum(one.winner in OUTCOME_WINNERS[outcome] for one in explained.explanations)
    raise InputError(
        f"{explained.name}: of {len(explained.explanations):,} explained votes {having:,} are {words}, and none of them "
        f"is in the part that factors are found in ({len(found):,} votes). Expected at least one: "
        f"explain more votes, or use --outcome {other.value}."
    )


def draw_votes(votes: Votes, rows: Sequence[int], limit: int | None, seed: int) -> Votes:
    """Draw votes at random: one of each prompt before a second one of any, since votes on one prompt tell less.

    Args:
        votes: what is drawn from.
        rows: of those that may be drawn.
        limit: how many at most; None: all.
        seed: decides which.
    """
    if limit is None or len(rows) <= limit:
        return votes.select(list(rows))
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(normalised_prompt(votes[row].prompt), []).append(row)
    chance = random.Random(seed)
    turns: list[tuple[int, float, int]] = []
    for prompt in sorted(groups):
        group = groups[prompt]
        chance.shuffle(group)
        turns += [(turn, chance.random(), row) for turn, row in enumerate(group)]
    return votes.select(sorted(row for _, _, row in sorted(turns)[:limit]))


def _together(found: Votes, tested: Votes, judged: set[str]) -> Votes:
    """Put both parts into one table that says which vote is in which."""
    import polars as pl

    parts = [
        part.frame().drop("held_out", "judged", strict=False).with_columns(pl.lit(held).alias("held_out"))
        for part, held in ((found, False), (tested, True))
    ]
    whole = pl.concat(parts, how="diagonal_relaxed")
    return Votes.from_frame(whole.with_columns(pl.col("id").is_in(list(judged)).alias("judged")))
