"""Whatever naze writes, a disk without room is told with the file, the reason and what to do; nothing half-written stays."""

import errno
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import naze.cli
from full_disk import needs_limits, no_room
from made_factors import make_factors
from naze.errors import StoreError
from naze.factors import open_factors
from naze.jobs import Question, write_batch
from naze.predictions import VotePredictor
from naze.predictions.judged import CascadePoint
from naze.predictions.tables import write_probabilities
from naze.records import Outcome
from naze.report import write_cascade_figure, write_factors_report, write_predictor_page
from naze.tables.aside import text_aside, write_whole, written_aside
from naze.tables.write import check_folder_place, check_table_place
from naze.votes import read_votes, write_votes
from scripted import ScriptedEngine, rows, run_all

pytestmark = needs_limits
EXAMPLES = Path(__file__).parents[1] / "examples"
FLOW = "steps:\n  short:\n    filter: length(text) > 3\n"


@pytest.fixture(scope="module")
def votes():
    return read_votes(EXAMPLES / "explained.parquet", limit=40)


@pytest.fixture(scope="module")
def predictor(votes):
    return VotePredictor(folds=0, trees=False, leave_out=("n-grams",)).fit(list(votes))


@pytest.fixture(scope="module")
def factors(tmp_path_factory):
    return make_factors(tmp_path_factory.mktemp("made") / "tie", Outcome.TIE, resamples=50)


def call(*arguments):
    return CliRunner().invoke(naze.cli.app, [str(one) for one in arguments])


WRITERS = {
    "predictor": lambda at, given: given["predictor"].save(at / "model"),
    "page.html": lambda at, given: write_predictor_page(given["predictor"], at / "page.html"),
    "factors.html": lambda at, given: write_factors_report(given["factors"], at / "factors.html"),
    "factors.md": lambda at, given: write_factors_report(given["factors"], at / "factors.md"),
    "factors.csv": lambda at, given: write_factors_report(given["factors"], at / "factors.csv"),
    "cascade.svg": lambda at, given: write_cascade_figure(given["points"], at / "cascade.svg"),
    "votes.parquet": lambda at, given: write_votes(given["votes"], at / "votes.parquet"),
    "votes.jsonl": lambda at, given: write_votes(given["votes"], at / "votes.jsonl"),
    "apply.csv": lambda at, given: write_probabilities(at / "apply.csv", given["votes"], given["shares"]),
    "requests.jsonl": lambda at, given: write_batch(
        pl.DataFrame({"text": ["a cup of tea"] * 300}),
        [Question("tone", "Tone? {{ text }}")],
        model="m",
        out=at / "requests.jsonl",
    ),
}


def _room(name):
    """Give bytes: those for a batch's own copy of the rows are there."""
    return 8_000 if name == "requests.jsonl" else 100


@pytest.fixture
def given(votes, predictor, factors):
    points = tuple(
        CascadePoint(**{name: share for name in CascadePoint.__annotations__}) for share in (0.1, 0.9)
    )
    return {
        "votes": votes,
        "predictor": predictor,
        "factors": open_factors(factors.folder),
        "points": points,
        "shares": np.full((len(votes), 3), 1 / 3),
    }


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_finds_no_room_is_named_and_nothing_stays(tmp_path, given, name):
    with no_room(_room(name)), pytest.raises(StoreError) as caught:
        WRITERS[name](tmp_path, given)
    said = str(caught.value)
    assert "cannot be written (File too large)" in said and str(tmp_path) in said
    assert "another" in said or "free some space" in said.lower()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", WRITERS)
def test_what_was_there_before_is_as_it_was(tmp_path, given, name):
    WRITERS[name](tmp_path, given)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with no_room(_room(name)), pytest.raises(StoreError):
        WRITERS[name](tmp_path, given)
    assert before and {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    "command",
    [
        ("chain", "graph", "{at}/flow.yaml", "--as", "svg", "--out", "{at}/new.svg"),
        ("estimate", "--write-prices", "{at}/new.toml"),
        ("leaderboard", "{at}/two.parquet", "--resamples", "50", "--out", "{at}/new.csv"),
        ("votes", "convert", EXAMPLES / "votes.csv", "--to", "{at}/new.parquet"),
        ("runs", "export", "{at}/run", "--to", "{at}/new.csv"),
        ("runs", "export", "{at}/run", "--to", "{at}/new.parquet", "--stored"),
    ],
)
def test_a_command_on_a_full_disk_says_so_in_one_line(tmp_path, votes, command):
    (tmp_path / "flow.yaml").write_text(FLOW)
    models = votes.frame().with_columns(model_a=pl.lit("this"), model_b=pl.lit("that"))
    models.write_parquet(tmp_path / "two.parquet")
    run_all(tmp_path / "run", rows("abc"), ScriptedEngine())
    before = sorted(tmp_path.iterdir())
    with no_room(10):
        done = call(*(str(one).format(at=tmp_path) for one in command))
    assert done.exit_code == 1 and done.stderr.count("\n") == 1, done.output
    assert "/new." in done.stderr and "cannot be written (File too large)" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


LONG = "長い名前" * 40


@pytest.mark.parametrize(
    "command",
    [
        ("votes", "check", f"{LONG}.csv"),
        ("map", f"{LONG}.csv", "--ask", "a=b", "--model", "m"),
        ("map", EXAMPLES / "votes.csv", "--ask", "a=b", "--model", "m", "--out", f"{LONG}.csv"),
        ("explain", f"{LONG}.csv", "--model", "m"),
        ("runs", "show", LONG),
        ("runs", "list", LONG),
        ("report", LONG),
        ("predict", "fit", EXAMPLES / "votes.csv", "--out", LONG),
        ("factors", LONG, "--model", "m"),
        ("chain", f"{LONG}.yaml", EXAMPLES / "votes.csv"),
        ("batch", "check", f"{LONG}.jsonl"),
        ("summarize", LONG, "--model", "m"),
        ("votes", "convert", EXAMPLES / "votes.csv", "--to", f"{LONG}.parquet"),
        ("leaderboard", EXAMPLES / "votes.csv", "--out", f"{LONG}.csv"),
    ],
)
def test_a_name_that_is_too_long_is_told(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    done = call(*command)
    assert done.exit_code == 1 and not isinstance(done.exception, OSError), done.output
    assert "File name too long" in done.stderr and LONG in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EACCES, "Allow this user"),
        (errno.EROFS, "can only be read"),
        (errno.EIO, "another place"),
    ],
)
def test_what_the_system_refuses_anywhere_else_is_told_too(monkeypatch, code, remedy):
    def refuse(*_, **__):
        raise OSError(code, os.strerror(code), "/somewhere/file")

    monkeypatch.setattr("naze.cli.listing.list_folders", refuse)
    done = call("runs", "list", str(EXAMPLES))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"naze: /somewhere/file: {os.strerror(code)}. ") and remedy in done.stderr


def test_any_other_error_of_the_system_is_a_bug_and_keeps_its_traceback(monkeypatch):
    def stumble(*_, **__):
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("naze.cli.listing.list_folders", stumble)
    done = call("runs", "list", str(EXAMPLES))
    assert isinstance(done.exception, OSError)


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    name = "x" * 251 + ".txt"
    write_whole(tmp_path / name, "text")
    assert (tmp_path / name).read_text() == "text"
    check_table_place(tmp_path / ("y" * 251 + ".csv"))
    with pytest.raises(StoreError, match=r"cannot be written \(File name too long\)"):
        write_whole(tmp_path / ("z" + name), "text")


def test_an_error_of_whoever_writes_leaves_the_file_that_was_there(tmp_path):
    (tmp_path / "page.html").write_text("before")
    for aside in (written_aside, text_aside):
        with pytest.raises(ZeroDivisionError), aside(tmp_path / "page.html") as file:
            file.write("half" if aside is text_aside else b"half")
            raise ZeroDivisionError
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("page.html", "before")]


def test_a_place_for_a_folder_below_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"file/below/x\.txt: cannot be written \(Not a directory\)"):
        write_whole(tmp_path / "file" / "below" / "x.txt", "text")
    with pytest.raises(naze.errors.FormatError, match="is a file; expected a folder"):
        check_folder_place(tmp_path / "file" / "below")
