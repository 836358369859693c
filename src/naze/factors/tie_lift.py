"""How alike the responses are on each factor, and which votes are ties, go in; lift and tie AUC come out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
from naze.votes.proportions import Z_95

__all__ = ["TieLift", "alike_thresholds", "tie_auc", "tie_lift"]

_LEAST_PART = 0.1
"""A threshold parts the votes only where either side has at least so large a share of them."""


@dataclass(frozen=True)
class TieLift:
    """How much more often a vote is a tie where the responses are alike on a factor."""

    threshold: Floats
    """(factors,): alike is at least so much; NaN where nothing parts the votes."""
    base: Estimates
    """Share of ties among the votes where the factor applies."""
    rate: Estimates
    """Share of ties among those that are alike on the factor."""
    ratio: Estimates
    """rate / base: 1 where being alike says nothing."""
    difference: Estimates
    """rate - base: 0 where being alike says nothing."""
    auc: Estimates
    """How often a tie is more alike on the factor than a decided vote, drawn at random: 0.5 says nothing."""
    prompts: Ints
    """(factors,): prompts of the votes where the factor applies."""


def tie_lift(held: HeldOut, *, resamples: int, seed: int, threshold: Floats | None = None) -> TieLift:
    """Compare P(tie | alike on this factor) with P(tie), over the votes where the factor applies.

    The rates have Wilson's interval at the effective number of votes, ratio and difference the percentile
    interval of a bootstrap over prompts, with the threshold kept. Where none or all of the alike votes are ties, resamples
    vary by nothing; there the ends of the rate's own interval stand over the base rate.

    Args:
        held: verdicts beside outcomes.
        resamples: of the prompts.
        seed: decides them.
        threshold: (factors,), from which P(alike) on two responses count as alike; None: found from these votes.
    """
    used, ties = held.applies, held.ties[:, None]
    threshold = alike_thresholds(held.alike) if threshold is None else threshold
    with np.errstate(invalid="ignore"):
        alike = used & (held.alike >= threshold)
    parts = np.stack([used, used * ties, alike, alike * ties], axis=1).astype(np.float64)
    sums = sums_by(parts, held.prompts, held.prompt_count)
    prompts = (sums[:, 0] > 0).sum(axis=0)
    enough = prompts >= LEAST_PROMPTS
    totals = sums.sum(axis=0)
    whole, draws = _lift(totals[None]), _lift(resample(sums, resamples, seed))
    ratio, difference = (
        Estimates(values[0], *bootstrap_interval(drawn)) for values, drawn in zip(whole, draws, strict=True)
    )
    base, rate = share_interval(sums[:, 1], sums[:, 0]), share_interval(sums[:, 3], sums[:, 2])
    certain = (totals[2] > 0) & ((totals[3] == 0) | (totals[3] == totals[2])) & (totals[1] > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = _either(certain, rate.low / base.value, rate.high / base.value, ratio)
    difference = _either(certain, rate.low - base.value, rate.high - base.value, difference)
    return TieLift(
        threshold=threshold,
        base=base,
        rate=rate,
        ratio=ratio.where(enough),
        difference=difference.where(enough),
        auc=tie_auc(held).where(enough),
        prompts=prompts.astype(np.int64),
    )


def _either(chosen: NDArray[np.bool_], low: Floats, high: Floats, otherwise: Estimates) -> Estimates:
    """Take other ends where something is chosen."""
    return Estimates(
        otherwise.value, np.where(chosen, low, otherwise.low), np.where(chosen, high, otherwise.high)
    )


def alike_thresholds(alike: Floats) -> Floats:
    """Say from which P(alike) on two responses count as alike: 0.5 where that parts the votes, else the median.

    Small models call nearly everything alike, so that 0.5 may part nothing. It must leave a tenth of the votes on
    either side; where it does not, the factor's own median over the votes is taken, and where values repeat so
    much that the median leaves too few below, the next larger value. Outcomes are not looked at.

    Args:
        alike: (votes, factors), NaN where the factor does not apply.

    Returns:
        (factors,); NaN where no threshold parts the votes.
    """
    thresholds = np.full(alike.shape[1], np.nan)
    for factor in range(alike.shape[1]):
        known = alike[~np.isnan(alike[:, factor]), factor]
        if not len(known):
            continue
        median = np.median(known)
        for threshold in (0.5, median, np.nextafter(median, 2.0)):
            share = (known >= threshold).mean()
            if _LEAST_PART <= share <= 1 - _LEAST_PART:
                thresholds[factor] = threshold
                break
    return thresholds


def tie_auc(held: HeldOut) -> Estimates:
    """Estimate how well `alike` alone tells ties from decided votes, with an interval clustered by prompt.

    The interval is symmetric on the logit scale.

    Source: Obuchowski 1997, "Nonparametric analysis of clustered ROC curve data": DeLong's variance from
    placement values added up by cluster.
    """
    from scipy.stats import rankdata

    tied = held.applies & (held.ties > 0)[:, None]
    decided = held.applies & (held.ties == 0)[:, None]
    ranks, among_ties, among_decided = (
        rankdata(np.where(rows, held.alike, np.nan), axis=0, nan_policy="omit")
        for rows in (held.applies, tied, decided)
    )
    ties, others = tied.sum(axis=0), decided.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_ties = np.where(tied, (ranks - among_ties) / others, 0.0)
        of_decided = np.where(decided, 1 - (ranks - among_decided) / ties, 0.0)
        auc = of_ties.sum(axis=0) / ties
        parts = np.where(tied, (of_ties - auc) / ties, 0.0)
        parts = parts + np.where(decided, (of_decided - auc) / others, 0.0)
        count = held.prompt_count
        spread = (sums_by(parts, held.prompts, count) ** 2).sum(axis=0) * count / max(count - 1, 1)
        half = Z_95 * np.sqrt(spread) / (auc * (1 - auc))
        odds = auc / (1 - auc)
        low, high = (1 / (1 + np.exp(-sign * half) / odds) for sign in (-1, 1))
    return Estimates(auc, low, high)


def _lift(parts: Floats) -> tuple[Floats, Floats]:
    """Return ratio and difference, (…, factors) each, from (…, 4, factors): votes, ties, alike, alike ties."""
    votes, ties, alike, alike_ties = np.moveaxis(parts, -2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        base, rate = ties / votes, alike_ties / alike
        return np.where(base > 0, rate / base, np.nan), rate - base
