"""Ties on purpose: three logits [s, -s, t], where s changes its sign with the sides and t does not.

P(a) = e^s / Z, P(b) = e^-s / Z, P(tie) = e^t / Z, with Z = e^s + e^-s + e^t. The odds of a against b are e^(2s) and do not
depend on t; those of a tie against a decision are e^(t - log 2cosh s). So both parts are learnt on their own: 2s from
decided votes, the tie's log odds from all.

Davidson's model is the case t = constant: the closer two responses are, the likelier a tie. Rao and Kupper's calls a tie
wherever the difference stays below a threshold. Both know one number about ties; t may depend on anything even.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from naze.predictions.features.groups import Floats

__all__ = [
    "ConstantTies",
    "TieRule",
    "constant_tie_loss",
    "davidson",
    "fit_constant_ties",
    "probabilities",
    "rao_kupper",
    "tie_logit",
]

_ROUNDS = 500


class TieRule(StrEnum):
    """How one number makes ties of strengths."""

    DAVIDSON = "davidson"
    RAO_KUPPER = "rao_kupper"


def probabilities(win: Floats, tie: Floats) -> Floats:
    """Turn log odds into probabilities.

    Args:
        win: (votes,) log odds of a against b where it is decided: 2s.
        tie: (votes,) log odds of a tie against a decision.

    Returns:
        (votes, 3): a, b, tie; rows sum to 1.
    """
    from scipy.special import expit

    tied = expit(tie)
    return np.column_stack([(1 - tied) * expit(win), (1 - tied) * expit(-win), tied])


def tie_logit(win: Floats, tie: Floats) -> Floats:
    """Return t of [s, -s, t]: the tie's log odds plus log(e^s + e^-s)."""
    return np.asarray(tie + np.logaddexp(win / 2, -win / 2), np.float64)


def davidson(strength: Floats, constant: float) -> Floats:
    """Probabilities (votes, 3) of a, b, tie with t = constant.

    Args:
        strength: (votes,) 2s, the log odds of a against b.
        constant: log of Davidson's ν: how common ties are between equals.

    Source: Davidson 1970, "On extending the Bradley-Terry model to accommodate ties in paired comparison experiments".
    """
    logits = np.column_stack([strength / 2, -strength / 2, np.full(len(strength), constant)])
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def rao_kupper(strength: Floats, threshold: float) -> Floats:
    """Probabilities (votes, 3) of a, b, tie: a wins with σ(2s - η), b with σ(-2s - η), and the rest are ties.

    Args:
        strength: (votes,) 2s, the log odds of a against b.
        threshold: η, at least 0: log of Rao and Kupper's θ.

    Source: Rao and Kupper 1967, "Ties in paired-comparison experiments: a generalization of the Bradley-Terry model".
    """
    from scipy.special import expit

    a, b = expit(strength - threshold), expit(-strength - threshold)
    return np.column_stack([a, b, np.maximum(1 - a - b, 0.0)])


@dataclass(frozen=True)
class ConstantTies:
    """Strengths and one number for ties."""

    rule: TieRule
    weights: Floats
    """(odd columns,): 2s is their product with the scaled columns."""
    constant: float
    """Davidson's log ν or Rao and Kupper's η."""

    def predict(self, odd: Floats) -> Floats:
        """Return probabilities (votes, 3) of a, b, tie."""
        rule = davidson if self.rule is TieRule.DAVIDSON else rao_kupper
        return rule(odd @ self.weights, self.constant)


def fit_constant_ties(odd: Floats, outcomes: Floats, rule: TieRule, shrinkage: float) -> ConstantTies:
    """Fit strengths and the one number together, by maximum likelihood with an L2 penalty on the weights.

    Args:
        odd: (votes, columns), scaled.
        outcomes: (votes,) 1: a, -1: b, 0: tie.
        rule: which of the two.
        shrinkage: penalty, beside the mean loss.
    """
    from scipy.optimize import minimize

    signs = np.sign(outcomes)

    def loss(theta: Floats) -> tuple[float, Floats]:
        win, raw = odd @ theta[:-1], theta[-1]
        losses, by_win, by_raw = constant_tie_loss(rule, win, float(raw), signs)
        slope = odd.T @ by_win / len(odd) + shrinkage * theta[:-1]
        return float(losses.mean() + shrinkage / 2 * theta[:-1] @ theta[:-1]), np.append(slope, by_raw.mean())

    found = minimize(
        loss, np.zeros(odd.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS}
    )
    raw = float(found.x[-1])
    constant = raw if rule is TieRule.DAVIDSON else float(np.logaddexp(0.0, raw))
    return ConstantTies(rule, found.x[:-1], constant)


def constant_tie_loss(rule: TieRule, win: Floats, raw: float, signs: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the loss of each vote, its slope by the log odds of a against b, and its slope by the tie's parameter.

    Args:
        rule: which of the two.
        win: (votes,) 2s.
        raw: Davidson's log ν; Rao and Kupper's η is log(1 + e^raw), so that it stays positive.
        signs: (votes,) 1: a, -1: b, 0: tie.
    """
    told = _davidson_loss if rule is TieRule.DAVIDSON else _rao_kupper_loss
    return told(win, raw, signs)


def _davidson_loss(win: Floats, constant: float, signs: Floats) -> tuple[Floats, Floats, Floats]:
    predicted = davidson(win, constant)
    place = np.select([signs > 0, signs < 0], [0, 1], 2)
    losses = -np.log(np.maximum(predicted[np.arange(len(win)), place], 1e-300))
    by_win = ((predicted[:, 0] - (place == 0)) - (predicted[:, 1] - (place == 1))) / 2
    return losses, by_win, predicted[:, 2] - (place == 2)


def _rao_kupper_loss(win: Floats, raw: float, signs: Floats) -> tuple[Floats, Floats, Floats]:
    """The threshold is log(1 + e^raw), so that it stays positive."""
    from scipy.special import expit

    threshold = float(np.logaddexp(0.0, raw))
    a, b = expit(win - threshold), expit(-win - threshold)
    tie = np.maximum(1 - a - b, 1e-12)
    slope_a, slope_b = a * (1 - a), b * (1 - b)
    losses = -np.select([signs > 0, signs < 0], [np.log(a), np.log(b)], np.log(tie))
    by_win = -np.select([signs > 0, signs < 0], [1 - a, -(1 - b)], (slope_b - slope_a) / tie)
    by_threshold = -np.select([signs > 0, signs < 0], [-(1 - a), -(1 - b)], (slope_a + slope_b) / tie)
    return losses, by_win, by_threshold * expit(raw)
