"""What a predictor knows about votes: groups of named columns, each of them odd or even under an exchange of the responses.

An odd column changes its sign where the responses are exchanged, an even one stays as it is. Whatever is built of
odd columns for "who wins" and of even ones for "is it a tie" is swapped correctly without being taught.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Floats", "Group", "Ints", "Ngrams", "VoteFeatures", "Wide", "joined"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_BLOCK = 4096
"""Votes whose runs are copied at a time."""


@dataclass(frozen=True)
class Group:
    """Columns that belong together; an ablation leaves them out together."""

    name: str
    odd_names: tuple[str, ...] = ()
    odd: Floats | None = None
    """(votes, odd_names): changes its sign where the responses are exchanged."""
    even_names: tuple[str, ...] = ()
    even: Floats | None = None
    """(votes, even_names): stays where the responses are exchanged."""

    def take(self, rows: Ints) -> "Group":
        """Return the same columns of some votes."""
        return replace(
            self,
            odd=None if self.odd is None else self.odd[rows],
            even=None if self.even is None else self.even[rows],
        )


@dataclass(frozen=True)
class Ngrams:
    """Hashed runs of characters and words of each response.

    They are the largest of all features (16 KB a vote), so that some of the votes are a look at all of them, not a copy.
    """

    a: "csr_matrix"
    b: "csr_matrix"
    rows: Ints | None = None
    """Of `a` and `b`, those of the votes that are meant, in their order; None: all."""

    def __len__(self) -> int:
        """Return the number of votes."""
        return int(self.a.shape[0]) if self.rows is None else len(self.rows)

    def take(self, rows: Ints) -> "Ngrams":
        """Return those of some votes."""
        return Ngrams(self.a, self.b, rows if self.rows is None else self.rows[rows])

    def copied(self) -> "tuple[csr_matrix, csr_matrix]":
        """Return the runs of each response, (votes, columns) each, in memory of their own."""
        return (self.a, self.b) if self.rows is None else (self.a[self.rows], self.b[self.rows])

    def blocks(self) -> "Iterator[tuple[csr_matrix, csr_matrix]]":
        """Yield the same as `copied`, some thousand votes at a time."""
        for start in range(0, len(self), _BLOCK):
            yield self.take(np.arange(start, min(start + _BLOCK, len(self)))).copied()


@dataclass(frozen=True)
class Wide:
    """Columns too many to be learnt from as they are: within the votes to learn from they are reduced to a few directions."""

    name: str
    """Of the group, as in `Group`."""
    label: str
    """What a direction is called, with its number behind it."""
    odd: NDArray[np.float32]
    """(votes, dimensions): changes its sign where the responses are exchanged."""
    even: NDArray[np.float32]
    """(votes, dimensions): stays where the responses are exchanged."""

    def take(self, rows: Ints) -> "Wide":
        """Return those of some votes."""
        return replace(self, odd=self.odd[rows], even=self.even[rows])


@dataclass(frozen=True)
class VoteFeatures:
    """All that is known about some votes, nothing of it learnt from their winners."""

    count: int
    """Votes."""
    groups: tuple[Group, ...]
    ngrams: Ngrams | None = None
    wide: tuple[Wide, ...] = ()

    def take(self, rows: Ints) -> "VoteFeatures":
        """Return what is known about some of the votes, in that order."""
        return VoteFeatures(
            len(rows),
            tuple(group.take(rows) for group in self.groups),
            None if self.ngrams is None else self.ngrams.take(rows),
            tuple(one.take(rows) for one in self.wide),
        )

    def without(self, names: Sequence[str]) -> "VoteFeatures":
        """Leave groups out; runs of characters and words are named `n-grams`."""
        return VoteFeatures(
            self.count,
            tuple(group for group in self.groups if group.name not in names),
            None if "n-grams" in names else self.ngrams,
            tuple(one for one in self.wide if one.name not in names),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Name the groups that are there."""
        ngrams = () if self.ngrams is None else ("n-grams",)
        return (*(group.name for group in self.groups), *ngrams, *(one.name for one in self.wide))

    def odd(self) -> tuple[tuple[str, ...], Floats]:
        """Return names and values of all odd columns."""
        names = tuple(name for group in self.groups for name in group.odd_names)
        parts = [group.odd for group in self.groups if group.odd is not None]
        return names, np.hstack([np.empty((self.count, 0)), *parts])

    def even(self) -> tuple[tuple[str, ...], Floats]:
        """Return names and values of all even columns."""
        names = tuple(name for group in self.groups for name in group.even_names)
        parts = [group.even for group in self.groups if group.even is not None]
        return names, np.hstack([np.empty((self.count, 0)), *parts])


def joined(features: Sequence[VoteFeatures]) -> VoteFeatures:
    """Lay the votes of several sets one after another; all have the same groups."""
    from scipy.sparse import vstack

    first = features[0]
    if len(features) == 1:
        return first

    def stacked(parts: Sequence[Floats | None]) -> Floats | None:
        known = [part for part in parts if part is not None]
        return np.concatenate(known) if known else None

    groups = tuple(
        replace(
            group,
            odd=stacked([one.groups[place].odd for one in features]),
            even=stacked([one.groups[place].even for one in features]),
        )
        for place, group in enumerate(first.groups)
    )
    ngrams = [one.ngrams for one in features if one.ngrams is not None]
    return VoteFeatures(
        sum(one.count for one in features),
        groups,
        Ngrams(*(vstack(side).tocsr() for side in zip(*(one.copied() for one in ngrams), strict=True)))
        if ngrams
        else None,
        tuple(
            replace(
                one,
                odd=np.concatenate([other.wide[place].odd for other in features]),
                even=np.concatenate([other.wide[place].even for other in features]),
            )
            for place, one in enumerate(first.wide)
        ),
    )
