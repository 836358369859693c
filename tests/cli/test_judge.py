"""`naze judge`, as it is typed: what it prints of a judge, and how it leaves."""

import json
import re
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from naze.cli import app
from naze.jobs.asking import Worker
from naze.records import Answer, FinishReason, Status
from naze.votes import read_votes
from scripted import ScriptedEngine

EXPLAINED = Path(__file__).parents[2] / "examples" / "explained.parquet"


class Judging(ScriptedEngine):
    """Says A where the first response is the longer one by far, B where the second is, else a tie."""

    refuses: frozenset[str] = frozenset()

    def answer(self, prompts, sampling):
        for prompt in prompts:
            yield prompt, self.reply(prompt)

    def reply(self, prompt):
        if prompt.subject_id in self.refuses:
            return Answer(Status.ERROR, reason="not today")
        a, b = (
            1
            + sum(
                map(len, re.findall(rf"<response_{side}[^>]*>(.*?)</response_{side}", prompt.subject, re.S))
            )
            for side in "ab"
        )
        told = {"A": a / (a + b) * 0.7, "B": b / (a + b) * 0.7, "C": 0.3}
        return Answer(Status.ANSWERED, max(told, key=told.get), told, 0.9, finish_reason=FinishReason.CHOICE)


@pytest.fixture
def judge(monkeypatch, tmp_path):
    """Judges the first votes of a real file as they are typed; `refuses` are prompts without an answer."""

    def typed(*words, refuses=(), limit=40):
        @contextmanager
        def opened(model, *, engine=None, options=None, begun=None):
            asked = Judging()
            asked.refuses = frozenset(refuses)
            yield Worker(model, lambda: asked)

        monkeypatch.setattr("naze.predictions.judged.opened_worker", opened)
        told = ["judge", EXPLAINED, "--model", "s", "--out", tmp_path / "run", "--limit", limit, *words]
        return CliRunner().invoke(app, [str(word) for word in told])

    return typed


def test_agreement_with_people_is_printed_and_in_the_json(judge):
    done = judge()
    assert done.exit_code == 0, done.output
    assert "Agreement with people on 40 votes and" in done.output
    told = json.loads(judge("--json").stdout)["agreement"]
    assert told["decided"] + told["ties"] == told["votes"] == 40
    assert told["consistency"]["value"] == 1, "it does not look at the place"
    assert told["strict"] == told["one_order"] == told["swap_to_tie"]
    assert f"right in both orders (strict)       {told['strict']['value']:.1%} [" in done.output


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_vote_without_an_answer_in_one_order_is_counted_and_told_by_the_status(judge, tmp_path, more):
    first, second = (vote.id for vote in read_votes(EXPLAINED, limit=2))
    done = judge(*more, refuses=[first, f"{second}~swapped"])
    assert done.exit_code == 3
    assert ('"unanswered": 2' if more else "2 votes have no answer") in done.output
    told = pl.read_parquet(tmp_path / "run" / "verdicts.parquet")
    assert told["id"][:2].to_list() == [first, second]
    assert told["judged"].to_list() == [False] * 2 + [True] * 38
    assert told["p_a"].is_null().to_list() == [True] * 2 + [False] * 38


def test_verdicts_that_are_no_better_than_guessing_are_called_so(judge):
    done = judge()
    assert json.loads(judge("--json").stdout)["kept"] == "prior"
    assert (
        "no better than guessing the shares of a, b and ties; the calibrated columns hold the shares"
        in done.output
    )


def test_a_cascade_is_shown_as_a_curve_and_drawn_beside_the_verdicts(judge, tmp_path):
    fit = ["predict", "fit", EXPLAINED, "--out", tmp_path / "model", "--folds", 2, "--no-trees"]
    done = CliRunner().invoke(app, [str(word) for word in [*fit, "--leave-out", "n-grams", "--limit", 60]])
    assert done.exit_code == 0, done.output
    done = judge("--predictor", tmp_path / "model")
    assert done.exit_code == 0, done.output
    assert "0 (  0%)" in done.output and "◆" in done.output
    told = json.loads(judge("--predictor", tmp_path / "model", "--json").stdout)
    assert [point["judged"] for point in told["cascade"]] == [0, 4, 8, 12, 20, 28, 40]
    assert Path(told["curve"]).read_text("utf-8").startswith("<svg")
    half = judge("--predictor", tmp_path / "model", "--unsure", 0.9, "--json")
    assert json.loads(half.stdout)["curve"] is None
