"""Factors and their tests go in; what they come to, in sentences, comes out. Pages and Markdown word the same ones."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, median

from naze.factors.notes import Note
from naze.factors.result import Factors
from naze.factors.saturation import Saturation
from naze.factors.tested import FactorTest, Losses
from naze.records import Outcome
from naze.report.factor_rows import Row, effect_of
from naze.report.numbers import decimal, interval, percent
from naze.report.wording import Key, Message

__all__ = ["Step", "Summary", "key_figures", "saturation_words", "steps", "summary"]

_STRONGEST = 5
_NAMES = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A number on the way from explanations to factors that passed."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of factors comes to, as texts and what fills them."""

    opening: tuple[Message, ...]
    strongest: tuple[Message, ...]
    limits: tuple[Message, ...]
    bias: tuple[Message, ...]
    predict: tuple[Message, ...]


def steps(factors: Factors) -> tuple[Step, ...]:
    """Count what there was at each step."""
    counts = factors.about.counts
    return (
        Step("explanations", counts.get("explained", 0)),
        Step("reasons", counts.get("reasons", 0)),
        Step("kinds", counts.get("kinds", 0)),
        Step("factors", len(factors)),
        Step("passed", len(factors.validation.passed)),
    )


def summary(factors: Factors, rows: Sequence[Row]) -> Summary:
    """Say what was found, what holds, what could not be told, how the model leans and whether it helps to predict.

    Args:
        factors: the folder.
        rows: of `factor_rows`, the strongest first.
    """
    counts, tests = factors.about.counts, factors.validation
    opening: list[Message] = [
        ("s_found", {name: counts.get(name, 0) for name in ("explained", "reasons", "kinds")} | {"factors": len(rows)}),
        (
            "s_tested",
            {"votes": tests.votes, "prompts": tests.prompts, "ties": tests.ties, "passed": len(tests.passed),
             "factors": len(rows), "alpha": decimal(tests.alpha)},
        ),
    ]  # fmt: skip
    opening += [
        ("s_taken_over", note.values)
        for note in factors.about.notes
        if isinstance(note, Note) and note.key == "verdicts_taken_over"
    ]
    if not tests.passed:
        untested = all(test.q_value is None for test in tests)
        opening.append(("s_untested" if untested else "s_none", {}))
    return Summary(
        opening=tuple(opening),
        strongest=tuple(_strong(row) for row in rows[:_STRONGEST] if row.state == "passed"),
        limits=tuple(_limits(factors, rows)) or (("l_nothing", {}),),
        bias=tuple(_bias([row.test for row in rows])) or (("b_unknown", {}),),
        predict=tuple(_predict(tests.log_loss)),
    )


def key_figures(row: Row) -> Message | None:
    """Word the figures of one factor; None where it was not tested."""
    if row.state == "untested":
        return None
    key, values = _strong(row)
    return key.replace("strong_", "f_"), {**values, "q": f"=\N{NO-BREAK SPACE}{decimal(row.test.q_value, 3)}"}


def _strong(row: Row) -> Message:
    test, name = row.test, row.factor.name
    if test.outcome is Outcome.TIE:
        return "strong_tie", {
            "name": name, "alike": percent(test.alike_tie_rate.value), "base": percent(test.base_tie_rate.value),
            "lift": _with_interval(test),
        }  # fmt: skip
    key = "strong_fault" if row.factor.fault else "strong_win"
    return key, {
        "name": name, "accuracy": percent(test.accuracy.value), "calls": test.calls, "kappa": _with_interval(test)
    }  # fmt: skip


def _with_interval(test: FactorTest) -> str:
    effect = effect_of(test)
    return f"{decimal(effect.value)} {interval(effect)}".strip()


def _limits(factors: Factors, rows: Sequence[Row]) -> Iterator[Message]:
    """Say what the test left open."""
    half = _half_width([row.test for row in rows])
    if half is not None:
        wins = factors.about.outcome is Outcome.WIN
        yield (
            f"l_resolution_{factors.about.outcome.value}",
            {"half": decimal(half, 2) if wins else decimal(100 * half, 0)},
        )
    against = [row.factor.name for row in rows if row.state == "against"]
    if against:
        more = ["…"] if len(against) > _NAMES else []
        yield "l_against", {"n": len(against), "names": [*against[:_NAMES], *more]}
    chance = sum(row.state == "failed" for row in rows)
    if chance:
        yield "l_chance", {"n": chance}
    untested = Counter(row.test.why for row in rows if row.state == "untested")
    for why, count in untested.most_common():
        yield "l_untested", {"n": count, "why": Key(f"why_{why.value}")}
    counts = factors.about.counts
    if counts.get("unanswered"):
        yield "l_unanswered", {"n": counts["unanswered"], "all": counts.get("verdicts", 0)}
    if factors.validation.unvoted:
        yield "l_unvoted", {"n": factors.validation.unvoted}


def _half_width(tests: Sequence[FactorTest]) -> float | None:
    """Return the median of half the width of the intervals."""
    estimates = (one.kappa if one.outcome is Outcome.WIN else one.alike_tie_rate for one in tests)
    widths = [one.high - one.low for one in estimates if one.low is not None and one.high is not None]
    return median(widths) / 2 if widths else None


def _bias(tests: Sequence[FactorTest]) -> Iterator[Message]:
    """Say how the model leans to places and to "alike"."""
    places = [100 * one.position_bias for one in tests if one.position_bias is not None]
    if places:
        average = mean(places)
        sides = [decimal(one, 0) for one in (min(places), max(places))]
        if average < 0:
            sides = [decimal(-one, 0) for one in (max(places), min(places))]
        key = "b_position_first" if average >= 0 else "b_position_second"
        yield key, {"bias": decimal(abs(average), 0), "low": sides[0], "high": sides[1]}
    alike = [one.alike_share for one in tests if one.alike_share is not None]
    if alike:
        yield "b_alike", {"share": percent(mean(alike))}


def _predict(losses: Losses | None) -> Iterator[Message]:
    """Say whether the factors help to predict."""
    if losses is None:
        yield "ll_none", {}
        return
    shown = {"prior": losses.prior, "style": losses.style, "factors": losses.factors}
    yield (
        "ll_losses" if losses.with_ties else "ll_losses_decided",
        {name: decimal(value, 3) for name, value in shown.items()},
    )
    drop, key = losses.drop, "ll_same"
    if drop.low is not None and drop.low > 0:
        key = "ll_better"
    elif drop.high is not None and drop.high < 0:
        key = "ll_worse"
    yield key, {"drop": f"{decimal(drop.value, 3)} {interval(drop, 3)}".strip()}


def saturation_words(factors: Factors) -> tuple[Message, ...]:
    """Say whether more explanations would find more kinds."""
    curve = factors.about.saturation
    if curve is None or not curve.sizes:
        return (("sat_none", {}),)
    key = "sat_more" if curve.would_find_more else "sat_enough"
    return (
        (key, {"n": curve.sizes[-1], "slope": decimal(curve.slope, 1)}),
        _unseen(curve),
        ("sat_note", {"least": curve.least_votes}),
    )


def _unseen(curve: Saturation) -> Message:
    if curve.unseen < 0.5:
        return "sat_unseen_none", {"observed": curve.observed}
    return "sat_unseen", {"observed": curve.observed, "unseen": decimal(curve.unseen, 0)}
