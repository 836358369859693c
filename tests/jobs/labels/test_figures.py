"""Figures against people's labels agree with the textbook, and a calibration is kept only where it helps."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from naze.jobs.labels.calibrating import calibrate, out_of_fold
from naze.jobs.labels.figures import gold_figures

LABELS = ("complaint", "praise", "other")


def made(rows=300, seed=0, bias=0.0, scale=1.0):
    """Probabilities of a model that is right about two times in three, biased towards the first label."""
    random = np.random.default_rng(seed)
    truth = random.integers(3, size=rows)
    logits = random.normal(size=(rows, 3)) + 1.5 * np.eye(3)[truth]
    told = scale * (logits + np.array([bias, 0, 0]))
    weights = np.exp(told)
    return weights / weights.sum(axis=1, keepdims=True), truth


def test_kappa_and_f1_are_those_of_scikit_learn():
    probabilities, truth = made()
    figures = gold_figures(probabilities, truth, LABELS)
    told = probabilities.argmax(axis=1)
    assert figures.accuracy.value == pytest.approx((told == truth).mean())
    assert figures.kappa.value == pytest.approx(cohen_kappa_score(truth, told))
    assert figures.macro_f1.value == pytest.approx(f1_score(truth, told, average="macro"))
    assert figures.micro_f1.value == pytest.approx(f1_score(truth, told, average="micro"))
    assert sum(map(sum, figures.confusion)) == len(truth)
    for figure in (figures.accuracy, figures.kappa, figures.macro_f1, figures.log_loss):
        assert figure.low < figure.value < figure.high


def test_nineteen_of_twenty_intervals_of_kappa_hold_the_truth():
    _, everything = made(20_000, seed=1)
    probabilities, _ = made(20_000, seed=1)
    true = cohen_kappa_score(everything, probabilities.argmax(axis=1))
    held = 0
    for seed in range(40):
        own, truth = made(150, seed=seed + 10)
        kappa = gold_figures(own, truth, LABELS).kappa
        held += kappa.low <= true <= kappa.high
    assert 34 <= held <= 40


def test_a_label_that_nobody_gave_has_no_recall():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    figures = gold_figures(probabilities, np.array([0, 1]), LABELS)
    assert figures.by_label["other"].recall.value is None
    assert figures.macro_f1.value == 1.0


def test_a_biased_and_overconfident_model_is_corrected():
    probabilities, truth = made(bias=2.0, scale=2.5)
    corrected, helps = out_of_fold(probabilities, truth)
    before, after = (gold_figures(told, truth, LABELS) for told in (probabilities, corrected))
    assert helps
    assert after.log_loss.value < before.log_loss.value
    assert after.accuracy.value > before.accuracy.value
    assert calibrate(probabilities, truth).offsets[0] < 0


def test_a_correction_that_is_only_noise_is_not_kept():
    """The logarithms differ by 1.5 where a label is right, so that this scale is the calibrated one."""
    kept = [out_of_fold(*made(30, seed=seed, scale=1.5))[1] for seed in range(20)]
    assert sum(kept) <= 4


def test_few_rows_teach_nothing():
    probabilities, truth = made(19, bias=3.0)
    assert not out_of_fold(probabilities, truth)[1]
