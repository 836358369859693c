"""`naze predict`, `judge` and `leaderboard`, as they are typed."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import made_factors
from naze.cli import app
from naze.factors.result import write_factors
from naze.predictions import VotePredictor
from naze.records import Outcome

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


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """As few votes as a fit takes, half of them decided, their texts cut short; one more has turns that no prompt holds."""
    texts = ("prompt", "response_a", "response_b")
    frame = pl.read_parquet(EXPLAINED).unique("prompt", maintain_order=True)
    first = {name: pl.col(name).list.first().fill_null("").str.head(30) for name in texts}
    frame = frame.with_columns(pl.concat_list(text).alias(name) for name, text in first.items())
    decided = pl.col("winner").is_in(["a", "b"])
    turns = pl.lit(1_500 * ["word"])
    long = frame[-1:].with_columns(turns.alias(name) for name in texts)
    votes = pl.concat([frame.filter(decided)[:15], frame.filter(~decided)[:15], long])
    votes.write_parquet(path := tmp_path_factory.mktemp("short") / "v.parquet")
    return path


@pytest.fixture(scope="module")
def factors(tmp_path_factory):
    """A run whose one factor SmolLM2 is asked about: each costs two questions a vote."""
    folder = tmp_path_factory.mktemp("factors") / "f"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_factors, "KINDS", made_factors.KINDS[:2])
        found = made_factors.make_found(Outcome.WIN, "en")
    [first, _], matrix = found.factors, found.matrix
    one = replace(
        found,
        about=replace(found.about, model="smollm2:135m"),
        factors=(first,),
        validation=replace(found.validation, tests=found.validation.tests[:1]),
        reason_factors=tuple(name if name == first.id else None for name in found.reason_factors),
        matrix=replace(
            matrix, factor_ids=(first.id,), shown=matrix.shown[:, :1], swapped=matrix.swapped[:, :1]
        ),
    )
    write_factors(folder, one)
    return folder


@pytest.fixture(scope="module")
def with_model(short, factors, tmp_path_factory, smollm2_path):
    """A predictor that learnt from a model's verdicts on factors, and what its fit said; a judge takes the same way."""
    folder = tmp_path_factory.mktemp("models") / "judged"
    words = ("--factors", factors, "--folds", 2, "--no-trees")
    done = typed("predict", "fit", short, "--out", folder, *words, "--leave-out", "n-grams")
    assert done.exit_code == 0, done.output
    return folder, done.output


def test_a_real_models_verdicts_on_factors_feed_a_predictor(with_model):
    folder, said = with_model
    assert "1 votes without a model's answer are left out" in said and "30 votes on 30 prompts" in said
    predictor = VotePredictor.load(folder)
    assert "factors" in predictor.group_names_
    assert [one.name for one in predictor.questions_.factors] == ["Level of detail"]
    assert predictor.questions_.factors_model == "smollm2:135m"


def test_votes_to_predict_are_put_to_the_same_model_and_one_without_an_answer_is_told(
    with_model, short, tmp_path
):
    folder, _ = with_model
    few = tmp_path / "few.parquet"
    pl.read_parquet(short)[[0, -1]].write_parquet(few)
    done = typed("predict", "apply", folder, few, "--out", tmp_path / "p.csv")
    assert done.exit_code == 0, done.output
    assert "1 votes have no answer of the model; for them its verdict is taken as undecided" in done.output
    told = pl.read_csv(tmp_path / "p.csv").select("p_a", "p_b", "p_tie")
    assert told.height == 2 and told.sum_horizontal().to_list() == pytest.approx([1.0, 1.0])
    assert [one.name for one in (tmp_path / "p-asked").iterdir()] == ["factors"]


def test_a_real_model_judges_a_file(tmp_path, smollm2_path):
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
