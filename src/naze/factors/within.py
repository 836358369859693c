"""One factors run and a way to part its votes go in; how each factor differs between the parts comes out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from naze.errors import InputError
from naze.factors.agreement import agreement
from naze.factors.held_out import Bools, HeldOut, Ints, prompt_numbers
from naze.factors.labels import labels_by, most_common
from naze.factors.matrix import Floats
from naze.factors.parts import OUTCOME_WINNERS
from naze.factors.permutation import q_values
from naze.factors.resampling import (
    LEAST_PROMPTS,
    Estimate,
    Estimates,
    bootstrap_interval,
    known,
    resample,
    share_interval,
    sums_by,
)
from naze.factors.tie_lift import tie_lift
from naze.records import Factor, Outcome, Vote, Winner
from naze.votes.proportions import Z_95

if TYPE_CHECKING:
    from naze.factors.result import Factors

__all__ = ["Part", "PartFigures", "Parted", "Within", "compare_within"]

MOST_PARTS = 8
"""Parts that are shown; the rarer values are one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the votes."""

    value: str
    explained: int
    """Its votes in whose explanations reasons were found."""
    judged: int
    """Its held-out votes that the model was asked about."""


@dataclass(frozen=True, slots=True)
class PartFigures:
    """One factor in one part."""

    named: int
    """Explained votes that name it."""
    share: Estimate
    """Their share of the part's explained votes."""
    figure: Estimate
    """On the part's held-out votes: kappa for wins, lift for ties; by model, for wins, how much more the judge sees the
    factor in this model's responses than in the others', -1 to 1."""


@dataclass(frozen=True, slots=True)
class Parted:
    """One factor in all parts."""

    factor: Factor
    parts: tuple[PartFigures, ...]
    """In the order of `Within.parts`."""
    share_q: float | None
    """Of one share in all parts, over all factors; None where it cannot be tested."""
    figure_q: float | None
    """Of one figure in all parts, over all factors."""


@dataclass(frozen=True)
class Within:
    """How the factors of one run differ between parts of its votes."""

    by: str
    figure: str
    """What `PartFigures.figure` is: `kappa`, `lift` or `lean`."""
    parts: tuple[Part, ...]
    """The largest first."""
    rows: tuple[Parted, ...]
    """In the order of the factors."""
    unknown: int
    """Votes of which it is not known in which part they are; left out."""


def compare_within(factors: "Factors", by: str, *, resamples: int = 1_000) -> Within:
    """Compare each factor between parts of the votes of one run.

    How many explanations name a factor is compared by Pearson's chi-squared test (not where fewer than one is
    expected somewhere), what it is worth on held-out votes by Cochran's Q, from the standard errors; q-values are Benjamini
    and Hochberg's, over the factors. Explanations count as independent.

    By `model`, a vote is in the part of the model that was preferred (of a fault, in that of the other), and a tie in
    the parts of both; there no test is made of the ties' shares, nor of the leans, since the parts share votes.

    Args:
        factors: the folder.
        by: `model`, `language`, `length`, `turns`, `source`, `period`, or a column of the votes.
        resamples: of the prompts, for intervals.

    Raises:
        InputError: the votes cannot be parted so, or all of them are in one part.

    Sources: Cochran 1954, "The combination of estimates from different experiments". Wilson 1927 for the shares.
    """
    explained, judged = _explained(factors), list(factors.judged)
    places = _places(explained, judged, by, factors.about.outcome)
    named = _Named.of(factors, explained, places)
    figures = _figures(factors, places, by, resamples)
    tie, by_model = factors.about.outcome is Outcome.TIE, by == "model"
    share_q = q_values(named.p_values if not (tie and by_model) else np.full(len(factors), np.nan))
    figure_q = q_values(_heterogeneity(figures, tie) if not by_model else np.full(len(factors), np.nan))
    return Within(
        by=by,
        figure="lift" if tie else "lean" if by_model else "kappa",
        parts=tuple(
            Part(name, int(named.explained[part]), int((places.judged[:, part] != 0).sum()))
            for part, name in enumerate(places.names)
        ),
        rows=tuple(
            Parted(
                factor,
                tuple(
                    PartFigures(
                        int(named.counts[part, column]),
                        named.shares[part].at(column),
                        figures[part].at(column),
                    )
                    for part in range(len(places.names))
                ),
                known(share_q[column]),
                known(figure_q[column]),
            )
            for column, factor in enumerate(factors.factors)
        ),
        unknown=places.unknown,
    )


@dataclass(frozen=True)
class _Places:
    """In which part each vote is."""

    names: tuple[str, ...]
    explained: Bools
    """(2, votes, parts): where a virtue that an explanation names counts, and where a fault."""
    judged: Floats
    """(votes, parts): 1 in the part; by model, 1 as the model of A and -1 as that of B."""
    unknown: int


def _explained(factors: "Factors") -> list[Vote]:
    """Return the votes in whose explanations reasons were found."""
    wanted = OUTCOME_WINNERS[factors.about.outcome]
    return [
        vote
        for vote in factors.votes
        if not vote.extra["held_out"] and vote.winner in wanted and vote.id in factors.explanations
    ]


def _places(explained: Sequence[Vote], judged: Sequence[Vote], by: str, outcome: Outcome) -> _Places:
    """Put every vote into its part, or, by model, into those of its models.

    Raises:
        InputError: fewer than two parts.
    """
    votes = [*explained, *judged]
    if by == "model":
        sides = [[vote.model_a for vote in votes], [vote.model_b for vote in votes]]
    else:
        sides = [most_common(labels_by(votes, by, most=MOST_PARTS), MOST_PARTS)]
    counts = Counter(label for side in sides for label in side if label is not None)
    names = tuple(sorted(counts, key=lambda name: (-counts[name], name))[:MOST_PARTS])
    if len(names) < 2:
        raise InputError(
            f"compare by {by}: "
            + (f"all votes have {names[0]!r}" if names else "no vote says what it has")
            + "; expected votes of two parts or more."
        )
    member = np.stack([[[label == name for name in names] for label in side] for side in sides])
    unknown = int((~member.any(axis=(0, 2))).sum())
    of_explained, of_judged = member[:, : len(explained)], member[:, len(explained) :].astype(np.float64)
    if by != "model":
        return _Places(names, np.stack([of_explained[0]] * 2), of_judged[0], unknown)
    if outcome is Outcome.TIE:
        either = of_explained.any(axis=0)
        return _Places(names, np.stack([either] * 2), of_judged.max(axis=0), unknown)
    first = np.array([vote.winner is Winner.A for vote in explained], bool)[:, None]
    preferred, other = (np.where(first == won, of_explained[0], of_explained[1]) for won in (True, False))
    return _Places(names, np.stack([preferred, other]), of_judged[0] - of_judged[1], unknown)


@dataclass(frozen=True)
class _Named:
    """How many explanations name each factor in each part."""

    explained: Ints
    """(parts,): explained votes."""
    counts: Ints
    """(parts, factors): those that name the factor."""
    shares: tuple[Estimates, ...]
    """One of each part."""
    p_values: Floats
    """(factors,): of one share in all parts."""

    @classmethod
    def of(cls, factors: "Factors", explained: Sequence[Vote], places: _Places) -> "_Named":
        row_of = {vote.id: row for row, vote in enumerate(explained)}
        column_of = {factor.id: column for column, factor in enumerate(factors.factors)}
        named = np.zeros((len(explained), len(column_of)))
        for vote_id, factor_id in factors.reasons().select("vote_id", "factor_id").iter_rows():
            if vote_id in row_of and factor_id in column_of:
                named[row_of[vote_id], column_of[factor_id]] = 1.0
        members = places.explained[np.array([factor.fault for factor in factors.factors], int)].astype(
            np.float64
        )
        prompts = prompt_numbers(explained)
        counts, totals, shares = [], [], []
        for part in range(len(places.names)):
            member = members[:, :, part].T
            hits, whole = (sums_by(one, prompts, int(prompts.max()) + 1) for one in (named * member, member))
            counts.append(hits.sum(axis=0))
            totals.append(whole.sum(axis=0))
            shares.append(share_interval(hits, whole))
        return cls(
            places.explained[0].sum(axis=0),
            np.stack(counts).astype(np.int64),
            tuple(shares),
            _chi_squared(np.stack(counts), np.stack(totals)),
        )


def _figures(factors: "Factors", places: _Places, by: str, resamples: int) -> tuple[Estimates, ...]:
    """Say what each factor is worth on the held-out votes of each part."""
    held, seed = factors.held_out(), factors.about.seed
    if factors.about.outcome is Outcome.WIN and by == "model":
        lean = factors.matrix().lean
        return tuple(_mean_lean(held, lean, side, resamples, seed) for side in places.judged.T)
    threshold = np.array([factors.tests[one.id].alike_threshold for one in factors.factors], np.float64)
    found = []
    for side in places.judged.T:
        part = held.only(side != 0)
        if not len(part.outcomes):
            found.append(Estimates(*(np.full(len(factors), np.nan) for _ in range(3))))
        elif factors.about.outcome is Outcome.WIN:
            found.append(agreement(part, resamples=resamples, seed=seed).kappa)
        else:
            found.append(tie_lift(part, resamples=resamples, seed=seed, threshold=threshold).ratio)
    return tuple(found)


def _mean_lean(held: HeldOut, lean: Floats, side: Floats, resamples: int, seed: int) -> Estimates:
    """Say how much more the judge sees each factor on one side, with a bootstrap over prompts."""
    used = held.applies & (side != 0)[:, None]
    parts = np.stack([np.where(used, side[:, None] * lean, 0.0), used.astype(np.float64)], axis=1)
    sums = sums_by(parts, held.prompts, held.prompt_count)

    def mean(of: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Floats = of[..., 0, :] / of[..., 1, :]
        return means

    ends = bootstrap_interval(mean(resample(sums, resamples, seed)))
    enough = (sums[:, 1] > 0).sum(axis=0) >= LEAST_PROMPTS
    return Estimates(mean(sums.sum(axis=0)), *ends).where(enough)


def _chi_squared(counts: Floats, totals: Floats) -> Floats:
    """Test shares for being one in all parts: (factors,), NaN where fewer than one is expected somewhere."""
    from scipy.stats import chi2_contingency

    p_values = np.full(counts.shape[1], np.nan)
    for column in range(counts.shape[1]):
        there = totals[:, column] > 0
        cells = np.stack([counts[there, column], totals[there, column] - counts[there, column]])
        expected = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0, keepdims=True) / max(cells.sum(), 1)
        if there.sum() > 1 and (expected >= 1).all():
            p_values[column] = chi2_contingency(cells, correction=False).pvalue
    return p_values


def _heterogeneity(figures: Sequence[Estimates], logarithms: bool) -> Floats:
    """Test figures for being one in all parts: (factors,), NaN where fewer than two have an interval."""
    from scipy.stats import chi2

    value, low, high = (
        np.stack([getattr(one, name) for one in figures]) for name in ("value", "low", "high")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        if logarithms:
            value, low, high = np.log(value), np.log(low), np.log(high)
        weights = (2 * Z_95 / (high - low)) ** 2
    usable = np.isfinite(weights) & np.isfinite(value)
    weights, value = np.where(usable, weights, 0.0), np.where(usable, value, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        common = (weights * value).sum(axis=0) / weights.sum(axis=0)
    statistic = (weights * (value - common) ** 2).sum(axis=0)
    freedom = usable.sum(axis=0) - 1
    return np.where(freedom > 0, chi2.sf(statistic, np.maximum(freedom, 1)), np.nan)
