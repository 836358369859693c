"""The whole chain with a real small model on real explanations: found, judged, tested, kept; continued, refused, read again."""

import json
import shutil
from dataclasses import replace

import polars as pl
import pytest
from typer.testing import CliRunner

from made_factors import EXPLAINED
from naze.cli import app
from naze.errors import ConfigurationError, InputError, ManifestMismatchError, RunNotFoundError, StoreError
from naze.factors import FactorSettings, RetestSettings, find_factors, open_factors, retest_factors
from naze.factors.naming import name_factors
from naze.factors.validation import validate
from naze.generations import open_run

SETTINGS = FactorSettings(test_limit=4, language="en", seed=3)
pytestmark = pytest.mark.xdist_group("find factors")  # one process makes the run that all of these look at


@pytest.fixture(scope="module")
def settings(smollm2_path):
    return replace(SETTINGS, model=str(smollm2_path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, settings):
    """Win factors of real explanations, found by SmolLM2."""
    place = tmp_path_factory.mktemp("factors") / "win"
    told = []
    find_factors(EXPLAINED, "win", count=3, out=place, settings=settings, tell=told.append)
    assert [words.split()[0] for words in told] == ["Finding", "Merging", "Naming", "Judging", "Testing"]
    return place


def test_factors_have_names_evidence_and_a_test_each(folder):
    found = open_factors(folder)
    assert 1 <= len(found) <= 3
    assert found.about.finished and found.about.costs["verdicts"].prompts == 4 * 2 * len(found)
    texts = {vote_id: one.text for vote_id, one in found.explanations.items()}
    for factor in found.factors:
        assert factor.name and factor.definition and factor.evidence
        assert all(one.quote in texts[one.vote_id] for one in factor.evidence)
    assert [test.factor_id for test in found.validation] == [factor.id for factor in found.factors]
    assert {test.why.value for test in found.validation} == {"too_few_prompts"}


def test_no_judged_vote_took_part_in_finding(folder):
    found = open_factors(folder)
    held = set(found.votes.frame().filter(pl.col("held_out"))["id"])
    assert not held & set(found.reasons()["vote_id"])
    assert set(found.matrix().vote_ids) <= held
    prompts = found.votes.frame().select("held_out", pl.col("prompt").list.first().str.to_lowercase())
    assert prompts.group_by("prompt").agg(pl.col("held_out").n_unique())["held_out"].max() == 1


def test_verdicts_are_probabilities_and_read_back_as_they_were_asked(folder):
    matrix = open_factors(folder).matrix()
    assert matrix.shown.shape == (4, len(open_factors(folder)), 4)
    assert matrix.probabilities.sum(axis=2) == pytest.approx(1.0)
    run = open_run(folder / "verdicts")
    first = next(iter(run.rows())).answer
    run.close()
    assert matrix.shown[0, 0].tolist() == pytest.approx([first.probabilities[letter] for letter in "ABCD"])


def test_the_same_call_again_asks_nothing(folder, settings):
    before = (folder / "factors.json").read_bytes()
    told = []
    found = find_factors(EXPLAINED, "win", count=3, out=folder, settings=settings, tell=told.append)
    assert not told and len(found) >= 1
    assert (folder / "factors.json").read_bytes() == before


def test_a_run_that_was_stopped_goes_on_and_ends_as_it_would_have(folder, settings, tmp_path):
    whole = open_factors(folder)
    stopped = tmp_path / "stopped"
    shutil.copytree(folder, stopped)
    text = json.loads((stopped / "factors.json").read_text("utf-8"))
    text["about"]["finished"] = None
    (stopped / "factors.json").write_text(json.dumps(text), "utf-8")
    (stopped / "tests.parquet").unlink()
    with pytest.raises(RunNotFoundError, match="has not come to its end"):
        open_factors(stopped)
    again = find_factors(EXPLAINED, "win", count=3, out=stopped, settings=settings)
    assert again.factors == whole.factors
    assert again.table().equals(whole.table())
    run = open_run(stopped / "verdicts")
    summary = run.summary()
    run.close()
    assert summary.rows == 4 * 2 * len(whole)


def test_a_fault_is_tested_as_one_in_the_whole_chain(folder, settings, tmp_path, monkeypatch):
    stopped = tmp_path / "stopped"
    shutil.copytree(folder, stopped)
    text = json.loads((stopped / "factors.json").read_text("utf-8"))
    text["about"]["finished"] = None
    (stopped / "factors.json").write_text(json.dumps(text), "utf-8")

    def as_faults(*arguments, **named):
        found = name_factors(*arguments, **named)
        return replace(found, factors=tuple(replace(one, fault=True) for one in found.factors))

    monkeypatch.setattr("naze.factors.run.name_factors", as_faults)
    faults = find_factors(EXPLAINED, "win", count=3, out=stopped, settings=settings)
    found = open_factors(folder)
    assert faults.table()["fault"].all()
    assert any(test.calls for test in found.validation)
    assert not all(factor.fault for factor in found.factors)
    for factor, test, other in zip(found.factors, faults.validation, found.validation, strict=True):
        assert test.calls == other.calls
        if test.calls:
            right = other.accuracy.value if factor.fault else 1 - other.accuracy.value
            assert test.accuracy.value == pytest.approx(right)


def test_other_settings_are_refused_by_name(folder, settings):
    with pytest.raises(ManifestMismatchError, match=r"count: the folder has 3, this command 4"):
        find_factors(EXPLAINED, "win", count=4, out=folder, settings=settings)


def test_another_least_number_of_votes_is_not_ignored_by_a_finished_folder(folder, settings):
    with pytest.raises(ManifestMismatchError, match=r"least_votes: the folder has None, this command 9"):
        find_factors(EXPLAINED, "win", count=3, out=folder, settings=replace(settings, least_votes=9))


def test_explanations_that_have_changed_since_are_told(folder, settings, tmp_path):
    changed = tmp_path / EXPLAINED.name
    frame = pl.read_parquet(EXPLAINED)
    frame.with_columns(explanation=pl.col("explanation") + " And it is short.").write_parquet(changed)
    with pytest.raises(ManifestMismatchError, match=r"explanations in .* have changed"):
        find_factors(changed, "win", count=3, out=folder, settings=settings)


def test_a_damaged_folder_says_what_to_do(folder, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    (damaged / "tests.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="Run the same"):
        open_factors(damaged)
    (damaged / "factors.json").write_text("{", "utf-8")
    with pytest.raises(StoreError, match="Move it aside"):
        open_factors(damaged)


def test_words_find_a_factor_and_unknown_ones_list_what_there_is(folder):
    found = open_factors(folder)
    assert found.find("F01").id == "f01"
    assert found.find(found.factors[0].name.upper()).id == "f01"
    with pytest.raises(InputError, match=r"no factor 'f99'.*f01"):
        found.find("f99")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"outcome": "draw"}, "expected win or tie"),
        ({"count": 0}, "expected at least 1"),
        ({"settings": FactorSettings(model="smollm2:135m", holdout=1.5)}, "between 0 and 1"),
        ({"settings": FactorSettings(model="smollm2:135m", test_limit=0)}, "1 or more"),
    ],
)
def test_settings_out_of_range_are_said_before_a_model_is_opened(tmp_path, changes, what):
    asked = {"outcome": "win", "count": 3, "settings": SETTINGS, **changes}
    with pytest.raises(ConfigurationError, match=what):
        find_factors(EXPLAINED, out=tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def test_the_command_line_shows_sorts_and_drills(folder):
    runner = CliRunner()
    shown = runner.invoke(app, ["factors", "show", str(folder), "--sort", "named"])
    assert shown.exit_code == 0 and "f01" in shown.output and "too few" in shown.output
    told = runner.invoke(app, ["factors", "show", str(folder), "--json"])
    assert json.loads(told.output)["factors"][0]["why"] == "too_few_prompts"
    listed = runner.invoke(app, ["runs", "list", str(folder.parent)])
    assert "factors, win" in listed.output
    wrong = runner.invoke(app, ["factors", "show", str(folder), "--sort", "beauty"])
    assert wrong.exit_code == 1
    drilled = runner.invoke(app, ["factors", "drill", str(folder), "f01", "--no-analysis"])
    assert drilled.exit_code == 0 and "Where it was found" in drilled.output
    as_json = runner.invoke(app, ["factors", "drill", str(folder), "f01", "--no-analysis", "--json"])
    assert json.loads(as_json.output)["factor"]["id"] == "f01"


def test_a_run_is_found_in_without_naming_the_command(folder, settings):
    arguments = ["factors", str(EXPLAINED), "--count", "3", "--out", str(folder), "--test-limit", "4"]
    arguments += ["--language", "en", "--seed", "3", "--model", settings.model, "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["factors"]) == len(open_factors(folder))


@pytest.fixture(scope="module")
def retested(folder, tmp_path_factory, repository):
    """The same factors, tested on three further votes too."""
    out = tmp_path_factory.mktemp("retested") / "win"
    votes = repository / "examples" / "votes.csv"
    asked = ["factors", "retest", str(folder), "--votes", str(votes), "--limit", "3", "--out", str(out)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    return out


def test_further_votes_are_judged_and_earlier_verdicts_stay_as_they_are(folder, retested):
    before, after = open_factors(folder), open_factors(retested)
    assert after.factors == before.factors
    assert after.matrix().vote_ids[:4] == before.matrix().vote_ids and len(after.matrix().vote_ids) == 7
    assert (after.matrix().shown[:4] == before.matrix().shown).all()
    assert (after.matrix().swapped[:4] == before.matrix().swapped).all()
    assert [vote.id for vote in after.judged] == list(after.matrix().vote_ids)
    assert after.about.counts["judged"] == 7 and after.about.costs["verdicts"].prompts == 3 * 2 * len(after)
    assert after.reasons().equals(before.reasons()) and after.explanations == before.explanations
    assert any(str(note).startswith("the verdicts on 4 of the 7 votes") for note in after.about.notes)


def test_a_retest_is_tested_as_if_all_votes_had_been_judged_at_once(folder, retested):
    factors = open_factors(retested)
    faults = [factor.id for factor in factors.factors if factor.fault]
    expected = validate(
        factors.matrix(), list(factors.judged), outcome=factors.about.outcome, faults=faults, seed=3
    )
    assert factors.validation.tests == expected.tests


def test_a_finished_retest_asks_nothing_and_other_settings_are_refused(folder, retested, repository):
    votes, told = repository / "examples" / "votes.csv", []
    retest_factors(folder, votes, out=retested, settings=RetestSettings(limit=3), tell=told.append)
    assert not told
    with pytest.raises(ManifestMismatchError, match=r"test_limit: the folder has 3, this command 5"):
        retest_factors(folder, votes, out=retested, settings=RetestSettings(limit=5))
    with pytest.raises(ManifestMismatchError, match=r"retested: the folder has None"):
        retest_factors(folder, votes, out=folder, settings=RetestSettings(limit=3))


def test_another_model_judges_further_votes_only_where_these_stand_alone(
    folder, settings, repository, tmp_path
):
    votes = repository / "examples" / "votes.csv"
    with pytest.raises(ConfigurationError, match="mixes no verdicts of two models"):
        retest_factors(folder, votes, out=tmp_path / "mixed", settings=RetestSettings(model="gemma2"))
    alone = RetestSettings(only=True, limit=2, model=settings.model)
    found = retest_factors(folder, votes, out=tmp_path / "alone", settings=alone)
    assert len(found.matrix().vote_ids) == len(found.judged) == 2
    assert not set(found.matrix().vote_ids) & set(open_factors(folder).matrix().vote_ids)


def test_votes_that_were_judged_or_explained_are_not_judged_again(folder, tmp_path):
    known = open_factors(folder).votes.frame().filter(pl.col("judged") | ~pl.col("held_out"))
    known.drop("held_out", "judged").write_parquet(tmp_path / "known.parquet")
    with pytest.raises(InputError, match=r"none is left to judge"):
        retest_factors(folder, tmp_path / "known.parquet", out=tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
