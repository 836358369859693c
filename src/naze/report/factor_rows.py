"""Factors and their tests go in; the rows of the table that a reader sees come out, the strongest first."""

from collections.abc import Iterable
from dataclasses import dataclass

from naze.factors.resampling import Estimate
from naze.factors.result import Factors
from naze.factors.tested import FactorTest, Why
from naze.records import Factor, Outcome
from naze.report.numbers import decimal, interval, milli, percent, percent_interval, q_value
from naze.report.wording import Message

__all__ = ["COLUMNS", "Cell", "Row", "effect_of", "factor_rows", "state_of"]

COLUMNS: dict[Outcome, tuple[str, ...]] = {
    Outcome.WIN: ("named", "coverage", "accuracy", "kappa", "q", "adds", "stability"),
    Outcome.TIE: ("named", "coverage", "tie_rate", "lift", "q", "adds", "stability"),
}
"""The columns of figures between a factor and its verdict."""
_STATES = {Why.PASSED: "passed", Why.AGAINST: "against", Why.NOT_SIGNIFICANT: "failed"}
_ORDER = ("passed", "failed", "against", "untested")


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a factor."""

    column: str
    text: str
    below: str | Message = ""
    """Its interval, or what it stands beside."""
    value: float | None = None
    """What the column is sorted by."""


@dataclass(frozen=True, slots=True)
class Row:
    """One factor as the table shows it."""

    factor: Factor
    test: FactorTest
    state: str
    """`passed`, `against`, `failed` or `untested`."""
    cells: tuple[Cell, ...]


def state_of(test: FactorTest) -> str:
    """Tell in which of four ways a test ended."""
    return _STATES.get(test.why, "untested")


def effect_of(test: FactorTest) -> Estimate:
    """Return the figure that a factor is tested by: kappa for wins, lift for ties."""
    return test.kappa if test.outcome is Outcome.WIN else test.lift


def factor_rows(factors: Factors) -> tuple[Row, ...]:
    """Lay the factors out: those that passed first, then failed ones, then untested ones, each by size of effect."""
    explained = max(factors.about.counts.get("explained", 0), 1)
    rows = (
        Row(factor, test, state_of(test), tuple(_cells(factor, test, explained)))
        for factor, test in ((one, factors.tests[one.id]) for one in factors.factors)
    )
    return tuple(sorted(rows, key=_place))


def _place(row: Row) -> tuple[int, float]:
    effect = effect_of(row.test).value
    return _ORDER.index(row.state), float("inf") if effect is None else -effect


def _cells(factor: Factor, test: FactorTest, explained: int) -> Iterable[Cell]:
    share = factor.vote_count / explained
    yield Cell("named", f"{factor.vote_count:,}", percent(share), factor.vote_count)
    yield Cell("coverage", percent(test.coverage.value), percent_interval(test.coverage), test.coverage.value)
    yield from _effects(test)
    yield Cell("q", q_value(test.q_value), "", test.q_value)
    drop = Estimate() if state_of(test) == "untested" else test.log_loss_drop
    yield Cell("adds", *milli(drop), drop.value)
    same_way: Message | str = ""
    if test.sign_stability is not None:
        same_way = "same_way", {"share": percent(test.sign_stability)}
    yield Cell("stability", percent(test.pass_stability), same_way, test.pass_stability)


def _effects(test: FactorTest) -> Iterable[Cell]:
    if test.outcome is Outcome.WIN:
        yield Cell(
            "accuracy", percent(test.accuracy.value), percent_interval(test.accuracy), test.accuracy.value
        )
        yield Cell("kappa", decimal(test.kappa.value), interval(test.kappa), test.kappa.value)
    else:
        base: Message | str = ""
        if test.base_tie_rate.value is not None:
            base = "of_base", {"base": percent(test.base_tie_rate.value)}
        yield Cell("tie_rate", percent(test.alike_tie_rate.value), base, test.alike_tie_rate.value)
        yield Cell("lift", decimal(test.lift.value), interval(test.lift), test.lift.value)
