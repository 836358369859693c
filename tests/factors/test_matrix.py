"""Verdicts in both orders become one antisymmetric matrix."""

import numpy as np
import pytest

from naze.errors import InputError
from naze.factors import VerdictMatrix


def matrix(shown, swapped):
    shown, swapped = np.array(shown, float), np.array(swapped, float)
    ids = tuple(f"v{number}" for number in range(len(shown)))
    return VerdictMatrix(ids, tuple(f"f{number}" for number in range(shown.shape[1])), shown, swapped)


def random_matrix(votes=20, factors=3):
    random = np.random.default_rng(1)
    return matrix(*(random.dirichlet(np.ones(4), size=(votes, factors)) for _ in range(2)))


def test_exchanging_the_responses_exchanges_the_verdict():
    one = random_matrix()
    np.testing.assert_allclose(one.exchanged().lean, -one.lean)
    np.testing.assert_allclose(one.exchanged().alike, one.alike)
    np.testing.assert_allclose(one.probabilities.sum(axis=2), 1.0)


def test_a_model_that_always_names_the_first_place_leans_to_nobody_and_is_shown_as_biased():
    always_a = matrix([[[1, 0, 0, 0]]] * 4, [[[1, 0, 0, 0]]] * 4)
    np.testing.assert_allclose(always_a.lean, 0)
    np.testing.assert_allclose(always_a.position_bias(), 1)
    fair = matrix([[[1, 0, 0, 0]]] * 4, [[[0, 1, 0, 0]]] * 4)
    np.testing.assert_allclose(fair.lean, 1)
    np.testing.assert_allclose(fair.position_bias(), 0)


def test_a_question_without_an_answer_stays_unknown_and_spoils_no_average():
    nothing = [np.nan] * 4
    one = matrix([[[0, 0, 1, 0]], [nothing]], [[[0, 0, 1, 0]], [[1, 0, 0, 0]]])
    assert np.isnan(one.lean[1, 0])
    assert one.alike_share() == pytest.approx([1.0])
    all_missing = matrix([[nothing]], [[nothing]])
    assert np.isnan(all_missing.position_bias()).all()


def test_where_nothing_applies_nothing_is_alike():
    assert np.isnan(matrix([[[0, 0, 0, 1]]], [[[0, 0, 0, 1]]]).alike).all()


def test_a_wrong_shape_is_named():
    with pytest.raises(InputError, match=r"shown has the shape \(1, 1, 3\); expected \(1, 1, 4\)"):
        matrix([[[1, 0, 0]]], [[[1, 0, 0]]])
