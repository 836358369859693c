"""A folder of factors goes in; one HTML file comes out that says what was found, what holds and what does not.

Words and figures stand in the page as they are, in Japanese and English at once, so that it reads without a script;
the script sorts, switches language and theme, and shows the cases of a factor once they are opened.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from markupsafe import Markup, escape

from naze.factors.resampling import Estimate
from naze.factors.result import Factors
from naze.factors.tie_kinds import TieKind
from naze.factors.tie_rates import tie_rates
from naze.report.factor_cases import collect_cases
from naze.report.factor_made import how_made, note_words, why_refused
from naze.report.factor_rows import COLUMNS, factor_rows
from naze.report.factor_summary import key_figures, saturation_words, steps, summary
from naze.report.factor_texts import TEXTS
from naze.report.figures import bin_name, legend_mark, saturation_figure, share_bar, tie_rate_figure
from naze.report.forest import forest_plot
from naze.report.html import embed, render_page, whole_characters
from naze.report.numbers import percent, percent_interval
from naze.report.wording import LANGUAGES, Key, Message, both, say

__all__ = ["factors_page", "source_name"]

_SECTIONS = ("summary", "table", "forest", "saturation", "ties", "cases", "refused", "how")
_BY: dict[str, Literal["similarity", "length_ratio"]] = {"similarity": "similarity", "length": "length_ratio"}


def factors_page(factors: Factors, *, language: str, title: str | None, cases: int) -> str:
    """Render the page.

    Args:
        factors: the folder.
        language: that the page opens in, `ja` or `en`.
        title: the heading; None: one made of the folder, in both languages.
        cases: of each role, for each factor.
    """
    about, rows = factors.about, factor_rows(factors)
    collected = collect_cases(factors, cases)
    title_key, named = f"title_{about.outcome.value}", {"source": source_name(factors)}
    page = render_page(
        "factors",
        language=language,
        title=title or say(language, title_key, **named),
        heading_text=escape(title) if title else both(title_key, **named),
        outcome=about.outcome.value,
        factor_language=about.language,
        sections=_SECTIONS,
        steps=steps(factors),
        summary=summary(factors, rows),
        rows=rows,
        columns=list(COLUMNS[about.outcome]),
        states={row.state for row in rows},
        forest_wide=forest_plot(rows, about.outcome, label="forest-heading forest-words"),
        forest_narrow=forest_plot(rows, about.outcome, label="forest-heading forest-words", narrow=True),
        saturation=_saturation(factors),
        saturation_words=saturation_words(factors),
        key_figures=key_figures,
        case_counts=collected.counts,
        refused=[(one.name, _worded(why_refused(one)), f"{one.reason_count:,}") for one in about.refused],
        notes=[Markup("").join(map(_worded, note_words(note))) for note in about.notes],
        made=_made(factors),
        noscript=TEXTS[language]["noscript"],
        texts=embed({name: _script_texts(name) for name in LANGUAGES}),
        data=embed({"outcome": about.outcome, "language": about.language} | collected.data),
        **_ties(factors),
        **_helpers(language),
    )
    return whole_characters(page)


def source_name(factors: Factors) -> str:
    """Name the explanations that factors were found in: the last part of their path."""
    return factors.about.source.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or factors.folder.name


def _helpers(language: str) -> dict[str, Any]:
    """Give the page's template what it words things with."""

    def label(key: str) -> Markup:
        """Name an element that bears no text, in the page's language; the script puts another in its place."""
        return Markup('data-label="{}" aria-label="{}" title="{}"').format(key, *[say(language, key)] * 2)

    def option(key: str) -> Markup:
        return Markup('data-option="{}">{}').format(key, say(language, key))

    def told(key: str) -> Markup:
        """Carry the name of a column to where it stands beside its figure."""
        names = (Markup(' data-{}="{}"').format(name, say(name, key)) for name in LANGUAGES)
        return Markup("").join(names)

    return {"t": both, "word": _worded, "sign": legend_mark, "label": label, "option": option, "told": told}


def _worded(said: Message | str) -> Markup:
    """Word a message in both languages; what is no message stands as it is."""
    if isinstance(said, Key):
        return both(said)
    return escape(said) if isinstance(said, str) else both(said[0], **said[1])


def _script_texts(language: str) -> dict[str, str]:
    """Return what the page's script says: cases, and the names of what bears no text."""
    kept = ("js_", "switch_", "theme", "flow_label", "contents", "fault_", "faults_lead", "link_to", "col_")
    return {key: text for key, text in TEXTS[language].items() if key.startswith(kept)}


def _saturation(factors: Factors) -> Markup:
    curve = factors.about.saturation
    if curve is None or not curve.sizes:
        return Markup("")
    return saturation_figure(curve, label="saturation-heading saturation-words")


def _ties(factors: Factors) -> dict[str, Any]:
    """Draw the tie rates and count the kinds of ties."""
    tests = factors.validation
    tied = factors.tie_cases()
    drawn = []
    if 0 < tests.ties < tests.votes:
        voted = [vote for vote in factors.judged if vote.winner is not None]
        for by, rate_by in _BY.items():
            bins = tie_rates(voted, by=rate_by)
            told = [(bin_name(one), one.ties, one.votes, _share(one.rate)) for one in bins]
            figure = tie_rate_figure(bins, by, tests.ties / tests.votes, label=f"ties-{by}")
            drawn.append((by, figure, told))
    return {
        "tie_figures": drawn,
        "tie_problem": "ties_all" if tests.ties else "ties_none",
        "tie_rate": percent(tests.ties / tests.votes if tests.votes else None),
        "tie_count": len(tied),
        "kinds": _kinds([case.kind for case in tied]),
    }


def _share(rate: Estimate) -> str:
    return f"{percent(rate.value)} {percent_interval(rate)}".strip()


def _kinds(kinds: Sequence[TieKind]) -> list[tuple[str, str, str, Markup]]:
    """Count the kinds of ties, the most frequent first and `other` last."""
    counts = sorted(Counter(kinds).items(), key=lambda one: (one[0] is TieKind.OTHER, -one[1]))
    return [
        (kind.value, f"{count:,}", percent(count / len(kinds)), share_bar(count / len(kinds)))
        for kind, count in counts
    ]


def _made(factors: Factors) -> dict[str, list[list[Markup]]]:
    made = how_made(factors.about)
    lists = {
        "settings": made.settings,
        "counts": made.counts,
        "templates": made.templates,
        "costs": made.costs,
    }
    return {name: [[_worded(cell) for cell in entry] for entry in entries] for name, entries in lists.items()}
