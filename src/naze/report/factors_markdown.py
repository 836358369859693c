"""A folder of factors goes in; a report in Markdown comes out, in one language, that reads well on a forge."""

from collections.abc import Iterator, Sequence

from naze.factors.cases import Case, Role
from naze.factors.drill import Drill, drill
from naze.factors.notes import Told
from naze.factors.result import Factors
from naze.jobs.fault_texts import look_twice
from naze.records import Turns
from naze.report.factor_cases import passages
from naze.report.factor_made import how_made, note_words, why_refused
from naze.report.factor_rows import COLUMNS, Cell, Row, factor_rows
from naze.report.factor_summary import key_figures, saturation_words, steps, summary
from naze.report.factors_page import source_name
from naze.report.wording import Key, Message, as_markdown, escape_markdown, say

__all__ = ["factors_markdown"]

_LONGEST = 200
"""Characters of a prompt or response."""
_AROUND = 80
"""Characters of an explanation that are shown on either side of a quote."""
_ROLES = (Role.FOR, Role.AGAINST, Role.SOURCE)


def factors_markdown(factors: Factors, *, language: str, title: str | None, cases: int) -> str:
    """Word the report: summary, table, cases of the factors that passed, how it was made.

    Args:
        factors: the folder.
        language: of the report's own words, `ja` or `en`.
        title: the heading; None: one made of the folder.
        cases: of each role, for each factor that passed.
    """
    rows = factor_rows(factors)
    heading = title or say(language, f"title_{factors.about.outcome.value}", source=source_name(factors))
    parts = [
        [f"# {escape_markdown(heading)}"],
        [as_markdown(language, f"lead_{factors.about.outcome.value}")],
        _summary(factors, rows, language),
        _table(factors, rows, language),
        [f"## {say(language, 'saturation')}", *_words(saturation_words(factors), language)],
        _cases(factors, rows, language, cases),
        _refused(factors, language),
        _how(factors, language),
    ]
    return "\n\n".join(paragraph for part in parts for paragraph in part) + "\n"


def _words(messages: Sequence[Message], language: str) -> list[str]:
    return [as_markdown(language, key, **values) for key, values in messages]


def _list(messages: Sequence[Message], language: str, mark: str = "-") -> str:
    return "\n".join(f"{mark} {words}" for words in _words(messages, language))


def _summary(factors: Factors, rows: Sequence[Row], language: str) -> Iterator[str]:
    found = summary(factors, rows)
    yield f"## {say(language, 'summary')}"
    yield " → ".join(f"**{one.count:,}** {say(language, f'step_{one.name}')}" for one in steps(factors))
    yield from _words(found.opening, language)
    if found.strongest:
        yield f"### {say(language, 'strongest')}"
        yield _list(found.strongest, language, "1.")
    for name in ("limits", "predict", "bias"):
        yield f"### {say(language, name)}"
        yield _list(getattr(found, name), language)


def _table(factors: Factors, rows: Sequence[Row], language: str) -> Iterator[str]:
    columns = COLUMNS[factors.about.outcome]
    yield f"## {say(language, 'table')}"
    yield as_markdown(language, "table_note")
    lines = [_line(say(language, f"col_{name}") for name in ("factor", *columns, "verdict"))]
    lines.append("| --- |" + " ---: |" * len(columns) + " --- |")
    lines += [_row(row, language) for row in rows]
    yield "\n".join(lines)
    yield "\n".join(
        f"- **{say(language, f'col_{name}')}**: {as_markdown(language, f'read_{name}')}" for name in columns
    )
    yield as_markdown(language, "read_interval")


def _row(row: Row, language: str) -> str:
    fault = f" ({say(language, 'fault')})" if row.factor.fault else ""
    named = f"**{escape_markdown(row.factor.name)}**{fault}<br>{_flat(row.factor.definition)}{_marked(row, language)}"
    figures = (_figure(cell, language) for cell in row.cells)
    verdict = f"{say(language, f'state_{row.state}')}: {say(language, f'why_{row.test.why.value}')}"
    return _line([named, *figures, verdict])


def _marked(row: Row, language: str) -> str:
    return f" ({escape_markdown(look_twice(row.factor.marks, language))})" if row.factor.marks else ""


def _figure(cell: Cell, language: str) -> str:
    """Put a figure and what stands below it in the page on one line."""
    below = cell.below
    if not isinstance(below, str):
        below = as_markdown(language, below[0], **below[1])
    if not below:
        return cell.text
    return f"{cell.text} {below if below.startswith('[') else f'({below})'}"


def _line(cells: Iterator[str] | Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cases(factors: Factors, rows: Sequence[Row], language: str, most: int) -> Iterator[str]:
    passed = [row for row in rows if row.state == "passed"]
    if not passed:
        return
    yield f"## {say(language, 'cases')}"
    yield as_markdown(language, "cases_note")
    for row in passed:
        yield f"### {escape_markdown(row.factor.name)} ({row.factor.id})"
        yield _flat(row.factor.definition) + _marked(row, language)
        figures = key_figures(row)
        yield "\n".join(_words([figures] if figures else [], language))
        yield from _factor_cases(factors, drill(factors, row.factor.id, most=most), language)


def _factor_cases(factors: Factors, one: Drill, language: str) -> Iterator[str]:
    for role in _ROLES:
        chosen = one.of(role)
        if not chosen:
            continue
        yield f"<details><summary>{say(language, f'js_{role.value}')} ({len(chosen)})</summary>"
        for case in chosen:
            found = factors.explanations.get(case.vote.id)
            yield "\n".join(_case(case, found.text if found else "", language))
        yield "</details>"


def _case(case: Case, text: str, language: str) -> Iterator[str]:
    vote = case.vote
    winner = "none" if vote.winner is None else vote.winner.value
    yield f"- **{case.id}** · {say(language, f'js_people_{winner}')} · {_flat(vote.id)}"
    shown = (f"  > {_passage(parts)}" for parts in passages(text, case.quotes, _AROUND))
    yield from filter(None, ["\n  >\n".join(shown)])
    told = (
        ("js_prompt", vote.prompt),
        ("js_response_a", vote.response_a),
        ("js_response_b", vote.response_b),
    )
    for key, turns in told:
        yield f"  - {say(language, key)}: {_short(turns)}"


def _passage(parts: Sequence[str]) -> str:
    """Mark quotes in what surrounds them."""
    shown = (
        f"<mark>{_flat(part)}</mark>" if place % 2 else _flat(part, ends=False)
        for place, part in enumerate(parts)
    )
    return "".join(shown).strip()


def _short(turns: Turns) -> str:
    text = " / ".join((turn or "–").strip() for turn in turns)
    return _flat(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _flat(text: str, *, ends: bool = True) -> str:
    """Put a text on one line, with nothing in it that Markdown would read as its own."""
    spaced = " ".join(text.split())
    if not ends:
        spaced = (
            (" " if text[:1].isspace() else "") + spaced + (" " if text[-1:].isspace() and spaced else "")
        )
    return escape_markdown(spaced)


def _refused(factors: Factors, language: str) -> Iterator[str]:
    about = factors.about
    if not about.refused and not about.notes:
        return
    yield f"## {say(language, 'refused')}"
    if about.refused:
        lines = [_line(say(language, f"col_{name}") for name in ("refused", "refused_why", "reasons"))]
        lines.append("| --- | --- | ---: |")
        for one in about.refused:
            why = why_refused(one)
            said = _flat(why) if isinstance(why, str) else as_markdown(language, why[0], **why[1])
            lines.append(_line([_flat(one.name), said, f"{one.reason_count:,}"]))
        yield "\n".join(lines)
    if about.notes:
        yield "\n".join(f"- {_noted(note, language)}" for note in about.notes)


def _noted(note: Told, language: str) -> str:
    parts = note_words(note)
    return "".join(
        _flat(part) if isinstance(part, str) else as_markdown(language, part[0], **part[1]) for part in parts
    )


def _how(factors: Factors, language: str) -> Iterator[str]:
    made = how_made(factors.about)
    yield f"## {say(language, 'how')}"
    for name in ("settings", "counts", "templates"):
        yield f"### {say(language, f'how_{name}')}"
        yield "\n".join(
            f"- {_said(key, language)}: {_said(value, language)}" for key, value in getattr(made, name)
        )
    if made.costs:
        yield f"### {say(language, 'how_costs')}"
        names = ("step", "model", "prompts", "tokens", "cached", "generated", "seconds")
        lines = [_line(say(language, f"col_{name}") for name in names), "| --- | --- |" + " ---: |" * 5]
        lines += [_line([_said(cell, language) for cell in cells]) for cells in made.costs]
        yield "\n".join(lines)


def _said(value: Key | str, language: str) -> str:
    return say(language, value) if isinstance(value, Key) else _flat(value)
