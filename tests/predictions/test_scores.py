"""Scores are those of scikit-learn where it has them, and intervals know that votes share prompts."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score
from sklearn.metrics import log_loss as their_log_loss

from naze.predictions import score_probabilities
from naze.predictions.models.ties import (
    TieRule,
    constant_tie_loss,
    davidson,
    fit_constant_ties,
    probabilities,
    rao_kupper,
    tie_logit,
)
from naze.predictions.scores import difference, weighted_auc


@pytest.fixture(scope="module")
def told():
    random = np.random.default_rng(0)
    truth = random.dirichlet([1.5, 1.5, 1.0], 500)
    happened = np.array([random.choice(3, p=row) for row in truth])
    guessed = np.round(truth + random.uniform(0, 0.6, truth.shape), 1)
    return guessed / guessed.sum(axis=1, keepdims=True), happened


def test_figures_are_those_of_scikit_learn(told):
    guessed, happened = told
    score = score_probabilities(guessed, happened, np.arange(500), resamples=100)
    likeliest = guessed.argmax(axis=1)
    decided = happened != 2
    truth = np.eye(3)[happened]
    assert score["log_loss"].value == pytest.approx(their_log_loss(happened, guessed))
    assert score["accuracy"].value == pytest.approx(accuracy_score(happened, likeliest))
    assert score["brier"].value == pytest.approx(((guessed - truth) ** 2).sum(axis=1).mean())
    assert score["tie_auc"].value == pytest.approx(roc_auc_score(happened == 2, guessed[:, 2]))
    lean = guessed[:, 0] - guessed[:, 1]
    assert score["win_auc"].value == pytest.approx(roc_auc_score(happened[decided] == 0, lean[decided]))
    assert score["tie_recall"].value == pytest.approx(recall_score(happened == 2, likeliest == 2))
    assert score["loss_tie"].value == pytest.approx(-np.log(guessed[happened == 2, 2]).mean())
    assert sum(map(sum, score.confusion)) == 500
    assert sum(one.count for one in score.bins["tie"]) == 500


def test_calibration_error_is_that_of_a_plain_loop(told):
    guessed, happened = told
    top, hit = guessed.max(axis=1), guessed.argmax(axis=1) == happened
    order = np.argsort(top, kind="stable")
    parts = [order[start : start + 50] for start in range(0, 500, 50)]
    plain = sum(abs(top[part].sum() - hit[part].sum()) for part in parts) / 500
    score = score_probabilities(guessed, happened, np.arange(500), resamples=10)
    assert score["calibration_error"].value == pytest.approx(plain)


def test_weighted_auc_is_that_of_scikit_learn(told):
    guessed, happened = told
    weights = np.random.default_rng(1).integers(0, 4, 500).astype(float)
    [found] = weighted_auc(guessed[:, 2], happened == 2, weights[None])
    assert found == pytest.approx(roc_auc_score(happened == 2, guessed[:, 2], sample_weight=weights))
    assert np.isnan(weighted_auc(guessed[:, 2], np.ones(500, bool), weights[None]))[0]


def test_votes_that_share_prompts_say_less(told):
    guessed, happened = (np.repeat(one, 4, axis=0) for one in told)
    apart = score_probabilities(guessed, happened, np.arange(2_000), resamples=300)
    together = score_probabilities(guessed, happened, np.repeat(np.arange(500), 4), resamples=300)
    wide = [score["log_loss"].high - score["log_loss"].low for score in (apart, together)]
    assert 1.6 < wide[1] / wide[0] < 2.5


def test_a_paired_difference_is_surer_than_two_intervals(told):
    guessed, happened = told
    losses = -np.log(guessed[np.arange(500), happened])
    gap = difference(losses + 0.01, losses, np.arange(500))
    assert gap.value == pytest.approx(0.01) and gap.low == pytest.approx(0.01)


def test_the_three_logits_give_the_same_probabilities():
    random = np.random.default_rng(2)
    win, tie = random.normal(0, 2, 100), random.normal(0, 2, 100)
    logits = np.column_stack([win / 2, -win / 2, tie_logit(win, tie)])
    odds = np.exp(logits)
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), probabilities(win, tie), atol=1e-12)


@pytest.mark.parametrize(("rule", "model"), [(TieRule.DAVIDSON, davidson), (TieRule.RAO_KUPPER, rao_kupper)])
def test_models_with_one_number_for_ties_recover_it(rule, model):
    random = np.random.default_rng(3)
    odd = random.normal(size=(20_000, 2))
    weights, constant = np.array([1.0, -0.5]), 0.7
    odds = model(odd @ weights, constant)
    np.testing.assert_allclose(odds.sum(axis=1), 1.0)
    drawn = (odds.cumsum(axis=1) > random.random((20_000, 1))).argmax(axis=1)
    found = fit_constant_ties(odd, np.array([1.0, -1.0, 0.0])[drawn], rule, 1e-6)
    np.testing.assert_allclose(found.weights, weights, atol=0.05)
    assert found.constant == pytest.approx(constant, abs=0.05)
    np.testing.assert_allclose(found.predict(odd), model(odd @ found.weights, found.constant))


@pytest.mark.parametrize("rule", list(TieRule))
def test_slopes_are_those_of_the_loss(rule):
    signs = np.array([1.0, -1.0, 0.0, 0.0, 1.0])

    def loss(theta):
        return constant_tie_loss(rule, theta[:5], theta[5], signs)[0].sum()

    def slope(theta):
        _, by_win, by_raw = constant_tie_loss(rule, theta[:5], theta[5], signs)
        return np.append(by_win, by_raw.sum())

    start = np.array([0.3, -0.2, 0.4, -1.1, 0.9, 0.4])
    assert check_grad(loss, slope, start) < 1e-5
