"""A run of `explain` goes in; the page of its explained votes comes out."""

from itertools import islice
from pathlib import Path

from naze.errors import ConfigurationError
from naze.generations import Run
from naze.jobs.explain import explained_rows, verified_quotes
from naze.prompts import written_in
from naze.report.page import write_explained_page
from naze.report.told_texts import told_all

__all__ = ["run_facts", "write_run_page"]


def write_run_page(
    run: Run,
    out: str | Path,
    *,
    language: str | None = None,
    title: str | None = None,
    limit: int | None = None,
) -> int:
    """Write the page of a run's explained votes.

    Args:
        run: a run of `explain`, finished or not.
        out: the HTML file.
        language: of the page's own words, `ja` or `en`; None: the explanations' language if it is one of
            them, else English.
        title: the page's heading; None: one made of the run.
        limit: only the first so many votes.

    Returns:
        The number of votes written.

    Raises:
        RunError: not a run of `explain`, or its votes are not there.
        ConfigurationError: a language that the page has no words in, or a limit below one.
        StoreError: the file cannot be written.
    """
    if limit is not None and limit < 1:
        raise ConfigurationError(f"limit is {limit}; expected 1 or more votes.")
    asked_in = run.manifest.language
    words_in = language or written_in(asked_in)
    return write_explained_page(
        out,
        islice(explained_rows(run), limit),
        title=title or _title(run, words_in),
        language=words_in,
        answer_language=asked_in,
        facts=run_facts(run),
    )


def run_facts(run: Run) -> dict[str, object]:
    """Say how a run's explanations were made: model, engine, template, counts, tokens, seconds."""
    manifest, summary, quotes = run.manifest, run.summary(), verified_quotes(run)
    done = summary.rows - summary.open
    facts: dict[str, object] = {
        "model": manifest.model,
        "long_model": manifest.long_model,
        "engine": manifest.engine,
        "address": manifest.address,
        "template": f"{manifest.template} ({manifest.template_hash[:12]})",
        "language": manifest.language,
        "sampling": ", ".join(
            f"{name} {value}" for name, value in manifest.sampling.items() if value or value == 0
        ),
        "fit": told_all(manifest.fit),
        "data": Path(manifest.data_path).name,
        "created": manifest.created,
        "run": run.folder.name,
        "rows": summary.rows,
        "answered": summary.answered,
        "failed": summary.failed,
        "open": summary.open,
        "verified": None
        if quotes.share is None
        else f"{quotes.verified:,} / {quotes.quotes:,} ({quotes.share:.0%})",
        "asked_again": summary.asked_again,
        "mended": summary.mended,
        "faulty": summary.faulty,
        "shortened": summary.shortened,
        "routed": summary.routed,
        "prompt_tokens": summary.prompt_tokens,
        "cached_tokens": summary.cached_tokens,
        "generated_tokens": summary.generated_tokens,
        "seconds": summary.seconds / done if done else None,
        "versions": ", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
        "notes": told_all(*manifest.notes) if manifest.notes else None,
    }
    always = ("rows", "answered", "failed")
    return {name: value for name, value in facts.items() if value or name in always}


def _title(run: Run, language: str) -> str:
    data = Path(run.manifest.data_path).name or run.folder.name
    return f"投票の説明: {data}" if language == "ja" else f"Explained votes: {data}"
