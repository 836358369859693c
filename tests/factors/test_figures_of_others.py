"""The figures of one factor are those of scipy and scikit-learn wherever these have them."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, log_loss, roc_auc_score

from naze.factors.agreement import agreement, cohen_kappa
from naze.factors.held_out import HeldOut
from naze.factors.log_loss_drop import log_loss_drop
from naze.factors.permutation import permutation_test, q_values
from naze.factors.published import published_metrics
from naze.factors.resampling import bootstrap_interval, share_interval
from naze.factors.style import Style
from naze.factors.tie_lift import alike_thresholds, tie_auc, tie_lift
from naze.records import Outcome

VOTES = 240


def held_out(seed=0, votes=VOTES, factors=4, votes_of_prompt=1, ties=0.3):
    """Verdicts that have a little to do with the outcome; about a fifth of them not applicable."""
    random = np.random.default_rng(seed)
    outcomes = random.choice([1.0, -1.0, 0.0], votes, p=[(1 - ties) / 2, (1 - ties) / 2, ties])
    lean = 0.4 * outcomes[:, None] + random.normal(size=(votes, factors))
    logits = np.stack(
        [lean, -lean, 0.3 - 0.4 * np.abs(lean), np.full_like(lean, -1.2)], axis=2
    ) + 0.6 * random.normal(size=(votes, factors, 4))
    weights = np.exp(logits)
    probabilities = weights / weights.sum(axis=2, keepdims=True)
    names = tuple(f"f{number}" for number in range(factors))
    return HeldOut(names, probabilities, outcomes, np.arange(votes) // votes_of_prompt)


def test_kappa_and_accuracy_are_those_of_scikit_learn():
    held = held_out()
    found = agreement(held, resamples=50, seed=0)
    for factor in range(4):
        rows = (held.calls[:, factor] != 0) & (held.outcomes != 0)
        calls, preferred = held.calls[rows, factor], held.outcomes[rows]
        assert found.votes[factor] == rows.sum()
        assert found.accuracy.value[factor] == pytest.approx((calls == preferred).mean())
        assert found.kappa.value[factor] == pytest.approx(cohen_kappa_score(calls, preferred))


def test_the_interval_of_accuracy_is_wilsons_where_every_prompt_has_one_vote():
    held = held_out()
    found = agreement(held, resamples=20, seed=0)
    for factor in range(4):
        hits = round(found.accuracy.value[factor] * found.votes[factor])
        low, high = stats.binomtest(hits, int(found.votes[factor])).proportion_ci(method="wilson")
        # The effective number of votes is that of the sample variance, one degree of freedom less: never more than n.
        assert found.accuracy.low[factor] == pytest.approx(low, abs=2e-3)
        assert found.accuracy.high[factor] == pytest.approx(high, abs=2e-3)


def test_the_interval_is_wider_where_votes_on_one_prompt_agree():
    alone = share_interval(np.ones((40, 1)) * (np.arange(40) % 2)[:, None], np.ones((40, 1)))
    together = share_interval(4.0 * (np.arange(10) % 2)[:, None], 4 * np.ones((10, 1)))
    assert alone.value == together.value == 0.5
    low, high = stats.binomtest(5, 10).proportion_ci(method="wilson")
    assert together.low[0] == pytest.approx(low, abs=0.02)
    assert together.high[0] == pytest.approx(high, abs=0.02)
    assert alone.high[0] - alone.low[0] < 0.65 * (high - low)


def test_where_all_votes_agree_the_interval_is_that_of_as_many_prompts():
    estimate = share_interval(3 * np.ones((12, 1)), 3 * np.ones((12, 1)))
    low, high = stats.binomtest(12, 12).proportion_ci(method="wilson")
    assert (estimate.low[0], estimate.high[0]) == pytest.approx((low, high))


@pytest.mark.parametrize("call", [1.0, -1.0])
def test_a_factor_that_names_one_side_only_has_the_kappa_that_scikit_learn_gives(call):
    outcomes = np.array([1.0, -1.0] * 10)
    cells = np.array(
        [[((call == side) & (outcomes == preferred)).sum()] for side in (1, -1) for preferred in (1, -1)]
    )
    assert cohen_kappa(cells.astype(float))[0] == cohen_kappa_score(np.full(20, call), outcomes) == 0


def test_tie_auc_is_that_of_scikit_learn_and_ties_in_rank_count_half():
    held = held_out(factors=3)
    coarse = HeldOut(held.factor_ids, np.round(held.probabilities * 4) / 4, held.outcomes, held.prompts)
    for one in (held, coarse):
        found = tie_auc(one)
        for factor in range(3):
            rows = one.applies[:, factor]
            expected = roc_auc_score(one.ties[rows], one.alike[rows, factor])
            assert found.value[factor] == pytest.approx(expected)


def test_the_interval_of_tie_auc_is_delongs_where_every_prompt_has_one_vote():
    held = held_out(votes=400, factors=1)
    found = tie_auc(held)
    rows = held.applies[:, 0]
    score, tied = held.alike[rows, 0], held.ties[rows] > 0
    ties, others = score[tied], score[~tied]
    above = (ties[:, None] > others).astype(float) + 0.5 * (ties[:, None] == others)
    auc = above.mean()
    error = np.sqrt(above.mean(axis=1).var(ddof=1) / len(ties) + above.mean(axis=0).var(ddof=1) / len(others))
    half = 1.959964 * error / (auc * (1 - auc))
    low, high = (1 / (1 + np.exp(-(np.log(auc / (1 - auc)) + sign * half))) for sign in (-1, 1))
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=2e-3)


def test_lift_is_the_tie_rate_of_alike_votes_over_the_base_rate():
    held = held_out()
    found = tie_lift(held, resamples=200, seed=0)
    for factor in range(4):
        rows = held.applies[:, factor]
        alike = rows & (held.alike[:, factor] >= found.threshold[factor])
        base, rate = held.ties[rows].mean(), held.ties[alike].mean()
        assert found.base.value[factor] == pytest.approx(base)
        assert found.rate.value[factor] == pytest.approx(rate)
        assert found.ratio.value[factor] == pytest.approx(rate / base)
        assert found.difference.value[factor] == pytest.approx(rate - base)
        assert found.ratio.low[factor] < rate / base < found.ratio.high[factor]


def test_alike_is_from_one_half_on_where_that_parts_the_votes_and_from_the_median_elsewhere():
    spread = np.linspace(0, 1, 101)
    high = np.linspace(0.8, 1, 101)
    repeated = np.r_[np.full(60, 0.9), np.full(41, 0.95)]
    same = np.full(101, 0.9)
    missing = np.full(101, np.nan)
    found = alike_thresholds(np.column_stack([spread, high, repeated, same, missing]))
    assert found[:2] == pytest.approx([0.5, 0.9])
    assert 0.9 < found[2] <= 0.95
    assert np.isnan(found[3:]).all()


def test_the_permutation_test_agrees_with_fishers_exact_test_on_independent_votes():
    held = held_out(seed=5, votes=120, ties=0.0)
    p_values = permutation_test(held, Outcome.WIN, permutations=4_000, seed=1).p_values
    for factor in range(4):
        rows = held.calls[:, factor] != 0
        calls, preferred = held.calls[rows, factor], held.outcomes[rows]
        table = [[((calls == call) & (preferred == side)).sum() for side in (1, -1)] for call in (1, -1)]
        expected = stats.fisher_exact(table).pvalue
        assert p_values[factor] == pytest.approx(expected, abs=0.03 + 0.25 * expected)


def test_the_permutation_test_of_ties_agrees_with_the_rank_sum_test_on_independent_votes():
    held = held_out(seed=6, votes=160)
    p_values = permutation_test(held, Outcome.TIE, permutations=4_000, seed=1).p_values
    for factor in range(4):
        rows = held.applies[:, factor]
        score, tied = held.alike[rows, factor], held.ties[rows] > 0
        expected = stats.mannwhitneyu(score[tied], score[~tied]).pvalue
        assert p_values[factor] == pytest.approx(expected, abs=0.03 + 0.25 * expected)


def test_q_values_are_benjamini_and_hochbergs_over_the_tested_factors_alone():
    p_values = np.array([0.001, np.nan, 0.04, 0.03, 0.5])
    known = ~np.isnan(p_values)
    ranks = stats.rankdata(p_values[known])
    raw = p_values[known] * known.sum() / ranks
    expected = [raw[ranks >= rank].min() for rank in ranks]
    found = q_values(p_values)
    assert found[known] == pytest.approx(expected)
    assert np.isnan(found[1])


def test_the_log_loss_of_the_prior_and_of_style_is_that_of_scikit_learn(monkeypatch):
    """One fold's model is fitted here by hand, and its losses are compared with those of the whole."""
    held = held_out(votes=200)
    random = np.random.default_rng(3)
    differences = random.normal(size=(200, 2)) + 0.5 * held.outcomes[:, None]
    style = Style(("characters", "headings"), differences, np.abs(differences), random.normal(size=200))
    monkeypatch.setattr("naze.factors.log_loss_drop.SHRINKAGE", (1.0,))
    found = log_loss_drop(held, style, folds=2, resamples=20, seed=0)
    fold = np.arange(200) % 2
    np.random.default_rng(0).shuffle(fold)
    prior, styled = np.empty(200), np.empty(200)
    for part in (0, 1):
        learnt, asked = fold != part, fold == part
        twice = np.r_[held.outcomes[learnt], -held.outcomes[learnt]]
        shares = {value: (twice == value).mean() for value in (-1.0, 0.0, 1.0)}
        prior[asked] = [-np.log(shares[value]) for value in held.outcomes[asked]]
        odd = differences / np.sqrt((differences[learnt] ** 2).mean(axis=0))
        even = style.symmetric
        even = (even - even[learnt].mean(axis=0)) / even[learnt].std(axis=0)
        both = np.r_[np.c_[odd, even][learnt], np.c_[-odd, even][learnt]]
        told = (
            LogisticRegression(C=1.0, max_iter=5_000).fit(both, twice).predict_proba(np.c_[odd, even][asked])
        )
        for place, row in enumerate(np.flatnonzero(asked)):
            styled[row] = log_loss([held.outcomes[row]], told[[place]], labels=[-1.0, 0.0, 1.0])
    assert found.prior == pytest.approx(prior.mean())
    assert found.style == pytest.approx(styled.mean(), abs=1e-4)


def test_a_bootstrap_of_a_mean_has_about_the_interval_of_the_normal_theory():
    random = np.random.default_rng(0)
    draws = random.normal(3.0, 0.5, size=(4_000, 1))
    low, high = bootstrap_interval(draws)
    assert (low[0], high[0]) == pytest.approx((3 - 0.98, 3 + 0.98), abs=0.06)
    draws[: len(draws) // 10] = np.nan
    assert np.isnan(bootstrap_interval(draws)[0][0])


def test_published_figures_leave_ties_out_and_follow_their_definitions():
    outcomes = np.array([1.0, 1.0, -1.0, -1.0, 0.0, 1.0, -1.0, 1.0])
    verdicts = np.array([1.0, 1.0, -1.0, 1.0, 1.0, 0.0, 0.0, -1.0])[:, None]
    (found,) = published_metrics(verdicts, outcomes)
    assert found.votes == 7
    assert found.relevance == pytest.approx(5 / 7)
    assert found.agreement == pytest.approx(3 / 7)
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.kappa == pytest.approx(2 * (3 / 5 - 0.5))
    assert found.strength == pytest.approx(5 / 7 * 0.2)
    named = (verdicts[:, 0] != 0) & (outcomes != 0)
    assert found.cohen_kappa == pytest.approx(cohen_kappa_score(verdicts[named, 0], outcomes[named]))


def test_published_figures_of_a_factor_that_names_nothing_are_told_as_feedback_forensics_does():
    (found,) = published_metrics(np.zeros((4, 1)), np.array([1.0, -1.0, 1.0, 1.0]))
    assert (found.relevance, found.accuracy, found.kappa, found.strength) == (0, 0.5, 0, 0)
    assert found.cohen_kappa is None
    (nothing,) = published_metrics(np.zeros((2, 1)), np.zeros(2))
    assert nothing.votes == 0
    assert nothing.relevance is None


def test_few_votes_do_not_make_style_look_much_worse_than_the_prior():
    """Without shrinkage that is chosen, thirteen features of nothing lose to the shares of a, b and tie by far."""
    held = held_out(seed=8, votes=110)
    random = np.random.default_rng(2)
    differences = random.normal(size=(110, 6))
    style = Style(tuple("abcdef"), differences, np.abs(differences), random.normal(size=110))
    found = log_loss_drop(held, style, resamples=20, seed=0)
    assert found.style < found.prior + 0.03


def test_where_hardly_any_vote_is_a_tie_the_decided_ones_alone_are_predicted_and_that_is_told():
    held = held_out(seed=8, votes=110)
    nothing = Style(("a",), np.zeros((110, 1)), np.zeros((110, 1)), np.zeros(110))
    assert log_loss_drop(held, nothing, resamples=20, seed=0).with_ties
    rows = held.outcomes != 0
    decided = log_loss_drop(
        held.only(rows),
        Style(
            ("a",),
            *(values[rows] for values in (nothing.antisymmetric, nothing.symmetric)),
            np.zeros(rows.sum()),
        ),
        resamples=20,
        seed=0,
    )
    assert not decided.with_ties
    assert decided.prior == pytest.approx(np.log(2), abs=0.03)
