"""`naze estimate`: what another command would take, before it is run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from naze.cli import COMMANDS, find_command
from naze.errors import ConfigurationError, StoreError

app = typer.Typer(help="Rows, tokens, hours here and price elsewhere, before a command is run.")

_TAKES_ALL = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["--help"]}


@app.command(context_settings=_TAKES_ALL)
def estimate(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND …", help="A command with its arguments, as it would be run."),
    ] = None,
    write_prices: Annotated[
        Path | None, typer.Option(help="Write the example table of prices to this file, to be edited.")
    ] = None,
) -> None:
    """Say what a command would take: rows, tokens, hours here with a 90 % interval, price elsewhere.

    It takes exactly the arguments of the command behind it: `naze estimate map reviews.csv --prompt …`. A few rows are
    really asked; nothing is kept. The prices stand in a table that you edit (prices.toml).
    """
    words = [*(command or []), *context.args]
    if write_prices is not None:
        _write_prices(write_prices)
        if not words:
            return
    if not words:
        raise ConfigurationError(
            f"there is no command to estimate; expected one of: {', '.join(_estimable())}."
        )
    found, taken = find_command(words)
    members = getattr(found, "commands", {})
    found = members.get(
        getattr(found, "default", None), found
    )  # `naze chain FLOW DATA` is `naze chain run …`
    if found is None or not _has_dry_run(found):
        raise ConfigurationError(
            f"`naze {' '.join(words[: max(1, taken)])}` cannot be estimated; expected one of: {', '.join(_estimable())}."
        )
    found.main(
        [*words[taken:], "--dry-run"], prog_name=f"naze {' '.join(words[:taken])}", standalone_mode=False
    )


def _has_dry_run(command: Any) -> bool:  # noqa: ANN401 - typer's own base class is private
    return any(parameter.name == "dry_run" for parameter in command.params)


def _estimable() -> list[str]:
    """Name the commands that can be estimated."""
    found: list[str] = []
    for name in COMMANDS:
        if name == "estimate":
            continue
        command, _ = find_command([name])
        members = getattr(command, "commands", {})
        found += [f"{name} {member}" for member, inner in members.items() if _has_dry_run(inner)]
        if command is not None and not members and _has_dry_run(command):
            found.append(name)
    return found


def _write_prices(path: Path) -> None:
    from naze.generations.prices import EXAMPLE
    from naze.tables.aside import write_whole

    if path.exists():
        raise StoreError(f"{path} is there already; it may hold your prices. Choose another name.")
    write_whole(path, EXAMPLE.read_bytes(), "the example")
    typer.echo(f"{path}: an example. Look today's prices up and edit it.")
