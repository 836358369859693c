"""Real votes explained by a real small model, through `naze.explain`."""

import json
from contextlib import closing
from dataclasses import replace

import polars as pl
import pytest
from typer.testing import CliRunner

import naze
from naze.cli import app
from naze.engines import EngineOptions
from naze.errors import ConfigurationError, InputError, ManifestMismatchError, UnknownModelError
from naze.jobs import ExplainSettings, continue_run, estimate_explain, explained_rows, export_columns
from naze.jobs.explain import explain_sampling, verified_quotes
from naze.records import Fit, Sampling, Status, Vote, Winner

MODEL = "smollm2:135m"
pytestmark = pytest.mark.xdist_group("explain")  # one process makes the run that most of these look at
SHORT = ExplainSettings()


@pytest.fixture(scope="module")
def votes(repository, smollm2_path):
    return naze.read_votes(repository / "examples" / "votes.csv", limit=4)


@pytest.fixture(scope="module")
def run(votes, tmp_path_factory):
    done = naze.explain(votes, MODEL, language="en", out=tmp_path_factory.mktemp("run"), settings=SHORT)
    yield done
    done.close()


def test_every_vote_is_explained_once_and_in_order(run, votes):
    rows = list(run.rows())
    assert [row.subject_id for row in rows] == [vote.id for vote in votes]
    for row in rows:
        assert row.answer.status is Status.ANSWERED
        assert row.answer.text.strip()
        assert row.answer.prompt_tokens > 100
        assert row.answer.generated_tokens <= 320


def test_the_same_call_again_asks_nothing(run, votes):
    before = [row.answer for row in run.rows()]
    again = naze.explain(votes, MODEL, language="en", out=run.folder, settings=SHORT)
    assert [row.answer for row in again.rows()] == before
    again.close()


def test_other_settings_in_the_same_folder_are_refused(run, votes):
    longer = replace(SHORT, sampling=Sampling(max_tokens=321))
    with pytest.raises(ManifestMismatchError, match=r"max_tokens.*320.*321"):
        naze.explain(votes, MODEL, language="en", out=run.folder, settings=longer)
    with pytest.raises(ManifestMismatchError, match=r"language.*'en'.*'ja'"):
        naze.explain(votes, MODEL, language="ja", out=run.folder, settings=SHORT)


def test_the_run_holds_its_votes_and_goes_on_without_their_file(run, votes):
    assert export_columns(run)["id"].to_list() == [vote.id for vote in votes]
    continued = continue_run(run.folder, retry=[Status.ERROR])
    assert continued.summary().answered == 4
    continued.close()


def test_a_changed_vote_is_asked_again_alone(votes, tmp_path):
    first = naze.explain(votes, MODEL, language="en", out=tmp_path, settings=SHORT)
    kept = {row.subject_id: row.answer for row in first.rows()}
    first.close()
    changed = [
        replace(vote, winner=Winner.BOTH_BAD) if number == 1 else vote for number, vote in enumerate(votes)
    ]
    told = []
    second = naze.explain(changed, MODEL, language="en", out=tmp_path, settings=SHORT, tell=told.append)
    assert (told[0].planned.changed, told[0].planned.new, told[0].planned.gone) == (1, 0, 0)
    differ = [row.subject_id for row in second.rows() if row.answer != kept[row.subject_id]]
    assert differ == [votes[1].id]
    second.close()


def test_a_vote_longer_than_the_context_is_shortened_or_fails_as_asked(votes, tmp_path):
    long = Vote("long", ("Which is better?",), ("word " * 9000,), ("other " * 300,), Winner.A)
    small = replace(SHORT, options=EngineOptions(context_tokens=1600))
    shortened = naze.explain([votes[0], long], MODEL, language="en", out=tmp_path / "s", settings=small)
    assert shortened.summary().shortened == 1
    assert [row.fit for row in shortened.rows()] == [Fit.WHOLE, Fit.SHORTENED]
    summary = shortened.summary()
    assert (summary.overflow, summary.error) == (
        0,
        0,
    )  # what so small a model makes of 1,000 times "word" is its own affair
    failed = naze.explain(
        [votes[0], long], MODEL, language="en", out=tmp_path / "f", settings=replace(small, fit="fail")
    )
    assert (failed.summary().answered, failed.summary().overflow) == (1, 1)
    shortened.close()
    failed.close()


def test_an_estimate_counts_real_tokens_and_stores_nothing(votes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = estimate_explain(votes, MODEL, language="en", settings=SHORT, sample_rows=2)
    assert found.rows == 4 and found.sample_rows == 2
    assert found.prompt_tokens > 400 and 0 < found.generated_tokens <= 4 * 320
    assert found.seconds > 0
    assert list(tmp_path.iterdir()) == []


def test_no_votes_are_an_error(tmp_path, smollm2_path):
    with pytest.raises(InputError, match="no votes"):
        naze.explain([], MODEL, out=tmp_path)


def test_no_model_is_an_error_that_says_where_to_name_one(votes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"--model.*naze\.toml"):
        naze.explain(votes)


def test_an_unknown_model_suggests_the_nearest(votes, tmp_path):
    with pytest.raises(UnknownModelError, match="smollm2:135m"):
        naze.explain(votes, "smolm2:135m", out=tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [(ExplainSettings(fit="cut"), "fit is 'cut'"), (ExplainSettings(fit="route"), "no long model")],
)
def test_settings_that_make_no_sense_are_refused(votes, tmp_path, settings, said):
    with pytest.raises(ConfigurationError, match=said):
        naze.explain(votes, MODEL, out=tmp_path, settings=settings)


def test_a_finished_run_exports_with_its_votes(run, tmp_path):
    naze.export_run(run, tmp_path / "e.csv", join=export_columns(run, nested=False))
    read = pl.read_csv(tmp_path / "e.csv")
    assert {"text", "winner", "model_a", "prompt", "asked", "quote_a", "reason", "marks"} <= set(read.columns)
    assert read.height == 4
    assert all(text.startswith("## 1. Summary of the prompt") for text in read["text"])


def test_columns_of_the_votes_own_keep_their_values_whatever_they_are_called(votes, repository, tmp_path):
    own = {"status": "checked", "reason": "mine", "asked": "on Monday", "topic": "cars", "seconds": "long"}
    named = [replace(votes[0], extra={**votes[0].extra, **own})]
    settings = ExplainSettings(
        template=repository / "tests" / "data" / "briefly.j2", sampling=Sampling(max_tokens=4)
    )
    with closing(naze.explain(named, MODEL, language="en", out=tmp_path / "r", settings=settings)) as done:
        naze.export_run(done, tmp_path / "e.parquet", join=export_columns(done))
    [exported] = pl.read_parquet(tmp_path / "e.parquet").to_dicts()
    assert exported["status"] == "answered" and exported["reason"] is None and exported["seconds"] > 0
    assert {name: exported["topic" if name == "topic" else f"vote_{name}"] for name in own} == own


def test_every_quote_stands_in_its_response(run):
    quotes = verified_quotes(run)
    assert quotes.quotes == quotes.verified >= 4
    for explained in explained_rows(run):
        for point in explained.explanation.points:
            response = explained.vote.response_a if point.side == "a" else explained.vote.response_b
            assert any(point.quote in turn for turn in response)


def test_a_text_that_did_not_come_to_its_end_is_marked_and_no_other(run):
    for explained in explained_rows(run):
        ended = [text.endswith(".") for text in explained.explanation.texts()]
        assert ("cut_off" in explained.answer.marks) is (not all(ended) or not explained.explanation.reason)


def test_in_full_a_response_may_have_several_points_each_with_its_quote(votes, tmp_path):
    full = ExplainSettings(length="full")
    with closing(naze.explain(votes[:1], MODEL, language="en", out=tmp_path, settings=full)) as done:
        [explained] = explained_rows(done)
    assert explained.explanation.quoted == explained.explanation.verified
    points = [len(explained.explanation.of(side)) for side in ("a", "b")]
    assert max(points) <= 3
    assert min(points) >= 1 or "cut_off" in explained.answer.marks, (
        "a small model may loop before it comes to the points"
    )
    short = ExplainSettings(sampling=explain_sampling("explain", "full", "en"))
    with pytest.raises(ManifestMismatchError, match=r"form.*full.*short"):
        naze.explain(votes[:1], MODEL, language="en", out=tmp_path, settings=short)


def test_the_command_tells_quotes_and_faults(run):
    done = CliRunner().invoke(app, ["runs", "retry", str(run.folder), "--json"])
    told = json.loads(done.stdout)
    assert told["quotes"] == told["verified"] >= 4 and told["verified_share"] == 1.0
    assert told["mended"] <= told["asked_again"]
    shown = CliRunner().invoke(app, ["runs", "retry", str(run.folder)])
    assert f"{told['quotes']} of {told['quotes']} quotes stand in the response" in shown.stdout


def test_a_template_of_ones_own_gives_free_text(votes, repository, tmp_path):
    own = ExplainSettings(
        template=repository / "tests" / "data" / "briefly.j2", sampling=Sampling(max_tokens=12)
    )
    with closing(naze.explain(votes[:1], MODEL, language="en", out=tmp_path, settings=own)) as done:
        [explained] = explained_rows(done)
    assert explained.explanation is None
    assert explained.text == explained.answer.text


def test_a_raised_context_lets_a_vote_in_that_was_too_long(votes, tmp_path):
    long = Vote("long", ("Which is better?",), ("word " * 900,), ("other " * 300,), Winner.A)
    small = replace(SHORT, fit="fail", options=EngineOptions(context_tokens=1500))
    naze.explain([long], MODEL, language="en", out=tmp_path, settings=small).close()
    wide = replace(small, options=EngineOptions(context_tokens=4000))
    with closing(naze.explain([long], MODEL, language="en", out=tmp_path, settings=wide)) as done:
        assert done.summary().overflow == 0


def test_a_length_that_does_not_exist_is_refused(votes, tmp_path):
    with pytest.raises(ConfigurationError, match="length is 'long'; expected short or full"):
        naze.explain(votes, MODEL, out=tmp_path, settings=ExplainSettings(length="long"))
