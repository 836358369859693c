"""`naze votes` as a person calls it."""

import json
import shutil

import polars as pl
import pytest
from typer.testing import CliRunner

import naze.cli
from naze.votes import read_votes
from naze.votes.split import normalised_prompt


@pytest.fixture
def naze_votes(repository, tmp_path, monkeypatch):
    """Call `naze votes …` in a folder that has the samples."""
    shutil.copytree(repository / "tests" / "data" / "votes", tmp_path, dirs_exist_ok=True)
    shutil.copy(repository / "examples" / "votes.csv", tmp_path / "votes.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(naze.cli.app, ["votes", *map(str, words)])


def test_check_says_what_is_in_a_file(naze_votes):
    ran = naze_votes("check", "kaggle.csv")
    assert ran.exit_code == 0, ran.output
    assert "33 votes (layout: kaggle)" in ran.output
    assert "2 of 35 rows are kept aside" in ran.output
    assert "row 35: both responses are null" in ran.output
    for word in (
        "Outcomes",
        "Turns",
        "Languages",
        "Exact duplicates",
        "Contradictions",
        "Position",
        "Length",
        "95 %",
    ):
        assert word in ran.output


def test_check_as_json_is_one_object(naze_votes):
    ran = naze_votes("check", "tulu.parquet", "--json")
    assert ran.exit_code == 0, ran.output
    report = json.loads(ran.stdout)
    assert report["votes"] == 30
    assert report["context"] is None


def test_check_counts_in_a_models_own_tokens(naze_votes, smollm2_path):
    ran = naze_votes("check", "votes.csv", "--model", smollm2_path, "--max-tokens", 7800, "--json")
    assert ran.exit_code == 0, ran.output
    context = json.loads(ran.stdout)["context"]
    assert context["limit_tokens"] == 8192 - 7800
    assert context["rows"] == 24
    assert 0 < context["exceeding"] < 24
    assert context["longest_tokens"] > context["median_tokens"] > 100


def test_an_answer_longer_than_the_context_is_refused(naze_votes, smollm2_path):
    ran = naze_votes("check", "votes.csv", "--model", smollm2_path, "--max-tokens", 9000)
    assert ran.exit_code == 1
    assert "leaves no room for a prompt" in ran.output


def test_any_table_is_checked_by_naming_its_columns(naze_votes):
    ran = naze_votes("check", "vicuna80.csv")
    assert ran.exit_code == 1
    assert "--columns prompt=…,response_a=…,response_b=…" in ran.output
    ran = naze_votes(
        "check", "vicuna80.csv", "--columns", "prompt=question,response_a=left", "--columns", "response_b=right",
        "--columns", "winner=label", "--winner", "b=a", "--winner", "a=b", "--json",
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    labels = pl.read_csv("vicuna80.csv")["label"].to_list()
    assert json.loads(ran.stdout)["outcomes"] == {"a": labels.count("b"), "b": labels.count("a")}


def test_split_writes_two_files_without_a_common_prompt(naze_votes):
    ran = naze_votes(
        "split", "tulu.parquet", "--holdout", 0.3, "--out-train", "l.parquet", "--out-test", "t.jsonl"
    )
    assert ran.exit_code == 0, ran.output
    train, test = read_votes("l.parquet"), read_votes("t.jsonl")
    assert len(train) + len(test) == 30
    assert not {normalised_prompt(v.prompt) for v in train} & {normalised_prompt(v.prompt) for v in test}


def test_convert_keeps_every_vote_and_says_what_it_left_out(naze_votes):
    ran = naze_votes("convert", "kaggle.csv", "--to", "out/x.parquet")
    assert ran.exit_code == 0, ran.output
    assert "kept aside: kaggle.csv, row 34: both responses are null" in ran.stderr
    assert list(read_votes("out/x.parquet")) == list(read_votes("kaggle.csv"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "kagle.csv"), "naze: kagle.csv: there is no such file. Did you mean kaggle.csv?"),
        (("check", "kaggle.csv", "--columns", "prompt"), "--columns 'prompt'; expected name=value"),
        (("check", "kaggle.csv", "--winner", "x=left"), "'x' is mapped to 'left'"),
        (("check", "kaggle.csv", "--format", "kagle"), "Did you mean 'kaggle'?"),
        (
            ("split", "kaggle.csv", "--holdout", "2", "--out-train", "a.parquet", "--out-test", "b.parquet"),
            "holdout",
        ),
        (
            ("split", "kaggle.csv", "--out-train", "a.parquet", "--out-test", "./a.parquet"),
            "--out-train and --out-test are both",
        ),
        (("convert", "kaggle.csv", "--to", "votes.csv/x.parquet"), "the votes cannot be written"),
        (("convert", "kaggle.csv", "--to", "x.csv"), "write them as .parquet or .jsonl"),
        (("check", "votes.csv", "--model", "smolm2"), "smollm2"),
    ],
)
def test_a_mistake_is_one_plain_line(naze_votes, words, message):
    ran = naze_votes(*words)
    assert ran.exit_code == 1
    assert message in ran.output
    assert "Traceback" not in ran.output
    assert len([line for line in ran.stderr.splitlines() if line.startswith("naze: ")]) == 1
