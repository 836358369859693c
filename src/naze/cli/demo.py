"""`naze demo`: from real votes to explanations, factors and predictions, on the examples that come with naze."""

import time
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from naze.cli import EXIT_FAILED_ROWS, find_command
from naze.invocation import as_typed, called_as

app = typer.Typer(help="Explain real votes, find factors, learn to predict; write three pages to read.")

_MODEL = "qwen2.5-coder:1.5b"
"""Judged the votes that come with naze; another model judges anew."""
_CHECKOUT = Path(__file__).parents[3] / "examples"
"""In a checkout the examples lie beside the sources; a wheel has them inside."""


@app.command()
def demo(
    model: Annotated[str, typer.Option(help="As `naze models` lists it.")] = _MODEL,
    votes: Annotated[Path | None, typer.Option(help="Your own votes; else 24 that come with naze.")] = None,
    language: Annotated[str, typer.Option(help="Of explanations and pages: ja or en.")] = "ja",
    out: Annotated[Path, typer.Option(help="The folder for runs, predictor and pages.")] = Path("demo"),
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Find and judge all factors anew; else most verdicts come with naze."),
    ] = False,
) -> None:
    """Explain real votes, test the factors behind votes, learn to predict, and write three pages to read.

    The factors were found by the same model and tested on 240 held-out votes of people beforehand, and come with naze; here
    they are tested on your votes too. With --fresh, or with another model, everything is asked on this machine.

    Stop it whenever you like; the same command goes on.
    """
    began = time.monotonic()
    examples = _examples()
    file = votes or examples / "votes.csv"
    explained = examples / "explained.parquet"
    run, predictor = (out / "runs" / f"{name}-{language}" for name in ("explained", "predictor"))
    pages = {name: out / f"{name}.html" for name in ("report", "factors", "predictor")}
    _call("pull", model)
    _call("votes", "check", file)
    _call("explain", file, "--model", model, "--language", language, "--out", run)
    _call("report", run, "--out", pages["report"])
    known = examples / f"factors-{language}"
    if fresh or model != _MODEL or not known.is_dir():
        factors = out / "runs" / f"factors-fresh-{language}"
        _call(
            "factors", run, explained, "--outcome", "win", "--count", 8, "--test-votes", examples / "held_out.parquet",
            "--test-limit", 240 if fresh else 60, "--model", model, "--language", language, "--out", factors,
        )  # fmt: skip
    else:
        factors = out / "runs" / f"factors-{language}"
        _call("factors", "retest", known, "--votes", file, "--limit", 24, "--out", factors)
    _call("report", factors, "--language", language, "--out", pages["factors"])
    _call("predict", "fit", explained, "--out", predictor)
    _call("report", predictor, "--language", language, "--out", pages["predictor"])
    typer.echo(f"\nDone in {(time.monotonic() - began) / 60:.1f} minutes.")
    typer.echo(f"The explained votes: {pages['report'].resolve()}")
    typer.echo(f"The factors:         {pages['factors'].resolve()}")
    typer.echo(f"The predictor:       {pages['predictor'].resolve()}")
    typer.echo(f"Look into a factor:  {as_typed('naze', 'factors', 'drill', factors, 'f01')}")
    typer.echo(f"The run as a table:  {as_typed('naze', 'runs', 'export', run, '--to', 'explanations.csv')}")
    typer.echo("Your own votes:      naze votes check FILE")
    typer.echo("In the other language: naze demo --language " + ("en" if language == "ja" else "ja"))
    typer.echo(
        "A better model:      naze demo --model gemma2 --out demo-gemma2   (needs a model hub, 5.3 GB)"
    )


def _examples() -> Path:
    packed = Path(str(resources.files("naze").joinpath("examples")))
    return packed if packed.is_dir() else _CHECKOUT


def _call(*words: object) -> None:
    """Call another command as a person would, and show it; rows that failed do not end the demo."""
    arguments = [str(word) for word in words]
    typer.echo(f"\n$ {as_typed('naze', *arguments)}")
    command, taken = find_command(arguments)
    if command is None:
        raise AssertionError(f"no command {arguments[0]!r}")
    with called_as(arguments):
        status = command.main(arguments[taken:], prog_name="naze", standalone_mode=False)
    if isinstance(status, int) and status not in (0, EXIT_FAILED_ROWS):
        raise typer.Exit(status)
