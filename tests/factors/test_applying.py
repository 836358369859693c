"""A model is asked about votes and factors, and never told the result."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from naze.errors import InputError
from naze.factors.applying import CHOICES, SWAPPED_MARK, apply_factors, verdict_prompts
from naze.generations import open_run
from naze.jobs.asking import opened_worker
from naze.prompts import load_template
from naze.records import Factor, Outcome, Winner
from naze.votes import Votes, read_votes

EXAMPLES = Path(__file__).parents[2] / "examples" / "votes.csv"
FACTORS = [
    Factor("f01", "Length", "The response is longer.", Outcome.WIN),
    Factor("f02", "Lists", "The response uses lists.", Outcome.WIN),
    Factor("f03", "Courtesy", "The response is polite to the person who asked it.", Outcome.TIE),
]


def prompts(votes, language="en", limit=2000):
    template = replace(load_template("verdict", language), choices=CHOICES)
    count = lambda asked: [len(p.instruction + p.subject + p.question) // 4 for p in asked]  # noqa: E731
    return list(verdict_prompts(votes, FACTORS, template, count=count, limit_tokens=limit))


@pytest.fixture(scope="module")
def votes():
    return read_votes(EXAMPLES, limit=6)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_questions_about_one_order_of_a_vote_stand_together_behind_the_same_text(votes, language):
    asked = [row.prompt for row in prompts(votes, language)]
    assert len(asked) == len(votes) * 2 * len(FACTORS)
    for start in range(0, len(asked), len(FACTORS)):
        group = asked[start : start + len(FACTORS)]
        assert len({(one.subject_id, one.instruction, one.subject) for one in group}) == 1
        assert [one.question_id for one in group] == ["f01", "f02", "f03"]
        assert all(factor.definition in one.question for factor, one in zip(FACTORS, group, strict=True))


def test_the_winner_and_the_models_change_nothing_of_what_is_asked(votes):
    other = Votes.from_votes(
        [replace(vote, winner=Winner.BOTH_BAD, model_a="x", model_b="y") for vote in votes]
    )
    assert [row.prompt for row in prompts(other)] == [row.prompt for row in prompts(votes)]


def test_the_second_order_exchanges_the_responses(votes):
    shown, swapped = (prompts(votes)[place].prompt for place in (0, len(FACTORS)))
    assert swapped.subject_id == shown.subject_id + SWAPPED_MARK
    assert swapped.subject != shown.subject
    assert sorted(swapped.subject) == sorted(shown.subject)


def test_a_vote_that_does_not_fit_is_shortened_for_all_questions_alike(votes):
    rows = prompts(votes, limit=320)
    assert {row.fit for row in rows} > {"shortened"}
    for start in range(0, len(rows), len(FACTORS)):
        assert len({row.prompt.subject for row in rows[start : start + len(FACTORS)]}) == 1


def test_verdicts_of_a_real_model_sum_to_one_and_a_second_call_asks_nothing(votes, tmp_path, smollm2_path):
    with opened_worker("smollm2:135m") as worker:
        matrix = apply_factors(votes[:3], FACTORS, worker, tmp_path / "verdicts", language="en")
        again = apply_factors(votes[:3], FACTORS, worker, tmp_path / "verdicts", language="en")
    assert matrix.shown.shape == (3, 3, 4)
    np.testing.assert_allclose(matrix.probabilities.sum(axis=2), 1.0, atol=1e-6)
    np.testing.assert_array_equal(again.shown, matrix.shown)
    assert np.abs(matrix.position_bias()).max() <= 1


def test_ids_that_repeat_are_refused(votes, tmp_path):
    twice = Votes.from_votes([votes[0], votes[0]])
    with pytest.raises(InputError, match="stands 2 times"):
        apply_factors(twice, FACTORS, None, tmp_path, language="en")
    with pytest.raises(InputError, match="0 factors"):
        apply_factors(votes, [], None, tmp_path, language="en")


def test_most_of_what_is_asked_of_a_vote_comes_from_the_cache(votes, tmp_path, smollm2_path):
    factors = [
        Factor(f"f{number:02d}", f"Point {number}", "The response has it.", Outcome.WIN)
        for number in range(1, 31)
    ]
    with opened_worker("smollm2:135m") as worker:
        apply_factors(votes[3:4], factors, worker, tmp_path / "verdicts", language="en")
    run = open_run(tmp_path / "verdicts")
    summary = run.summary()
    run.close()
    assert summary.cached_tokens > 0.8 * summary.prompt_tokens
