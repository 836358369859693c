"""The root of the command line: names, near names, completion, exit statuses."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import naze.cli
from naze.errors import FormatError

PROGRAM = Path(sysconfig.get_path("scripts")) / "naze"


def run(*arguments, **environment):
    return subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def complete(line):
    """What bash offers when TAB is pressed at the end of the line."""
    words = line.split(" ")
    done = run(_NAZE_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0
    for name, line in naze.cli.COMMANDS.items():
        assert f"{name} " in done.stdout
        assert line in done.stdout, "shorten the line: it does not fit beside the name on 80 columns"


def test_the_version_is_shown():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("naze 0.")


def test_a_misspelt_command_suggests_the_nearest_name_and_could_not_run():
    done = run("expalin")
    assert done.returncode == naze.cli.EXIT_COULD_NOT_RUN
    assert "Did you mean 'explain'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_option_could_not_run():
    done = run("models", "--no-such-option")
    assert done.returncode == naze.cli.EXIT_COULD_NOT_RUN
    assert "--no-such-option" in done.stderr


def test_tab_completes_commands():
    assert complete("naze r") == ["report", "runs"]


def test_tab_completes_subcommands():
    assert {"list", "show", "export", "retry"} <= set(complete("naze runs "))
    assert "check" in complete("naze votes ch")


def test_tab_completes_options_of_a_command():
    assert "--language" in complete("naze explain --l")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_completion_script(shell):
    done = run(_NAZE_COMPLETE=f"source_{shell}")
    assert done.returncode == 0
    assert f"_NAZE_COMPLETE=complete_{shell}" in done.stdout


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (
            FormatError("votes.csv: the file is empty; expected a header"),
            1,
            "naze: votes.csv: the file is empty",
        ),
        (KeyboardInterrupt(), 130, "naze: interrupted. The same command goes on"),
        (typer.Exit(3), 3, ""),
    ],
)
def test_what_ends_a_command_becomes_its_exit_status(monkeypatch, raised, status, said):
    command = typer.Typer()

    @command.command()
    def explain():
        raise raised

    monkeypatch.setattr("naze.cli.import_module", lambda name: type(name, (), {"app": command}))
    done = CliRunner().invoke(naze.cli.app, ["explain"])
    assert done.exit_code == status
    assert done.stderr.startswith(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("judge", "The same command goes on"),
        ("predict", "What a model has answered is kept"),
        ("leaderboard", ""),
    ],
)
def test_an_interrupted_command_says_what_is_kept(monkeypatch, name, said):
    command = typer.Typer()

    @command.command()
    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr("naze.cli.import_module", lambda _: type(name, (), {"app": command}))
    done = CliRunner().invoke(naze.cli.app, [name])
    assert (done.exit_code, done.stderr.startswith(f"naze: interrupted. {said}".strip())) == (130, True)
    assert ("kept" in done.stderr, "goes on" in done.stderr) == ("kept" in said, "goes on" in said)


def test_a_bug_keeps_its_traceback(monkeypatch):
    command = typer.Typer()

    @command.command()
    def explain():
        raise ZeroDivisionError

    monkeypatch.setattr("naze.cli.import_module", lambda name: type(name, (), {"app": command}))
    assert isinstance(CliRunner().invoke(naze.cli.app, ["explain"]).exception, ZeroDivisionError)
