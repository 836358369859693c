"""A folder of factors goes in; a report comes out: an HTML page, Markdown, or the table of the factors."""

from collections.abc import Callable
from pathlib import Path

from naze.errors import ConfigurationError
from naze.factors.result import Factors
from naze.prompts import written_in
from naze.report.factors_markdown import factors_markdown
from naze.report.factors_page import factors_page
from naze.report.html import page_aside
from naze.report.wording import LANGUAGES
from naze.tables import write_table

__all__ = ["write_factors_report"]

_WORDED: dict[str, Callable[..., str]] = {
    ".html": factors_page,
    ".htm": factors_page,
    ".md": factors_markdown,
    ".markdown": factors_markdown,
}
_TABLES = (".csv", ".parquet", ".jsonl")


def write_factors_report(
    factors: Factors,
    out: str | Path,
    *,
    language: str | None = None,
    title: str | None = None,
    cases: int = 6,
) -> int:
    """Write what a run of factors came to, whole or not at all. The suffix says how.

    Args:
        factors: the folder; nothing else is read.
        out: `.html` or `.md` for the report, `.csv`, `.parquet` or `.jsonl` for `Factors.table`.
        language: of the report's own words, `ja` or `en`, which a reader of the page can switch; None: that of
            the factors if it is one of them, else English.
        title: the heading; None: one made of the folder.
        cases: the most cases that are shown of each factor for it, against it, and where it was found.

    Returns:
        The number of factors written.

    Raises:
        ConfigurationError: another suffix, a language that the report has no words in, or cases below one.
        StoreError: the file cannot be written.
    """
    path = Path(out)
    suffix = path.suffix.lower()
    if suffix not in (*_WORDED, *_TABLES):
        raise ConfigurationError(
            f"{path}: the suffix is {path.suffix!r}; expected {', '.join((*_WORDED, *_TABLES))}."
        )
    words_in = language or written_in(factors.about.language)
    if words_in not in LANGUAGES:
        raise ConfigurationError(f"the report's language is {words_in!r}; expected {' or '.join(LANGUAGES)}.")
    if cases < 1:
        raise ConfigurationError(f"cases is {cases}; expected 1 or more of each kind.")
    if suffix in _TABLES:
        return _write_table(factors, path)
    worded = _WORDED[suffix](factors, language=words_in, title=title, cases=cases)
    with page_aside(path) as file:
        file.write(worded)
    return len(factors)


def _write_table(factors: Factors, path: Path) -> int:
    return write_table(path, factors.table(), remedy="Choose another --out, or free some space.")
