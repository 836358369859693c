"""The options that every command over a table has, and what it says before and after a run."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from naze.cli import EXIT_FAILED_ROWS
from naze.engines.protocol import EngineOptions
from naze.records import Sampling

if TYPE_CHECKING:
    from naze.jobs import MapJob, Mapped, MapSettings
    from naze.jobs.asking import Told

Table = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A .csv, .jsonl, .json or .parquet file, or a folder of texts."),
]
Model = Annotated[str | None, typer.Option(help="As `naze models` lists it, a file, or a server.")]
Out = Annotated[Path | None, typer.Option(help="The result: .csv, .jsonl or .parquet; else beside the file.")]
RunFolder = Annotated[Path | None, typer.Option("--run", help="The run's folder; the same again continues.")]
Where = Annotated[str | None, typer.Option(help='Only rows for which this SQL holds: "length(text) > 20".')]
Sample = Annotated[
    int | None, typer.Option(min=1, help="Only so many rows, drawn at random, always the same.")
]
Seed = Annotated[int, typer.Option(help="Another seed draws another sample.")]
Language = Annotated[str | None, typer.Option(help="Of naze's own words in the prompt: ja or en.")]
Fit = Annotated[str, typer.Option(help="A row longer than the context: shorten, route or fail.")]
LongModel = Annotated[str | None, typer.Option(help="Where --fit route sends longer rows.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="The longest answer, in tokens.")]
Engine = Annotated[str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")]
Context = Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")]
Concurrency = Annotated[int | None, typer.Option(min=1, help="Rows computed at once.")]
AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let the rows leave this machine, to the model's server.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def settings(
    *,
    language: str | None,
    instruction: str | None = None,
    max_tokens: int = 256,
    temperature: float = 0.0,
    fit: str,
    long_model: str | None,
    seed: int,
    engine: str | None,
    context: int | None,
    concurrency: int | None,
    allow_remote: bool,
) -> "MapSettings":
    """Gather what the options say."""
    from naze.jobs import MapSettings

    return MapSettings(
        language=language,
        instruction=instruction,
        sampling=Sampling(max_tokens=max_tokens, temperature=temperature),
        fit=cast(Any, fit),  # checked where it is used
        long_model=long_model,
        seed=seed,
        engine=engine,
        options=EngineOptions(context_tokens=context, concurrency=concurrency, allow_remote=allow_remote),
    )


def tell(told: "Told") -> None:
    """Say before a run begins what will be asked of whom."""
    manifest, planned = told.manifest, told.planned
    typer.echo(f"Run {told.folder}: {manifest.model} ({manifest.engine}).", err=True)
    for note in manifest.notes:
        typer.echo(f"  {note}", err=True)
    if manifest.address is not None:
        typer.echo(f"  Rows are sent to {manifest.address}.", err=True)
    if planned is not None and (planned.changed or planned.gone or planned.new < planned.rows):
        typer.echo(
            f"  The rows differ from the last time: {planned.new:,} new, {planned.changed:,} changed (asked again), "
            f"{planned.gone:,} gone (their answers are kept).",
            err=True,
        )


def run_and_show(job: "MapJob", out: Path | None, *, as_json: bool) -> None:
    """Run a job to its end, and show what came of it."""
    from naze.generations import choose_progress
    from naze.jobs import map_to_file

    mapped = map_to_file(job, out, progress=choose_progress(), tell=tell)
    mapped.close()
    show_result(mapped, as_json=as_json)


def show_result(mapped: "Mapped", *, as_json: bool) -> None:
    """Say how a run ended and where its table lies; leave with status 3 where rows failed."""
    target, folder, summary = mapped.target, mapped.folder, mapped.summary
    if as_json:
        told = {"file": None if target is None else str(target), "run": str(folder), **asdict(summary)}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        words = [f"{summary.answered:,} of {summary.rows:,} answered"]
        kinds = (("invalid", summary.invalid), ("too long", summary.overflow), ("failed", summary.error))
        words += [f"{count:,} {name}" for name, count in kinds if count]
        typer.echo(f"{', '.join(words)}: {target or folder}")
        if summary.shortened:
            typer.echo(
                f"{summary.shortened:,} were shortened to fit the context; the reason column says which."
            )
        if summary.failed:
            typer.echo(
                f"Why: naze runs show {folder}   Again: naze runs retry {folder}", err=not sys.stdout.isatty()
            )
    if summary.failed:
        raise typer.Exit(EXIT_FAILED_ROWS)
