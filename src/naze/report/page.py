"""Explained votes go in; one HTML file comes out that needs nothing else and loads nothing.

The votes are embedded as JSON, one a line, and shown by the page's own script as text nodes, so that HTML in
a model's text stays text. Rows are written as they come: memory does not grow with their number.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from naze.errors import ConfigurationError
from naze.jobs.explain import ExplainedVote
from naze.jobs.quotes import find_quote
from naze.prompts import written_in
from naze.records import Fit
from naze.report.html import embed, page_aside, render_page, whole_characters
from naze.report.texts import TEXTS
from naze.report.told_texts import told_all

__all__ = ["write_explained_page"]

_ROWS_GO_HERE = "/*rows*/"


def write_explained_page(
    path: str | Path,
    rows: Iterable[ExplainedVote],
    *,
    title: str,
    language: str,
    answer_language: str | None = None,
    facts: Mapping[str, object] | Sequence[tuple[str, object]] = (),
) -> int:
    """Write the page of explained votes: one file, whole or not there.

    Args:
        path: the HTML file; an existing one is replaced.
        rows: read once, in the order in which they are shown.
        title: the page's heading.
        language: of the page's own words, `ja` or `en`; a reader can switch.
        answer_language: ISO 639-1 code of the explanations; None: the same.
        facts: how the explanations were made, shown on the page. Names that `texts.py` knows are translated.

    Returns:
        The number of votes written.

    Raises:
        ConfigurationError: a language that the page has no words in.
        StoreError: the file cannot be written.
    """
    if language not in TEXTS:
        raise ConfigurationError(f"the page's language is {language!r}; expected {' or '.join(TEXTS)}.")
    about = {
        "language": written_in(language),
        "answer_language": answer_language or language,
        "facts": list(facts.items() if isinstance(facts, Mapping) else facts),
    }
    head, tail = _frame(title, language, about)
    with page_aside(path) as file:
        file.write(head)
        written = _write_rows(file, rows)
        file.write(tail)
    return written


def _write_rows(file: TextIO, rows: Iterable[ExplainedVote]) -> int:
    written = 0
    for row in rows:
        file.write((",\n" if written else "") + embed(_as_json(row)))
        written += 1
    return written


def _as_json(row: ExplainedVote) -> dict[str, Any]:
    """Name what the page's script reads; what is absent is left out."""
    vote, answer = row.vote, row.answer
    found: dict[str, Any] = {
        "id": vote.id,
        "prompt": vote.prompt,
        "a": vote.response_a,
        "b": vote.response_b,
        "winner": vote.winner,
        "model_a": vote.model_a,
        "model_b": vote.model_b,
        "language": vote.language,
        "source": vote.source,
        "fit": None if row.fit is Fit.WHOLE else row.fit,
        "tokens": row.tokens,
        "whole_tokens": row.whole_tokens,
        "limit_tokens": row.limit_tokens,
        "status": "open",
    }
    if answer is not None:
        found |= {
            "status": answer.status,
            "text": row.text,
            "marks": answer.marks or None,
            "twice": True if answer.attempts > 1 else None,
            "quotes": _quotes(row),
            "reason": None if answer.reason is None else told_all(answer.reason),
            "finish": answer.finish_reason,
            "prompt_tokens": answer.prompt_tokens,
            "generated_tokens": answer.generated_tokens,
            "seconds": round(answer.seconds, 3),
        }
    return {name: value for name, value in found.items() if value is not None}


def _quotes(row: ExplainedVote) -> dict[str, list[str]] | None:
    """Give, for each side, the quotes that stand in its response, as they stand there: the page highlights them."""
    if row.explanation is None:
        return None
    quotes: dict[str, list[str]] = {}
    for point in row.explanation.points:
        turns = row.vote.response_a if point.side == "a" else row.vote.response_b
        places = ((turn, find_quote(point.quote, turn)) for turn in turns if turn) if point.verified else ()
        quotes[point.side] = (
            quotes.get(point.side, []) + [turn[slice(*span)] for turn, span in places if span][:1]
        )
    return quotes


def _frame(title: str, language: str, about: Mapping[str, object]) -> tuple[str, str]:
    """Render the page around its rows: what stands before them, and after."""
    page = render_page(
        "page",
        language=language,
        title=whole_characters(title),
        noscript=TEXTS[language]["noscript"],
        texts=embed(TEXTS),
        about=embed(about),
        rows_go_here=_ROWS_GO_HERE,
    )
    head, _, tail = page.partition(_ROWS_GO_HERE)
    return head, tail
