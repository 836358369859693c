"""No prompt stands on both sides, every vote stands on one, and the same seed gives the same split."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naze.errors import ConfigurationError
from naze.votes import Votes, folds, read_votes, split
from naze.votes.split import normalised_prompt

PROMPTS = st.lists(
    st.sampled_from(["q", "Q ", "ｑ", "r", " r\n", "s", "日本", "日 本", "", "t", "u"]),
    min_size=2,
    max_size=40,
)


def votes_of(prompts):
    return Votes.from_frame(
        pl.DataFrame(
            {
                "id": [str(number) for number in range(len(prompts))],
                "prompt": [[prompt] for prompt in prompts],
                "response_a": [["x"]] * len(prompts),
                "response_b": [["y"]] * len(prompts),
            }
        )
    )


def prompts_in(votes):
    return {normalised_prompt(vote.prompt) for vote in votes}


@given(prompts=PROMPTS, holdout=st.floats(0.05, 0.95), seed=st.integers(0, 5))
@settings(max_examples=60)
def test_no_prompt_stands_on_both_sides(prompts, holdout, seed):
    votes = votes_of(prompts)
    train, test = split(votes, holdout=holdout, seed=seed)
    assert not prompts_in(train) & prompts_in(test)
    assert sorted(vote.id for part in (train, test) for vote in part) == sorted(vote.id for vote in votes)
    largest = max(sum(normalised_prompt(v.prompt) == key for v in votes) for key in prompts_in(votes))
    assert abs(len(test) - holdout * len(votes)) <= largest
    assert [v.id for v in split(votes, holdout=holdout, seed=seed)[1]] == [v.id for v in test]


@given(prompts=PROMPTS, k=st.integers(2, 6), seed=st.integers(0, 5))
@settings(max_examples=60)
def test_each_vote_is_held_out_by_one_fold_and_its_prompt_is_not_learnt_there(prompts, k, seed):
    votes = votes_of(prompts)
    parts = folds(votes, k, seed)
    assert len(parts) == k
    for train, held_out in parts:
        assert len(train) + len(held_out) == len(votes)
        assert not prompts_in(train) & prompts_in(held_out)
    assert sorted(vote.id for _, held_out in parts for vote in held_out) == sorted(vote.id for vote in votes)


@given(prompts=PROMPTS, seed=st.integers(0, 5))
@settings(max_examples=30)
def test_the_split_does_not_depend_on_the_order_of_the_votes(prompts, seed):
    forward, backward = (split(votes_of(p), seed=seed)[1] for p in (prompts, prompts[::-1]))
    assert prompts_in(forward) == prompts_in(backward)


def test_another_seed_is_another_split(kaggle):
    assert prompts_in(split(kaggle, seed=0)[1]) != prompts_in(split(kaggle, seed=1)[1])


def test_real_votes_are_split_at_the_share_wanted(shared_data):
    votes = read_votes(shared_data / "pandalm_test.parquet")
    train, test = split(votes, holdout=0.2)
    assert abs(len(test) / len(votes) - 0.2) < 0.01
    assert not prompts_in(train) & prompts_in(test)


@pytest.mark.parametrize("holdout", [0.0, 1.0, -0.1, 20])
def test_a_share_that_is_none_is_refused(kaggle, holdout):
    with pytest.raises(ConfigurationError, match="expected a share between 0 and 1"):
        split(kaggle, holdout=holdout)


def test_one_fold_is_refused(kaggle):
    with pytest.raises(ConfigurationError, match="1 folds; expected at least 2"):
        folds(kaggle, 1)
