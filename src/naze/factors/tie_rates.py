"""Votes go in; how often people call it a tie, by how alike the two responses are, comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from naze.errors import ConfigurationError
from naze.factors.held_out import prompt_numbers
from naze.factors.matrix import Floats
from naze.factors.resampling import Estimate, share_interval, sums_by
from naze.factors.similarity import joined, text_similarity
from naze.records import Vote, Winner

__all__ = ["RateBin", "tie_rates"]

SIMILARITY = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
"""Ends of the bins: shares of the runs of three characters that both responses have. Most pairs share little."""
LENGTH_RATIO = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, np.inf)
"""Ends of the bins: characters of the longer response over those of the shorter one."""


@dataclass(frozen=True, slots=True)
class RateBin:
    """Votes that are about equally alike, and how many of them are ties."""

    low: float
    high: float
    """Not in the bin, but for the last one."""
    votes: int
    ties: int
    rate: Estimate
    """Share of ties; without an interval where there are fewer than 10 prompts."""


def tie_rates(
    votes: Sequence[Vote], *, by: Literal["similarity", "length_ratio"], bins: Sequence[float] | None = None
) -> tuple[RateBin, ...]:
    """Count ties by how alike the responses are.

    Args:
        votes: those without a result are left out.
        by: `similarity` (of the runs of three characters, 0 to 1) or `length_ratio` (longer over shorter, 1 and
            more; an empty response beside one that is not makes it infinite).
        bins: rising ends; None: `SIMILARITY` or `LENGTH_RATIO`.

    Returns:
        The bins that have votes, rising. Rates have Wilson's interval at the effective number of votes, since votes on
        one prompt are alike.

    Raises:
        ConfigurationError: another way, or ends that do not rise.
    """
    if by not in ("similarity", "length_ratio"):
        raise ConfigurationError(f"tie rates by {by!r}; expected similarity or length_ratio.")
    ends = np.array(bins if bins is not None else SIMILARITY if by == "similarity" else LENGTH_RATIO, float)
    if len(ends) < 2 or (np.diff(ends) <= 0).any():
        raise ConfigurationError(f"bins are {ends.tolist()}; expected two or more ends that rise.")
    voted = [vote for vote in votes if vote.winner is not None]
    if not voted:
        return ()
    values = text_similarity(voted).jaccard if by == "similarity" else _length_ratios(voted)
    ties = np.array([vote.winner in (Winner.TIE, Winner.BOTH_BAD) for vote in voted], np.float64)
    prompts = prompt_numbers(voted)
    place = np.where(values == ends[-1], len(ends) - 2, np.searchsorted(ends, values, side="right") - 1)
    found = []
    for number in range(len(ends) - 1):
        rows = place == number
        if rows.any():
            sums = sums_by(
                np.stack([rows * ties, rows], axis=1).astype(float), prompts, int(prompts.max()) + 1
            )
            rate = share_interval(sums[:, :1], sums[:, 1:]).at(0)
            low, high = float(ends[number]), float(ends[number + 1])
            found.append(RateBin(low, high, int(rows.sum()), int((rows * ties).sum()), rate))
    return tuple(found)


def _length_ratios(votes: Sequence[Vote]) -> Floats:
    """Return the longer response's characters over the shorter one's: (votes,); 1 for two empty ones."""
    lengths = np.array(
        [[len(joined(side)) for side in (vote.response_a, vote.response_b)] for vote in votes], float
    )
    longer, shorter = lengths.max(axis=1), lengths.min(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Floats = np.where(longer == 0, 1.0, longer / shorter)
    return ratios
