"""`naze batch`: files of the OpenAI Batch API's form, run here, written for a provider, and read back."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.cli import EXIT_COULD_NOT_RUN, EXIT_FAILED_ROWS
from naze.cli.estimated import DryRun, choose_prices, show_estimate
from naze.engines.protocol import EngineOptions
from naze.invocation import as_typed

if TYPE_CHECKING:
    from naze.jobs import Question
    from naze.jobs.batch import BatchDone, BatchFile, BatchSettings, BatchTold

app = typer.Typer(
    help="Run the OpenAI Batch API's files here, write them, read results back.", no_args_is_help=True
)

_Requests = Annotated[Path, typer.Argument(metavar="REQUESTS", help="A .jsonl file; one request a line.")]
_Model = Annotated[
    str | None, typer.Option(help="Asked instead of the model that the requests name; they may then differ.")
]
_NoLimits = Annotated[
    bool, typer.Option("--no-limits", help="More than 50,000 requests or 200 MB, which no provider takes.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print the contract's batch object.")]
_REFUSED_SHOWN = 5


@app.command()
def run(
    requests: _Requests,
    model: _Model = None,
    out: Annotated[
        Path, typer.Option(help="The output file; the run lies beside it, and the same again continues.")
    ] = Path("results.jsonl"),
    errors: Annotated[Path | None, typer.Option(help="The error file; else OUT.errors.jsonl.")] = None,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="The longest answer of a chat that does not say; in tokens.")
    ] = 1024,
    temperature: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="Of requests that do not say. OpenAI's is 1.")
    ] = 1.0,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="The same text every time here; one request at a time.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Ask again what failed the last time.")] = False,
    no_limits: _NoLimits = False,
    engine: Annotated[
        str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")
    ] = None,
    context: Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Requests computed at once.")] = None,
    allow_remote: Annotated[
        bool,
        typer.Option("--allow-remote", help="Let the requests leave this machine, to the model's server."),
    ] = False,
    dry_run: DryRun = False,
    as_json: _Json = False,
) -> None:
    """Run a batch file with a model of your own: chat, completions or embeddings.

    The run is durable: stop it, kill it, run the same command again, and it goes on; nothing is asked twice. A file that
    breaks the contract is refused as a whole, with every line that is wrong, before anything is asked.
    """
    from naze.generations import FAILURES, choose_progress
    from naze.jobs.batch import BatchSettings, Defaults, estimate_batch, run_batch

    settings = BatchSettings(
        defaults=Defaults(max_tokens, temperature),
        limits=not no_limits,
        deterministic=deterministic,
        engine=engine,
        options=EngineOptions(context_tokens=context, concurrency=concurrency, allow_remote=allow_remote),
    )
    with _RefusedFile(requests, as_json=as_json):
        if dry_run:
            found = estimate_batch(requests, model, settings=settings)
            show_estimate(found, choose_prices(), of="requests", as_json=as_json)
            return
        done = run_batch(
            requests,
            model,
            out=out,
            errors=errors,
            settings=settings,
            retry=FAILURES if retry else (),
            progress=choose_progress(),
            tell=_tell,
        )
    _show(done, settings, as_json=as_json)
    if done.failed:
        raise typer.Exit(EXIT_FAILED_ROWS)


@app.command()
def check(
    requests: _Requests, model: _Model = None, no_limits: _NoLimits = False, as_json: _Json = False
) -> None:
    """Say what is wrong with a batch file; nothing is asked, and no model is loaded."""
    from naze.jobs.batch import check_batch

    with _RefusedFile(requests, as_json=as_json):
        file = check_batch(requests, model, limits=not no_limits)
    if as_json:
        refused = [
            {
                "line": request.line,
                "custom_id": request.custom_id,
                "param": problem.param,
                "message": problem.message,
            }
            for request, problem in file.refused
        ]
        about = {
            "requests": file.requests,
            "endpoint": file.endpoint,
            "model": file.model,
            "refused": refused,
        }
        typer.echo(json.dumps({"file": str(file.path), **about}, ensure_ascii=False))
    else:
        typer.echo(f"{file.path}: {file.requests:,} requests for {file.endpoint}, model {file.model}.")
        _say_refused(file, err=False)
    if file.refused_count:
        raise typer.Exit(EXIT_FAILED_ROWS)


@app.command()
def write(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A .csv, .jsonl, .json or .parquet file, a text, or a folder of texts."
        ),
    ],
    model: Annotated[str, typer.Option(help="What the provider calls the model.")],
    prompt: Annotated[
        str | None, typer.Option(help='Over the columns: "Is this review about delivery? {{text}}".')
    ] = None,
    choices: Annotated[
        str | None, typer.Option(help="Choices with commas between; the answer is one of them.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="A file with the JSON Schema of the answer.")] = None,
    add: Annotated[str, typer.Option(help="The question's name, which becomes the column's.")] = "answer",
    questions: Annotated[
        Path | None, typer.Option(help="A YAML file of questions: name, then prompt, choices or schema.")
    ] = None,
    instruction: Annotated[str | None, typer.Option(help="The system text, instead of naze's own.")] = None,
    out: Annotated[
        Path, typer.Option(help="The batch file; beyond a provider's limits further ones.")
    ] = Path("requests.jsonl"),
    where: Annotated[
        str | None, typer.Option(help='Only rows for which this SQL holds: "length(text) > 20".')
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only so many rows, drawn at random, always the same.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws another sample.")] = 0,
    language: Annotated[str | None, typer.Option(help="Of naze's own words in the prompt: ja or en.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The longest answer, in tokens.")] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, max=2.0, help="Else the provider's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Write a batch file about every row of a table, for a provider or for `naze batch run`. Nothing is sent."""
    from naze.jobs.batch import WriteSettings, write_batch

    asked = _questions(prompt, add, choices, schema, questions)
    settings = WriteSettings(where, sample, seed, language, instruction, max_tokens, temperature)
    written = write_batch(file, asked, model=model, out=out, settings=settings)
    if as_json:
        found = {"files": [str(path) for path in written.files], "requests": written.requests}
        typer.echo(json.dumps({**found, "left_out": written.left_out}, ensure_ascii=False))
        return
    typer.echo(f"{written.requests:,} requests: {', '.join(map(str, written.files))}")
    if written.left_out:
        typer.echo(f"{written.left_out:,} rows were left out: empty, or not readable.")


@app.command()
def read(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS…", help="Output and error files, of one batch or several."),
    ],
    into: Annotated[Path, typer.Option("--into", help="The table that the requests were made of.")],
    out: Annotated[Path, typer.Option(help="The table with the answers: .csv, .jsonl or .parquet.")],
    requests: Annotated[
        list[Path] | None,
        typer.Option(help="The batch files: answers are validated against the schemas that they ask for."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="The column that holds each row's custom_id; else as `write` names them."),
    ] = None,
    add: Annotated[str, typer.Option(help="The column's name, where an id names no question.")] = "answer",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Put the results of a batch, from anywhere, beside the rows that they are about."""
    from dataclasses import asdict

    from naze.jobs.batch import read_batch

    found = read_batch(results, into, out=out, requests=requests or (), key=key, add=add)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"table": str(found.table)}, ensure_ascii=False))
    else:
        kinds = (
            ("failed", found.failed),
            ("without a result", found.open),
            ("of no row of this table", found.unknown),
        )
        words = [f"{found.answered:,} answered", *(f"{count:,} {name}" for name, count in kinds if count)]
        typer.echo(f"{found.rows:,} rows; {', '.join(words)}: {found.table}")
    if found.failed or found.open:
        raise typer.Exit(EXIT_FAILED_ROWS)


def _questions(
    prompt: str | None, add: str, choices: str | None, schema: Path | None, questions: Path | None
) -> "list[Question]":
    from naze.errors import ConfigurationError
    from naze.jobs import Question, read_questions
    from naze.jobs.schemas import as_schema

    if (prompt is None) == (questions is None):
        raise ConfigurationError("give --prompt or --questions; expected one of the two.")
    if questions is not None or prompt is None:
        return list(read_questions(questions)) if questions is not None else []
    words = () if choices is None else tuple(choice.strip() for choice in choices.split(","))
    return [Question(add, prompt, words, schema=None if schema is None else as_schema(schema))]


class _RefusedFile:
    """Prints the batch object of a refused file where JSON is wanted; else lets the error through."""

    def __init__(self, path: Path, *, as_json: bool) -> None:
        self._path = path
        self._as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from naze.errors import BatchFileError
        from naze.jobs.batch import failed_object

        if self._as_json and isinstance(error, BatchFileError):
            typer.echo(json.dumps(failed_object(self._path, error.problems), ensure_ascii=False))
            typer.echo(f"naze: {error}", err=True)
            raise typer.Exit(EXIT_COULD_NOT_RUN) from error


def _tell(told: "BatchTold") -> None:
    """Say before a batch begins what will be asked of whom."""
    manifest, planned, file = told.manifest, told.planned, told.file
    typer.echo(
        f"Run {told.folder}: {file.requests:,} requests for {file.endpoint}, {manifest.model} ({manifest.engine}).",
        err=True,
    )
    if file.named_models and file.named_models != (file.model,):
        typer.echo(f"  The requests name {', '.join(file.named_models[:3])}.", err=True)
    for note in manifest.notes:
        typer.echo(f"  {note}", err=True)
    if manifest.address is not None:
        typer.echo(f"  Requests are sent to {manifest.address}.", err=True)
    if planned is not None and (planned.changed or planned.gone or planned.new < planned.rows):
        typer.echo(
            f"  The requests differ from the last time: {planned.new:,} new, {planned.changed:,} changed (asked again), "
            f"{planned.gone:,} gone.",
            err=True,
        )
    _say_refused(file, err=True)


def _say_refused(file: "BatchFile", *, err: bool) -> None:
    if not file.refused_count:
        return
    typer.echo(f"  {file.refused_count:,} requests cannot be asked (status 400 in the error file):", err=err)
    for request, problem in file.refused[:_REFUSED_SHOWN]:
        typer.echo(f"    line {request.line:,}, {request.custom_id}: {problem.message}", err=err)
    if file.refused_count > _REFUSED_SHOWN:
        typer.echo(
            f"    … {file.refused_count - _REFUSED_SHOWN:,} more; `naze batch check --json` lists them",
            err=err,
        )


def _show(done: "BatchDone", settings: "BatchSettings", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(done.batch, ensure_ascii=False))
        return
    typer.echo(f"{done.completed:,} of {done.completed + done.failed:,} requests completed: {done.out}")
    if done.cut:
        typer.echo(
            f"{done.cut:,} answers were cut at their largest number of tokens (finish_reason length; a chat that does not "
            f"say has {settings.defaults.max_tokens:,}, see --max-tokens)."
        )
    if done.errors is not None:
        typer.echo(f"{done.failed:,} failed: {done.errors}   Ask again what an engine failed on: --retry")
    typer.echo(
        f"The run: {done.folder} ({as_typed('naze', 'runs', 'show', done.folder)})",
        err=not sys.stdout.isatty(),
    )
