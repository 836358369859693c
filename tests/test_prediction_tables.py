"""The tables of predictors: what they compare must not depend on which response is called A, nor on an earlier table."""

import importlib
import re
import shlex
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from naze.predictions.features.counted import measure_votes
from naze.predictions.predictor import outcomes_of, prompt_numbers
from naze.predictions.scores import class_numbers
from naze.records import Vote, Winner
from naze.votes import read_votes, swap_sides


@pytest.fixture
def tables(monkeypatch, repository):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    return importlib.import_module("prediction_tables")


def test_equally_long_responses_are_a_tie_whichever_is_called_a(tables):
    texts = [("abc", "abd", "a"), ("abcd", "abc", "a"), ("ab", "abcd", "b"), ("abc", "ab", "tie")]
    votes = [Vote(str(n), ("q",), (a,), (b,), Winner(won)) for n, (a, b, won) in enumerate(texts)]
    turned = [swap_sides(vote) for vote in votes]
    told, other = (tables.longer_wins(measure_votes(some, ngrams=False)) for some in (votes, turned))
    assert told.argmax(axis=1).tolist() == [2, 0, 1, 0]
    np.testing.assert_array_equal(told, other[:, [1, 0, 2]])
    right, again = (
        tables.shares_right(one, class_numbers(outcomes_of(some)))[:4]
        for one, some in ((told, votes), (other, turned))
    )
    assert right == again == pytest.approx([0.5, 0.5, 0.5, 2.5 / 3])


@pytest.mark.parametrize(("name", "published"), [("autoj_pairwise", 52.9), ("pandalm_test", 61.1)])
def test_the_longer_one_is_right_as_often_as_the_page_says(tables, shared_data, repository, name, published):
    votes = tables.decided(shared_data / f"{name}.parquet")
    told = tables.longer_wins(measure_votes(votes, ngrams=False))
    shares = tables.shares_right(told, class_numbers(outcomes_of(votes)))
    assert 100 * shares[0] == pytest.approx(published, abs=0.05)
    cells = " | ".join(f"{100 * one:.1f} %" for one in shares)
    page = (repository / "docs" / "prediction.md").read_text("utf-8")
    assert f"| {name} | the longer one wins | {cells} |" in page


def test_kept_predictions_are_of_one_learner_and_one_set_of_votes(tables, repository):
    votes = list(read_votes(repository / "examples" / "votes.csv"))
    told = tables.taught([votes], embeddings=False)
    other = tables.taught([[replace(vote, winner=Winner.TIE) for vote in votes]], embeddings=False)
    few = tables.Taught(
        told.features.without(("length",)), told.outcomes, prompt_numbers(votes), told.models, told.sources
    )
    names = {
        tables.Comparison(told, "all groups", settings).kept_name("all groups", some)
        for settings in ("", "linear")
        for some in (told, other, few)
    }
    assert len(names) == 6


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "prediction.md").read_text("utf-8")


def test_the_page_says_of_every_table_how_it_is_made(page):
    section = page.partition("## How these tables are made")[2]
    named = [name for line in re.findall(r"# tables?: (.*)", section) for name in re.split(r", | \(.*", line)]
    assert sorted(filter(None, named)) == sorted(re.findall(r"<!-- table: (\S+) -->", page))


@pytest.mark.parametrize("script", ["prediction_tables", "judge_tables"])
def test_the_commands_that_make_tables_have_options_that_exist(page, repository, script):
    command = [sys.executable, str(repository / "benchmarks" / f"{script}.py"), "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = re.findall(rf"^python benchmarks/{script}\.py .*", page, re.M)
    assert lines
    for line in lines:
        assert [word for word in shlex.split(line) if word.startswith("--") and word not in told] == []
