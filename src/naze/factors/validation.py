"""Verdicts and held-out votes go in; for each factor comes out whether it holds, by how much and how surely.

The caller sees to it that the votes took no part in finding the factors, and that their prompts did not either
(`naze.votes.split`); the verdicts come from a factor's definition alone (`apply_factors`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from naze.errors import ConfigurationError
from naze.factors.agreement import Agreement, agreement
from naze.factors.held_out import LEAST_LEAN, HeldOut, hold_out
from naze.factors.log_loss_drop import LogLoss, log_loss_drop
from naze.factors.matrix import Floats, VerdictMatrix
from naze.factors.permutation import Permuted, Stability, permutation_test, q_values, stability
from naze.factors.published import Published, published_metrics
from naze.factors.resampling import LEAST_PROMPTS, Estimate, Estimates, known, share_interval, sums_by
from naze.factors.style import style
from naze.factors.tested import FactorTest, Losses, Validation, Why
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
    faults: Collection[str] = (),
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
        faults: ids of factors that explanations name of the response that was not preferred: such a factor holds
            where people prefer the response that shows it less.
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
    held = hold_out(matrix, voted, faults)
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
    judge = _Judge(outcome, alpha, reasons, adjusted, stable, _rows(matrix, voted))
    return Validation(
        tests=tuple(judge.test(found, name, factor) for factor, name in enumerate(matrix.factor_ids)),
        outcome=outcome,
        alpha=alpha,
        resamples=resamples,
        permutations=permutations,
        seed=seed,
        votes=len(voted),
        unvoted=len(votes) - len(voted),
        prompts=held.prompt_count,
        ties=int(held.ties.sum()),
        log_loss=_losses(found.log_loss),
    )


def _losses(found: LogLoss | None) -> Losses | None:
    if found is None:
        return None
    return Losses(found.prior, found.style, found.factors, found.all_drop.at(0), found.with_ties)


@dataclass(frozen=True)
class _Found:
    """All figures of all factors."""

    held: HeldOut
    agreement: Agreement
    lift: TieLift
    permuted: Permuted
    published: tuple[Published, ...]
    log_loss: LogLoss | None

    @cached_property
    def coverage(self) -> Estimates:
        """Share of the answered votes where each factor applies."""
        return self._share(self.held.applies)

    @cached_property
    def decided(self) -> Estimates:
        """Share of the answered votes where a or b is the likeliest verdict."""
        return self._share(self.held.verdicts != 0)

    def _share(self, hits: NDArray[np.bool_]) -> Estimates:
        held = self.held
        part, whole = (
            sums_by(rows.astype(np.float64), held.prompts, held.prompt_count)
            for rows in (hits, held.answered)
        )
        return share_interval(part, whole)


@dataclass(frozen=True)
class _Judge:
    """What decides whether a factor passes."""

    outcome: Outcome
    alpha: float
    reasons: Sequence[Why | None]
    q_values: Floats
    stable: Stability
    matrix: VerdictMatrix
    """The held-out votes alone."""

    @cached_property
    def bias(self) -> tuple[Floats, Floats]:
        """Position bias and share of "alike" of each factor."""
        return self.matrix.position_bias(), self.matrix.alike_share()

    def test(self, found: _Found, name: str, factor: int) -> FactorTest:
        """Gather what was found of one factor."""
        why = self.reasons[factor] or self._verdict(found, factor)
        tested = self.reasons[factor] is None
        counted = found.agreement if self.outcome is Outcome.WIN else found.lift
        drop = found.log_loss.drop.at(factor) if found.log_loss else Estimate()
        return FactorTest(
            factor_id=name,
            outcome=self.outcome,
            passed=why is Why.PASSED,
            why=why,
            votes=int(found.held.answered[:, factor].sum()),
            prompts=int(counted.prompts[factor]),
            coverage=found.coverage.at(factor),
            decided=found.decided.at(factor),
            calls=int(found.agreement.votes[factor]),
            accuracy=found.agreement.accuracy.at(factor),
            kappa=found.agreement.kappa.at(factor),
            base_tie_rate=found.lift.base.at(factor),
            alike_threshold=known(found.lift.threshold[factor]),
            alike_tie_rate=found.lift.rate.at(factor),
            lift=found.lift.ratio.at(factor),
            lift_difference=found.lift.difference.at(factor),
            tie_auc=found.lift.auc.at(factor),
            p_value=known(found.permuted.p_values[factor]) if tested else None,
            q_value=known(self.q_values[factor]),
            log_loss_drop=drop,
            sign_stability=known(self.stable.sign[factor]),
            pass_stability=known(self.stable.passes[factor]),
            position_bias=known(self.bias[0][factor]),
            alike_share=known(self.bias[1][factor]),
            published=found.published[factor],
        )

    def _verdict(self, found: _Found, factor: int) -> Why:
        if self.q_values[factor] > self.alpha:
            return Why.NOT_SIGNIFICANT
        return Why.PASSED if found.permuted.observed[factor] > 0 else Why.AGAINST


def _untested(found: _Found, outcome: Outcome, factor: int) -> Why | None:
    """Say why a factor cannot be tested; None where it can."""
    held = found.held
    if not held.answered[:, factor].any():
        return Why.NOT_ANSWERED
    if not held.applies[:, factor].any():
        return Why.NEVER_APPLIES
    outcomes = held.outcomes[held.applies[:, factor]]
    if outcome is Outcome.WIN:
        return _untested_win(found, factor, outcomes)
    return _untested_tie(found, factor, outcomes)


def _untested_win(found: _Found, factor: int, outcomes: Floats) -> Why | None:
    if not (outcomes != 0).any():
        return Why.ONE_OUTCOME
    calls = found.held.calls[found.held.outcomes != 0, factor]
    if not calls.any():
        return Why.NO_CALL
    if found.agreement.prompts[factor] < LEAST_PROMPTS:
        return Why.TOO_FEW_PROMPTS
    preferred = outcomes[outcomes != 0]
    if len(np.unique(preferred)) < 2:
        return Why.ONE_OUTCOME
    return Why.NO_VARIATION if len(np.unique(calls[calls != 0])) < 2 else None


def _untested_tie(found: _Found, factor: int, outcomes: Floats) -> Why | None:
    held, applies = found.held, found.held.applies[:, factor]
    if len(np.unique(outcomes == 0)) < 2:
        return Why.ONE_OUTCOME
    if np.ptp(held.alike[applies, factor]) <= LEAST_LEAN:
        return Why.NO_VARIATION
    tied = held.outcomes == 0
    either = min(len(np.unique(held.prompts[applies & rows])) for rows in (tied, ~tied))
    if found.lift.prompts[factor] < LEAST_PROMPTS or either < LEAST_OF_EITHER:
        return Why.TOO_FEW_PROMPTS
    return None


def _rows(matrix: VerdictMatrix, votes: Sequence[Vote]) -> VerdictMatrix:
    """Take the verdicts on these votes."""
    row_of = {name: row for row, name in enumerate(matrix.vote_ids)}
    rows = np.array([row_of[vote.id] for vote in votes], np.int64)
    return VerdictMatrix(
        tuple(vote.id for vote in votes), matrix.factor_ids, matrix.shown[rows], matrix.swapped[rows]
    )
