"""Log probabilities become answers, and tokens are told apart."""

import math

import pytest

from naze.engines.choices import check_first_tokens, distribution, match_tokens
from naze.errors import ChoiceError
from naze.records import FinishReason, Status


def test_probabilities_sum_to_one_and_the_mass_is_what_the_choices_hold_together():
    answer = distribution({"A": math.log(0.3), "B": math.log(0.1)}, prompt_tokens=5, seconds=0.1)
    assert answer.text == "A"
    assert answer.probabilities == pytest.approx({"A": 0.75, "B": 0.25})
    assert answer.choice_mass == pytest.approx(0.4)
    assert answer.finish_reason is FinishReason.CHOICE


def test_very_unlikely_choices_are_still_told_apart():
    answer = distribution({"A": -1000.0, "B": -1001.0}, prompt_tokens=5, seconds=0.1)
    assert answer.probabilities == pytest.approx({"A": 0.731, "B": 0.269}, abs=0.001)


def test_without_any_probability_there_is_no_answer():
    answer = distribution({"A": -math.inf, "B": -math.inf}, prompt_tokens=5, seconds=0.1)
    assert answer.status is Status.INVALID
    assert answer.reason is not None
    assert "['A', 'B']" in answer.reason


def test_choices_with_the_same_first_token_are_refused_by_name():
    with pytest.raises(ChoiceError, match="'yes, sir' and 'yes' both begin"):
        check_first_tokens(("yes, sir", "no", "yes"), (5, 6, 5))


def test_the_longest_token_that_begins_a_choice_is_its_own():
    tokens = {"t": -5.0, "tie": -1.0, "A": -2.0, " A": -0.1, "B": -3.0}
    assert match_tokens(("A", "B", "tie", "none"), tokens) == {
        "A": -2.0,
        "B": -3.0,
        "tie": -1.0,
        "none": -math.inf,
    }


def test_a_token_with_a_space_before_it_counts_where_there_is_no_other():
    assert match_tokens(("A", "B"), {" A": -1.0, "B": -2.0}) == {"A": -1.0, "B": -2.0}
