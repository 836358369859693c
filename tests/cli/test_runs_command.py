"""`naze runs` as a person calls it, on runs of a real model and of an engine that fails when told."""

import csv
import json
import os
import subprocess
import sysconfig
from pathlib import Path

import polars as pl
import pytest

from naze.generations import open_run, write_run
from naze.records import FittedPrompt, Prompt
from scripted import MANIFEST, ScriptedEngine, rows, run_all

PROGRAM = Path(sysconfig.get_path("scripts")) / "naze"


def naze(*arguments, folder=None):
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=os.environ,
    )


@pytest.fixture(scope="module")
def explained(tmp_path_factory, repository, smollm2_path):
    """Four real votes explained by SmolLM2, one of them too long for the context that it was given."""
    run = tmp_path_factory.mktemp("runs") / "mine"
    done = naze(
        "explain", repository / "examples" / "votes.csv", "--model", "smollm2:135m", "--language", "en",
        "--template", repository / "tests" / "data" / "briefly.j2", "--limit", "4", "--max-tokens", "16", "--fit", "fail",
        "--context", "420", "--out", run,
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr
    summary = open_run(run).summary()
    assert summary.answered and summary.overflow, "the context splits these four votes"
    return run


def test_runs_are_listed_for_reading_and_as_json(explained):
    shown = naze("runs", "list", explained.parent)
    assert shown.returncode == 0
    assert str(explained) in shown.stdout and "smollm2:135m" in shown.stdout
    [entry] = json.loads(naze("runs", "list", explained.parent, "--json").stdout)
    assert (entry["run"], entry["rows"], entry["language"]) == (str(explained), 4, "en")
    [same] = json.loads(naze("runs", "list", explained, "--json").stdout)
    assert same == entry, "the folder of one run lists that run"


def test_a_run_is_shown_with_the_reasons_of_its_failures(explained):
    shown = naze("runs", "show", explained)
    assert "too long" in shown.stdout and "tokens; " in shown.stdout
    found = json.loads(naze("runs", "show", explained, "--json").stdout)
    assert found["overflow"] == len(found["failures"]) > 0
    assert (
        found["failures"][0]["reason"]
        and found["failures"][0]["whole_tokens"] > found["failures"][0]["limit_tokens"]
    )


def test_one_rows_answer_is_shown(explained):
    row = next(row for row in open_run(explained).rows() if row.answer.text)
    shown = naze("runs", "show", explained, row.subject_id)
    assert row.answer.text.strip() in shown.stdout and f"attempt {row.answer.attempts}" in shown.stdout
    assert all(mark in shown.stdout for mark in row.answer.marks)
    assert (
        json.loads(naze("runs", "show", explained, row.subject_id, "--json").stdout)["text"]
        == row.answer.text
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_run_is_exported_in_input_order_with_the_votes_own_columns(explained, repository, tmp_path, suffix):
    path = tmp_path / f"out.{suffix}"
    done = naze("runs", "export", explained, "--to", path)
    assert done.returncode == 0, done.stderr
    assert "4 rows" in done.stdout
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[suffix](path)
    with (repository / "examples" / "votes.csv").open(newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)][:4]
    assert list(map(str, read["subject_id"])) == ids
    assert {"status", "text", "winner", "prompt"} <= set(read.columns)


def test_a_retry_asks_failed_rows_again_and_says_when_they_still_fail(explained):
    before = open_run(explained).summary()
    done = naze("runs", "retry", explained, "--status", "overflow", "--json")
    assert done.returncode == 3, "they are as long as before"
    assert json.loads(done.stdout)["overflow"] == before.overflow
    nothing = naze("runs", "retry", explained, "--status", "error")
    assert "nothing to ask again" in nothing.stderr


def test_an_unfinished_run_and_a_damaged_one_are_listed_beside_the_others(tmp_path):
    with write_run(tmp_path / "open", MANIFEST) as run:
        run.plan(rows("ab"), "1")
    run_all(tmp_path / "whole", rows("ab"), ScriptedEngine(dies_on=lambda prompt: prompt.question == "b"))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    shown = naze("runs", "list", tmp_path)
    assert shown.returncode == 0
    assert "0 of 2 answered" in shown.stdout
    assert "1 of 2 answered, 1 failed" in shown.stdout
    assert "damaged  cannot be read" in shown.stdout
    assert "not asked yet" in naze("runs", "show", tmp_path / "open", "row 1").stdout


def test_rows_with_several_questions_are_told_apart(tmp_path):
    source = [FittedPrompt(Prompt("vote 1", name, "", "", name)) for name in ("style", "facts")]
    run_all(tmp_path, lambda: source, ScriptedEngine())
    shown = naze("runs", "show", tmp_path, "vote 1").stdout
    assert "vote 1, style" in shown and "vote 1, facts" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nowhere"], "nowhere: there is no run here"),
        (["export", "nowhere", "--to", "x.csv"], "nowhere: there is no run here"),
        (["retry", "nowhere"], "nowhere: there is no run here"),
        (["retry", "nowhere", "--status", "odd"], "--status is 'odd'; expected invalid, overflow, error"),
        (["list", "nowhere"], "nowhere: there is no such folder"),
    ],
)
def test_what_is_not_there_is_an_error_in_plain_words(tmp_path, arguments, said):
    done = naze("runs", *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr and "Traceback" not in done.stderr


def test_an_id_that_is_not_in_the_run_is_an_error(explained):
    done = naze("runs", "show", explained, "no such id")
    assert done.returncode == 1 and "no row has the id 'no such id'" in done.stderr


def test_an_export_as_something_else_is_refused_before_anything_is_written(explained, tmp_path):
    done = naze("runs", "export", explained, "--to", tmp_path / "x.xls")
    assert done.returncode == 1 and ".parquet" in done.stderr
    assert not list(tmp_path.iterdir())


def test_of_a_run_that_is_no_explanation_failures_are_set_aside_for_its_own_command(tmp_path):
    source = rows("abc")
    run_all(tmp_path / "r", source, ScriptedEngine(dies_on=lambda prompt: prompt.question == "b"))
    shown = naze("runs", "retry", tmp_path / "r")
    assert shown.returncode == 0 and "1 failure set aside" in shown.stdout
    engine = ScriptedEngine()
    assert run_all(tmp_path / "r", source, engine).answered == 3
    assert engine.asked == ["row 1"]
    exported = naze("runs", "export", tmp_path / "r", "--to", tmp_path / "e.csv")
    assert exported.returncode == 0, exported.stderr
    assert pl.read_csv(tmp_path / "e.csv")["text"].to_list() == [f"answer to {letter}" for letter in "abc"]
