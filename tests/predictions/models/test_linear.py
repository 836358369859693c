"""What is added to the log odds of another model."""

import numpy as np

from naze.predictions.models.linear import fit_linear

RANDOM = np.random.default_rng(0)
COLUMNS = RANDOM.normal(0, 1, (2_000, 2))
GIVEN = RANDOM.normal(0, 1, 2_000)
HITS = (RANDOM.random(2_000) < 1 / (1 + np.exp(-(GIVEN + COLUMNS[:, 0])))).astype(np.float64)
ONES = np.ones(2_000)


def test_only_what_is_missing_is_added():
    found = fit_linear(COLUMNS, HITS, ONES, 1e-4, odd=True, beside=GIVEN)
    np.testing.assert_allclose(found.weights / found.scale, [1.0, 0.0], atol=0.12)
    assert found.intercept == 0.0


def test_a_shift_of_all_is_found_where_columns_are_even():
    shifted = GIVEN - 0.7
    found = fit_linear(COLUMNS, HITS, ONES, 1e-4, odd=False, beside=shifted)
    assert abs(found.intercept - found.weights @ (found.center / found.scale) - 0.7) < 0.15


def test_strong_shrinkage_leaves_the_other_model_as_it_is():
    found = fit_linear(COLUMNS, HITS, ONES, 1e6, odd=False, beside=GIVEN)
    assert np.abs(found.predict(COLUMNS)).max() < 1e-3
