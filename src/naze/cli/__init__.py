"""The command line: parse, one library call, show. One file per command.

Commands are loaded when they are called, and help is plain text, so that `naze --help` stays quick.
"""

import codecs
import errno
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, cast

import typer
import typer.core

from naze.errors import BudgetError, NazeError
from naze.invocation import called_as, heard_by

__all__ = [
    "COMMANDS",
    "EXIT_BUDGET",
    "EXIT_COULD_NOT_RUN",
    "EXIT_FAILED_ROWS",
    "EXIT_INTERRUPTED",
    "app",
    "find_command",
    "main",
]

COMMANDS = {
    "batch": "Run OpenAI batch files here; write them, read results.",
    "chain": "Run steps that feed one another on a table; follow each row.",
    "demo": "All of it on examples: explain, factors, predict, pages.",
    "estimate": "Rows, tokens, hours here, price elsewhere: beforehand.",
    "explain": "Have a local model explain every vote in a file.",
    "extract": "Take facts out of texts, as a JSON Schema lays them down.",
    "factors": "Find the reasons behind votes; test each on votes held out.",
    "generate": "Ask a model one thing.",
    "judge": "Have a model judge votes, in both orders, calibrated.",
    "label": "Label every text, with probabilities; check against gold.",
    "leaderboard": "Rate the models in votes: ties, style control, intervals.",
    "map": "Ask a model about every row of a table: new columns.",
    "models": "What can answer on this machine, and what could be pulled.",
    "predict": "Predict the next vote, ties included, and know how sure.",
    "pull": "Fetch a model: resumable, verified by SHA-256.",
    "report": "Write a page of a run, of factors, of a predictor.",
    "runs": "List, show, export and retry runs.",
    "sentiment": "Judge the sentiment of every text (Japanese, English).",
    "summarize": "Summarize long documents, each point with its source.",
    "tidy": "Rewrite every cell of a column as an instruction says.",
    "votes": "What is in a file of votes, and what is wrong with it.",
}
"""Command name -> the line that `naze --help` shows. The module `naze.cli.<name>` holds an `app`."""

RESUMABLE = (
    "batch", "chain", "demo", "explain", "extract", "factors", "judge", "label", "map", "pull", "runs", "sentiment",
    "summarize", "tidy",
)  # fmt: skip
"""Commands that go on where they stopped when they are called again."""
KEEPS_ANSWERS = ("predict",)
"""Commands that begin again, but ask no model anything twice."""

READS_TABLES = (
    "chain", "estimate", "explain", "extract", "factors", "judge", "label", "leaderboard", "map", "predict", "sentiment",
    "summarize", "tidy", "votes",
)  # fmt: skip
"""Commands that read tables as people have them; each takes `--encoding`."""
READS_NO_TABLE = ("show", "graph", "drill", "compare")
"""Commands below them that read naze's own folders alone."""

EXIT_COULD_NOT_RUN = 1
EXIT_FAILED_ROWS = 3
EXIT_BUDGET = 4
EXIT_INTERRUPTED = 130

_OF_THE_SYSTEM = {
    errno.ENOSPC: "Free some space on its disk, or name another place.",
    errno.EDQUOT: "Free some space of your share of the disk, or name another place.",
    errno.EFBIG: "Its disk or this session takes no larger file; name another place.",
    errno.EACCES: "Allow this user to read and write there, or name another place.",
    errno.EPERM: "Allow this user to read and write there, or name another place.",
    errno.EROFS: "Its disk can only be read; name another place.",
    errno.ENAMETOOLONG: "Give it a shorter name.",
    errno.EIO: "Its disk is broken or gone; name another place.",
}
"""What the system refuses, wherever it does, and what to do about it; any other `OSError` is a bug, with its traceback."""
COMPLETION_OPTIONS = ("install_completion", "show_completion")
"""What Typer adds to every application; a command's own application is none that a person calls."""

_Command = typer.core.TyperCommand | typer.core.TyperGroup


class _LazyGroup(typer.core.TyperGroup):
    """Knows every command's name and help line, and imports a command's module only when it is called."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401  # typer's own arguments, passed on
        super().__init__(**attributes)
        for name, line in COMMANDS.items():
            self.add_command(typer.core.TyperCommand(name, help=line))

    def main(self, args: Sequence[str] | None = None, *more: Any, **further: Any) -> Any:  # noqa: ANN401  # typer's own
        """Carry a command line out; the runs that it makes keep it. `naze runs` makes none."""
        words = sys.argv[1:] if args is None else list(args)
        if not words or words[0] not in COMMANDS or words[0] == "runs":
            return super().main(args, *more, **further)
        with called_as(words):
            return super().main(args, *more, **further)

    def resolve_command(  # type: ignore[override]  # typer's own base class is private
        self, ctx: typer.Context, args: list[str]
    ) -> tuple[str | None, _Command | None, list[str]]:
        """Find the command that the arguments name and import it."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name is None or stand_in is None:
            return name, None, rest
        return name, _load(name), rest

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Call the command; say in plain words what stopped it."""
        try:
            with heard_by(lambda words: typer.echo(words, err=True)):
                return super().invoke(ctx)
        except NazeError as error:
            typer.echo(f"naze: {error}", err=True)
            raise typer.Exit(EXIT_BUDGET if isinstance(error, BudgetError) else EXIT_COULD_NOT_RUN) from error
        except OSError as error:
            if error.errno not in _OF_THE_SYSTEM:
                raise
            typer.echo(f"naze: {_told(error)}{_what_is_kept(ctx.invoked_subcommand)}", err=True)
            raise typer.Exit(EXIT_COULD_NOT_RUN) from error
        except KeyboardInterrupt:
            typer.echo(f"naze: interrupted.{_what_is_kept(ctx.invoked_subcommand)}", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None


def _told(error: OSError) -> str:
    where = "a file, or what is printed" if error.filename is None else str(error.filename)
    return f"{where}: {error.strerror}. {_OF_THE_SYSTEM[error.errno or 0]}"


def _what_is_kept(command: str | None) -> str:
    if command in RESUMABLE:
        return " The same command goes on where this one stopped."
    if command in KEEPS_ANSWERS:
        return " What a model has answered is kept: the same command does not ask it again."
    return ""


def find_command(words: list[str]) -> tuple[_Command | None, int]:
    """Find the command that words of a command line name.

    Returns:
        The command, or None where the first word names none; and how many words name it.
    """
    if not words or words[0] not in COMMANDS:
        return None, 0
    command, taken = _load(words[0]), 1
    while taken < len(words) and words[taken] in getattr(command, "commands", {}):
        command = cast(_Command, getattr(command, "commands", {})[words[taken]])
        taken += 1
    return command, taken


def _load(name: str) -> _Command:
    command = cast(_Command, typer.main.get_command(import_module(f"naze.cli.{name}").app))
    _fit_below_root(command)
    command.name = name
    if name in READS_TABLES:
        _let_name_encodings(command)
    return command


_tables = typer.Typer()


@_tables.command()
def _reads_tables(
    ctx: typer.Context,
    encoding: Annotated[
        str | None,
        typer.Option(help="Of a text file that is not UTF-8, such as cp932; else found by itself."),
    ] = None,
) -> None:
    """Hold the option that all commands have which read tables."""


def _let_name_encodings(command: _Command) -> None:
    """Give every command that reads a table the option `--encoding`; what it names counts for the whole call."""
    subcommands = getattr(command, "commands", {})
    for name, subcommand in subcommands.items():
        if name not in READS_NO_TABLE:
            _let_name_encodings(subcommand)
    if subcommands:
        return
    [option] = [param for param in typer.main.get_command(_tables).params if param.name == "encoding"]
    option.expose_value = False
    option.callback = _name_encoding
    command.params.append(option)


def _name_encoding(ctx: Any, _: object, encoding: str | None) -> str | None:  # noqa: ANN401 - typer's own, private
    from naze.configuration import with_settings

    if encoding is not None:
        ctx.with_resource(with_settings(encoding=encoding))
    return encoding


def _fit_below_root(command: _Command) -> None:
    """Leave completion to the root; print help without boxes and colours: quick, easy to quote."""
    command.params = [param for param in command.params if param.name not in COMPLETION_OPTIONS]
    command.rich_markup_mode = None
    for subcommand in getattr(command, "commands", {}).values():
        _fit_below_root(subcommand)


app = typer.Typer(cls=_LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def naze(version: bool = typer.Option(False, "--version", help="Show the version and leave.")) -> None:
    """Why do people prefer one answer to another? Ask a model on your own machine (なぜ, "why")."""
    if version:
        from importlib.metadata import version as installed_version

        typer.echo(f"naze {installed_version('naze')}")
        raise typer.Exit


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Write letters that the console does not have as JSON does, `\u00e9`, so that what `--json` prints can be read."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = [missing[place : place + 2].hex() for place in range(0, len(missing), 2)]
    return "".join(f"\\u{unit}" for unit in units), error.end


def main() -> None:
    """Run the command line. Exit status: 0 all answered, 3 some failed, 4 budget used up, 1 could not run, 130 interrupted."""
    if isinstance(sys.stdout, TextIOWrapper):
        codecs.register_error("escaped", _escaped)
        sys.stdout.reconfigure(errors="escaped")  # a broken surrogate in a vote, an old code page
    try:
        app()
    except SystemExit as leaving:
        # Typer leaves with 2 where the command line itself is wrong: here too, nothing could run.
        sys.exit(EXIT_COULD_NOT_RUN if leaving.code == 2 else leaving.code)
