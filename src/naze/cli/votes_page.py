"""A `VotesReport` goes in; plain words and small tables for a terminal come out."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from naze.votes import VotesReport
from naze.votes.proportions import Proportion

__all__ = ["show_report"]

OUTCOMES = {
    "a": "A won", "b": "B won", "tie": "tie", "both_bad": "tie, both bad", "none": "not voted yet",
}  # fmt: skip
SIDES = {"prompt": "prompt", "response_a": "response A", "response_b": "response B"}
MOST_LINES = 20


def show_report(report: VotesReport, model: str | None) -> None:
    """Print a report for reading."""
    console = Console(highlight=False)
    console.print(
        f"[bold]{escape(report.path or 'votes')}[/]: {_votes(report.votes)} (layout: {report.format})"
    )
    for line in _kept_aside(report):
        console.print(line)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _rows(report, model):
        table.add_row(name, escape(text))
    console.print(table)


def _kept_aside(report: VotesReport) -> Iterator[str]:
    if not report.kept_aside:
        return
    yield f"[bold]{len(report.kept_aside):,} of {report.rows:,} rows are kept aside:[/]"
    for row, reason in report.kept_aside[:MOST_LINES]:
        yield f"  row {row}: {escape(reason)}"
    if len(report.kept_aside) > MOST_LINES:
        yield f"  and {len(report.kept_aside) - MOST_LINES:,} more (all of them with --json)"


def _rows(report: VotesReport, model: str | None) -> Iterator[tuple[str, str]]:
    yield (
        "Outcomes",
        _shares({OUTCOMES[name]: count for name, count in report.outcomes.items()}, report.votes),
    )
    yield "Turns", _shares({_turns(number): count for number, count in report.turns.items()}, report.votes)
    yield "Languages", _shares(report.languages, report.votes)
    yield "Models", f"{report.models:,} named" if report.models else "not named"
    yield "Nulls", _sides(report.null_turns)
    yield "Empty texts", _sides(report.empty_turns)
    if report.replaced_surrogates:
        yield "Broken characters", f"{report.replaced_surrogates:,} replaced with U+FFFD"
    yield from _duplicates(report)
    yield "Identical responses", _identical(report)
    yield "Position", _bias(report.position_bias, "A won", "decided votes", "the side")
    yield (
        "Length",
        _bias(report.length_bias, "the longer response won", "decided votes of unequal length", "length"),
    )
    if report.context is not None:
        yield "Context", _context(report, model)


def _duplicates(report: VotesReport) -> Iterator[tuple[str, str]]:
    found = report.duplicates
    yield "Different prompts", f"{found.prompts:,}"
    yield "Exact duplicates", _with_examples(f"{found.exact:,}", found.exact_ids)
    yield "Near duplicates", _with_examples(f"{found.near:,}", found.near_ids)
    yield (
        "Contradictions",
        _with_examples(
            f"{found.contradicting:,} comparisons were decided differently by different people"
            f" ({found.contradicting_votes:,} votes)"
            if found.contradicting
            else "none",
            found.contradicting_ids,
        ),
    )


def _with_examples(text: str, groups: tuple[tuple[str, ...], ...]) -> str:
    return f"{text}, such as {' = '.join(groups[0])}" if groups else text


def _identical(report: VotesReport) -> str:
    count = sum(report.identical_responses.values())
    if not count:
        return "none"
    votes = ", ".join(f"{OUTCOMES[name]} {number}" for name, number in report.identical_responses.items())
    return f"{_votes(count)}: {votes}"


def _context(report: VotesReport, model: str | None) -> str:
    context = report.context
    assert context is not None
    return (
        f"{context.exceeding:,} of {context.rows:,} prompts exceed the {context.limit_tokens:,} tokens that "
        f"{model or 'the model'} leaves for a prompt (median {context.median_tokens:,}, "
        f"longest {context.longest_tokens:,})"
    )


def _votes(number: int) -> str:
    return f"{number:,} vote{'' if number == 1 else 's'}"


def _turns(number: int) -> str:
    return f"{number} turn{'' if number == 1 else 's'}"


def _shares(counts: Mapping[str, int], total: int, most: int = 8) -> str:
    shown = [
        f"{name} {count:,} ({count / total:.1%})" for name, count in list(counts.items())[:most] if total
    ]
    return ", ".join(shown) + (f", {len(counts) - most} more" if len(counts) > most else "") or "none"


def _sides(counts: Mapping[str, int]) -> str:
    found = [f"{SIDES[side]} in {_votes(count)}" for side, count in counts.items() if count]
    return ", ".join(found) or "none"


def _bias(share: Proportion, what: str, of: str, cause: str) -> str:
    if share.share is None or share.low is None or share.high is None:
        return f"no {of}"
    inside = share.low <= 0.5 <= share.high
    verdict = f"no sign that {cause} decides" if inside else f"{cause} goes along with winning"
    if not inside and share.share < 0.5:
        verdict = f"{cause} goes along with losing" if what != "A won" else verdict
    return (
        f"{what} {share.share:.1%} of {share.total:,} {of} "
        f"(95 % interval {share.low:.1%} to {share.high:.1%}): {verdict}"
    )
