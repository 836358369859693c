"""Texts go in; groups of nearly equal texts come out. Grows with the number of texts, not with its square.

Each text becomes the set of hashes of its pieces of 12 bytes; 64 minima of that set (one-permutation hashing)
are a sketch. Texts whose sketches agree in a band of 4 minima are compared by their whole sets.

Source: Li, Owen & Zhang (2012), One permutation hashing, section 2; Broder (1997), On the resemblance of documents.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["near_duplicates"]

PIECE_BYTES = 12
BUCKETS = 64
BAND = 4
SHIFT = np.uint64(58)  # the upper 6 bits of a hash name its bucket
COMPARED_PER_BUCKET = 8
"""Texts that fall together are each compared with so many distinct ones before them."""

Hashes = NDArray[np.uint64]


def near_duplicates(texts: Sequence[str], *, similarity: float = 0.8) -> list[list[int]]:
    """Group texts of which at least the share `similarity` of their pieces is the same (Jaccard, 0 to 1).

    Texts of fewer than 24 bytes are left out: they are too short to be nearly anything.

    Returns:
        Groups of positions, each in order and with at least two members; the groups by their first.
    """
    groups = _Groups(len(texts))
    buckets: dict[tuple[int, bytes], list[int]] = {}
    for position, text in enumerate(texts):
        hashes = hashes_of(text)
        if hashes is None:
            continue
        for key in _bands(hashes):
            there = buckets.setdefault(key, [])
            for other in there:
                if groups.root(other) == groups.root(position):
                    break
                if _is_similar(hashes, hashes_of(texts[other]), similarity):
                    groups.join(other, position)
                    break
            else:
                if len(there) < COMPARED_PER_BUCKET:
                    there.append(position)
    return groups.members()


def hashes_of(text: str) -> Hashes | None:
    """Hash every piece of 12 bytes; sorted and distinct. None for a text that is too short."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    if len(data) < 2 * PIECE_BYTES:
        return None
    count = len(data) - PIECE_BYTES + 1
    hashed = np.zeros(count, dtype=np.uint64)
    for start in range(PIECE_BYTES):
        hashed *= np.uint64(0x100000001B3)
        hashed += data[start : start + count]
    hashed ^= hashed >> np.uint64(29)
    hashed *= np.uint64(0xBF58476D1CE4E5B9)
    hashed ^= hashed >> np.uint64(32)
    hashed *= np.uint64(0x94D049BB133111EB)
    hashed.sort()
    return hashed[np.concatenate(([True], hashed[1:] != hashed[:-1]))]


def _bands(hashes: Hashes) -> Iterator[tuple[int, bytes]]:
    starts = np.searchsorted(hashes, np.arange(BUCKETS, dtype=np.uint64) << SHIFT)
    minima = hashes[np.minimum(starts, len(hashes) - 1)]  # an empty bucket takes the next one's
    for band in range(0, BUCKETS, BAND):
        yield band, minima[band : band + BAND].tobytes()


def _is_similar(left: Hashes, right: Hashes | None, similarity: float) -> bool:
    if right is None or min(len(left), len(right)) < similarity * max(len(left), len(right)):
        return False
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common >= similarity * (len(left) + len(right) - common)


class _Groups:
    """Which texts belong together (union-find)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, member: int) -> int:
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def join(self, left: int, right: int) -> None:
        first, second = sorted((self.root(left), self.root(right)))
        self._parent[second] = first

    def members(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for member in range(len(self._parent)):
            found.setdefault(self.root(member), []).append(member)
        return list(_larger_than_one(found.values()))


def _larger_than_one(groups: Iterable[list[int]]) -> Iterator[list[int]]:
    return (group for group in groups if len(group) > 1)
