"""Votes go in; which of them are the same, nearly the same, or contradict each other comes out."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from naze.votes.near_duplicates import near_duplicates
from naze.votes.split import normalised_prompt
from naze.votes.votes import Votes

__all__ = ["Duplicates", "find_duplicates"]

EXAMPLES = 5
OTHER_SIDE = {"a": "b", "b": "a"}

Groups = list[list[int]]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows are counted beyond the first of their group: what would be left out to have each once."""

    prompts: int
    """Different prompts (first turn, without case and spacing)."""
    exact: int
    """Votes with prompt and both responses as in a vote before them, the sides exchanged or not."""
    exact_ids: tuple[tuple[str, ...], ...]
    """The first groups."""
    near: int
    """Votes, not counting exact duplicates, of which at least 80 % of the text is as in a vote before them."""
    near_ids: tuple[tuple[str, ...], ...]
    contradicting: int
    """Groups of the same prompt and the same two responses, on which people decided differently."""
    contradicting_votes: int
    """Votes in those groups."""
    contradicting_ids: tuple[tuple[str, ...], ...]


def find_duplicates(votes: Votes) -> Duplicates:
    """Find equal, nearly equal and contradicting votes."""
    frame = votes.frame()
    prompts = [tuple(turns) for turns in frame["prompt"].to_list()]
    pairs = list(
        zip(map(tuple, frame["response_a"].to_list()), map(tuple, frame["response_b"].to_list()), strict=True)
    )
    same = _groups((prompt, frozenset(pair)) for prompt, pair in zip(prompts, pairs, strict=True))
    exact = [rows for rows in same if len(rows) > 1]
    winners = frame["winner"].to_list()
    clash = [rows for rows in exact if len(_verdicts(rows, pairs, winners)) > 1]
    ids = frame["id"].to_list()
    firsts = [rows[0] for rows in same]
    near = [
        [firsts[at] for at in group]
        for group in near_duplicates([_text(prompts[r], pairs[r]) for r in firsts])
    ]

    def named(groups: Groups) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(ids[row] for row in rows[:EXAMPLES]) for rows in groups[:EXAMPLES])

    return Duplicates(
        prompts=len({normalised_prompt(prompt) for prompt in prompts}),
        exact=_beyond_first(exact),
        exact_ids=named(exact),
        near=_beyond_first(near),
        near_ids=named(near),
        contradicting=len(clash),
        contradicting_votes=sum(map(len, clash)),
        contradicting_ids=named(clash),
    )


def _groups(keys: Iterable[Hashable]) -> Groups:
    found: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, []).append(row)
    return list(found.values())


def _verdicts(rows: list[int], pairs: Sequence[tuple[object, object]], winners: list[str | None]) -> set[str]:
    """Say what was decided, as seen with the first row's sides; for identical responses a side says nothing."""
    seen = set()
    for row in rows:
        winner = winners[row]
        if winner is None:
            continue
        if pairs[row][0] == pairs[row][1]:
            winner = "one" if winner in OTHER_SIDE else winner
        elif pairs[row] != pairs[rows[0]]:
            winner = OTHER_SIDE.get(winner, winner)
        seen.add(winner)
    return seen


def _beyond_first(groups: Groups) -> int:
    return sum(len(rows) - 1 for rows in groups)


def _text(prompt: tuple[str | None, ...], pair: tuple[tuple[str | None, ...], tuple[str | None, ...]]) -> str:
    """Lay a vote out as one text that does not depend on the sides, on case or on spacing."""
    sides = sorted("\n".join(turn or "" for turn in side) for side in pair)
    text = "\n".join([*(turn or "" for turn in prompt), *sides])
    return " ".join(text.casefold().split())
