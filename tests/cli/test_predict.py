"""`naze predict`, `judge` and `leaderboard`, as they are typed."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import made_factors
from naze.cli import app
from naze.cli.predict import kept_answers
from naze.factors.result import write_factors
from naze.predictions import VotePredictor
from naze.predictions.asking import Questions
from naze.predictions.judging import Verdicts
from naze.records import Outcome
from naze.votes import read_votes

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


def test_votes_learnt_from_are_told_whatever_their_ids(model, tmp_path):
    own = pl.read_parquet(EXPLAINED).head(2).with_columns(id=pl.Series(["x1", "x2"]))
    fresh = own.head(1).with_columns(id=pl.lit("x3"), prompt=pl.Series([["something else"]]))
    pl.concat([own, fresh]).write_parquet(tmp_path / "v.parquet")
    done = typed("predict", "apply", model, tmp_path / "v.parquet", "--out", tmp_path / "p.csv")
    flattered = "2 of 3 votes: the predictor learnt from them, and figures of these predictions flatter it"
    assert flattered in done.output
    assert pl.read_csv(tmp_path / "p.csv")["learnt_from"].to_list() == [True, True, False]
    assert flattered in typed("predict", "score", tmp_path / "p.csv", tmp_path / "v.parquet").output
    assert (
        "learnt from this vote. A model that did not see"
        in typed("predict", "why", model, tmp_path / "v.parquet", "x1").output
    )
    told = json.loads(typed("predict", "why", model, tmp_path / "v.parquet", "x1", "--json").stdout)
    assert told["learnt_from"] and sum(told["out_of_fold"]) == pytest.approx(1)
    fresh.write_parquet(tmp_path / "f.parquet")
    done = typed("predict", "apply", model, tmp_path / "f.parquet", "--out", tmp_path / "p.csv")
    assert "learnt from" not in done.output
    assert pl.read_csv(tmp_path / "p.csv").columns == ["id", "p_a", "p_b", "p_tie"]


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


@pytest.fixture
def awkward(tmp_path):
    """A test file: row 2 has no text in both responses, 3 none in the prompt, 5 is broken, 6 has the id of row 1."""
    rows = pl.read_csv(KAGGLE).select("id", "prompt", "response_a", "response_b").head(7).to_dicts()
    rows[1] |= {"response_a": "[null]", "response_b": "[null]"}
    rows[2]["prompt"] = "[]"
    rows[4]["response_a"] = '["cut off'
    rows[5]["id"] = rows[0]["id"]
    pl.DataFrame(rows).write_csv(tmp_path / "test.csv")
    return tmp_path / "test.csv"


@pytest.mark.parametrize("command", ["apply", "submit"])
def test_as_many_rows_come_out_as_went_in_and_in_their_order(model, awkward, tmp_path, command):
    done = typed("predict", command, model, awkward, "--out", tmp_path / "s.csv")
    assert done.exit_code == 0, done.output
    given, told = pl.read_csv(awkward), pl.read_csv(tmp_path / "s.csv")
    assert told["id"].to_list() == given["id"].to_list()
    values = told.drop("id").to_numpy()
    np.testing.assert_allclose(values.sum(axis=1), 1.0)
    prior = VotePredictor.load(model).prior_
    assert [bool(np.allclose(row, prior)) for row in values] == [False] * 4 + [True] * 2 + [False]
    assert "2 rows cannot be read; each gets the shares learnt (a " in done.output
    assert f"{given['id'][4]}: {awkward}, row 5: response_a is no JSON" in done.output
    assert "row 6: id is" in done.output and "2 of them the shares learnt" in done.output


def test_a_row_of_the_contest_with_two_empty_responses_is_predicted(model, shared_data, tmp_path):
    frame = pl.read_csv(shared_data / "kaggle_train_sample.csv").select(
        "id", "prompt", "response_a", "response_b"
    )
    row = frame["id"].to_list().index(57180984)
    frame.slice(row - 1, 3).write_csv(tmp_path / "test.csv")
    assert (
        typed("predict", "submit", model, tmp_path / "test.csv", "--out", tmp_path / "s.csv").exit_code == 0
    )
    told = pl.read_csv(tmp_path / "s.csv")
    assert told["id"].to_list() == frame["id"][row - 1 : row + 2].to_list()
    assert told["winner_tie"][1] > told["winner_model_a"][1] == told["winner_model_b"][1]
    why = typed("predict", "why", model, tmp_path / "test.csv", "57180984")
    assert why.exit_code == 0 and "Tie or decision" in why.output


def test_why_names_what_moved_a_prediction(model):
    import naze

    first = naze.read_votes(EXPLAINED)[0].id
    done = typed("predict", "why", model, EXPLAINED, first)
    assert done.exit_code == 0, done.output
    assert "Who wins:" in done.output and "the odds of" in done.output
    assert "no vote has the id 'x'" in typed("predict", "why", model, EXPLAINED, "x").output


def test_a_file_without_votes_explains_nothing_and_gives_no_predictions(model, tmp_path):
    pl.read_parquet(EXPLAINED).clear().write_parquet(tmp_path / "empty.parquet")
    done = typed("predict", "why", model, tmp_path / "empty.parquet", "x")
    assert done.exit_code == 1 and "no vote has the id 'x'; the file has none at all" in done.output
    done = typed("predict", "apply", model, tmp_path / "empty.parquet", "--out", tmp_path / "p.csv")
    assert done.exit_code == 0 and "0 predictions written" in done.output


def taught_by_a_judge(folder):
    """A predictor that wants a real judge's verdicts; those that it learnt from were drawn."""
    votes = list(read_votes(EXPLAINED))[:60]
    drawn = np.random.default_rng(0).dirichlet((1, 1, 1), (2, len(votes)))
    verdicts = Verdicts(tuple(vote.id for vote in votes), *drawn)
    predictor = VotePredictor(folds=0, trees=False, leave_out=("n-grams",))
    predictor.fit(votes, given=[verdicts.group()])
    predictor.questions_ = Questions("smollm2:135m", judge_context=256)
    return predictor.save(folder)


def test_no_id_leads_out_of_the_predictors_folder(tmp_path, smollm2_path, monkeypatch):
    model = taught_by_a_judge(tmp_path / "deep" / "model")
    votes = tmp_path / "votes.jsonl"
    row = {"id": "../../escaped", "prompt": "q", "response_a": None, "response_b": None}
    votes.write_text(json.dumps(row), encoding="utf-8")
    before = {*tmp_path.iterdir(), *(tmp_path / "deep").iterdir()}
    done = typed("predict", "why", model, votes, "../../escaped")
    assert done.exit_code == 0 and "no answer" not in done.output, done.output
    assert {*tmp_path.iterdir(), *(tmp_path / "deep").iterdir()} == before
    assert [one.name.rpartition("-")[0] for one in (model / "why").iterdir()] == ["escaped"]
    allowed = os.access
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK and allowed(path, mode))
    with kept_answers(model, read_votes(votes, without_text=True)[0]) as folder:
        assert folder.is_dir() and model not in folder.parents
    assert not folder.exists()


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("file", "is a file; expected a folder"),
        ("file/m", "is a file"),
        ("full", "other files are there (mine)"),
    ],
)
def test_a_place_that_cannot_hold_a_predictor_is_refused_before_the_fit(tmp_path, out, told):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    done = typed("predict", "fit", EXPLAINED, "--out", tmp_path / out)
    assert done.exit_code == 1 and told in done.output and "Learning from" not in done.output


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("file/p.csv", "file is a file; expected a folder"),
        ("folder.csv", "folder.csv is a folder; expected the name of a file"),
        ("p.txt", "the suffix is '.txt'"),
        ("p.json", "tables are written as .csv"),
    ],
)
def test_a_place_that_cannot_hold_a_table_is_refused_before_anything_is_read(tmp_path, out, told):
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    votes, nothing = tmp_path / "none.csv", tmp_path / "no model"
    for words in (("leaderboard", votes), *(("predict", one, nothing, votes) for one in ("apply", "submit"))):
        done = typed(*words, "--out", tmp_path / out)
        assert done.exit_code == 1 and told in done.output, done.output


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
    assert "gpt-4 " not in plain.output and "or of a model that is left out" in plain.output
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
    assert "1 vote has no answer of the model: left out" in said and "30 votes on 30 prompts" in said
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
    assert "1 vote has no answer of the model: its verdict is taken as undecided there" in done.output
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


def test_extra_votes_are_read_with_the_names_of_columns_and_what_cannot_be_read_is_told(tmp_path):
    others = tmp_path / "others.csv"
    rows = pl.DataFrame(
        {
            "question": [f"question {number}" for number in range(12)],
            "response_a": [f"an answer {number} " * 3 for number in range(12)],
            "response_b": [f"another {number}" for number in range(12)],
            "winner": ["a", "b", "tie"] * 3 + ["a", "b", "perhaps"],
        }
    )
    rows.write_csv(others)
    own = tmp_path / "own.parquet"
    pl.read_parquet(EXPLAINED).rename({"prompt": "question"}).write_parquet(own)
    done = typed(
        "predict", "fit", own, "--out", tmp_path / "m", "--extra", others, "--columns", "prompt=question",
        "--folds", "0", "--no-trees",
    )  # fmt: skip
    assert "kept aside" in done.output and "perhaps" in done.output
    assert done.exit_code == 0
