"""How far two responses say the same, in English and Japanese; the same whichever stands first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.predictions.features.agreement import agreement


def said(a, b):
    group = agreement([a], [b])
    return dict(zip(group.even_names, group.even[0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("a", "b", "name", "value"),
    [
        ("The answer is 42.", "It is 42, I think, out of 100", "numbers in common", 0.5),
        ("The answer is 42.", "No idea", "numbers in both", 0.0),
        ("Yes, in Paris I met Marie Curie", "We know Marie Curie from Paris", "names in common", 1.0),
        ("dogs bark loudly", "Loudly they bark", "words in common", 0.5),
        ("今日は天気", "今日は雨", "words in common", 1 / 3),
        ("Sure! Here it is", "  sure! here we go", "same beginning", np.log1p(11)),
        ("abc", "abc", "squared difference of lengths", 0.0),
        ("abc", "abc", "near lengths", 1.0),
        ("", "abcdefg", "near lengths", 1 / 8),
        ("", "abcdefg", "length of the shorter one", 0.0),
    ],
)
def test_what_is_common_is_found(a, b, name, value):
    assert said(a, b)[name] == pytest.approx(value)


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_order_of_the_responses_changes_nothing(a, b):
    group = agreement([a, b], [b, a])
    np.testing.assert_array_equal(group.even[0], group.even[1])
    assert np.isfinite(group.even).all() and group.odd.shape == (2, 0)


def test_no_votes_have_no_rows():
    assert agreement([], []).even.shape[0] == 0
