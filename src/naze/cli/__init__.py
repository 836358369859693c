"""The command line: parse, one library call, show. One file per command.

Commands are loaded when they are called, so that `naze --help` stays quick.
"""

import sys
from importlib import import_module


import typer
import typer.core

from naze.errors import NazeError

COMMANDS = {
    "explain": "Have a local model explain every vote in a file, in your language.",
    "generate": "Ask a model one thing.",
    "models": "What can answer on this machine, and what could be pulled.",
    "pull": "Fetch a model: size and disk space checked, resumable, verified by SHA-256.",
    "report": "Write a page of a run: one HTML file, no network needed.",
    "runs": "List, show, export and retry runs.",
    "votes": "What is in a file of votes, and what is wrong with it.",
}
"""Command name -> the line that `naze --help` shows. The module `naze.cli.<name>` holds an `app`."""

EXIT_FAILED_ROWS = 3
EXIT_COULD_NOT_RUN = 1
EXIT_INTERRUPTED = 130


class _LazyGroup(typer.core.TyperGroup):
    """Lists commands from `COMMANDS` and imports a command's module only when it is called."""

    def list_commands(self, ctx: typer.Context) -> list[str]:
        """Name every command, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> typer.core.TyperCommand | typer.core.TyperGroup | None:
        """Return a stand-in that knows its help line only; `resolve_command` loads the real one."""
        if cmd_name not in COMMANDS:
            return None
        return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name])

    def resolve_command(
        self, ctx: typer.Context, args: list[str]
    ) -> tuple[str | None, typer.core.TyperCommand | typer.core.TyperGroup | None, list[str]]:
        """Find the command that the arguments name and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and name is not None:
            command = typer.main.get_command(import_module(f"naze.cli.{name}").app)
            command.name = name
        return name, command, rest


app = typer.Typer(cls=_LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def naze(version: bool = typer.Option(False, "--version", help="Show the version and leave.")) -> None:
    """Why do people prefer one answer to another? Ask a model on your own machine (なぜ, "why")."""
    if version:
        from importlib.metadata import version as installed_version

        typer.echo(f"naze {installed_version('naze')}")
        raise typer.Exit


def main() -> None:
    """Run the command line. Exit status: 0 all answered, 3 some failed, 1 could not run, 130 interrupted."""
    try:
        app()
    except NazeError as error:
        typer.echo(f"naze: {error}", err=True)
        sys.exit(EXIT_COULD_NOT_RUN)
    except KeyboardInterrupt:
        typer.echo("naze: interrupted. The same command goes on where this one stopped.", err=True)
        sys.exit(EXIT_INTERRUPTED)
