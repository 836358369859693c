"""The options that every command over a table has, and what it says before and after a run."""

import inspect
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_type_hints

import typer

from naze.cli import EXIT_FAILED_ROWS, budget_options
from naze.cli.estimated import DryRun, choose_prices, show_estimate
from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError
from naze.invocation import as_typed, was_noted
from naze.records import Sampling

if TYPE_CHECKING:
    from naze.jobs import MapJob, Mapped, TableOptions
    from naze.jobs.asking import Told
    from naze.jobs.mapping.cascade import Cascade

Table = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A .csv, .jsonl, .json or .parquet file, a text, or a folder of texts."
    ),
]
Column = Annotated[str | None, typer.Option(help="The texts; else `text`, or the only column of texts.")]


@dataclass(frozen=True)
class TableChoices:
    """What a person chose of the options that every command over a table has."""

    model: Annotated[str | None, typer.Option(help="As `naze models` lists it, a file, or a server.")] = None
    out: Annotated[
        Path | None, typer.Option(help="The result: .csv, .jsonl or .parquet; else beside the file.")
    ] = None
    run: Annotated[Path | None, typer.Option(help="The run's folder; the same again continues.")] = None
    where: Annotated[
        str | None, typer.Option(help='Only rows for which this SQL holds: "length(text) > 20".')
    ] = None
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only so many rows, drawn at random, always the same.")
    ] = None
    seed: Annotated[int, typer.Option(help="Another seed draws another sample.")] = 0
    language: Annotated[
        str | None, typer.Option(help="Of naze's own words in the prompt: ja or en; else as the texts are.")
    ] = None
    question_first: Annotated[
        bool,
        typer.Option(
            "--question-first", help="Read the question once for all rows: faster; for strong models."
        ),
    ] = False
    fit: Annotated[str, typer.Option(help="A row longer than the context: shorten, route or fail.")] = (
        "shorten"
    )
    long_model: Annotated[str | None, typer.Option(help="Where --fit route sends longer rows.")] = None
    engine: Annotated[str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")] = None
    context: Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")] = None
    concurrency: Annotated[int | None, typer.Option(min=1, help="Rows computed at once.")] = None
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let the rows leave this machine, to the model's server.")
    ] = False
    unsure_model: Annotated[
        str | None, typer.Option(help="A bigger model that is asked where this one is unsure of its choice.")
    ] = None
    unsure: Annotated[
        float | None, typer.Option(help="Unsure is a row whose choice has less probability than this: 0.6.")
    ] = None
    agreement: Annotated[
        float | None,
        typer.Option(help="Instead: agree with the bigger model on this share of rows; found on a sample."),
    ] = None
    agreement_sample: Annotated[
        int, typer.Option(min=1, help="Rows that both models are asked about for --agreement.")
    ] = 200
    budget: budget_options.Budget = None
    prices: budget_options.Prices = None
    dry_run: DryRun = False
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False

    def options(
        self, *, instruction: str | None = None, max_tokens: int = 256, temperature: float = 0.0
    ) -> "TableOptions":
        """Gather them as the library takes them."""
        from naze.generations import choose_progress
        from naze.jobs import MapSettings

        settings = MapSettings(
            language=self.language,
            instruction=instruction,
            sampling=Sampling(max_tokens=max_tokens, temperature=temperature),
            fit=cast(Any, self.fit),  # checked where it is used
            long_model=self.long_model,
            seed=self.seed,
            engine=self.engine,
            options=EngineOptions(
                context_tokens=self.context, concurrency=self.concurrency, allow_remote=self.allow_remote
            ),
            unsure=self._cascade(),
            question_first=self.question_first,
            budget=budget_options.read_budget(self.budget, budget_options.read_table(self.prices)),
        )
        return {
            "model": self.model,
            "out": self.out,
            "run": self.run,
            "where": self.where,
            "sample": self.sample,
            "settings": settings,
            "progress": choose_progress(),
            "tell": tell,
        }

    def _cascade(self) -> "Cascade | None":
        from naze.jobs.mapping.cascade import Cascade

        if self.unsure_model is not None:
            return Cascade(self.unsure_model, self.unsure, self.agreement, self.agreement_sample)
        if self.unsure is not None or self.agreement is not None:
            raise ConfigurationError(
                "--unsure and --agreement say when a bigger model is asked; name it with --unsure-model."
            )
        return None


def over_table(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `TableChoices` behind its own; it receives them as its argument `chosen`."""
    shared = {field.name: field for field in fields(TableChoices)}
    hints = get_type_hints(TableChoices, include_extras=True)
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.name != "chosen"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[name])
        for name, field in shared.items()
    ]

    @wraps(command)
    def called(**given: Any) -> None:  # noqa: ANN401 - each option has its own type
        chosen = TableChoices(**{name: given.pop(name) for name in shared})
        if chosen.dry_run:
            _estimate(command, given, chosen)
        else:
            command(**given, chosen=chosen)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + added
    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in parameters}
    return called


def _estimate(command: Callable[..., None], given: dict[str, Any], chosen: TableChoices) -> None:
    """Run a command up to the place where it would ask, and show what that would take."""
    from naze.jobs import estimate

    if given.get("examples") is not None:
        given = {**given, "examples": None}
        typer.echo("naze: without the rows of --examples, which are asked as well.", err=True)

    def job(*, run: Path) -> None:
        command(**given, chosen=replace(chosen, run=run, out=None))

    show_estimate(estimate(job), choose_prices(), as_json=chosen.as_json)


def tell(told: "Told") -> None:
    """Say before a run begins what will be asked of whom."""
    manifest, planned = told.manifest, told.planned
    typer.echo(f"Run {told.folder}: {manifest.model} ({manifest.engine}).", err=True)
    for note in manifest.notes:
        if not was_noted(note):
            typer.echo(f"  {note}", err=True)
    if manifest.address is not None:
        typer.echo(f"  Rows are sent to {manifest.address}.", err=True)
    if planned is not None and (planned.changed or planned.gone or planned.new < planned.rows):
        typer.echo(
            f"  The rows differ from the last time: {planned.new:,} new, {planned.changed:,} changed (asked again), "
            f"{planned.gone:,} gone (their answers are kept).",
            err=True,
        )


def run_and_show(job: "MapJob", options: "TableOptions", *, as_json: bool) -> None:
    """Run a job to its end, and show what came of it."""
    from naze.jobs import map_to_file

    mapped = map_to_file(job, **options)
    mapped.close()
    show_result(mapped, as_json=as_json)


def show_result(mapped: "Mapped", *, target: Path | None = None, as_json: bool) -> None:
    """Say how a run ended and where its table lies; leave with status 3 where rows failed."""
    target, folder, summary = target or mapped.target, mapped.folder, mapped.summary
    if as_json:
        told = {"file": None if target is None else str(target), "run": str(folder), **asdict(summary)}
        told |= {
            "models": budget_options.spending(folder, budget_options.read_table(None)),
            "unsure": _told_taken(mapped),
        }
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
        if mapped.taken or summary.routed:
            _show_models(mapped)
        if summary.failed:
            typer.echo(
                f"Why: {as_typed('naze', 'runs', 'show', folder)}   Again: {as_typed('naze', 'runs', 'retry', folder)}",
                err=not sys.stdout.isatty(),
            )
    if summary.failed:
        raise typer.Exit(EXIT_FAILED_ROWS)


def _told_taken(mapped: "Mapped") -> "list[dict[str, Any]]":
    return [
        {
            "question": one.asked.name,
            "model": one.bigger,
            "rows": one.rows,
            "unsure": one.unsure,
            "threshold": None if one.threshold is None else one.threshold.to_dict(),
        }
        for one in mapped.taken
    ]


def _show_models(mapped: "Mapped") -> None:
    """Say how many rows went where, and what that took."""
    if mapped.summary.routed:
        typer.echo(f"{mapped.summary.routed:,} were too long and went to {mapped.run.manifest.long_model}.")
    for one in mapped.taken:
        typer.echo(
            f"{one.asked.name}: {one.unsure:,} of {one.rows:,} rows were unsure and went to {one.bigger}."
        )
        if one.threshold is not None:
            typer.echo(f"  {one.threshold}.")
    budget_options.say_spending(mapped.folder, budget_options.read_table(None))
