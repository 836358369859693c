"""`naze report`: one HTML file of a run, to read, search and pass on."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Write a page of a run or of factors: one HTML file, no network needed.")

_HEAVY_BYTES = 80_000_000
"""Above this a browser takes seconds to open the page."""


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A folder of `naze explain`, `factors` or `predict fit`.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file; else report.html in the folder. For factors also .md, .csv, .parquet."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The page's own words: ja or en; else as the explanations.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The page's heading.")] = None,
    limit: Annotated[int | None, typer.Option(help="Explained votes: only the first so many.")] = None,
    cases: Annotated[int, typer.Option(min=1, help="Factors: cases of each kind for each factor.")] = 6,
) -> None:
    """Write a page of a run, of factors or of a predictor: one HTML file, no network needed."""
    from naze.factors import is_factors_folder
    from naze.predictions.stored import is_predictor_folder

    page = out or run / "report.html"
    if is_factors_folder(run):
        _report_factors(run, page, language, title, cases)
    elif is_predictor_folder(run):
        _report_predictor(run, page, language, title)
    else:
        _report_run(run, page, language, title, limit)


def _report_factors(folder: Path, page: Path, language: str | None, title: str | None, cases: int) -> None:
    from naze.factors import open_factors
    from naze.report import write_factors_report

    written = write_factors_report(open_factors(folder), page, language=language, title=title, cases=cases)
    typer.echo(f"{page}: {written:,} factors, {page.stat().st_size / 1e6:.1f} MB.")


def _report_predictor(folder: Path, page: Path, language: str | None, title: str | None) -> None:
    from naze.predictions import VotePredictor
    from naze.report import write_predictor_page

    written = write_predictor_page(VotePredictor.load(folder), page, language=language or "en", title=title)
    typer.echo(f"{page}: {written:,} surprising votes, {page.stat().st_size / 1e6:.1f} MB.")


def _report_run(run: Path, page: Path, language: str | None, title: str | None, limit: int | None) -> None:
    from naze.generations import open_run
    from naze.report import write_run_page

    opened = open_run(run)
    try:
        written = write_run_page(opened, page, language=language, title=title, limit=limit)
    finally:
        opened.close()
    size = page.stat().st_size
    typer.echo(f"{page}: {written:,} votes, {size / 1e6:.1f} MB. Open it in a browser.")
    if size > _HEAVY_BYTES:
        typer.echo("A page this large opens slowly; --limit makes a smaller one.", err=True)
