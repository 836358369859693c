"""`naze votes`: what is in a file of votes and what is wrong with it; split and convert it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.errors import ConfigurationError

if TYPE_CHECKING:
    from naze.votes import Votes, VotesReport

app = typer.Typer(help="What is in a file of votes, and what is wrong with it.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="CSV, JSONL, JSON or Parquet; the layout is recognised.")]
Columns = Annotated[
    list[str] | None,
    typer.Option(help="Name columns: prompt=question,response_a=left. May be given again."),
]
Winner = Annotated[
    list[str] | None,
    typer.Option(help="Map the file's word for a winner: bothbad=both_bad. May be given again."),
]
Format = Annotated[str | None, typer.Option(help="The layout, where it is not recognised: kaggle, arena, …")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many rows.")]


@app.command()
def check(
    file: File,
    columns: Columns = None,
    winner: Winner = None,
    format: Format = None,
    limit: Limit = None,
    model: Annotated[
        str | None, typer.Option(help="Count tokens as this model does, and votes beyond its context.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the explanations that the model would write.")] = "en",
    max_tokens: Annotated[
        int, typer.Option(min=1, help="The longest answer, in tokens; it needs room too.")
    ] = 768,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Say what is in a file of votes, and what is wrong with it.

    Rows, outcomes, turns, languages, nulls, duplicates, contradictions, and whether position or length decide.
    """
    votes = read_file(file, columns, winner, format, limit)
    report = _checked(votes, model, language, max_tokens)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False))
        return
    from naze.cli.votes_page import show_report

    show_report(report, model)


@app.command()
def split(
    file: File,
    out_train: Annotated[Path, typer.Option(help="The larger part: .parquet or .jsonl.")],
    out_test: Annotated[Path, typer.Option(help="The part held out: .parquet or .jsonl.")],
    holdout: Annotated[float, typer.Option(help="Share of the votes that is held out.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Another seed, another split.")] = 0,
    columns: Columns = None,
    winner: Winner = None,
    format: Format = None,
) -> None:
    """Split votes in two so that no prompt stands on both sides."""
    from naze.votes import split as split_votes
    from naze.votes import write_votes

    if out_train.resolve() == out_test.resolve():
        raise ConfigurationError(f"--out-train and --out-test are both {out_test}; expected two files.")
    votes = read_file(file, columns, winner, format, None)
    say_kept_aside(votes)
    parts = split_votes(votes, holdout=holdout, seed=seed)
    for part, path in zip(parts, (out_train, out_test), strict=True):
        write_votes(part, path)
        typer.echo(f"{len(part):,} votes: {path}")


@app.command()
def convert(
    file: File,
    to: Annotated[Path, typer.Option(help="naze's own layout: .parquet or .jsonl.")],
    columns: Columns = None,
    winner: Winner = None,
    format: Format = None,
    limit: Limit = None,
) -> None:
    """Write votes of any layout in naze's own."""
    from naze.votes import write_votes

    votes = read_file(file, columns, winner, format, limit)
    say_kept_aside(votes)
    write_votes(votes, to)
    typer.echo(f"{len(votes):,} votes ({votes.format}): {to}")


def read_file(
    file: Path, columns: list[str] | None, winner: list[str] | None, format: str | None, limit: int | None
) -> "Votes":
    """Read a file of votes as the command line's options say."""
    from naze.votes import read_votes

    return read_votes(
        file,
        format=format,
        columns=pairs("--columns", columns, "prompt=question"),
        winners=pairs("--winner", winner, "bothbad=both_bad"),
        limit=limit,
    )


def pairs(option: str, given: Sequence[str] | None, example: str) -> dict[str, str]:
    """Read name=value pairs; `--columns` takes several between commas."""
    found = {}
    for text in given or ():
        for pair in text.split(",") if option == "--columns" else [text]:
            name, equals, value = pair.rpartition("=") if option == "--winner" else pair.partition("=")
            if not equals or not name or not value:
                raise ConfigurationError(
                    f"{option} {pair!r}; expected name=value, such as {option} {example}."
                )
            found[name.strip()] = value.strip()
    return found


def _checked(votes: "Votes", model: str | None, language: str, max_tokens: int) -> "VotesReport":
    from naze.votes import check as check_votes

    if model is None:
        return check_votes(votes)
    from naze.engines import open_engine
    from naze.prompts import explain_template, vote_prompt

    template = explain_template(language)
    engine = open_engine(model)
    try:
        room = engine.context_tokens - max_tokens
        if room < 1:
            raise ConfigurationError(
                f"--max-tokens {max_tokens} leaves no room for a prompt: {model} has {engine.context_tokens} tokens."
            )
        return check_votes(
            votes,
            count=engine.count_tokens,
            render=lambda vote: vote_prompt(template, vote),
            limit_tokens=room,
        )
    finally:
        engine.close()


def say_kept_aside(votes: "Votes") -> None:
    """Name the first rows that could not be read, and count the rest."""
    for problem in votes.problems[:5]:
        typer.echo(f"kept aside: {problem}", err=True)
    if len(votes.problems) > 5:
        typer.echo(
            f"{len(votes.problems) - 5:,} more rows kept aside; `naze votes check` says why.", err=True
        )
