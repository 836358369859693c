"""The curve flattens where everything was found, and rises where it was not."""

import numpy as np
import pytest

from naze.errors import InputError
from naze.factors.saturation import saturation_curve


def made(kinds, votes, seed=0, evenness=1.0):
    """Every vote names one kind, drawn with weights that fall by `evenness`."""
    weights = evenness ** np.arange(kinds)
    drawn = np.random.default_rng(seed).choice(kinds, votes, p=weights / weights.sum())
    return [f"v{n}" for n in range(votes)], drawn.astype(np.int32)


def test_a_curve_that_has_found_everything_is_flat_at_its_end():
    votes, kinds = made(10, 2000)
    curve = saturation_curve(votes, kinds)
    assert curve.found[-1] == curve.observed == 10
    assert not curve.would_find_more
    assert curve.unseen == 0


def test_a_curve_that_has_not_is_still_rising_and_says_that_kinds_are_unseen():
    votes, kinds = made(400, 300)
    curve = saturation_curve(votes, kinds, least_votes=1)
    assert curve.would_find_more
    assert curve.slope > 5
    assert 100 < curve.unseen + curve.observed < 600


def test_the_expected_curve_is_met():
    votes, kinds = made(20, 400)
    curve = saturation_curve(votes, kinds, least_votes=1, resamples=400)
    counts = np.bincount(kinds, minlength=20)
    for size, found in zip(curve.sizes, curve.found, strict=True):
        # Hurlbert 1971: a kind with n of N explanations is missed by a share C(N-n, m) / C(N, m) of the samples.
        missed = [np.prod(1 - n / np.arange(400, 400 - size, -1.0).clip(n)) if n else 1.0 for n in counts]
        assert found == pytest.approx(20 - np.sum(missed), abs=0.25)


def test_the_interval_holds_the_mean_and_ends_at_what_was_found():
    votes, kinds = made(30, 200, evenness=0.85)
    curve = saturation_curve(votes, kinds)
    assert all(
        low <= mean <= high for low, mean, high in zip(curve.low, curve.found, curve.high, strict=True)
    )
    assert curve.low[-1] == curve.high[-1] == curve.found[-1]
    assert list(curve.found) == sorted(curve.found)


def test_a_vote_that_names_a_kind_twice_counts_once():
    curve = saturation_curve(["a", "a", "a", "b"], np.array([0, 0, 0, 1]), least_votes=1)
    assert curve.sizes[-1] == 2
    assert saturation_curve(["a", "a", "a"], np.array([0, 0, 0]), least_votes=2).found[-1] == 0


def test_explanations_without_a_reason_count_too():
    assert (
        saturation_curve(["a", "b"], np.array([0, -1]), explanation_count=10, least_votes=1).sizes[-1] == 10
    )


def test_kinds_that_were_dissolved_enter_the_estimate():
    votes, kinds = made(10, 2000)
    assert saturation_curve(votes, kinds, rare=(6, 2)).unseen == pytest.approx(1999 / 2000 * 6 * 5 / 6)


@pytest.mark.parametrize("kinds", [[], [-1, -2]])
def test_no_kind_at_all_is_an_error(kinds):
    with pytest.raises(InputError, match="no reason belongs to any kind"):
        saturation_curve(["a"] * len(kinds), np.array(kinds, np.int32))
