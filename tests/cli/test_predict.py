"""`naze predict`, `judge` and `leaderboard`, as they are typed."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from naze.cli import app

EXPLAINED = Path(__file__).parents[2] / "examples" / "explained.parquet"
KAGGLE = Path(__file__).parents[2] / "examples" / "votes.csv"


def typed(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "m"
    done = typed(
        "predict", "fit", EXPLAINED, "--out", folder, "--folds", 2, "--no-trees", "--leave-out", "n-grams"
    )
    assert done.exit_code == 0, done.output
    assert "prior" in done.output and "naze is better by" in done.output and "Written to" in done.output
    return folder


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.jsonl"])
def test_predictions_are_written_and_scored(model, tmp_path, name):
    out = tmp_path / name
    done = typed("predict", "apply", model, EXPLAINED, "--out", out)
    assert done.exit_code == 0, done.output
    assert "251 predictions" in done.output
    done = typed("predict", "score", out, EXPLAINED, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["votes"] == 251
    assert "log loss" in typed("predict", "score", out, EXPLAINED).output


def test_a_submission_has_the_contests_columns_and_no_winners_behind_it(model, tmp_path):
    test = tmp_path / "test.csv"
    frame = pl.read_csv(KAGGLE)
    frame.select("id", "prompt", "response_a", "response_b").write_csv(test)
    done = typed("predict", "submit", model, test, "--out", tmp_path / "s.csv")
    assert done.exit_code == 0, done.output
    told = pl.read_csv(tmp_path / "s.csv")
    assert told.columns == ["id", "winner_model_a", "winner_model_b", "winner_tie"]
    assert told["id"].to_list() == frame["id"].to_list()
    refused = typed("predict", "submit", model, KAGGLE, "--out", tmp_path / "no.csv")
    assert refused.exit_code == 1 and "have a winner already" in refused.output
    assert not (tmp_path / "no.csv").exists()


def test_why_names_what_moved_a_prediction(model):
    import naze

    first = naze.read_votes(EXPLAINED)[0].id
    done = typed("predict", "why", model, EXPLAINED, first)
    assert done.exit_code == 0, done.output
    assert "Who wins:" in done.output and "the odds of" in done.output
    assert "no vote has the id 'x'" in typed("predict", "why", model, EXPLAINED, "x").output


def test_what_cannot_be_read_is_said(model, tmp_path):
    (tmp_path / "p.csv").write_text("id,p_a,p_b\n1,0.5,0.5\n")
    assert "no column 'p_tie'" in typed("predict", "score", tmp_path / "p.csv", EXPLAINED).output
    (tmp_path / "p.csv").write_text("id,p_a,p_b,p_tie\n1,0.5,0.5,0.5\n")
    assert "are no probabilities" in typed("predict", "score", tmp_path / "p.csv", EXPLAINED).output
    (tmp_path / "p.csv").write_text("id,p_a,p_b,p_tie\n1,0.5,0.2,0.3\n1,0.5,0.2,0.3\n")
    assert "stands 2 times" in typed("predict", "score", tmp_path / "p.csv", EXPLAINED).output
    (tmp_path / "p.csv").write_text("id,p_a,p_b,p_tie\n1,0.5,0.2,0.3\n")
    assert "have no probabilities" in typed("predict", "score", tmp_path / "p.csv", EXPLAINED).output
    assert "no predictor is there" in typed("predict", "apply", tmp_path, EXPLAINED, "--out", "x.csv").output


def test_a_fit_as_json(tmp_path):
    words = (
        "predict",
        "fit",
        EXPLAINED,
        "--out",
        tmp_path / "m",
        "--folds",
        2,
        "--no-trees",
        "--json",
        "--leave-out",
        "n-grams",
    )
    told = json.loads(typed(*words).stdout)
    assert told["votes"] == 251 and "prior" in told["report"]["baselines"]


def test_a_leaderboard_of_votes_without_names_says_what_is_missing():
    done = typed("leaderboard", EXPLAINED)
    assert done.exit_code == 1 and "model_a" in done.output


def test_a_leaderboard_says_what_was_taken_out(shared_data):
    words = ("leaderboard", shared_data / "arena_33k_domains.parquet", "--intervals", "sandwich")
    plain = typed(*words, "--without", "gpt-4")
    assert plain.exit_code == 0, plain.output
    assert "gpt-4 " not in plain.output and "or name a model that is left out" in plain.output
    assert "\ndavidson; 95 %" in plain.output
    styled = typed(*words, "--style-control").output
    assert "davidson, length and markdown taken out (--style-control); 95 %" in styled


def test_a_real_model_judges_a_file_and_feeds_a_predictor(tmp_path, smollm2_path):
    done = typed("judge", KAGGLE, "--model", "smollm2:135m", "--limit", 3, "--out", tmp_path / "j", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout[done.stdout.index('{"file"') :])
    assert told["judged"] == 3 and pl.read_parquet(told["file"]).height == 3


def test_what_contradicts_itself_is_refused_before_a_model_is_asked(tmp_path):
    words = (
        "predict",
        "fit",
        EXPLAINED,
        "--out",
        tmp_path / "m",
        "--extra",
        KAGGLE,
        "--judge",
        "smollm2:135m",
    )
    done = typed(*words)
    assert done.exit_code == 1 and "cannot be combined" in done.output
    for option in (("--probe",), ("--context", 512)):
        done = typed("predict", "fit", EXPLAINED, "--out", tmp_path / "m", *option)
        assert done.exit_code == 1 and "Name it: --judge MODEL" in done.output
    bare = tmp_path / "bare.csv"
    pl.read_csv(KAGGLE).select("id", "prompt", "response_a", "response_b").write_csv(bare)
    done = typed("predict", "fit", EXPLAINED, "--out", tmp_path / "m", "--extra", bare)
    assert done.exit_code == 1 and "no vote has a winner" in done.output
