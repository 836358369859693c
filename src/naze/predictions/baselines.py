"""What a predictor has to beat: the share of each outcome, length alone, and models with one number for ties."""

from collections.abc import Callable, Mapping

import numpy as np

from naze.one_thread import one_thread_if_small
from naze.predictions.features.groups import Floats, VoteFeatures
from naze.predictions.models.learnt import Taught, learn, prompt_parts
from naze.predictions.models.linear import fit_linear
from naze.predictions.models.ties import TieRule, fit_constant_ties
from naze.predictions.scores import class_numbers

__all__ = ["BASELINES", "Learner", "cross_validate", "naze_learner", "outcome_shares"]

Learner = Callable[[Taught, VoteFeatures], Floats]
"""Learns from votes and returns the probabilities (votes, 3) of others."""


def outcome_shares(outcomes: Floats) -> Floats:
    """Return the shares (3,) of a, b and tie; a and b at the mean of both, since sides are exchangeable.

    Args:
        outcomes: (votes,) 1: a, -1: b, 0: tie. Each outcome counts once more than it came.
    """
    counts = np.bincount(class_numbers(outcomes), minlength=3) + 1.0
    counts[:2] = counts[:2].mean()
    return np.asarray(counts / counts.sum(), np.float64)


def _prior(taught: Taught, asked: VoteFeatures) -> Floats:
    return np.tile(outcome_shares(taught.outcomes[taught.sources == 0]), (asked.count, 1))


def _only(names: tuple[str, ...]) -> Learner:
    def learner(taught: Taught, asked: VoteFeatures) -> Floats:
        left_out = [name for name in asked.names if name not in names]
        few = Taught(
            taught.features.without(left_out), taught.outcomes, taught.prompts, taught.models, taught.sources
        )
        return learn(few, with_trees=False).predict(asked.without(left_out))

    return learner


def _constant(rule: TieRule) -> Learner:
    """Strengths of all odd columns that need no text of other votes, and one number for ties."""

    def learner(taught: Taught, asked: VoteFeatures) -> Floats:
        own = np.flatnonzero(taught.sources == 0)
        _, columns = taught.features.take(own).odd()
        outcomes = taught.outcomes[own]
        decided = (outcomes != 0).astype(np.float64)
        scaler = fit_linear(columns, (outcomes > 0).astype(np.float64), decided, 0.1, odd=True)
        ties = fit_constant_ties(scaler.scaled(columns), outcomes, rule, 0.1)
        return ties.predict(scaler.scaled(asked.odd()[1]))

    return learner


def naze_learner(*, trees: bool = True, leave_out: tuple[str, ...] = (), seed: int = 0) -> Learner:
    """Return the learner behind `VotePredictor`."""

    def learner(taught: Taught, asked: VoteFeatures) -> Floats:
        kept = Taught(
            taught.features.without(leave_out), taught.outcomes, taught.prompts, taught.models, taught.sources
        )
        return learn(kept, seed=seed, with_trees=trees).predict(asked.without(leave_out))

    return learner


BASELINES: Mapping[str, Learner] = {
    "prior": _prior,
    "length alone": _only(("length",)),
    "Davidson": _constant(TieRule.DAVIDSON),
    "Rao-Kupper": _constant(TieRule.RAO_KUPPER),
}
"""Name -> learner."""


def cross_validate(taught: Taught, learner: Learner, folds: int, seed: int = 0) -> Floats:
    """Predict every vote of the person's own set by a model that never saw its prompt.

    Votes of other sets teach, and are never predicted; those on a prompt that is held out are left out too.

    Returns:
        (own votes, 3), in their order.
    """
    parts = prompt_parts(taught.prompts, folds, seed)
    own = np.flatnonzero(taught.sources == 0)
    found = np.empty((len(taught.outcomes), 3))
    with one_thread_if_small(len(parts)):
        for fold in range(folds):
            asked = np.flatnonzero((parts == fold) & (taught.sources == 0))
            if len(asked):
                told = taught.take(np.flatnonzero(parts != fold))
                found[asked] = learner(told, taught.features.take(asked))
    return found[own]
