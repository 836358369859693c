"""Which response each factor names and which people preferred go in; accuracy and Cohen's kappa come out."""

from dataclasses import dataclass

import numpy as np

from naze.factors.held_out import HeldOut, Ints
from naze.factors.matrix import Floats
from naze.factors.resampling import (
    LEAST_PROMPTS,
    Estimates,
    bootstrap_interval,
    resample,
    share_interval,
    sums_by,
)

__all__ = ["Agreement", "agreement", "cohen_kappa"]


@dataclass(frozen=True)
class Agreement:
    """How far each factor names the response that people preferred; ties are left out on both sides."""

    accuracy: Estimates
    """Share of the decided votes with a call in which the call is what was preferred."""
    kappa: Estimates
    """Agreement beyond what the two would agree by chance, -1 to 1."""
    votes: Ints
    """(factors,): decided votes with a call."""
    prompts: Ints
    """(factors,): their prompts."""


def agreement(held: HeldOut, *, resamples: int, seed: int) -> Agreement:
    """Compare the sign of the lean with what people preferred, on decided votes where the factor applies.

    A lean of 0 is no call. Accuracy has Wilson's interval at the effective number of votes, kappa the percentile
    interval of a bootstrap over prompts.
    """
    calls, outcomes = held.calls, held.outcomes[:, None]
    cells = np.stack(
        [(calls == call) & (outcomes == decided) for call in (1, -1) for decided in (1, -1)], axis=1
    )
    sums = sums_by(cells.astype(np.float64), held.prompts, held.prompt_count)
    called = sums.sum(axis=1)
    prompts = (called > 0).sum(axis=0)
    low, high = bootstrap_interval(cohen_kappa(resample(sums, resamples, seed)))
    kappa = Estimates(cohen_kappa(sums.sum(axis=0)[None])[0], low, high)
    return Agreement(
        accuracy=share_interval(sums[:, 0] + sums[:, 3], called),
        kappa=kappa.where(prompts >= LEAST_PROMPTS),
        votes=called.sum(axis=0).astype(np.int64),
        prompts=prompts.astype(np.int64),
    )


def cohen_kappa(cells: Floats) -> Floats:
    """Return Cohen's kappa of two-by-two tables.

    Args:
        cells: (…, 4, factors): the counts aa, ab, ba, bb; the factor's call first, what people preferred second.

    Returns:
        (…, factors); NaN where there is nothing, or where both always name the same side, so that chance
        would agree always.

    Source: Cohen 1960, "A coefficient of agreement for nominal scales", (p_o - p_e) / (1 - p_e).
    """
    aa, ab, ba, bb = np.moveaxis(cells, -2, 0)
    total = aa + ab + ba + bb
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (aa + bb) / total
        chance = ((aa + ab) * (aa + ba) + (ba + bb) * (ab + bb)) / total**2
        kappa: Floats = np.where(chance < 1, (observed - chance) / (1 - chance), np.nan)
    return kappa
