"""Votes with features go in; how well each set of features predicts held-out votes comes out, side by side.

What an embedding of the texts predicts without words is a yardstick for factors that can be read: how much of it do they
keep? A set of features is scored twice, a against b on decided votes and ties against decided votes, as an area under the
ROC curve (AUC): how often the one is ranked above the other, drawn at random. 0.5 says nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.engines.embeddings import Embedder
from naze.errors import InputError
from naze.factors.held_out import HeldOut, Ints
from naze.factors.matrix import Floats
from naze.factors.resampling import LEAST_PROMPTS, Estimate, bootstrap_interval, known, resample
from naze.factors.similarity import joined
from naze.factors.style import style
from naze.one_thread import one_thread_if_small
from naze.records import Vote

__all__ = [
    "Features",
    "Ranked",
    "Scored",
    "cross_validated",
    "embedding_features",
    "factor_features",
    "kept",
    "learnt_elsewhere",
    "score",
    "style_features",
]

DIMENSIONS = 32
"""Directions that each kind of embedding feature is reduced to."""
SHRINKAGE = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Values of C of the logistic regression; inner cross-validation chooses."""
FOLDS = 5
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Features:
    """What is known of votes, in groups of columns; each group is reduced on its own where it is wide."""

    odd: tuple[Floats, ...] = ()
    """Arrays (votes, n) that change their sign where the responses are exchanged: they tell a from b."""
    even: tuple[Floats, ...] = ()
    """Arrays (votes, n) that stay where the responses are exchanged: they tell ties from decided votes."""

    def __add__(self, other: "Features") -> "Features":
        """Take both sets."""
        return Features(self.odd + other.odd, self.even + other.even)

    def only(self, rows: Ints | Bools) -> "Features":
        """Take some votes."""
        return Features(tuple(part[rows] for part in self.odd), tuple(part[rows] for part in self.even))


@dataclass(frozen=True)
class Ranked:
    """What a set of features says of votes that it did not learn from."""

    win: Floats
    """(votes,): the higher, the rather a is preferred."""
    tie: Floats
    """(votes,): the higher, the rather it is a tie."""


@dataclass(frozen=True)
class Scored:
    """How well votes are ranked, with what is needed to compare two such figures on the same resamples."""

    win: Estimate
    """AUC of a against b on decided votes."""
    tie: Estimate
    """AUC of ties against decided votes."""
    win_draws: Floats
    """(resamples,): `win` of each bootstrap over prompts; NaN where it cannot be had."""
    tie_draws: Floats
    """(resamples,): the same of `tie`."""


def embedding_features(votes: Sequence[Vote], embedder: Embedder) -> Features:
    """Embed prompt, response A and response B, all turns of each together.

    Odd: the difference of the responses. Even: its absolute value, their mean, and the prompt.

    Args:
        votes: of any language that the embedder knows.
        embedder: reads as much of a text as its model does.
    """
    sides = ([joined(side) for side in texts] for texts in zip(*map(_sides, votes), strict=True))
    prompts, a, b = (embedder.embed(texts).astype(np.float64) for texts in sides)
    return Features((a - b,), (np.abs(a - b), (a + b) / 2, prompts))


def style_features(votes: Sequence[Vote]) -> Features:
    """Measure length and markdown (`naze.factors.style`)."""
    measured = style(votes)
    return Features((measured.antisymmetric,), (measured.symmetric,))


def factor_features(held: HeldOut) -> Features:
    """Take the verdicts: the leans are odd; their absolute values, P(alike) and P(not applicable) are even.

    A vote without a verdict on a factor gets the factor's mean, and a lean of 0.
    """
    answered = held.answered[:, :, None]
    counts = np.maximum(answered.sum(axis=0), 1)
    means = np.where(answered, held.probabilities, 0.0).sum(axis=0) / counts
    filled = np.where(answered, held.probabilities, means)
    lean = np.where(held.answered, filled[:, :, 0] - filled[:, :, 1], 0.0)
    return Features((lean,), (np.abs(lean), filled[:, :, 2], filled[:, :, 3]))


def learnt_elsewhere(
    features: Features, outcomes: Floats, prompts: Ints, *, asked: Features, seed: int = 0
) -> Ranked:
    """Learn from some votes and rank others.

    Logistic regression, shrunk as grouped cross-validation among the votes to learn from finds best. a against b is
    learnt from the odd features without an intercept, so that exchanging the responses exchanges the ranks; ties from
    the even ones.

    Args:
        features: of the votes to learn from.
        outcomes: (votes,): 1 where A was preferred, -1 for B, 0 for a tie.
        prompts: (votes,): their prompts' numbers.
        asked: the same features of the votes to rank.
        seed: decides the folds.

    Raises:
        InputError: not both of a and b are there to learn from. Without a tie nothing is learnt about ties: all votes
            get the same rank.
    """
    decided = outcomes != 0
    if len(np.unique(outcomes[decided])) < 2:
        raise InputError(
            f"{len(outcomes)} votes to learn from: {int((outcomes > 0).sum())} a, {int((outcomes < 0).sum())} b, "
            f"{int((~decided).sum())} ties; expected some of a and some of b."
        )
    odd, asked_odd = _reduced(features.only(decided).odd, asked.odd, centred=False)
    even, asked_even = _reduced(features.even, asked.even, centred=True)
    return Ranked(
        win=_ranks(odd, outcomes[decided] > 0, prompts[decided], asked_odd, False, seed),
        tie=np.zeros(len(asked_even))
        if decided.all()
        else _ranks(even, ~decided, prompts, asked_even, True, seed),
    )


def cross_validated(
    features: Features, outcomes: Floats, prompts: Ints, *, repeats: int = 5, seed: int = 0
) -> Ranked:
    """Rank each vote by what the votes of other prompts teach; the mean over several partitions.

    Args:
        features: of the votes.
        outcomes: (votes,): 1 where A was preferred, -1 for B, 0 for a tie.
        prompts: (votes,): votes on one prompt are in one fold.
        repeats: partitions.
        seed: decides them.

    Raises:
        InputError: too few prompts or outcomes for folds.
    """
    if len(np.unique(prompts)) < LEAST_PROMPTS:
        raise InputError(
            f"{len(np.unique(prompts))} prompts; cross-validation needs {LEAST_PROMPTS} at least."
        )
    win, tie = np.zeros(len(outcomes)), np.zeros(len(outcomes))
    with one_thread_if_small(len(prompts)):
        for repeat in range(repeats):
            for learnt, left in _folds(prompts, seed + repeat):
                found = learnt_elsewhere(
                    features.only(learnt),
                    outcomes[learnt],
                    prompts[learnt],
                    asked=features.only(left),
                    seed=seed,
                )
                win[left] += found.win / repeats
                tie[left] += found.tie / repeats
    return Ranked(win, tie)


def score(
    ranked: Ranked, outcomes: Floats, prompts: Ints, *, resamples: int = 1_000, seed: int = 0
) -> Scored:
    """Calculate both AUCs, with percentile intervals of a bootstrap over prompts.

    The same seed draws the same prompts, so that two sets of features can be compared resample by resample.

    Args:
        ranked: of the votes.
        outcomes: (votes,): 1 where A was preferred, -1 for B, 0 for a tie.
        prompts: (votes,): their prompts' numbers.
        resamples: of the bootstrap.
        seed: decides them.
    """
    _, clusters = np.unique(prompts, return_inverse=True)
    weights = resample(np.eye(int(clusters.max()) + 1), resamples, seed)[:, clusters]
    weights = np.vstack([np.ones(len(outcomes)), weights])
    decided = outcomes != 0
    win = _auc(ranked.win[decided], outcomes[decided] > 0, weights[:, decided])
    tie = _auc(ranked.tie, ~decided, weights)
    return Scored(_estimate(win[0], win[1:]), _estimate(tie[0], tie[1:]), win[1:], tie[1:])


def kept(part: Scored, whole: Scored) -> Mapping[str, Estimate]:
    """Say which share of what one set of features predicts beyond chance another keeps: `win` and `tie`.

    (AUC of the part - 0.5) / (AUC of the whole - 0.5), resample by resample. There is no interval where the whole does
    no better than chance in more than 1 in 20 resamples, and no figure where it does not at all.
    """
    found = {}
    for name in ("win", "tie"):
        one, other = getattr(part, name).value, getattr(whole, name).value
        if one is None or other is None or other <= 0.5:
            found[name] = Estimate()
            continue
        draws, others = getattr(part, f"{name}_draws"), getattr(whole, f"{name}_draws")
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = np.where(others > 0.5, (draws - 0.5) / (others - 0.5), np.nan)
        found[name] = _estimate((one - 0.5) / (other - 0.5), shares)
    return found


def _sides(vote: Vote) -> tuple[tuple[str | None, ...], ...]:
    return vote.prompt, vote.response_a, vote.response_b


def _estimate(value: float, draws: Floats) -> Estimate:
    low, high = bootstrap_interval(draws[:, None])
    return Estimate(known(value), known(low[0]), known(high[0]))


def _auc(ranks: Floats, positive: Bools, weights: Floats) -> Floats:
    """Calculate weighted AUCs, equal ranks counting half: (draws,); weights are (draws, votes)."""
    above, below = ranks[positive], ranks[~positive]
    order = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    won, lost = weights[:, positive], weights[:, ~positive]
    with np.errstate(invalid="ignore", divide="ignore"):
        auc: Floats = ((won @ order) * lost).sum(axis=1) / (won.sum(axis=1) * lost.sum(axis=1))
    return auc


def _reduced(learnt: Sequence[Floats], asked: Sequence[Floats], *, centred: bool) -> tuple[Floats, Floats]:
    """Reduce wide groups to their first principal directions and scale; what is learnt from decides both."""
    pairs = [_directions(one, other, centred) for one, other in zip(learnt, asked, strict=True)]
    known_, new = (np.column_stack(side) for side in zip(*pairs, strict=True))
    middle = known_.mean(axis=0) if centred else 0.0
    spread = np.sqrt(((known_ - middle) ** 2).mean(axis=0))
    scale = np.where(spread > 1e-12, spread, 1.0)
    return (known_ - middle) / scale, (new - middle) / scale


def _directions(learnt: Floats, asked: Floats, centred: bool) -> tuple[Floats, Floats]:
    if learnt.shape[1] <= 2 * DIMENSIONS:
        return learnt, asked
    middle = learnt.mean(axis=0) if centred else 0.0
    _, _, axes = np.linalg.svd(learnt - middle, full_matrices=False)
    axes = axes[:DIMENSIONS].T
    return (learnt - middle) @ axes, (asked - middle) @ axes


def _ranks(
    learnt: Floats, positive: Bools, prompts: Ints, asked: Floats, intercept: bool, seed: int
) -> Floats:
    """Learn one logistic regression and rank; C is the one with the least log loss in inner cross-validation."""
    from sklearn.linear_model import LogisticRegression

    losses = np.zeros(len(SHRINKAGE))
    for inner, left in _folds(prompts, seed):
        if len(np.unique(positive[inner])) < 2:
            continue
        for place, c in enumerate(SHRINKAGE):
            model = LogisticRegression(C=c, fit_intercept=intercept, max_iter=2_000)
            told = model.fit(learnt[inner], positive[inner]).decision_function(learnt[left])
            losses[place] += np.logaddexp(0.0, np.where(positive[left], -told, told)).sum()
    best = SHRINKAGE[int(losses.argmin())]
    model = LogisticRegression(C=best, fit_intercept=intercept, max_iter=2_000).fit(learnt, positive)
    ranks: Floats = model.decision_function(asked)
    return ranks


def _folds(prompts: Ints, seed: int) -> Iterator[tuple[Bools, Bools]]:
    """Part votes by prompt: yields which to learn from and which are left."""
    _, clusters = np.unique(prompts, return_inverse=True)
    fold_of = np.arange(int(clusters.max()) + 1) % FOLDS
    np.random.default_rng(seed).shuffle(fold_of)
    for fold in np.unique(fold_of):
        left = fold_of[clusters] == fold
        yield ~left, left
