"""Which response each factor names and which people preferred go in; the figures that others publish come out."""

from dataclasses import dataclass

import numpy as np

from naze.factors.agreement import cohen_kappa
from naze.factors.matrix import Floats

__all__ = ["Published", "published_metrics"]


@dataclass(frozen=True, slots=True)
class Published:
    """The figures of Feedback Forensics for one factor, over the votes that people decided; they leave ties out.

    None where a figure cannot be had. Feedback Forensics itself writes an accuracy of 0.5 and a kappa of 0 where a
    factor names no response at all, and so do `accuracy`, `kappa` and `strength` here.
    """

    votes: int
    """Decided votes."""
    relevance: float | None
    """Share of them for which the factor names a response."""
    agreement: float | None
    """Share of them for which it names the one that was preferred."""
    accuracy: float | None
    """Share of those named that were preferred."""
    kappa: float | None
    """2 (accuracy - 0.5): Cohen's kappa where the annotator cannot know which response stood first."""
    cohen_kappa: float | None
    """Cohen's kappa with the chance that the shares of both sides give."""
    strength: float | None
    """relevance x kappa."""


def published_metrics(verdicts: Floats, outcomes: Floats) -> tuple[Published, ...]:
    """Calculate what Feedback Forensics would show.

    Args:
        verdicts: (votes, factors): 1 where the factor names response A, -1 for B, 0 for neither: hard verdicts.
        outcomes: (votes,): 1 where people preferred A, -1 for B, 0 for a tie.

    Returns:
        One record a factor.

    Sources: Feedback Forensics, documentation, "Metrics" (relevance, kappa, strength), and its table of metrics
    (agreement, accuracy). Findeis, Kaufmann, Hüllermeier, Albanie and Mullins 2025, "Inverse Constitutional AI",
    whose test of principles counts votes for, against and not relevant in the same way.
    """
    decided = outcomes != 0
    calls, preferred = verdicts[decided], outcomes[decided, None]
    agree, against = (calls * preferred > 0).sum(axis=0), (calls * preferred < 0).sum(axis=0)
    cells = np.stack(
        [((calls == call) & (preferred == side)).sum(axis=0) for call in (1, -1) for side in (1, -1)]
    )
    cohen = cohen_kappa(cells.astype(np.float64))
    return tuple(
        _published(int(decided.sum()), int(agree[factor]), int(against[factor]), float(cohen[factor]))
        for factor in range(verdicts.shape[1])
    )


def _published(votes: int, agree: int, against: int, cohen: float) -> Published:
    if not votes:
        return Published(0, None, None, None, None, None, None)
    named = agree + against
    accuracy = agree / named if named else 0.5
    kappa = 2 * (accuracy - 0.5)
    return Published(
        votes=votes,
        relevance=named / votes,
        agreement=agree / votes,
        accuracy=accuracy,
        kappa=kappa,
        cohen_kappa=cohen if np.isfinite(cohen) else None,
        strength=kappa * named / votes,
    )
