"""The members of a kind of reasons go in, the most central first; which of them to show comes out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from naze.engines.embeddings import Vectors

__all__ = ["central_members", "distinct_members"]

_LEAST_SHARE = 0.1
"""A language with fewer of the members is not typical of them."""
_LOOKED_AT = 2_000
"""Members among which the most distinct are searched."""


def central_members(
    wording: NDArray[np.int64], languages: Sequence[str], votes: Sequence[str], most: int
) -> NDArray[np.int64]:
    """Choose typical members, in turn from each language that has its share; no wording and no vote twice.

    Args:
        wording: int array (n_members,): which wording each member has; members in order, the most central first.
        languages: of each member.
        votes: vote id of each member.
        most: how many to choose.

    Returns:
        Int array of positions, at most `most`.
    """
    queues: dict[str, list[int]] = {}
    for place, language in enumerate(languages):
        queues.setdefault(language, []).append(place)
    waiting = [iter(queue) for queue in queues.values() if len(queue) >= _LEAST_SHARE * len(languages)]
    chosen: list[int] = []
    wordings_seen: set[int] = set()
    votes_seen: set[str] = set()
    while waiting and len(chosen) < most:
        for queue in list(waiting):
            found = next(
                (at for at in queue if int(wording[at]) not in wordings_seen and votes[at] not in votes_seen),
                None,
            )
            if found is None:
                waiting.remove(queue)
            elif len(chosen) < most:
                chosen.append(found)
                wordings_seen.add(int(wording[found]))
                votes_seen.add(votes[found])
    return np.array(chosen, np.int64)


def distinct_members(
    points: Vectors, wording: NDArray[np.int64], votes: Sequence[str], most: int
) -> NDArray[np.int64]:
    """Choose members that are as unlike one another as possible, the most central one first.

    Source: Gonzalez 1985, "Clustering to minimize the maximum intercluster distance": the farthest point next.

    Args:
        points: float array (n_members, dimensions), rows of length 1, the most central first.
        wording: int array (n_members,): which wording each member has.
        votes: vote id of each member.
        most: how many to choose.

    Returns:
        Int array of positions, at most `most`; no wording and no vote twice.
    """
    _, first = np.unique(wording, return_index=True)
    candidates = np.sort(first)[:_LOOKED_AT]
    chosen: list[int] = []
    votes_seen: set[str] = set()
    nearest = np.full(len(candidates), -np.inf, np.float32)
    open_ones = np.ones(len(candidates), bool)
    while open_ones.any() and len(chosen) < most:
        at = int(np.argmin(np.where(open_ones, nearest, np.inf))) if chosen else 0
        open_ones[at] = False
        place = int(candidates[at])
        if votes[place] in votes_seen:
            continue
        votes_seen.add(votes[place])
        chosen.append(place)
        nearest = np.maximum(nearest, points[candidates] @ points[place])
    return np.array(chosen, np.int64)
