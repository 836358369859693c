"""`naze leaderboard`: ratings of the models in votes."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from naze.cli.votes import Columns, Limit
from naze.counting import counted

if TYPE_CHECKING:
    from naze.predictions import Leaderboard

app = typer.Typer(help="Rate the models in votes: ties, style control, intervals.")


@app.command()
def leaderboard(
    file: Annotated[Path, typer.Argument(metavar="VOTES", help="A file of votes that name both models.")],
    method: Annotated[
        str, typer.Option(help="davidson, rao-kupper, or bradley-terry (a tie is half a win).")
    ] = "davidson",
    style_control: Annotated[
        bool, typer.Option("--style-control", help="Take out what length and markdown do.")
    ] = False,
    intervals: Annotated[str, typer.Option(help="bootstrap, or sandwich (quick).")] = "bootstrap",
    resamples: Annotated[int, typer.Option(min=50, help="Of the bootstrap over prompts.")] = 200,
    anchor: Annotated[str | None, typer.Option(help="This model has 1,000 points; else the mean.")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="Leave a model out, with its votes. May be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table too: CSV, JSONL or Parquet.")] = None,
    limit: Limit = None,
    columns: Columns = None,
    seed: Annotated[int, typer.Option(help="Decides the resamples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rate the models in votes, the best first: Elo points with 95 % intervals, and a rank that counts who is surely better."""
    from naze.cli.votes import pairs
    from naze.predictions import fit_leaderboard
    from naze.tables.write import check_table_place, write_table
    from naze.votes import read_votes

    if out is not None:
        check_table_place(out)
    votes = read_votes(file, columns=pairs("--columns", columns, "prompt=question") or None, limit=limit)
    kind: Any = intervals
    found = fit_leaderboard(
        votes, method=method, style_control=style_control, intervals=kind, resamples=resamples, anchor=anchor,
        without=tuple(without or ()), seed=seed,
    )  # fmt: skip
    if out is not None:
        write_table(out, found.frame())
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    _show(found, style_control, without or [])
    if out is not None:
        typer.echo(f"\nWritten to {out}.")


def _show(found: "Leaderboard", style_control: bool, without: list[str]) -> None:
    reasons = "without two models or a winner" + (", or of a model that is left out" if without else "")
    left_out = f"; left out, {reasons}: {found.skipped:,}" if found.skipped else ""
    typer.echo(f"{counted(found.votes, 'vote')} on {counted(found.prompts, 'prompt')}{left_out}")
    styled = ", length and markdown taken out (--style-control)" if style_control else ""
    typer.echo(f"{found.method}{styled}; 95 % intervals ({found.intervals} by prompt)\n")
    wide = max(5, *(len(row.model) for row in found.rows))
    typer.echo(f"  rank  {'model':<{wide}}  rating  95 %            votes   wins  losses   ties")
    for row in found.rows:
        interval = f"{row.low:,.0f} to {row.high:,.0f}"
        typer.echo(
            f"  {row.rank:>4}  {row.model:<{wide}}  {row.rating:>6,.0f}  {interval:<14}  {row.votes:>5,}  {row.wins:>5,}  "
            f"{row.losses:>6,}  {row.ties:>5,}"
        )
    if found.style:
        typer.echo("\n  Style, log odds for one standard deviation more:")
        for name, one in found.style.items():
            typer.echo(f"  {name.replace('_', ' '):<12} {one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]")
