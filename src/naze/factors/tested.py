"""What was found of each factor on votes that were held out: records, and the table that holds them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, overload

from naze.errors import InputError
from naze.factors.published import Published
from naze.factors.resampling import Estimate
from naze.records import Outcome

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FactorTest", "Losses", "Validation", "Why", "read_tests", "tests_table"]


class Why(StrEnum):
    """Why a factor passed or did not."""

    PASSED = "passed"
    """Its q-value is at most alpha, and it goes with the outcome as its definition says."""
    AGAINST = "against"
    """Its q-value is at most alpha, but it goes the other way: people prefer the response that shows it less, or
    call it a tie less often where both show it alike."""
    NOT_SIGNIFICANT = "not_significant"
    """Its q-value is above alpha: what was seen could well be chance."""
    TOO_FEW_PROMPTS = "too_few_prompts"
    """Fewer than 10 prompts to test on, or, for ties, fewer than 5 with a tie or without; not tested."""
    ONE_OUTCOME = "one_outcome"
    """The held-out votes have nothing to tell apart: no decided votes, no ties, or ties alone; not tested."""
    NO_CALL = "no_call"
    """It never names a response, as with a model that always says "a"; not tested."""
    NO_VARIATION = "no_variation"
    """It says the same of every vote; not tested."""
    NEVER_APPLIES = "never_applies"
    """The model says of every vote that it cannot be asked; not tested."""
    NOT_ANSWERED = "not_answered"
    """There is no verdict on any held-out vote; not tested."""


@dataclass(frozen=True, slots=True)
class FactorTest:
    """One factor on held-out votes. Shares are 0 to 1, intervals 95 %; None: cannot be had from these votes."""

    factor_id: str
    outcome: Outcome
    """What it was tested for. The figures for the other outcome are given as well."""
    passed: bool
    why: Why
    votes: int
    """Held-out votes with a verdict."""
    prompts: int
    """Prompts of the votes that the test rests on: decided ones with a call, or those where it applies."""
    coverage: Estimate
    """Share of the votes where the factor applies: P(not applicable) < 0.5."""
    decided: Estimate
    """Share of the votes where a or b is the likeliest of the four verdicts."""
    calls: int
    """Decided votes where it applies and leans to a response."""
    accuracy: Estimate
    """Share of the calls that people preferred as well."""
    kappa: Estimate
    """Cohen's kappa of calls and people, -1 to 1."""
    base_tie_rate: Estimate
    """Share of ties where it applies."""
    alike_threshold: float | None
    """Responses count as alike on it where P(alike | applicable) is at least so much."""
    alike_tie_rate: Estimate
    """Share of ties where the responses are alike on it."""
    lift: Estimate
    """alike_tie_rate / base_tie_rate."""
    lift_difference: Estimate
    """alike_tie_rate - base_tie_rate."""
    tie_auc: Estimate
    """How well P(alike | applicable) tells ties from decided votes; 0.5: not at all."""
    p_value: float | None
    """Two-sided, by permutation."""
    q_value: float | None
    """Benjamini and Hochberg's, over the factors that were tested."""
    log_loss_drop: Estimate
    """What it takes off the log loss of length and markdown, in nats per vote; above 0, it adds something."""
    sign_stability: float | None
    """Share of resamples in which it points the same way."""
    pass_stability: float | None
    """Share of resamples in which it passes."""
    position_bias: float | None
    """How much more the model names the first place than the second, -1 to 1."""
    alike_share: float | None
    """Mean P(alike) that the model gives."""
    published: Published
    """The figures of Feedback Forensics, from the likeliest verdicts."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Mean log losses of the next vote (a, b or tie) in grouped cross-validation, in nats; lower is better."""

    prior: float
    """Of the shares of a, b and tie alone."""
    style: float
    """Of length and markdown."""
    factors: float
    """Of length and markdown and all factors together."""
    drop: Estimate
    """What all factors together take off `style`."""
    with_ties: bool = True
    """Of all votes; else of the decided ones alone, since fewer than 10 prompts have a tie."""


@dataclass(frozen=True)
class Validation(Sequence[FactorTest]):
    """All tests, in the order of the factors, and what they rest on. A sequence of `FactorTest`."""

    tests: tuple[FactorTest, ...]
    outcome: Outcome
    alpha: float
    resamples: int
    permutations: int
    seed: int
    votes: int
    """Held-out votes that people decided or called a tie."""
    unvoted: int
    """Held-out votes without a winner; not used."""
    prompts: int
    ties: int
    log_loss: Losses | None
    """Log losses of the next vote; None where the held-out votes are too few."""

    @property
    def passed(self) -> tuple[str, ...]:
        """Ids of the factors that passed."""
        return tuple(test.factor_id for test in self.tests if test.passed)

    def __len__(self) -> int:
        return len(self.tests)

    @overload
    def __getitem__(self, index: int) -> FactorTest: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[FactorTest, ...]: ...
    def __getitem__(self, index: int | slice) -> FactorTest | tuple[FactorTest, ...]:
        return self.tests[index]

    def __iter__(self) -> Iterator[FactorTest]:
        return iter(self.tests)


_ESTIMATES = tuple(field.name for field in fields(FactorTest) if field.type in (Estimate, "Estimate"))
_PUBLISHED = tuple(field.name for field in fields(Published))
_NUMBERS = (
    "alike_threshold",
    "p_value",
    "q_value",
    "sign_stability",
    "pass_stability",
    "position_bias",
    "alike_share",
)


def tests_table(tests: Sequence[FactorTest]) -> "pl.DataFrame":
    """Lay tests out as a table: one row a factor, an estimate as three columns (`kappa`, `kappa_low`, `kappa_high`).

    Feedback Forensics' figures are the columns that begin with `published_`.
    """
    import polars as pl

    rows = []
    for test in tests:
        row: dict[str, Any] = {}
        for name in (field.name for field in fields(FactorTest)):
            value = getattr(test, name)
            if isinstance(value, Estimate):
                row |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
            elif isinstance(value, Published):
                row |= {f"published_{key}": figure for key, figure in asdict(value).items()}
            else:
                row[name] = value.value if isinstance(value, StrEnum) else value
        rows.append(row)
    return pl.DataFrame(rows, schema=_schema())


def read_tests(table: "pl.DataFrame") -> list[FactorTest]:
    """Turn what `tests_table` made into records again.

    Raises:
        InputError: a column is missing.
    """
    missing = [name for name in _schema() if name not in table.columns]
    if missing:
        raise InputError(f"tests of factors: no column {missing[0]!r}; the table was made by another naze.")
    return [_read(row) for row in table.iter_rows(named=True)]


def _read(row: dict[str, Any]) -> FactorTest:
    values: dict[str, Any] = {}
    for name in (field.name for field in fields(FactorTest)):
        if name in _ESTIMATES:
            values[name] = Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"])
        elif name == "published":
            values[name] = Published(**{key: row[f"published_{key}"] for key in _PUBLISHED})
        else:
            values[name] = row[name]
    return FactorTest(**values | {"outcome": Outcome(row["outcome"]), "why": Why(row["why"])})


def _schema() -> dict[str, "pl.DataType"]:
    """Name the columns and their types, so that a table without rows has them as well."""
    import polars as pl

    schema: dict[str, pl.DataType] = {}
    for name in (field.name for field in fields(FactorTest)):
        if name in _ESTIMATES:
            schema |= {column: pl.Float64() for column in (name, f"{name}_low", f"{name}_high")}
        elif name == "published":
            schema |= {
                f"published_{key}": pl.Int64() if key == "votes" else pl.Float64() for key in _PUBLISHED
            }
        elif name in _NUMBERS:
            schema[name] = pl.Float64()
        else:
            schema[name] = {
                "passed": pl.Boolean(),
                "votes": pl.Int64(),
                "prompts": pl.Int64(),
                "calls": pl.Int64(),
            }.get(name, pl.String())
    return schema
