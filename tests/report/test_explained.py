"""A real run, explained by a real small model, becomes a page; and what is no such run is told."""

import re
from contextlib import closing

import pytest
from typer.testing import CliRunner

import naze
from naze.cli import app
from naze.errors import ConfigurationError, RunError
from naze.generations import open_run
from naze.jobs import ExplainSettings, explained_rows
from naze.records import Fit, Status
from naze.report import run_facts, write_run_page
from scripted import MANIFEST, ScriptedEngine, rows, run_all

SHORT = ExplainSettings()


@pytest.fixture(scope="module")
def run(repository, smollm2_path, tmp_path_factory):
    votes = naze.read_votes(repository / "examples" / "votes.csv", limit=3)
    folder = tmp_path_factory.mktemp("explained") / "run"
    with closing(naze.explain(votes, "smollm2:135m", language="en", out=folder, settings=SHORT)) as done:
        yield done


def test_each_row_stands_with_its_vote_in_input_order(run, repository):
    votes = list(naze.read_votes(repository / "examples" / "votes.csv", limit=3))
    explained = list(explained_rows(run))
    assert [one.vote.id for one in explained] == [vote.id for vote in votes]
    assert [one.vote.response_a for one in explained] == [vote.response_a for vote in votes]
    assert all(one.answer.status is Status.ANSWERED and one.fit is Fit.WHOLE for one in explained)


def test_the_facts_say_how_it_was_made(run):
    facts = run_facts(run)
    assert facts["model"] == "smollm2:135m"
    assert facts["template"].startswith("explain (")
    assert (facts["rows"], facts["answered"], facts["failed"]) == (3, 3, 0)
    assert facts["prompt_tokens"] > 300
    assert facts["generated_tokens"] <= 3 * 320
    assert facts["verified"].endswith("(100%)")
    assert facts["seconds"] > 0
    assert facts["fit"] == {"en": "shorten", "ja": "短縮する"}
    assert "OpenVINO" in facts["notes"]["en"] and "OpenVINOでint8" in facts["notes"]["ja"]


def test_the_command_writes_the_page_in_the_language_asked_for(run, tmp_path):
    page = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["report", str(run.folder), "--out", str(page), "--language", "ja"])
    assert done.exit_code == 0, done.output
    assert "3 votes" in done.output
    text = page.read_text("utf-8")
    assert '<html lang="ja">' in text
    assert all(one.vote.id in text for one in explained_rows(run))


def test_without_out_the_page_lies_in_the_runs_folder(run):
    assert CliRunner().invoke(app, ["report", str(run.folder)]).exit_code == 0
    assert '<html lang="en">' in (run.folder / "report.html").read_text("utf-8")


def test_a_limit_shows_the_first_votes_only(run, tmp_path):
    assert write_run_page(run, tmp_path / "p.html", limit=2) == 2
    assert len(re.findall(r'^,?\{"id":', (tmp_path / "p.html").read_text("utf-8"), re.M)) == 2


@pytest.mark.parametrize(
    ("wrong", "says"), [({"limit": 0}, "limit is 0"), ({"language": "de"}, "expected en or ja")]
)
def test_wrong_settings_are_told_and_write_nothing(run, tmp_path, wrong, says):
    with pytest.raises(ConfigurationError, match=says):
        write_run_page(run, tmp_path / "p.html", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_something_else_is_told(tmp_path):
    run_all(tmp_path / "other", rows(["one"]), ScriptedEngine())
    with (
        closing(open_run(tmp_path / "other")) as other,
        pytest.raises(RunError, match=f"task is '{MANIFEST.task}'"),
    ):
        write_run_page(other, tmp_path / "p.html")


def test_a_folder_without_a_run_is_told_by_the_command(tmp_path):
    done = CliRunner().invoke(app, ["report", str(tmp_path / "nothing")])
    assert done.exit_code == 1
    assert "there is no run here" in done.output
