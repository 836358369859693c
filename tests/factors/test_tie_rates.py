"""Ties by how alike the responses are."""

import pytest

from naze.errors import ConfigurationError
from naze.factors.tie_rates import tie_rates
from naze.records import Vote, Winner
from naze.votes import read_votes


def vote(number, a, b, winner):
    return Vote(str(number), (f"question {number}",), (a,), (b,), winner)


def test_every_vote_with_a_result_stands_in_one_bin():
    votes = [
        vote(1, "abc", "abc", Winner.TIE),
        vote(2, "abc", "xyz", Winner.A),
        vote(3, "", "", Winner.BOTH_BAD),
        vote(4, "abc", "", Winner.A),
        vote(5, "abc", "abc", None),
    ]
    alike = tie_rates(votes, by="similarity")
    assert [(one.low, one.votes, one.ties) for one in alike] == [(0.0, 2, 0), (0.8, 2, 2)]
    lengths = tie_rates(votes, by="length_ratio")
    assert [(one.low, one.votes, one.ties) for one in lengths] == [(1.0, 3, 2), (5.0, 1, 0)]
    assert all(one.rate.low is None for one in alike)


def test_ties_fall_as_responses_differ_on_real_votes(shared_data):
    votes = read_votes(shared_data / "arena_kaggle.parquet")
    lengths = tie_rates(votes, by="length_ratio")
    assert sum(one.votes for one in lengths) == len(votes)
    assert lengths[0].rate.value > lengths[-1].rate.value
    alike = tie_rates(votes, by="similarity")
    assert alike[-1].rate.value > alike[0].rate.value
    assert all(
        one.rate.low <= one.rate.value <= one.rate.high
        for one in (*alike, *lengths)
        if one.rate.low is not None
    )


def test_no_votes_are_no_bins_and_wrong_ends_are_said():
    assert tie_rates([], by="similarity") == ()
    with pytest.raises(ConfigurationError, match="rise"):
        tie_rates([], by="similarity", bins=(1, 0))
    with pytest.raises(ConfigurationError, match="length_ratio"):
        tie_rates([], by="taste")
