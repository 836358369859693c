"""`naze chain`: steps that feed one another, over any table; each row can be followed."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from naze.cli import EXIT_FAILED_ROWS, budget_options
from naze.cli.estimated import DryRun, choose_prices, show_chain_estimate
from naze.cli.table_options import tell as tell_run
from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError
from naze.invocation import as_typed

if TYPE_CHECKING:
    from naze.generations import PriceTable
    from naze.jobs.chains import Chained, StepTold, Stop


class _Group(typer.core.TyperGroup):
    """Takes `naze chain FLOW DATA …` as `naze chain run FLOW DATA …`."""

    default = "run"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - click's own
        """Put the command in that is meant where none is named."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [self.default, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Group, help="Run steps that feed one another on a table; follow each row.", no_args_is_help=True
)

_Flow = Annotated[
    Path, typer.Argument(metavar="FLOW", help="A YAML file with the steps; see docs/chains.md.")
]
_Out = Annotated[
    Path | None, typer.Option(help="The result: .csv, .jsonl or .parquet; else beside the data.")
]
_Engine = Annotated[str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")]
_Context = Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")]
_Concurrency = Annotated[int | None, typer.Option(min=1, help="Rows computed at once.")]
_AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let the rows leave this machine, to the model's server.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
_CELL_CHARACTERS = 300


@app.command()
def run(
    flow: _Flow,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", help="A .csv, .jsonl, .json or .parquet file, a text, or a folder of texts."
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="Answers where a step names none, instead of the flow's.")
    ] = None,
    out: _Out = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="The chain's folder; the same again continues.")
    ] = None,
    budget: budget_options.Budget = None,
    prices: budget_options.Prices = None,
    retry: Annotated[bool, typer.Option("--retry", help="Ask again about the rows that failed.")] = False,
    engine: _Engine = None,
    context: _Context = None,
    concurrency: _Concurrency = None,
    allow_remote: _AllowRemote = False,
    dry_run: DryRun = False,
    as_json: _Json = False,
) -> None:
    """Run the steps of a chain on a table, each after those that feed it.

    Durable: stop it, kill it, edit a step, run the same command again: what did not change is not done again.
    """
    from naze.generations import choose_progress
    from naze.jobs.chains import (
        ChainSettings,
        chain_target,
        estimate_chain,
        read_flow,
        run_chain,
        write_chained,
    )
    from naze.tables import open_table

    table_of_prices = budget_options.read_table(prices)
    settings = ChainSettings(
        engine, EngineOptions(context_tokens=context, concurrency=concurrency, allow_remote=allow_remote),
        budget_options.read_budget(budget, table_of_prices), retry,
    )  # fmt: skip
    read, table = read_flow(flow), open_table(data)
    if dry_run:
        found = estimate_chain(read, table, model=model, settings=settings)
        show_chain_estimate(found, choose_prices(), as_json=as_json)
        return
    target = chain_target(read, table, out)
    chained = run_chain(
        read,
        table,
        model=model,
        run=run,
        settings=settings,
        progress=choose_progress,
        tell=_tell,
        tell_run=tell_run,
    )
    rows = write_chained(chained, target)
    if as_json:
        told = {
            "file": str(target),
            "run": str(chained.folder),
            "rows": rows,
            "steps": [asdict(one) for one in chained.steps],
        }
        told["models"] = budget_options.spending(chained.folder, table_of_prices)
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(chained, rows, target, table_of_prices)
    if chained.failed:
        raise typer.Exit(EXIT_FAILED_ROWS)


def _tell(told: "StepTold") -> None:
    what = "as it was" if told.kept else f"{told.seconds:.1f} s"
    failed = f", {told.failed:,} without an answer" if told.failed else ""
    typer.echo(
        f"Step {told.number} of {told.steps}, {told.name} ({told.kind.replace('_', ' ')}): {told.rows_in:,} rows in, "
        f"{told.rows_out:,} out{failed}; {what}.",
        err=True,
    )


def _show(chained: "Chained", rows: int, target: Path, prices: "PriceTable | None") -> None:
    typer.echo(f"{rows:,} rows: {target}")
    budget_options.say_spending(chained.folder, prices)
    if chained.failed:
        typer.echo(
            f"{chained.failed:,} answers are missing; the columns that end in _reason say why. Again: the same command "
            "with --retry."
        )
    typer.echo(f"One row's way: {as_typed('naze', 'chain', 'show', chained.folder, '--row', '1')}")


@app.command()
def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The chain's folder.")],
    row: Annotated[
        str | None, typer.Option(help="Follow this row of the data, by its number from 1.")
    ] = None,
    prompts: Annotated[bool, typer.Option("--prompts", help="Show what the model was asked, too.")] = False,
    as_json: _Json = False,
) -> None:
    """Show a chain's steps and where their rows lie, or one row's way through them."""
    from naze.jobs.chains import read_chain, row_path

    if row is not None:
        stops = row_path(run, row)
        if as_json:
            typer.echo(json.dumps([asdict(stop) for stop in stops], ensure_ascii=False, default=str))
            return
        for stop in stops:
            _show_stop(stop, prompts)
        return
    about = read_chain(run)
    if as_json:
        typer.echo(json.dumps(dict(about.told), ensure_ascii=False))
        return
    typer.echo(f"{about.told['name']}: {len(about.steps)} steps, result {about.told['result']}")
    for step in about.steps:
        path = about.rows_of(step["name"])
        typer.echo(f"  {step['name']} ({step['kind'].replace('_', ' ')}): {path or 'not run yet'}")


def _show_stop(stop: "Stop", prompts: bool) -> None:
    typer.echo(f"{stop.step} ({stop.kind.replace('_', ' ')}): {stop.note}")
    for place, values in enumerate(stop.values):
        if len(stop.values) > 1:
            typer.echo(f"  row {stop.ids[place]}")
        if prompts and place < len(stop.prompts):
            for line in stop.prompts[place].splitlines():
                typer.echo(f"    > {line}")
        for name, value in values.items():
            if value is not None:
                typer.echo(f"    {name}: {_short(value)}")


def _short(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}… ({len(text):,} characters)"


@app.command()
def graph(
    flow: _Flow,
    form: Annotated[str, typer.Option("--as", help="text, mermaid or svg.")] = "text",
    out: Annotated[Path | None, typer.Option(help="A file; else it is printed.")] = None,
) -> None:
    """Draw the steps of a chain."""
    from naze.jobs.chains import as_mermaid, as_svg, as_text, read_flow
    from naze.tables.aside import write_whole

    forms = {"text": as_text, "mermaid": as_mermaid, "svg": as_svg}
    if form not in forms:
        raise ConfigurationError(f"--as is {form!r}; expected {', '.join(forms)}.")
    drawn = forms[form](read_flow(flow))
    if out is None:
        typer.echo(drawn)
        return
    write_whole(
        out, drawn.rstrip("\n") + "\n", "the drawing", remedy="Choose another --out, or free some space."
    )
    typer.echo(str(out))
