"""Two factors runs go in; which factors they share, and what differs between them, comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, hypot, sqrt

import numpy as np

from naze.engines.embeddings import Embedder, Vectors
from naze.errors import InputError
from naze.factors.permutation import q_values
from naze.factors.resampling import Estimate, known
from naze.factors.result import Factors
from naze.factors.tested import FactorTest
from naze.records import Factor, Outcome
from naze.votes.proportions import Z_95

__all__ = ["Comparison", "Matched", "compare_factors"]

NEAR = 0.35
"""Cosine of two factors, centred, from which on they are taken for one. docs/factors.md has the measurement."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A factor that both runs have."""

    a: Factor
    b: Factor
    likeness: float
    """Cosine of their names and definitions, each run's mean taken out; 1 for the same text."""
    share_a: float
    """Share of the explanations of the first run that name it."""
    share_b: float
    share_difference: Estimate
    """share_b - share_a."""
    share_q: float | None
    """Of no difference in the share, over all matched factors."""
    figure_a: Estimate
    """For wins kappa, for ties lift, in the first run."""
    figure_b: Estimate
    figure_difference: Estimate
    """figure_b - figure_a; None where either has no interval."""
    figure_q: float | None


@dataclass(frozen=True)
class Comparison:
    """What two runs share and where they differ."""

    matched: tuple[Matched, ...]
    """The most named ones first."""
    only_a: tuple[Factor, ...]
    only_b: tuple[Factor, ...]


def compare_factors(a: Factors, b: Factors, embedder: Embedder) -> Comparison:
    """Match the factors of two runs by what they mean, and test each pair for a difference.

    A pair is each other's best partner in the assignment that makes all likenesses together largest. The difference
    of shares has Newcombe's interval, that of the figures the normal one from both standard errors; the q-values are
    Benjamini and Hochberg's. Two runs on the same votes are not independent; the intervals are then too wide.

    Args:
        a: one run.
        b: another one of the same outcome: another model, language, category or period (`--where`).
        embedder: compares names and definitions; of any language.

    Raises:
        InputError: their outcomes differ.

    Sources: Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10.
    Altman and Bland 2003, "Interaction revisited: the difference between two estimates".
    """
    if a.about.outcome is not b.about.outcome:
        raise InputError(
            f"{a.folder} explains {a.about.outcome.value}s and {b.folder} {b.about.outcome.value}s; expected two runs "
            "of one outcome."
        )
    pairs = _partners(a.factors, b.factors, embedder)
    rows = [_Compared.of(a, b, *pair) for pair in pairs]
    share_q, figure_q = (
        q_values(np.array([getattr(row, name) for row in rows], np.float64))
        for name in ("share_p", "figure_p")
    )
    matched = [row.matched(known(q), known(p)) for row, q, p in zip(rows, share_q, figure_q, strict=True)]
    met_a, met_b = {one.a.id for one in matched}, {one.b.id for one in matched}
    return Comparison(
        tuple(sorted(matched, key=lambda one: -(one.share_a + one.share_b))),
        tuple(one for one in a.factors if one.id not in met_a),
        tuple(one for one in b.factors if one.id not in met_b),
    )


@dataclass(frozen=True)
class _Compared:
    """A pair, and how likely its differences are by chance; NaN where that cannot be told."""

    pair: tuple[Factor, Factor, float]
    shares: tuple[float, float]
    share_difference: Estimate
    share_p: float
    figures: tuple[Estimate, Estimate]
    figure_difference: Estimate
    figure_p: float

    @classmethod
    def of(cls, a: Factors, b: Factors, first: Factor, second: Factor, likeness: float) -> "_Compared":
        counts = (first.vote_count, second.vote_count)
        totals = (a.about.counts["explained"], b.about.counts["explained"])
        shares, difference, share_p = _shares(counts, totals)
        figures = _figure(a.tests[first.id]), _figure(b.tests[second.id])
        return cls((first, second, likeness), shares, difference, share_p, figures, *_difference(*figures))

    def matched(self, share_q: float | None, figure_q: float | None) -> Matched:
        return Matched(
            *self.pair, *self.shares, self.share_difference, share_q, *self.figures, self.figure_difference,
            figure_q,
        )  # fmt: skip


def _partners(
    first: Sequence[Factor], second: Sequence[Factor], embedder: Embedder
) -> list[tuple[Factor, Factor, float]]:
    """Match factors one to one, faults with faults; pairs less alike than `NEAR` are none."""
    from scipy.optimize import linear_sum_assignment

    if not first or not second:
        return []
    likeness = _vectors(first, embedder) @ _vectors(second, embedder).T
    same = np.array([[one.fault == other.fault for other in second] for one in first])
    rows, columns = linear_sum_assignment(np.where(same, likeness, -1.0), maximize=True)
    return [
        (first[row], second[column], float(likeness[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if same[row, column] and likeness[row, column] >= NEAR
    ]


def _vectors(factors: Sequence[Factor], embedder: Embedder) -> Vectors:
    """Embed names and definitions, and take the mean of the run out: it is mostly language."""
    vectors = embedder.embed([f"{one.name}: {one.definition}" for one in factors])
    if len(factors) > 1:
        vectors = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def _figure(test: FactorTest) -> Estimate:
    return test.kappa if test.outcome is Outcome.WIN else test.lift


def _shares(counts: tuple[int, int], totals: tuple[int, int]) -> tuple[tuple[float, float], Estimate, float]:
    """Compare two shares: Newcombe's interval, and the p-value of Pearson's chi-squared test without correction."""
    ends = [_wilson(count, total) for count, total in zip(counts, totals, strict=True)]
    (p, low_p, high_p), (q, low_q, high_q) = ends
    low = q - p - hypot(q - low_q, high_p - p)
    high = q - p + hypot(high_q - q, p - low_p)
    pooled = sum(counts) / sum(totals)
    spread = sqrt(pooled * (1 - pooled) * (1 / totals[0] + 1 / totals[1]))
    p_value = _two_sided((q - p) / spread) if spread > 0 else float("nan")
    return (p, q), Estimate(q - p, low, high), p_value


def _wilson(count: int, total: int) -> tuple[float, float, float]:
    share = count / total
    scale = 1 + Z_95**2 / total
    middle = (share + Z_95**2 / (2 * total)) / scale
    half = Z_95 / scale * sqrt(share * (1 - share) / total + Z_95**2 / (4 * total**2))
    return share, middle - half, middle + half


def _difference(a: Estimate, b: Estimate) -> tuple[Estimate, float]:
    """Compare two figures by their standard errors, read from their intervals."""
    if a.value is None or b.value is None:
        return Estimate(), float("nan")
    value = b.value - a.value
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return Estimate(value), float("nan")
    error = hypot(a.high - a.low, b.high - b.low) / (2 * Z_95)
    if not error > 0:
        return Estimate(value), float("nan")
    return Estimate(value, value - Z_95 * error, value + Z_95 * error), _two_sided(value / error)


def _two_sided(z: float) -> float:
    return erfc(abs(z) / sqrt(2))
