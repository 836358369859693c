"""Verdicts and held-out votes go in; for each factor comes out whether it holds, by how much and how surely.

The caller sees to it that the votes took no part in finding the factors, and that their prompts did not either
(`naze.votes.split`); the verdicts come from a factor's definition alone (`apply_factors`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naze.errors import ConfigurationError
from naze.factors.agreement import Agreement, agreement
from naze.factors.held_out import HeldOut, hold_out
from naze.factors.log_loss_drop import LogLoss, log_loss_drop
from naze.factors.matrix import Floats, VerdictMatrix
from naze.factors.permutation import Permuted, Stability, permutation_test, q_values, stability
from naze.factors.published import Published, published_metrics
from naze.factors.resampling import LEAST_PROMPTS, Estimate, Estimates, share_interval, sums_by
from naze.factors.style import style
from naze.factors.tested import FactorTest, Validation, Why
from naze.factors.tie_lift import TieLift, tie_lift
from naze.records import Outcome, Vote

__all__ = ["validate"]

LEAST_OF_EITHER = 5
"""For ties: prompts with a tie, and prompts with a decided vote, that a test needs."""


def validate(
    matrix: VerdictMatrix,
    votes: Sequence[Vote],
    *,
    outcome: Outcome,
    seed: int = 0,
    alpha: float = 0.05,
    resamples: int = 1_000,
    permutations: int = 2_000,
) -> Validation:
    """Test every factor on held-out votes.

    Votes on one prompt (first turn, without case and spacing) are one cluster in every interval and every test.
    `docs/factors.md` says how each figure is made and why.

    Args:
        matrix: verdicts; those on other votes are passed over.
        votes: the held-out votes, and no others; those without a winner are counted and left out.
        outcome: what the factors explain, wins or ties.
        seed: decides resamples, permutations and folds; the same seed, the same figures.
        alpha: the share of factors that pass by chance among those that pass, at most, on average.
        resamples: of the bootstrap over prompts.
        permutations: of the outcomes between prompts.

    Returns:
        One test a factor, in the order of the matrix, those that fail included.

    Raises:
        InputError: a vote without a row in the matrix, or twice.
        ConfigurationError: alpha outside 0 to 1, or no resamples or permutations.
    """
    if not 0 < alpha < 1 or resamples < 1 or permutations < 1:
        raise ConfigurationError(
            f"validate: alpha is {alpha}, resamples {resamples}, permutations {permutations}; expected alpha "
            "between 0 and 1, and at least one of each."
        )
    voted = [vote for vote in votes if vote.winner is not None]
    held = hold_out(matrix, voted)
    found = _Found(
        held=held,
        agreement=agreement(held, resamples=resamples, seed=seed),
        lift=tie_lift(held, resamples=resamples, seed=seed),
        permuted=permutation_test(held, outcome, permutations=permutations, seed=seed),
        published=published_metrics(held.verdicts, held.outcomes),
        log_loss=log_loss_drop(held, style(voted), resamples=resamples, seed=seed),
    )
    reasons = [_untested(found, outcome, factor) for factor in range(len(matrix.factor_ids))]
    tested = np.array([why is None for why in reasons], bool)
    stable = stability(found.permuted, tested, alpha=alpha, resamples=resamples, seed=seed)
    adjusted = q_values(np.where(tested, found.permuted.p_values, np.nan))
    bias = matrix.only({vote.id for vote in voted})
    return Validation(
        tests=tuple(_tests(found, reasons, adjusted, stable, bias, outcome, alpha)),
        outcome=outcome,
        alpha=alpha,
        resamples=resamples,
        permutations=permutations,
        seed=seed,
        votes=len(voted),
        unvoted=len(votes) - len(voted),
        prompts=held.prompt_count,
        ties=int(held.ties.sum()),
        log_loss=found.log_loss,
    )
