"""Made votes whose features are known to say something, or nothing, about the outcome."""

from dataclasses import replace

import numpy as np
import pytest

from naze.errors import InputError
from naze.factors.held_out import HeldOut
from naze.factors.probe import (
    Features,
    Ranked,
    cross_validated,
    embedding_features,
    factor_features,
    kept,
    learnt_elsewhere,
    score,
    style_features,
)
from naze.records import Vote

VOTES = 240


@pytest.fixture(scope="module")
def made():
    """Outcomes from a hidden strength and a hidden likeness; two votes on each prompt."""
    random = np.random.default_rng(3)
    strength, likeness = random.standard_normal(VOTES), random.standard_normal(VOTES)
    outcomes = np.where(likeness + random.standard_normal(VOTES) > 0.8, 0.0, 1.0)
    outcomes *= np.sign(strength + 0.5 * random.standard_normal(VOTES))
    return strength, likeness, outcomes, np.arange(VOTES) // 2


def features(strength, likeness, noise=0.0, width=1):
    random = np.random.default_rng(5)
    wide = [
        np.outer(one, random.standard_normal(width)) + noise * random.standard_normal((VOTES, width))
        for one in (strength, likeness)
    ]
    return Features((wide[0],), (wide[1],))


def test_features_that_decide_rank_votes_that_were_not_learnt_from(made):
    strength, likeness, outcomes, prompts = made
    scored = score(
        cross_validated(features(strength, likeness), outcomes, prompts, repeats=1), outcomes, prompts
    )
    assert scored.win.value > 0.85 and scored.tie.value > 0.7
    assert scored.win.low < scored.win.value < scored.win.high
    assert scored.win_draws.shape == scored.tie_draws.shape == (1_000,)


def test_noise_is_no_better_than_chance(made):
    *_, outcomes, prompts = made
    random = np.random.default_rng(8)
    noise = Features((random.standard_normal((VOTES, 40)),), (random.standard_normal((VOTES, 40)),))
    scored = score(cross_validated(noise, outcomes, prompts, repeats=1), outcomes, prompts)
    assert scored.win.low < 0.5 < scored.win.high
    assert scored.tie.low < 0.55


def test_wide_features_are_reduced_and_still_tell(made):
    strength, likeness, outcomes, prompts = made
    wide = features(strength, likeness, noise=0.5, width=120)
    learnt, asked = np.arange(VOTES) < 160, np.arange(VOTES) >= 160
    ranked = learnt_elsewhere(wide.only(learnt), outcomes[learnt], prompts[learnt], asked=wide.only(asked))
    scored = score(ranked, outcomes[asked], prompts[asked], resamples=100)
    assert scored.win.value > 0.85 and scored.tie.value > 0.65


def test_exchanging_the_responses_exchanges_the_ranks(made):
    strength, likeness, outcomes, prompts = made
    one = features(strength, likeness, noise=0.5, width=120)
    other = Features((-one.odd[0],), one.even)
    here, there = (learnt_elsewhere(one, outcomes, prompts, asked=asked) for asked in (one, other))
    np.testing.assert_allclose(here.win, -there.win, atol=1e-9)
    np.testing.assert_allclose(here.tie, there.tie, atol=1e-9)
    exchanged = learnt_elsewhere(other, -outcomes, prompts, asked=one)
    np.testing.assert_allclose(exchanged.win, here.win, atol=1e-3)


def test_the_auc_is_that_of_scikit_learn_and_equal_ranks_count_half():
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(1)
    outcomes = random.choice([-1.0, 0.0, 1.0], 90)
    ranks = random.integers(0, 6, 90).astype(float)
    scored = score(Ranked(ranks, ranks), outcomes, np.arange(90), resamples=20)
    decided = outcomes != 0
    assert scored.win.value == pytest.approx(roc_auc_score(outcomes[decided] > 0, ranks[decided]))
    assert scored.tie.value == pytest.approx(roc_auc_score(~decided, ranks))


def test_votes_on_one_prompt_are_drawn_together():
    outcomes = np.tile([1.0, -1.0, 0.0], 20)
    ranks = np.random.default_rng(0).standard_normal(60)
    alone = score(Ranked(ranks, ranks), outcomes, np.arange(60))
    copied = score(
        Ranked(np.tile(ranks, 3), np.tile(ranks, 3)), np.tile(outcomes, 3), np.tile(np.arange(60), 3)
    )
    assert copied.win.low == pytest.approx(alone.win.low) and copied.win.high == pytest.approx(alone.win.high)


def test_what_is_kept_is_a_share_of_what_goes_beyond_chance(made):
    strength, likeness, outcomes, prompts = made
    whole = score(Ranked(strength, likeness), outcomes, prompts)
    noisy = strength + 2 * np.random.default_rng(2).standard_normal(VOTES)
    part = score(Ranked(noisy, np.zeros(VOTES)), outcomes, prompts)
    found = kept(part, whole)
    assert found["win"].value == pytest.approx((part.win.value - 0.5) / (whole.win.value - 0.5))
    assert 0.1 < found["win"].low < found["win"].value < found["win"].high < 0.95
    assert found["tie"].value == pytest.approx(0)
    assert kept(whole, part)["tie"].value is None, "nothing beyond chance: nothing to keep a share of"


def test_verdicts_that_are_missing_say_nothing():
    probabilities = np.array([[[0.7, 0.1, 0.1, 0.1]], [[np.nan] * 4], [[0.1, 0.3, 0.5, 0.1]]])
    held = HeldOut(("f",), probabilities, np.array([1.0, 0.0, -1.0]), np.arange(3))
    found = factor_features(held)
    np.testing.assert_allclose(found.odd[0][:, 0], [0.6, 0.0, -0.2])
    np.testing.assert_allclose(found.even[1][:, 0], [0.1, 0.3, 0.5])


class Letters:
    """Counts letters instead of embedding."""

    identity, address = "letters", None

    def embed(self, texts):
        return np.array([[text.count(letter) for letter in "abc"] for text in texts], np.float32)

    def close(self):
        """Nothing to close."""


def test_features_of_texts_know_which_side_is_which():
    vote = Vote("1", ("a?", None), ("aab", "c"), ("b", None))
    other = replace(vote, response_a=vote.response_b, response_b=vote.response_a)
    for made_features in (lambda votes: embedding_features(votes, Letters()), style_features):
        one, two = made_features([vote]), made_features([other])
        np.testing.assert_allclose(one.odd[0], -two.odd[0])
        assert all(np.allclose(here, there) for here, there in zip(one.even, two.even, strict=True))
    both = embedding_features([vote], Letters()) + style_features([vote])
    assert len(both.odd) == 2 and len(both.even) == 4
    np.testing.assert_allclose(both.odd[0], [[2, 0, 1]])


def test_without_a_tie_who_wins_is_learnt_all_the_same(made):
    strength, likeness, outcomes, prompts = made
    decided = outcomes != 0
    told = features(strength, likeness).only(decided)
    ranked = cross_validated(told, outcomes[decided], prompts[decided], repeats=1)
    scored = score(ranked, outcomes[decided], prompts[decided], resamples=20)
    assert scored.win.value > 0.7
    assert scored.tie.value is None


def test_what_cannot_be_learnt_says_what_is_there(made):
    strength, likeness, _, prompts = made
    one = features(strength, likeness)
    with pytest.raises(InputError, match=r"240 a, 0 b, 0 ties"):
        learnt_elsewhere(one, np.ones(VOTES), prompts, asked=one)
    with pytest.raises(InputError, match="1 prompts"):
        cross_validated(one, np.ones(VOTES), np.zeros(VOTES, int))
