"""Verdicts, style and what people decided go in; what each factor adds to style alone comes out, in nats per vote."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from naze.factors.held_out import HeldOut, Ints
from naze.factors.matrix import Floats
from naze.factors.resampling import LEAST_PROMPTS, Estimates, bootstrap_interval, resample, sums_by
from naze.factors.style import Style

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


def log_loss_drop(
    held: HeldOut, style: Style, *, folds: int = 5, resamples: int, seed: int
) -> LogLoss | None:
    """Predict each vote from the others, with and without each factor.

    The model is multinomial logistic regression over a, b and tie. Each vote is learnt in both orders of its
    responses, so that exchanging them exchanges the prediction. A factor's features are its lean (which changes its
    sign with the order), and P(alike) and P(not applicable) (which stay). Votes on one prompt are in one fold.
    Features are scaled by what is learnt from; the regression is shrunk with C = 1.

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
    rows = np.ones(len(held.outcomes), bool) if tied >= LEAST_PROMPTS else held.outcomes != 0
    held, odd, even = held.only(rows), style.antisymmetric[rows], style.symmetric[rows]
    features = list(_with_factors(held, odd, even))
    parts = _parts(held.prompts, folds, seed)
    losses = np.column_stack([_losses(*pair, held.outcomes, parts) for pair in features])
    gains = losses[:, :1] - losses[:, 1:]
    drop = _means(gains, held, resamples, seed)
    return LogLoss(
        prior=float(_losses(odd[:, :0], even[:, :0], held.outcomes, parts).mean()),
        style=float(losses[:, 0].mean()),
        factors=float(losses[:, -1].mean()),
        drop=Estimates(drop.value[:-1], drop.low[:-1], drop.high[:-1]),
        all_drop=Estimates(drop.value[-1:], drop.low[-1:], drop.high[-1:]),
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


def _losses(odd: Floats, even: Floats, outcomes: Floats, parts: Ints) -> Floats:
    """Return the log loss of each vote, from a model that did not see its fold: (votes,)."""
    from sklearn.linear_model import LogisticRegression

    losses = np.empty(len(outcomes))
    for part in np.unique(parts):
        learnt, asked = parts != part, parts == part
        odd_scale = _scale(np.sqrt((odd[learnt] ** 2).mean(axis=0)))
        middle, even_scale = even[learnt].mean(axis=0), _scale(even[learnt].std(axis=0))
        odds, evens = odd / odd_scale, (even - middle) / even_scale
        twice = np.block([[odds[learnt], evens[learnt]], [-odds[learnt], evens[learnt]]])
        answers = np.r_[outcomes[learnt], -outcomes[learnt]]
        if not twice.shape[1]:
            shares = np.array([(answers == outcome).mean() for outcome in outcomes[asked]])
            losses[asked] = -np.log(shares)
            continue
        model = LogisticRegression(C=1.0, max_iter=2_000).fit(twice, answers)
        told = model.predict_log_proba(np.column_stack([odds, evens])[asked])
        losses[asked] = -told[np.arange(asked.sum()), np.searchsorted(model.classes_, outcomes[asked])]
    return losses


def _scale(spread: Floats) -> Floats:
    """Leave constant features as they are."""
    return np.where(spread > 1e-12, spread, 1.0)


def _means(gains: Floats, held: HeldOut, resamples: int, seed: int) -> Estimates:
    """Average over votes, with a cluster bootstrap's interval."""
    values = np.column_stack([gains, np.ones(len(gains))])
    drawn = resample(sums_by(values, held.prompts, held.prompt_count), resamples, seed)
    return Estimates(gains.mean(axis=0), *bootstrap_interval(drawn[:, :-1] / drawn[:, -1:]))
