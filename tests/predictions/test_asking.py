"""What a model is asked about votes becomes columns of a predictor; what it said of one vote lies in a folder of its own."""

from dataclasses import replace

import numpy as np
import pytest

import made_factors
from made_factors import make_factors
from naze.errors import ConfigurationError, InputError
from naze.factors.matrix import VerdictMatrix
from naze.predictions.asking import Questions, answers_name, ask_about, factor_group, questions_of
from naze.records import Factor, Outcome

FACTORS = (
    Factor("f01", "Detail", "The response gives more particulars.", Outcome.WIN),
    Factor("f02", "Same facts", "Both say the same.", Outcome.TIE),
    Factor("f03", "Lists", "The response uses lists.", Outcome.WIN),
)


@pytest.fixture(scope="module")
def short_votes(real_votes):
    """Two votes with little text."""
    return sorted(real_votes, key=lambda vote: len(repr(vote.response_a) + repr(vote.response_b)))[:2]


def drawn(votes=5, seed=0):
    random = np.random.default_rng(seed)
    orders = random.dirichlet(np.ones(4), (2, votes, len(FACTORS)))
    names = tuple(str(number) for number in range(votes))
    return VerdictMatrix(names, tuple(one.id for one in FACTORS), orders[0], orders[1])


def test_columns_of_factors_turn_with_the_sides_and_say_what_they_are():
    matrix = drawn()
    group = factor_group(matrix, FACTORS)
    turned = factor_group(replace(matrix, shown=matrix.swapped, swapped=matrix.shown), FACTORS)
    np.testing.assert_allclose(turned.odd, -group.odd)
    np.testing.assert_allclose(turned.even, group.even)
    assert group.name == "factors" and group.odd_names == ("f01 Detail", "f03 Lists")
    np.testing.assert_allclose(group.odd, matrix.lean[:, [0, 2]])
    column = group.even_names.index("f02 Same facts, alike")
    np.testing.assert_allclose(group.even[:, column], matrix.probabilities[:, 1, 2])
    column = group.even_names.index("f03 Lists, difference")
    np.testing.assert_allclose(group.even[:, column], np.abs(matrix.lean[:, 2]))
    column = group.even_names.index("f01 Detail, not applicable")
    np.testing.assert_allclose(group.even[:, column], matrix.probabilities[:, 0, 3])


def test_questions_hold_the_factors_of_a_run_without_their_evidence(tmp_path, monkeypatch):
    monkeypatch.setattr(made_factors, "KINDS", made_factors.KINDS[:3])
    run = make_factors(tmp_path / "f", Outcome.WIN, language="ja")
    asked = questions_of("judge", tmp_path / "f", language="ja", context=512, probe=True)
    assert [one.definition for one in asked.factors] == [one.definition for one in run.factors]
    assert any(one.evidence for one in run.factors) and not any(one.evidence for one in asked.factors)
    assert (asked.factors_model, asked.factors_language) == (run.about.model, "ja")
    assert (asked.judge, asked.judge_language, asked.judge_context, asked.probe) == ("judge", "ja", 512, True)
    assert questions_of(None, tmp_path / "f", model="another").factors_model == "another"
    assert questions_of(None, None) == Questions()
    with pytest.raises(ConfigurationError, match="Name it: --judge MODEL"):
        questions_of(None, tmp_path / "f", probe=True)


def test_a_models_answers_become_groups_of_columns(short_votes, tmp_path, smollm2_path):
    questions = Questions(judge="smollm2:135m", probe=True, factors=FACTORS[:2], factors_model="smollm2:135m")
    asked = ask_about(short_votes, questions, tmp_path / "asked")
    assert [group.name for group in asked.groups] == ["judge", "probe", "factors"]
    assert asked.answered == (True,) * 2
    assert all(np.isfinite(group.odd).all() and np.isfinite(group.even).all() for group in asked.groups)
    groups, rows = asked.kept()
    assert rows == [0, 1] and len(groups) == 3


def test_votes_without_an_answer_are_left_out_or_taken_as_undecided(short_votes, tmp_path, smollm2_path):
    turns = 400 * ("word",)  # so many turns leave no room, however much is left out of each
    long = replace(short_votes[1], prompt=turns, response_a=turns, response_b=turns)
    questions = Questions(judge="smollm2:135m", judge_context=512)
    asked = ask_about([short_votes[0], long], questions, tmp_path / "two")
    assert asked.answered == (True, False) and np.isnan(asked.groups[0].odd[1]).all()
    [group], rows = asked.kept()
    assert rows == [0] and np.isfinite(group.odd).all()
    neutral = ask_about([short_votes[0], long], questions, tmp_path / "two", neutral=True)
    np.testing.assert_array_equal(neutral.groups[0].odd[0], group.odd[0])
    np.testing.assert_allclose(neutral.groups[0].odd[1], 0.0)
    with pytest.raises(InputError, match=r"none of 1 votes was answered by smollm2:135m\. `naze runs show"):
        ask_about([long], questions, tmp_path / "one")


@pytest.mark.parametrize(
    ("vote_id", "plain"),
    [
        ("../../x", "x"),
        ("a/b", "a-b"),
        ("v.1", "v.1"),
        ("問 7", "問-7"),
        ("..", "vote"),
        ("x" * 500, "x" * 60),
    ],
)
def test_any_id_gives_a_readable_name_of_one_part(real_votes, vote_id, plain):
    name = answers_name(replace(real_votes[0], id=vote_id))
    assert name.rpartition("-")[0] == plain and "/" not in name


def test_votes_with_like_ids_or_another_text_have_folders_of_their_own(real_votes):
    vote = replace(real_votes[0], id="v/1")
    others = [vote, replace(vote, id="v-1"), replace(vote, response_a=("other",))]
    assert len({answers_name(one) for one in others}) == 3
