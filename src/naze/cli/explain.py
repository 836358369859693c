"""`naze explain`: explain every vote in a file, durably."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from naze.cli import EXIT_FAILED_ROWS
from naze.cli.estimated import DryRun, PriceInput, PriceOutput, choose_prices, show_estimate
from naze.cli.votes import Columns, Format, Limit, Winner, read_file, say_kept_aside
from naze.counting import counted
from naze.engines.protocol import EngineOptions
from naze.invocation import as_typed
from naze.records import Sampling

if TYPE_CHECKING:
    from naze.generations import Estimate, Run, Summary
    from naze.jobs import ExplainSettings
    from naze.jobs.asking import Told
    from naze.votes import Votes

app = typer.Typer(help="Have a local model explain every vote in a file.")


@app.command()
def explain(
    file: Annotated[
        Path, typer.Argument(metavar="VOTES", help="A file of votes; `naze votes check` says what is in it.")
    ],
    model: Annotated[str | None, typer.Option(help="As `naze models` lists it, a file, or a server.")] = None,
    language: Annotated[str | None, typer.Option(help="Of the explanations: ja, en, de, …")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; the same again continues.")] = None,
    limit: Limit = None,
    columns: Columns = None,
    winner: Winner = None,
    format: Format = None,
    length: Annotated[
        str, typer.Option(help="short: one point of each response; full: up to three, for stronger models.")
    ] = "short",
    template: Annotated[
        str, typer.Option(help="explain, or the file of a template of your own.")
    ] = "explain",
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="The longest explanation, in tokens; else as the length says.")
    ] = None,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: always the likeliest token.")] = 0.0,
    seed: Annotated[int, typer.Option(help="For a temperature above 0.")] = 0,
    stop: Annotated[list[str] | None, typer.Option(help="A text that ends an explanation.")] = None,
    repetition_penalty: Annotated[
        float | None,
        typer.Option(min=1.0, help="Above 1, repeating becomes less likely; else as suits the language."),
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="The same text every time here; one vote at a time.")
    ] = False,
    fit: Annotated[
        str, typer.Option(help="A vote longer than the context: shorten, route or fail.")
    ] = "shorten",
    long_model: Annotated[str | None, typer.Option(help="Where --fit route sends longer votes.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")
    ] = None,
    context: Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Votes computed at once.")] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let the votes leave this machine, to the model's server.")
    ] = False,
    dry_run: DryRun = False,
    price_input: PriceInput = None,
    price_output: PriceOutput = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Have a local model explain every vote in a file: summary, analysis of both answers, why people decided so.

    The run is durable: stop it, kill it, run the same command again, and it goes on; nothing is asked twice.
    """
    from naze.jobs import ExplainSettings
    from naze.jobs.explain import explain_sampling

    usual = explain_sampling(template, length, language)
    settings = ExplainSettings(
        template=template,
        length=length,
        sampling=Sampling(
            max_tokens or usual.max_tokens,
            temperature,
            1.0,
            seed,
            tuple(stop or ()),
            deterministic,
            repetition_penalty or usual.repetition_penalty,
        ),
        fit=cast(Any, fit),  # checked where it is used
        long_model=long_model,
        engine=engine,
        options=EngineOptions(context_tokens=context, concurrency=concurrency, allow_remote=allow_remote),
    )
    prices = choose_prices(price_input, price_output)
    votes = read_file(file, columns, winner, format, limit)
    say_kept_aside(votes)
    if dry_run:
        show_estimate(_estimated(votes, model, language, settings), prices, of="votes", as_json=as_json)
    else:
        _run(votes, model, language, out, settings, as_json=as_json)


def _run(
    votes: "Votes",
    model: str | None,
    language: str | None,
    out: Path | None,
    settings: "ExplainSettings",
    *,
    as_json: bool,
) -> None:
    from naze.cli.first_explanation import FirstExplanation
    from naze.configuration import read_configuration
    from naze.generations import Progress, choose_progress
    from naze.jobs import explain as explain_votes
    from naze.jobs.explain import TASK
    from naze.jobs.explaining import Form, Length

    chosen = choose_progress()
    progress: Progress = chosen
    if str(settings.template) == TASK and not as_json:
        form = Form(language or read_configuration().language, Length(settings.length))
        progress = FirstExplanation(chosen, votes, form)
    run = explain_votes(
        votes, model, language=language, out=out, settings=settings, progress=progress, tell=tell
    )
    summary = show_summary(run, as_json=as_json)
    run.close()
    if summary.failed:
        raise typer.Exit(EXIT_FAILED_ROWS)


def tell(told: "Told") -> None:
    """Say before a run begins what will be asked of whom."""
    manifest, planned = told.manifest, told.planned
    typer.echo(
        f"Run {told.folder}: {manifest.model} ({manifest.engine}), language {manifest.language}.", err=True
    )
    for note in manifest.notes:
        typer.echo(f"  {note}", err=True)
    if manifest.address is not None:
        typer.echo(f"  Votes are sent to {manifest.address}.", err=True)
    if planned is not None and (planned.changed or planned.gone or planned.new < planned.rows):
        typer.echo(
            f"  The votes differ from the last time: {planned.new:,} new, {planned.changed:,} changed (asked again), "
            f"{planned.gone:,} gone (their answers are kept).",
            err=True,
        )


def show_summary(run: "Run", *, as_json: bool) -> "Summary":
    """Say how a run of `naze explain` ended."""
    from naze.jobs.explain import verified_quotes

    folder, summary, quotes = run.folder, run.summary(), verified_quotes(run)
    if as_json:
        told = {"run": str(folder), **asdict(summary), **asdict(quotes), "verified_share": quotes.share}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return summary
    words = [f"{summary.answered:,} of {summary.rows:,} votes answered"]
    words += [
        f"{count:,} {name}"
        for name, count in (
            ("invalid", summary.invalid),
            ("too long", summary.overflow),
            ("failed", summary.error),
        )
        if count
    ]
    typer.echo(f"{', '.join(words)}: {folder}")
    if summary.shortened:
        typer.echo(f"{summary.shortened:,} votes were shortened to fit the context; the text says where.")
    if quotes.quotes:
        typer.echo(
            f"{quotes.verified:,} of {quotes.quotes:,} quotes stand in the response they are said to come from."
        )
    if summary.asked_again:
        typer.echo(
            f"{counted(summary.asked_again, 'explanation')} with a fault asked for once more: {summary.mended:,} better now. "
            f"{counted(summary.faulty, 'explanation', 'has')} one still, marked on the page."
        )
    if summary.failed:
        typer.echo(
            f"Why: {as_typed('naze', 'runs', 'show', folder)}   Again: {as_typed('naze', 'runs', 'retry', folder)}"
        )
    typer.echo(
        f"Read them: {as_typed('naze', 'report', folder, '--out', folder / 'report.html')}",
        err=not sys.stdout.isatty(),
    )
    return summary


def _estimated(
    votes: "Votes",
    model: str | None,
    language: str | None,
    settings: "ExplainSettings",
) -> "Estimate":
    from naze.configuration import read_configuration
    from naze.errors import ConfigurationError
    from naze.jobs import estimate_explain

    configuration = read_configuration()
    name = model or configuration.model
    if name is None:
        raise ConfigurationError("no model is named. Give --model; `naze models` shows what there is.")
    return estimate_explain(
        votes,
        name,
        language=language or configuration.language,
        settings=settings,
    )
