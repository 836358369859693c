"""`naze summarize`: summaries of documents of any length, every point with its source."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.cli import EXIT_FAILED_ROWS, budget_options
from naze.cli import table_options as options
from naze.counting import counted
from naze.errors import ConfigurationError

if TYPE_CHECKING:
    from naze.jobs.summaries import Summarized

app = typer.Typer(help="Summarize documents of any length; every point says where it stands.")


@app.command()
@options.over_table
def summarize(
    file: options.Table,
    chosen: options.TableChoices,
    column: options.Column = None,
    add: Annotated[str, typer.Option(help="The name of the new column.")] = "summary",
    points: Annotated[int, typer.Option(min=1, help="The most points that a summary has.")] = 5,
    piece_tokens: Annotated[
        int, typer.Option(min=64, help="The most tokens of a part; fewer in a short context.")
    ] = 1_500,
    overlap: Annotated[
        int, typer.Option(min=0, help="Sentences that a part shares with the one before.")
    ] = 1,
    map_reduce: Annotated[
        bool, typer.Option("--map-reduce/--whole", help="Cut long documents, or have them fail.")
    ] = True,
    retry: Annotated[bool, typer.Option("--retry", help="Ask again about the parts that failed.")] = False,
) -> None:
    """Summarize documents of any length; every point says where the document says so.

    A long document is cut at headings, paragraphs and sentences; the points of its parts are put together until few are
    left. Beside the table a Markdown file is written.
    """
    from naze.jobs.mapping import write_mapped
    from naze.jobs.summaries import SummaryOptions, run_summaries, summary_target, write_markdown
    from naze.tables import open_table

    if chosen.unsure_model is not None or chosen.long_model is not None:
        raise ConfigurationError("a summary asks one model; leave --unsure-model and --long-model out.")
    opened = open_table(file)
    told = chosen.options()
    markdown = chosen.out is not None and chosen.out.suffix.lower() == ".md"
    target = summary_target(opened, None if markdown else chosen.out)
    assert target is not None  # a file or folder was given
    page = chosen.out if markdown and chosen.out is not None else target.with_suffix(".md")
    how = SummaryOptions(column, add, points, piece_tokens, overlap, map_reduce, retry)
    found = run_summaries(opened, how=how, **told)
    if not markdown:
        write_mapped(found.batches(), target, found.folder)
    write_markdown(found, page)
    _show(found, page if markdown else target, page, as_json=chosen.as_json)


def _show(found: "Summarized", target: Path, page: Path, *, as_json: bool) -> None:
    from naze.jobs.summaries.points import REJECTIONS

    documents, failed, rejected = len(found.documents), found.failed, found.rejected
    watched = found.watched
    if as_json:
        told = {"file": str(target), "page": str(page), "run": str(found.folder), "documents": documents}
        told |= {"asked_again": watched.asked_again, "mended": watched.mended, "marked": found.marked}
        told |= {"failed": failed, "levels": found.levels, "rejected": dict(rejected)}
        told["models"] = budget_options.spending(found.folder, budget_options.read_table(None))
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        parts = sum(one.pieces for one in found.documents.values())
        typer.echo(
            f"{documents - failed:,} of {documents:,} documents summarized from {parts:,} parts: {target}"
        )
        if page != target:
            typer.echo(f"To read: {page}")
        for kind, count in rejected.most_common():
            typer.echo(f"{count:,} points were rejected: they {REJECTIONS[kind]}.")
        if watched.asked_again:
            typer.echo(
                f"{counted(watched.asked_again, 'answer')} with a fault asked for once more: {watched.mended:,} better now. "
                f"{counted(found.marked, 'document', 'has')} one still, marked."
            )
        budget_options.say_spending(found.folder, budget_options.read_table(None))
        if failed:
            typer.echo("The reason column says what is missing. Again: the same command with --retry.")
    if failed:
        raise typer.Exit(EXIT_FAILED_ROWS)
