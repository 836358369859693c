"""Verdicts on votes and factors come in; one array with both orders of the responses averaged comes out."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from naze.errors import InputError
from naze.records import Verdict

Floats = NDArray[np.float64]

VERDICTS: tuple[Verdict, ...] = (Verdict.A, Verdict.B, Verdict.ALIKE, Verdict.NOT_APPLICABLE)
"""What stands along the last axis, in this order."""
_SWAPPED = [1, 0, 2, 3]


@dataclass(frozen=True)
class VerdictMatrix:
    """What a model says of every vote and factor, asked in both orders of the responses.

    `shown` and `swapped` have the shape (votes, factors, 4) and the order of `VERDICTS`, in the places the
    model saw: in `swapped` the vote's response B stood first, so that its column 0 speaks of response B.
    A question without an answer is NaN in all four.
    """

    vote_ids: tuple[str, ...]
    factor_ids: tuple[str, ...]
    shown: Floats
    """Probabilities with the responses in the vote's own order."""
    swapped: Floats
    """Probabilities with the responses exchanged."""

    def __post_init__(self) -> None:
        shape = (len(self.vote_ids), len(self.factor_ids), len(VERDICTS))
        for name, array in (("shown", self.shown), ("swapped", self.swapped)):
            if array.shape != shape:
                raise InputError(
                    f"verdict matrix: {name} has the shape {array.shape}; expected {shape}: votes, factors, "
                    "and the probabilities of a, b, alike and not applicable."
                )

    @cached_property
    def probabilities(self) -> Floats:
        """Both orders averaged, in the vote's own order: (votes, factors, 4); NaN where either is missing.

        Antisymmetric by construction: exchanging the responses of a vote exchanges columns 0 and 1.
        """
        averaged: Floats = (self.shown + self.swapped[:, :, _SWAPPED]) / 2
        return averaged

    @cached_property
    def lean(self) -> Floats:
        """P(a) - P(b) for each vote and factor, -1 to 1: (votes, factors)."""
        lean: Floats = self.probabilities[:, :, 0] - self.probabilities[:, :, 1]
        return lean

    @cached_property
    def alike(self) -> Floats:
        """P(alike | applicable) for each vote and factor, 0 to 1: (votes, factors)."""
        applicable = 1 - self.probabilities[:, :, 3]
        with np.errstate(invalid="ignore", divide="ignore"):
            alike: Floats = np.where(applicable > 0, self.probabilities[:, :, 2] / applicable, np.nan)
        return alike

    def exchanged(self) -> Self:
        """The same verdicts with the responses of every vote exchanged."""
        return type(self)(self.vote_ids, self.factor_ids, self.swapped, self.shown)

    def position_bias(self) -> Floats:
        """How much more the model names the first place than the second, for each factor: (factors,), -1 to 1.

        0 for a model that does not look at the place; NaN where nothing was answered.
        """
        first = self.shown[:, :, 0] + self.swapped[:, :, 0]
        second = self.shown[:, :, 1] + self.swapped[:, :, 1]
        return _mean((first - second) / 2)

    def alike_share(self) -> Floats:
        """The mean probability of "alike" for each factor: (factors,), 0 to 1."""
        return _mean(self.probabilities[:, :, 2])


def _mean(values: Floats) -> Floats:
    """Average over votes, leaving missing ones out; NaN where all are missing."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(counts > 0, np.where(known, values, 0.0).sum(axis=0) / counts, np.nan)
    return mean
