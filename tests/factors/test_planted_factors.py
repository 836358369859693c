"""Planted factors are found and others are not: made votes of which we know what drives them."""

import numpy as np
import pytest

from naze.factors.agreement import agreement
from naze.factors.held_out import hold_out
from naze.factors.matrix import VerdictMatrix
from naze.factors.permutation import permutation_test, q_values
from naze.factors.tested import Why
from naze.factors.validation import validate
from naze.records import Outcome, Vote, Winner

FACTORS, PLANTED = 30, 8
FEW = {"resamples": 50, "permutations": 499}


def made_votes(seed, *, prompts=150, strength=1.0, planted=PLANTED, outcome=Outcome.WIN, noise=0.6):
    """Votes that planted factors drive; one to four on a prompt, whose responses are alike and whose votes agree more.

    The noise factors lean in groups of two that go together, and alike within a prompt, as real ones do.
    """
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 5, prompts)
    prompt = np.repeat(np.arange(prompts), sizes)
    of_prompt = random.normal(size=(prompts, FACTORS))[prompt]
    lean = 0.7 * of_prompt + 0.7 * random.normal(size=(len(prompt), FACTORS))
    lean[:, planted + 1 :: 2] = 0.8 * lean[:, planted:-1:2] + 0.6 * lean[:, planted + 1 :: 2]
    weights = np.r_[np.full(planted, strength), np.zeros(FACTORS - planted)]
    mood = noise * random.normal(size=prompts)[prompt]
    if outcome is Outcome.WIN:
        score = lean @ weights / np.sqrt(max(planted, 1)) + mood
        tie = random.random(len(prompt)) < 0.2
    else:
        score = random.normal(size=len(prompt))
        unlike = np.abs(lean) @ weights / np.sqrt(max(planted, 1))
        tie = random.random(len(prompt)) < 1 / (1 + np.exp(2 * (unlike - np.median(unlike)) + mood + 0.8))
    wins = random.random(len(prompt)) < 1 / (1 + np.exp(-2 * score))
    winners = np.where(tie, "tie", np.where(wins, "a", "b"))
    votes = [
        Vote(str(row), (f"prompt {prompt[row]}",), ("x",), ("y",), Winner(winners[row]))
        for row in range(len(prompt))
    ]
    return votes, matrix_of(lean)


def matrix_of(lean):
    """Make verdicts of leans: the farther from 0, the less alike."""
    a, b = 1 / (1 + np.exp(1.5 - 2 * lean)), 1 / (1 + np.exp(1.5 + 2 * lean))
    whole = np.stack([a, b, np.full_like(a, 0.5), np.full_like(a, 0.1)], axis=2)
    shown = whole / whole.sum(axis=2, keepdims=True)
    return VerdictMatrix(
        tuple(str(row) for row in range(len(lean))),
        tuple(f"f{column:02d}" for column in range(lean.shape[1])),
        shown,
        shown[:, :, [1, 0, 2, 3]],
    )


def passed(votes, matrix, outcome, alpha=0.05):
    """What `validate` passes, without the figures that decide nothing."""
    permuted = permutation_test(hold_out(matrix, votes), outcome, permutations=FEW["permutations"], seed=0)
    return (q_values(permuted.p_values) <= alpha) & (permuted.observed > 0)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_simulations_test_as_validate_does(outcome):
    votes, matrix = made_votes(0, prompts=80, outcome=outcome)
    found = validate(matrix, votes, outcome=outcome, **FEW)
    assert [test.passed for test in found] == passed(votes, matrix, outcome).tolist()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_drives_the_votes_is_recovered(outcome):
    votes, matrix = made_votes(1, prompts=400, outcome=outcome, strength=1.2)
    hits = passed(votes, matrix, outcome)
    assert hits[:PLANTED].sum() >= 7
    assert hits[PLANTED:].sum() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("outcome", list(Outcome))
def test_of_what_passes_no_more_is_false_than_alpha(outcome):
    shares = []
    for seed in range(40):
        votes, matrix = made_votes(seed, outcome=outcome)
        hits = passed(votes, matrix, outcome, alpha=0.1)
        shares.append(hits[PLANTED:].sum() / max(hits.sum(), 1))
    error = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) <= 0.1 + 2 * error


@pytest.mark.slow
@pytest.mark.parametrize("outcome", list(Outcome))
def test_where_nothing_drives_the_votes_hardly_ever_anything_passes(outcome):
    any_passed = []
    for seed in range(40):
        votes, matrix = made_votes(100 + seed, planted=0, outcome=outcome)
        any_passed.append(passed(votes, matrix, outcome, alpha=0.1).any())
    assert np.mean(any_passed) <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / 40)


def test_a_factor_that_goes_against_its_definition_is_told_as_such_and_as_a_fault_holds():
    votes, matrix = made_votes(2, prompts=300, planted=3, strength=-2.0)
    against = validate(matrix, votes, outcome=Outcome.WIN, **FEW)
    assert {test.why for test in against[:3]} == {Why.AGAINST}
    faults = validate(matrix, votes, outcome=Outcome.WIN, faults=["f00", "f01"], **FEW)
    assert [test.why for test in faults[:3]] == [Why.PASSED, Why.PASSED, Why.AGAINST]
    assert faults[0].accuracy.value == pytest.approx(1 - against[0].accuracy.value)
    assert faults[0].kappa.value > 0 > against[0].kappa.value


def test_exchanging_the_responses_changes_nothing():
    votes, matrix = made_votes(3, prompts=60)
    turned = {Winner.A: Winner.B, Winner.B: Winner.A, Winner.TIE: Winner.TIE}
    other = [
        Vote(vote.id, vote.prompt, vote.response_b, vote.response_a, turned[vote.winner]) for vote in votes
    ]
    for outcome in Outcome:
        one = validate(matrix, votes, outcome=outcome, **FEW)
        two = validate(matrix.exchanged(), other, outcome=outcome, **FEW)
        for first, second in zip(one, two, strict=True):
            assert first.accuracy.value == pytest.approx(second.accuracy.value)
            assert first.lift.value == pytest.approx(second.lift.value)
            assert first.q_value == pytest.approx(second.q_value, abs=0.02)
            assert first.coverage == second.coverage


def test_the_same_seed_gives_the_same_figures():
    votes, matrix = made_votes(4, prompts=40)
    one, two = (validate(matrix, votes, outcome=Outcome.TIE, seed=5, **FEW) for _ in range(2))
    assert one == two


@pytest.mark.slow
def test_intervals_hold_what_is_true_about_nineteen_times_in_twenty():
    truth_votes, truth_matrix = made_votes(999, prompts=6000, planted=1, strength=0.5)
    names = ("accuracy", "kappa")
    truth = agreement(hold_out(truth_matrix, truth_votes), resamples=1, seed=0)
    inside = {name: [] for name in names}
    for seed in range(80):
        votes, matrix = made_votes(seed, prompts=80, planted=1, strength=0.5)
        found = agreement(hold_out(matrix, votes), resamples=300, seed=seed)
        for name in names:
            estimate = getattr(found, name).at(0)
            inside[name].append(estimate.low <= getattr(truth, name).at(0).value <= estimate.high)
    for name in names:
        assert np.mean(inside[name]) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 80), name


@pytest.mark.parametrize("outcome", list(Outcome))
def test_too_little_is_said_and_nothing_is_divided_by_zero(outcome):
    votes, matrix = made_votes(6, prompts=40)
    few = [vote for vote in votes if int(vote.prompt[0].split()[1]) < 6]
    found = validate(matrix, few, outcome=outcome, **FEW)
    assert {test.why for test in found} == {Why.TOO_FEW_PROMPTS}
    assert all(test.q_value is None and test.accuracy.low is None and test.lift.low is None for test in found)
    nothing = validate(matrix, [], outcome=outcome, **FEW)
    assert {test.why for test in nothing} == {Why.NOT_ANSWERED}


def test_one_outcome_alone_is_said():
    votes, matrix = made_votes(7, prompts=40)
    decided = [vote for vote in votes if vote.winner is not Winner.TIE]
    assert {test.why for test in validate(matrix, decided, outcome=Outcome.TIE, **FEW)} == {Why.ONE_OUTCOME}
    ties = [vote for vote in votes if vote.winner is Winner.TIE]
    assert {test.why for test in validate(matrix, ties, outcome=Outcome.WIN, **FEW)} == {Why.ONE_OUTCOME}


def test_a_model_that_always_says_a_is_seen_through():
    votes, _ = made_votes(8, prompts=40)
    always = np.zeros((len(votes), 2, 4))
    always[:, :, 0] = 1.0
    matrix = VerdictMatrix(tuple(vote.id for vote in votes), ("f01", "f02"), always, always)
    found = validate(matrix, votes, outcome=Outcome.WIN, **FEW)
    assert {test.why for test in found} == {Why.NO_CALL}
    assert all(test.position_bias == pytest.approx(1.0) and test.calls == 0 for test in found)
    alike = validate(matrix, votes, outcome=Outcome.TIE, **FEW)
    assert {test.why for test in alike} == {Why.NO_VARIATION}


def test_a_factor_that_never_applies_or_was_never_answered_is_said():
    votes, matrix = made_votes(9, prompts=40)
    shown, swapped = matrix.shown.copy(), matrix.swapped.copy()
    for array in (shown, swapped):
        array[:, 0] = [0, 0, 0, 1]
        array[:, 1] = np.nan
    found = validate(
        VerdictMatrix(matrix.vote_ids, matrix.factor_ids, shown, swapped), votes, outcome=Outcome.WIN, **FEW
    )
    assert [test.why for test in found[:2]] == [Why.NEVER_APPLIES, Why.NOT_ANSWERED]


def test_what_only_repeats_the_length_adds_nothing_to_it():
    random = np.random.default_rng(10)
    count = 400
    difference = random.normal(size=count)
    votes = [
        Vote(str(row), (f"p{row}",), ("x" * int(400 * np.exp(difference[row] / 2)),), ("y" * 400,),
             Winner.A if random.random() < 1 / (1 + np.exp(-2 * difference[row])) else Winner.B)
        for row in range(count)
    ]  # fmt: skip
    lean = np.stack([difference, random.normal(size=count)], axis=1)
    found = validate(matrix_of(lean), votes, outcome=Outcome.WIN, **FEW)
    length, other = found
    assert length.passed and length.accuracy.value > 0.7
    assert length.log_loss_drop.value < 0.01
    assert found.log_loss.style < found.log_loss.prior - 0.05
    assert abs(other.log_loss_drop.value) < 0.02


def test_where_no_alike_vote_is_a_tie_the_lift_is_not_certain():
    votes, matrix = made_votes(11, prompts=60)
    lean = matrix.lean
    ties = np.array([vote.winner is Winner.TIE for vote in votes])
    unlike = lean.copy()
    unlike[ties] = 3.0
    unlike[~ties] = 0.01 * lean[~ties]
    lift = validate(matrix_of(unlike), votes, outcome=Outcome.TIE, **FEW)[0].lift
    assert lift.value == 0 and lift.low == 0 and lift.high > 0
