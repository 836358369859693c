"""Trees, grown as a forest or boosted: both swap exactly and share out what they say."""

import numpy as np
import pytest

from naze.predictions.models.trees import exchanged, fit_trees

ODD = 2


KINDS = pytest.mark.parametrize("forest", [True, False], ids=["forest", "boosted"])


def drawn(count=800):
    random = np.random.default_rng(0)
    columns = random.normal(0, 1, (count, 4))
    lean = 1.5 * columns[:, 0] * (1 + (columns[:, 2] > 0))
    return columns, (random.random(count) < 1 / (1 + np.exp(-lean))).astype(np.float64)


@KINDS
@pytest.mark.parametrize("odd", [ODD, 0])
def test_contributions_add_up_to_the_log_odds(forest, odd):
    columns, hits = drawn()
    trees = fit_trees(columns, hits, np.ones(len(hits)), 30, odd=odd, forest=forest)
    assert trees.forest == forest
    told, parts = trees.predict(columns), trees.contributions(columns)
    rest = told - parts.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-6)
    assert np.abs(parts[:, 0]).mean() > 3 * np.abs(parts[:, 3]).mean()
    assert np.abs(told).max() < 6
    if odd:
        assert rest[0] == pytest.approx(0, abs=1e-9)


@KINDS
def test_exchanging_the_sides_turns_the_log_odds(forest):
    columns, hits = drawn()
    trees = fit_trees(columns, hits, np.ones(len(hits)), 30, odd=ODD, forest=forest)
    np.testing.assert_allclose(trees.predict(exchanged(columns, ODD)), -trees.predict(columns), atol=1e-9)


@KINDS
def test_what_there_is_to_learn_is_learnt(forest):
    columns, hits = drawn(1200)
    trees = fit_trees(columns[:900], hits[:900], np.ones(900), 60, odd=ODD, forest=forest)
    told = trees.predict(columns[900:])
    loss = np.logaddexp(0, np.where(hits[900:] > 0.5, -told, told)).mean()
    assert loss < np.log(2) - 0.1
