"""Verdicts and votes that were held out go in; arrays of what was said and what was decided come out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from naze.errors import InputError
from naze.factors.matrix import Floats, VerdictMatrix
from naze.records import Vote, Winner
from naze.votes.split import normalised_prompt

__all__ = ["LEAST_LEAN", "HeldOut", "Ints", "hold_out", "prompt_numbers"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DECIDED = {Winner.A: 1.0, Winner.B: -1.0, Winner.TIE: 0.0, Winner.BOTH_BAD: 0.0}
LEAST_LEAN = 1e-6
"""A lean that is nearer to 0 names neither response: a model that looks at the place only leans by rounding."""


@dataclass(frozen=True)
class HeldOut:
    """What a model said of votes that took no part in finding the factors, and what people decided."""

    factor_ids: tuple[str, ...]
    probabilities: Floats
    """(votes, factors, 4), in the order of `VERDICTS`; NaN where there is no answer."""
    outcomes: Floats
    """(votes,): 1 where response A was preferred, -1 for B, 0 for a tie."""
    prompts: Ints
    """(votes,): the number of each vote's prompt, from 0. Votes on one prompt are one cluster."""

    @property
    def prompt_count(self) -> int:
        """Different prompts."""
        return int(self.prompts.max()) + 1 if len(self.prompts) else 0

    @cached_property
    def ties(self) -> Floats:
        """(votes,): 1 for a tie, 0 for a decided vote."""
        ties: Floats = (self.outcomes == 0).astype(np.float64)
        return ties

    @cached_property
    def answered(self) -> Bools:
        """(votes, factors): whether there is a verdict at all."""
        answered: Bools = np.asarray(np.logical_not(np.isnan(self.probabilities)).all(axis=2), dtype=np.bool_)
        return answered

    @cached_property
    def applies(self) -> Bools:
        """(votes, factors): whether the factor can be asked of the vote, P(not applicable) < 0.5."""
        return self.answered & (self.probabilities[:, :, 3] < 0.5)

    @cached_property
    def calls(self) -> Floats:
        """(votes, factors): the sign of the lean where the factor applies; 0 where it names neither response."""
        lean = np.where(self.applies, self.probabilities[:, :, 0] - self.probabilities[:, :, 1], 0.0)
        return np.sign(np.where(np.abs(lean) > LEAST_LEAN, lean, 0.0))

    @cached_property
    def verdicts(self) -> Floats:
        """(votes, factors): 1 or -1 where a or b is the likeliest verdict of the four; 0 elsewhere."""
        likeliest = np.where(self.answered[:, :, None], self.probabilities, 0.0).argmax(axis=2)
        sides = np.array([1.0, -1.0, 0.0, 0.0])[likeliest]
        even = self.probabilities[:, :, 0] == self.probabilities[:, :, 1]
        return np.where(self.answered & ~even, sides, 0.0)

    @cached_property
    def alike(self) -> Floats:
        """(votes, factors): P(alike | applicable) where the factor applies; NaN elsewhere."""
        applicable = np.where(self.applies, 1 - self.probabilities[:, :, 3], 1.0)
        return np.where(self.applies, self.probabilities[:, :, 2] / applicable, np.nan)

    def only(self, rows: Bools) -> "HeldOut":
        """Take some votes; prompts are numbered anew."""
        _, prompts = np.unique(self.prompts[rows], return_inverse=True)
        return HeldOut(
            self.factor_ids, self.probabilities[rows], self.outcomes[rows], prompts.astype(np.int64)
        )


def hold_out(matrix: VerdictMatrix, votes: Sequence[Vote], faults: Collection[str] = ()) -> HeldOut:
    """Put verdicts beside what people decided. Votes without a decision must be left out before.

    Args:
        matrix: verdicts.
        votes: each must have a row.
        faults: ids of factors that explanations name of the response that was not preferred; of these a and b are
            exchanged, so that "a" means that response A shows the fault less.

    Raises:
        InputError: a vote without a decision, without a row in the matrix, or twice.
    """
    rows = {name: row for row, name in enumerate(matrix.vote_ids)}
    names = [vote.id for vote in votes]
    missing = [name for name in names if name not in rows]
    if missing:
        raise InputError(
            f"held-out votes: {len(missing)} of {len(names)} have no verdicts, the first is {missing[0]!r}; "
            "apply the factors to every held-out vote first."
        )
    if len(set(names)) < len(names):
        raise InputError(
            f"held-out votes: {len(names)} votes have {len(set(names))} different ids; expected each once."
        )
    if any(vote.winner is None for vote in votes):
        raise InputError("held-out votes: a vote has no winner; leave out what nobody decided.")
    at = np.array([rows[name] for name in names], np.int64)
    outcomes = np.array([_DECIDED[vote.winner] for vote in votes if vote.winner is not None], np.float64)
    probabilities = matrix.probabilities[at].copy()
    at_fault = np.array([name in faults for name in matrix.factor_ids], bool)
    probabilities[:, at_fault] = probabilities[:, at_fault][:, :, [1, 0, 2, 3]]
    return HeldOut(matrix.factor_ids, probabilities, outcomes, prompt_numbers(votes))


def prompt_numbers(votes: Sequence[Vote]) -> Ints:
    """Number the prompts of votes, from 0, in the order of their first vote: (votes,).

    Two votes have one prompt where `naze.votes.split` would not part them.
    """
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(normalised_prompt(vote.prompt), len(numbers)) for vote in votes], np.int64
    )
