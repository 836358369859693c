"""Verdicts, style and what people decided go in; what each factor adds to style alone comes out, in nats per vote."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.factors.held_out import HeldOut, Ints
from naze.factors.matrix import Floats
from naze.factors.resampling import LEAST_PROMPTS, Estimates, bootstrap_interval, resample, sums_by
from naze.factors.style import Style
from naze.one_thread import one_thread_if_small

SHRINKAGE = (0.003, 0.03, 0.3, 3.0)
"""Values of C of the logistic regression, for the log losses of all votes added up."""
_NEVER_SEEN = 1e-3
"""Probability of an outcome that no vote learnt from has."""
Bools = NDArray[np.bool_]

__all__ = ["LogLoss", "log_loss_drop"]


@dataclass(frozen=True)
class LogLoss:
    """Mean log losses of the next vote (a, b or tie) in grouped cross-validation, in nats; lower is better."""

    prior: float
    """Of the shares of a, b and tie alone."""
    style: float
    """Of length and markdown."""
    factors: float
    """Of length and markdown and all factors together."""
    drop: Estimates
    """What each factor alone takes off `style`; above 0, it adds something."""
    all_drop: Estimates
    """What all factors together take off `style`: one value."""
    with_ties: bool
    """Of all votes; else of the decided ones alone, since fewer than 10 prompts have a tie."""


def log_loss_drop(
    held: HeldOut, style: Style, *, folds: int = 5, resamples: int, seed: int
) -> LogLoss | None:
    """Predict each vote from the others, with and without each factor.

    The model is multinomial logistic regression over a, b and tie. Each vote is learnt in both orders of its
    responses, so that exchanging them exchanges the prediction. A factor's features are its lean (which changes its
    sign with the order), and P(alike) and P(not applicable) (which stay). Votes on one prompt are in one fold.
    Features are scaled by what is learnt from. How much the regression is shrunk is chosen for each fold among the votes
    that it learns from, by what predicts best from style alone, so that few votes do not make style look worse than it is.

    The interval is that of the mean difference of the losses of a vote, bootstrapped over prompts; that other votes
    to learn from would give other models is not in it.

    Args:
        held: votes with verdicts.
        style: of the same votes.
        folds: parts of the cross-validation.
        resamples: of the bootstrap.
        seed: decides folds and draws.

    Returns:
        None where fewer than 10 prompts have a decided vote. Where fewer than 10 have a tie, ties are left out.
    """
    tied, decided = (len(np.unique(held.prompts[rows])) for rows in (held.outcomes == 0, held.outcomes != 0))
    if decided < LEAST_PROMPTS:
        return None
    with_ties = tied >= LEAST_PROMPTS
    rows = np.ones(len(held.outcomes), bool) if with_ties else held.outcomes != 0
    held, odd, even = held.only(rows), style.antisymmetric[rows], style.symmetric[rows]
    features = list(_with_factors(held, odd, even))
    parts = _parts(held.prompts, folds, seed)
    with one_thread_if_small(len(parts)):
        shrinkage = _shrinkage(odd, even, held.outcomes, parts)
        losses = np.column_stack([_losses(*pair, held.outcomes, parts, shrinkage) for pair in features])
    gains = losses[:, :1] - losses[:, 1:]
    drop = _means(gains, held, resamples, seed)
    return LogLoss(
        prior=float(_losses(odd[:, :0], even[:, :0], held.outcomes, parts, shrinkage).mean()),
        style=float(losses[:, 0].mean()),
        factors=float(losses[:, -1].mean()),
        drop=Estimates(drop.value[:-1], drop.low[:-1], drop.high[:-1]),
        all_drop=Estimates(drop.value[-1:], drop.low[-1:], drop.high[-1:]),
        with_ties=with_ties,
    )


def _with_factors(held: HeldOut, odd: Floats, even: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield (antisymmetric, symmetric) features: style alone, with each factor, with all factors."""
    known = held.answered[:, :, None]
    probabilities = np.where(known, held.probabilities, np.nan)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, held.probabilities, 0.0).sum(axis=0) / counts
    filled = np.where(known, probabilities, means)
    lean = np.where(known[:, :, 0], filled[:, :, 0] - filled[:, :, 1], 0.0)
    stays = filled[:, :, 2:]
    yield odd, even
    for factor in range(lean.shape[1]):
        yield np.column_stack([odd, lean[:, factor]]), np.column_stack([even, stays[:, factor]])
    yield np.column_stack([odd, lean]), np.column_stack([even, stays.reshape(len(lean), -1)])


def _parts(prompts: Ints, folds: int, seed: int) -> Ints:
    """Give each vote a fold, by prompt; folds have nearly equally many prompts."""
    count = int(prompts.max()) + 1
    fold_of = np.arange(count) % folds
    np.random.default_rng(seed).shuffle(fold_of)
    fold: Ints = fold_of[prompts]
    return fold


def _shrinkage(odd: Floats, even: Floats, outcomes: Floats, parts: Ints) -> dict[int, float]:
    """Choose C for each part, from the other parts alone: the one that predicts each of them best from the rest."""
    chosen: dict[int, float] = {}
    for part in np.unique(parts):
        others = [other for other in np.unique(parts) if other != part]
        if len(others) < 2:
            chosen[int(part)] = SHRINKAGE[len(SHRINKAGE) // 2]
            continue
        lost = {
            strength: np.concatenate(
                [
                    _predicted(
                        odd, even, outcomes, (parts != part) & (parts != other), parts == other, strength
                    )
                    for other in others
                ]
            ).mean()
            for strength in SHRINKAGE
        }
        chosen[int(part)] = min(lost, key=lambda strength: float(lost[strength]))
    return chosen


def _losses(odd: Floats, even: Floats, outcomes: Floats, parts: Ints, shrinkage: dict[int, float]) -> Floats:
    """Return the log loss of each vote, from a model that did not see its fold: (votes,)."""
    losses = np.empty(len(outcomes))
    for part, strength in shrinkage.items():
        losses[parts == part] = _predicted(odd, even, outcomes, parts != part, parts == part, strength)
    return losses


def _predicted(
    odd: Floats, even: Floats, outcomes: Floats, learnt: Bools, asked: Bools, strength: float
) -> Floats:
    """Return the log loss of each vote asked about, from the votes learnt: (asked,)."""
    from sklearn.linear_model import LogisticRegression

    answers = np.r_[outcomes[learnt], -outcomes[learnt]]
    classes, counts = np.unique(answers, return_counts=True)
    known = np.isin(outcomes[asked], classes)
    if not odd.shape[1] + even.shape[1] or len(classes) < 2:
        told = np.log(np.broadcast_to(counts / counts.sum(), (asked.sum(), len(classes))))
    else:
        odd_scale = _scale(np.sqrt((odd[learnt] ** 2).mean(axis=0)))
        middle, even_scale = even[learnt].mean(axis=0), _scale(even[learnt].std(axis=0))
        odds, evens = odd / odd_scale, (even - middle) / even_scale
        twice = np.block([[odds[learnt], evens[learnt]], [-odds[learnt], evens[learnt]]])
        model = LogisticRegression(C=strength, max_iter=2_000).fit(twice, answers)
        told = model.predict_log_proba(np.column_stack([odds, evens])[asked])
    places = np.minimum(np.searchsorted(classes, outcomes[asked]), len(classes) - 1)
    losses: Floats = -np.where(known, told[np.arange(len(places)), places], np.log(_NEVER_SEEN))
    return losses


def _scale(spread: Floats) -> Floats:
    """Leave constant features as they are."""
    return np.where(spread > 1e-12, spread, 1.0)


def _means(gains: Floats, held: HeldOut, resamples: int, seed: int) -> Estimates:
    """Average over votes, with a cluster bootstrap's interval."""
    values = np.column_stack([gains, np.ones(len(gains))])
    drawn = resample(sums_by(values, held.prompts, held.prompt_count), resamples, seed)
    return Estimates(gains.mean(axis=0), *bootstrap_interval(drawn[:, :-1] / drawn[:, -1:]))
