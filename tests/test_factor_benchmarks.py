"""The benchmarks of factors: how they sample, compare and lay out; what they measure is not run here."""

import importlib

import numpy as np
import pytest

from naze.factors.probe import Ranked, score
from naze.records import Prompt


@pytest.fixture
def script(monkeypatch):
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    return importlib.import_module


def prompts(orders: int, per_order: int) -> list[Prompt]:
    return [
        Prompt(f"v{order}", f"f{number}", "Judge.", "x" * (10 + order), "?")
        for order in reversed(range(orders))
        for number in range(per_order)
    ]


def test_a_sample_has_orders_of_votes_at_even_distances_by_length(script):
    groups = script("verdict_matrix").even_sample(prompts(64, 5), 5, 8)
    assert [len(group) for group in groups] == [5] * 8
    assert all(len({one.subject_id for one in group}) == 1 for group in groups)
    places = [int(group[0].subject_id[1:]) for group in groups]
    assert set(np.diff(places)) == {8}


def test_a_sample_is_never_larger_than_all_there_is(script):
    assert len(script("verdict_matrix").even_sample(prompts(3, 4), 4, 50)) == 3


def test_letters_of_a_server_sum_to_one_and_missing_ones_are_none(script):
    top = [
        {"token": "A", "logprob": np.log(0.3)},
        {"token": "The", "logprob": -0.1},
        {"token": "C", "logprob": np.log(0.1)},
    ]
    reply = {"completion_probabilities": [{"top_logprobs": top}]}
    assert script("verdict_matrix").letters_of(reply) == pytest.approx([0.75, 0, 0.25, 0])
    assert (
        script("verdict_matrix").letters_of({"completion_probabilities": [{"top_logprobs": []}]}) == [0] * 4
    )


def test_the_same_work_is_told_by_distance_and_likeliest_letter(script):
    ours = {("v", "f"): [0.7, 0.1, 0.1, 0.1], ("w", "f"): [0.2, 0.6, 0.1, 0.1], ("x", "f"): [1, 0, 0, 0]}
    theirs = {("v", "f"): [0.6, 0.2, 0.1, 0.1], ("w", "f"): [0.6, 0.2, 0.1, 0.1]}
    found = script("verdict_matrix").same_work(ours, theirs)
    assert found["cells"] == 2 and found["same_letter"] == 0.5
    assert found["mean_difference"] == pytest.approx(0.125)


def test_there_are_fifty_different_definitions(script):
    factors = script("verdict_matrix").real_factors(50)
    assert len(factors) == 50
    assert len({factor.name for factor in factors}) == len({factor.definition for factor in factors}) == 50


def test_the_table_of_probe_and_factors_has_every_set_and_says_what_is_kept(script):
    probe = script("probe_and_factors")
    random = np.random.default_rng(0)
    outcomes = random.choice([-1.0, 0.0, 1.0], 120)
    good = Ranked(outcomes + random.standard_normal(120), random.standard_normal(120) - np.abs(outcomes))
    poor = Ranked(outcomes + 5 * random.standard_normal(120), random.standard_normal(120))
    names = (probe.ELSEWHERE, probe.PROBE, probe.FACTORS)
    found = {
        name: score(ranks, outcomes, np.arange(120), resamples=50)
        for name, ranks in zip(names, (good, good, poor), strict=True)
    }
    lines = probe.table(found, 900, 120).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == list(names)
    assert "900 other votes" in lines[2] and "the 120 judged" in lines[4]
    assert "1.00 [1.00, 1.00]" in lines[3] and "the factors keep 0." in lines[-1]


def test_ranks_are_correlated_over_factors_that_have_both_figures(script):
    published = script("published_metrics")
    assert published.rank_correlation([(1, 10), (2, 20), (3, 25), (None, 1)]) == 1
    assert published.rank_correlation([(1, 10), (2, None), (3, 25)]) is None
