"""`naze report`: one HTML file of a run, to read, search and pass on."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Write a page of a run: one HTML file, no network needed.")

_HEAVY_BYTES = 80_000_000
"""Above this a browser takes seconds to open the page."""


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file; else report.html in the run's folder.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The page's own words: ja or en; else as the explanations.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The page's heading.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many votes.")] = None,
) -> None:
    """Write a page of a run: one HTML file, no network needed."""
    from naze.generations import open_run
    from naze.report import write_run_page

    page = out or run / "report.html"
    opened = open_run(run)
    try:
        written = write_run_page(opened, page, language=language, title=title, limit=limit)
    finally:
        opened.close()
    size = page.stat().st_size
    typer.echo(f"{page}: {written:,} votes, {size / 1e6:.1f} MB. Open it in a browser.")
    if size > _HEAVY_BYTES:
        typer.echo("A page this large opens slowly; --limit makes a smaller one.", err=True)
