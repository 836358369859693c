"""Factors go in; tables and plain words for a terminal come out."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from naze.errors import ConfigurationError
from naze.factors import Case, Comparison, Drill, Factors, Role, Within
from naze.factors.resampling import Estimate
from naze.factors.tested import FactorTest, Why
from naze.invocation import as_typed
from naze.jobs.fault_texts import look_twice
from naze.records import Outcome, Turns

if TYPE_CHECKING:
    import polars as pl

__all__ = ["drill_json", "show_comparison", "show_drill", "show_factors", "show_within", "sorted_table"]

SORTS = {
    "rank": ("q_value", False),
    "named": ("named_by", True),
    "lift": ("lift", True),
    "kappa": ("kappa", True),
    "accuracy": ("accuracy", True),
    "q": ("q_value", False),
    "coverage": ("coverage", True),
    "drop": ("log_loss_drop", True),
}
"""What the table can be sorted by: the column, and whether the largest stands first."""

WHY = {
    Why.PASSED: "holds",
    Why.AGAINST: "reversed",
    Why.NOT_SIGNIFICANT: "may be chance",
    Why.TOO_FEW_PROMPTS: "too few prompts",
    Why.ONE_OUTCOME: "one outcome only",
    Why.NO_CALL: "names no response",
    Why.NO_VARIATION: "says the same of all",
    Why.NEVER_APPLIES: "never applies",
    Why.NOT_ANSWERED: "no answers",
}
"""How a test ended, in the words of the table."""
_EXCERPT = 280


def sorted_table(factors: Factors, sort: str) -> "pl.DataFrame":
    """Return the table in an order that a person names; those that passed stand first where it is `rank`.

    Raises:
        ConfigurationError: an order that there is not.
    """
    if sort not in SORTS:
        raise ConfigurationError(f"--sort is {sort!r}; expected {', '.join(SORTS)}.")
    column, descending = SORTS[sort]
    table = factors.table()
    if sort == "rank":
        return table.sort(["passed", column, "named_by"], descending=[True, False, True], nulls_last=True)
    return table.sort(column, descending=descending, nulls_last=True)


def show_factors(factors: Factors, table: "pl.DataFrame") -> None:
    """Print what was found: counts, the table, notes."""
    console, about = Console(highlight=False), factors.about
    counts, validation = about.counts, factors.validation
    console.print(
        f"[bold]{escape(str(factors.folder))}[/]: {len(factors)} factors behind "
        f"{'ties' if about.outcome is Outcome.TIE else 'wins'}, from {counts.get('explained', 0):,} explanations; "
        f"{len(validation.passed)} hold on {validation.votes:,} held-out votes ({validation.prompts:,} prompts, "
        f"{validation.ties:,} ties)."
    )
    console.print(_table(factors, table))
    for line in _footer(factors):
        console.print(line)
    drill = as_typed("naze", "factors", "drill", factors.folder, "ID")
    page = as_typed("naze", "report", factors.folder)
    console.print(
        f"Look into one: {drill}   A page: {page}", soft_wrap=True, markup=False
    )  # to be copied whole


def _table(factors: Factors, table: "pl.DataFrame") -> Table:
    tie = factors.about.outcome is Outcome.TIE
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    shown.add_column("id", no_wrap=True)
    shown.add_column("factor", overflow="fold", min_width=18)
    for name in ("named by", "applies", "tie lift" if tie else "agreement", "q", "adds"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("held out", overflow="fold", min_width=8)
    names = {factor.id: factor for factor in factors.factors}
    for factor_id in table["factor_id"]:
        factor, test = names[factor_id], factors.tests[factor_id]
        shown.add_row(
            factor_id,
            escape(factor.name) + (" [dim](fault)[/]" if factor.fault else "") + _marked(factor.marks),
            f"{factor.vote_count:,}",
            _percent(test.coverage.value),
            _interval(test.lift) if tie else _interval(test.accuracy, percent=True),
            _number(test.q_value),
            _number(test.log_loss_drop.value, signed=True),
            WHY[test.why],
            style="" if test.passed else "dim",
        )
    return shown


def _marked(marks: Sequence[str]) -> str:
    """Say what is wrong with a text that a model wrote, where something is."""
    return f" [yellow]{escape(look_twice(marks))}[/]" if marks else ""


def _footer(factors: Factors) -> Iterator[str]:
    losses = factors.validation.log_loss
    if losses is not None:
        what = "vote" if losses.with_ties else "decided vote"
        yield (
            f"Log loss of the next {what}: {losses.prior:.3f} from the shares alone, {losses.style:.3f} with length and "
            f"markdown, {losses.factors:.3f} with all factors."
        )
    yield from _bias(factors)
    for one in factors.about.refused[:8]:
        yield f"[dim]refused: {escape(one.name)} ({escape(one.why)}, {one.reason_count:,} reasons)[/]"
    for note in factors.about.notes:
        yield f"[dim]note: {escape(str(note))}[/]"


def _bias(factors: Factors) -> Iterator[str]:
    biases = [test.position_bias for test in factors.validation if test.position_bias is not None]
    alike = [test.alike_share for test in factors.validation if test.alike_share is not None]
    if biases and alike:
        yield (
            f"The model names the first place {sum(biases) / len(biases):+.2f} more than the second (taken out by asking "
            f'in both orders), and says "alike" with {sum(alike) / len(alike):.0%} probability.'
        )


def show_drill(factors: Factors, looked: Drill) -> None:
    """Print one factor: test, cases, where it holds, what the cases show."""
    console, factor, test = Console(highlight=False), looked.factor, looked.test
    console.print(f"[bold]{factor.id}  {escape(factor.name)}[/]{'  (a fault)' if factor.fault else ''}")
    console.print(escape(factor.definition) + _marked(factor.marks))
    console.print(
        f"Named by {factor.vote_count:,} votes ({factor.reason_count:,} reasons). {_told(test)}: {WHY[test.why]}."
    )
    titles = {
        Role.FOR: "For it, held out",
        Role.AGAINST: "Against it, held out",
        Role.SOURCE: "Where it was found",
    }
    for role, title in titles.items():
        console.print(f"\n[bold]{title}[/]" + ("" if looked.of(role) else ": none"))
        for case in looked.of(role):
            _show_case(console, case)
    if looked.slices:
        console.print("\n[bold]Where it holds[/]")
        console.print(_slices(looked))
    if looked.analysis is not None:
        _show_analysis(console, looked)


def _told(test: FactorTest) -> str:
    if test.outcome is Outcome.TIE:
        return f"Lift {_interval(test.lift)}, q {_number(test.q_value)}"
    return f"Agreement {_interval(test.accuracy, percent=True)}, kappa {_interval(test.kappa)}, q {_number(test.q_value)}"


def _show_case(console: Console, case: Case) -> None:
    vote = case.vote
    chosen = "not voted" if vote.winner is None else vote.winner.value
    said = "" if case.lean is None else f"; the model: lean {case.lean:+.2f}, alike {case.alike:.0%}"
    console.print(f"[bold]{case.id}[/]  vote {escape(vote.id)}: people chose {chosen}{said}")
    for name, turns in (("prompt", vote.prompt), ("A", vote.response_a), ("B", vote.response_b)):
        console.print(f"  [dim]{name}[/]  {escape(_excerpt(turns))}")
    for quote in case.quotes:
        before, after = (" ".join(part.split()) for part in (quote.before, quote.after))
        console.print(
            f"  [dim]explanation  {escape(before[-60:])}[/] [bold]{escape(_excerpt((quote.text,)))}[/] "
            f"[dim]{escape(after[:60])}[/]"
        )


def _slices(looked: Drill) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    tie = looked.test.outcome is Outcome.TIE
    for name in (
        "",
        "",
        "votes",
        "ties where alike" if tie else "agreement",
        "ties here" if tie else "by chance",
    ):
        table.add_column(name)
    for one in looked.slices:
        table.add_row(
            one.by, escape(one.value), f"{one.votes:,}", _interval(one.figure, percent=True),
            _percent(one.base.value),
        )  # fmt: skip
    return table


def _show_analysis(console: Console, looked: Drill) -> None:
    analysis = looked.analysis
    assert analysis is not None
    console.print(f"\n[bold]What the cases show[/] ({escape(analysis.model)})")
    if analysis.marks:
        console.print(_marked(analysis.marks).strip())
    for claim in analysis.claims:
        cited = escape(f"[{', '.join(claim.case_ids)}]")
        console.print(f"- {escape(claim.text)} [dim]{cited}[/]")
    if analysis.problem:
        console.print(f"[dim]{escape(analysis.problem)}[/]")
    if analysis.rejected:
        console.print(f"[dim]{analysis.rejected} claims cite no case that exists; left out[/]")


def show_comparison(a: Factors, b: Factors, found: Comparison) -> None:
    """Print what two runs share and where they differ."""
    console = Console(highlight=False)
    tie = a.about.outcome is Outcome.TIE
    console.print(f"[bold]A[/] {escape(str(a.folder))}   [bold]B[/] {escape(str(b.folder))}")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("factor in A", "factor in B", "named A", "named B", "difference", "q", "lift A" if tie else "kappa A",
                 "lift B" if tie else "kappa B", "difference", "q"):  # fmt: skip
        table.add_column(name)
    for one in found.matched:
        table.add_row(
            f"{one.a.id} {escape(one.a.name)}", f"{one.b.id} {escape(one.b.name)}",
            _percent(one.share_a), _percent(one.share_b), _interval(one.share_difference, percent=True),
            _number(one.share_q), _number(one.figure_a.value), _number(one.figure_b.value),
            _interval(one.figure_difference), _number(one.figure_q),
        )  # fmt: skip
    console.print(table)
    for title, only in (("Only in A", found.only_a), ("Only in B", found.only_b)):
        names = ", ".join(f"{one.id} {one.name}" for one in only) or "none"
        console.print(f"[bold]{title}[/]: {escape(names)}")


def show_within(factors: Factors, found: Within) -> None:
    """Print how each factor of one run differs between parts of its votes."""
    console = Console(highlight=False)
    console.print(f"[bold]{escape(str(factors.folder))}[/] by {escape(found.by)}")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("id", "factor", found.by, "named by", "q"):
        table.add_column(name, no_wrap=name in ("id", "q"))
    for name in (found.figure, "q"):
        table.add_column(name, no_wrap=True)
    for row in found.rows:
        for place, (part, figures) in enumerate(zip(found.parts, row.parts, strict=True)):
            first = place == 0
            fault = " [dim](fault)[/]" if row.factor.fault else ""
            table.add_row(
                row.factor.id if first else "",
                escape(row.factor.name) + fault if first else "",
                escape(part.value),
                f"{_interval(figures.share, percent=True)} of {part.explained:,}" if part.explained else "–",
                _number(row.share_q) if first else "",
                _interval(figures.figure),
                _number(row.figure_q) if first else "",
            )
    console.print(table)
    judged = ", ".join(f"{part.value} {part.judged:,}" for part in found.parts)
    console.print(f"Held-out votes judged: {escape(judged)}.")
    if found.unknown:
        console.print(
            f"[dim]note: of {found.unknown:,} votes the {escape(found.by)} is not known; left out[/]"
        )
    if found.figure == "lean":
        console.print(
            "[dim]lean: how much more the judge sees it in this model's responses than in the others'[/]"
        )


def drill_json(looked: Drill) -> dict[str, Any]:
    """Return everything of a drill as plain values."""
    return asdict(looked)


def _excerpt(turns: Turns) -> str:
    text = " ".join("\n".join(turn or "" for turn in turns).split())
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _number(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:+.3f}" if signed else f"{value:.2g}" if abs(value) < 0.1 else f"{value:.2f}"


def _interval(estimate: Estimate, *, percent: bool = False) -> str:
    if estimate.value is None:
        return "–"
    form = ".0%" if percent else ".2f"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:{form}}"
    return f"{estimate.value:{form}} ({estimate.low:{form}}–{estimate.high:{form}})"
