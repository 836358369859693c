"""Why a vote is a tie: the first rule that applies decides, and what the vote's source says goes first."""

import numpy as np
import polars as pl
import pytest

from naze.errors import InputError
from naze.factors.matrix import VerdictMatrix
from naze.factors.tie_kinds import CLEAR_LEAN, TieKind, TieRule, tie_kinds
from naze.records import Vote, Winner
from naze.votes import read_votes

LONG_A = "The capital of Japan is Tokyo; it has been the seat of the government since 1868."
LONG_B = "Cats sleep for about two thirds of the day, and mostly at noon and deep in the night."


def tie(name="t", a=LONG_A, b=LONG_B, winner=Winner.TIE, source="arena", **extra):
    return Vote(name, (f"prompt of {name}",), (a,), (b,), winner, source=source, extra=extra)


def leaning(leans, names=("f1", "f2")):
    """Verdicts of one vote `t` with the given leans, the same in both orders."""
    shown = np.array([[[max(lean, 0), max(-lean, 0), 1 - abs(lean), 0.0] for lean in leans]])
    return VerdictMatrix(("t",), names, shown, shown[:, :, [1, 0, 2, 3]])


NOTHING = leaning([0.0, 0.0])


@pytest.mark.parametrize(
    ("vote", "kind", "rule"),
    [
        (tie(winner=Winner.BOTH_BAD), TieKind.BOTH_BAD, TieRule.SAID_BOTH_BAD),
        (tie(winner_raw="tie (bothbad)"), TieKind.BOTH_BAD, TieRule.SAID_BOTH_BAD),
        (tie(winner_raw="Both Bad"), TieKind.BOTH_BAD, TieRule.SAID_BOTH_BAD),
        (tie(a_acceptable="no", b_acceptable="no"), TieKind.BOTH_BAD, TieRule.SAID_BOTH_BAD),
        (tie(b=LONG_A + "\n"), TieKind.SAME_CONTENT, TieRule.SIMILAR_TEXT),
        (tie(a="", b=""), TieKind.SAME_CONTENT, TieRule.SIMILAR_TEXT),
        (tie(a="42", b="The answer is 42."), TieKind.EASY_ANSWER, TieRule.SHORT_AND_CONTAINED),
        (tie(a="東京です。", b="日本の首都は東京です。"), TieKind.EASY_ANSWER, TieRule.SHORT_AND_CONTAINED),
        (tie(a_acceptable="yes", b_acceptable="yes"), TieKind.BOTH_GOOD, TieRule.SAID_BOTH_GOOD),
        (tie(a_acceptable="yes", b_acceptable="no"), TieKind.OTHER, TieRule.NONE),
        (tie(), TieKind.OTHER, TieRule.NONE),
    ],
)
def test_each_rule_decides_where_it_applies(vote, kind, rule):
    (case,) = tie_kinds(NOTHING, [vote])
    assert (case.kind, case.rule) == (kind, rule)


def test_factors_that_speak_for_different_responses_make_a_trade_off():
    (case,) = tie_kinds(leaning([0.6, -0.4]), [tie()])
    assert (case.kind, case.rule) == (TieKind.TRADE_OFF, TieRule.OPPOSED_FACTORS)
    assert (case.for_a, case.for_b) == ("f1", "f2")
    (weak,) = tie_kinds(leaning([0.6, -CLEAR_LEAN + 0.01]), [tie()])
    assert weak.kind is TieKind.OTHER
    (chosen,) = tie_kinds(leaning([0.6, -0.4]), [tie()], factor_ids=["f1"])
    assert (chosen.kind, chosen.for_b) == (TieKind.OTHER, None)


def test_what_the_texts_show_goes_before_what_the_person_said_of_them():
    (case,) = tie_kinds(leaning([0.6, -0.4]), [tie(b=LONG_A, a_acceptable="yes", b_acceptable="yes")])
    assert case.kind is TieKind.SAME_CONTENT


def test_a_tie_is_called_good_where_its_source_knows_both_bad_and_did_not_say_so():
    votes = [tie("t"), tie("u", winner=Winner.BOTH_BAD), tie("v", source="elsewhere")]
    first, second, third = tie_kinds(NOTHING, votes)
    assert (first.kind, first.rule) == (TieKind.BOTH_GOOD, TieRule.SOURCE_TELLS_APART)
    assert second.kind is TieKind.BOTH_BAD
    assert third.kind is TieKind.OTHER


def test_decided_votes_are_passed_over_and_votes_without_verdicts_are_not():
    votes = [tie("nowhere"), tie("d", winner=Winner.A)]
    (case,) = tie_kinds(NOTHING, votes)
    assert (case.vote_id, case.for_a) == ("nowhere", None)
    assert tie_kinds(NOTHING, []) == ()


def test_a_factor_that_is_not_there_is_said():
    with pytest.raises(InputError, match="no factor 'f9'"):
        tie_kinds(NOTHING, [tie()], factor_ids=["f9"])


def test_exchanging_the_responses_exchanges_what_speaks_for_each():
    matrix = leaning([0.6, -0.4])
    (case,) = tie_kinds(matrix.exchanged(), [tie(a=LONG_B, b=LONG_A)])
    assert (case.kind, case.for_a, case.for_b) == (TieKind.TRADE_OFF, "f2", "f1")


def test_real_arena_ties_are_told_apart_as_the_people_said(shared_data):
    votes = list(read_votes(shared_data / "arena_33k_domains.parquet"))
    raw = pl.read_parquet(shared_data / "arena_33k_domains.parquet")
    said_bad = raw.filter(pl.col("winner_raw").str.contains("bothbad"))["id"].to_list()
    cases = tie_kinds(VerdictMatrix((), (), *(np.empty((0, 0, 4)),) * 2), votes)
    assert len(cases) == raw.filter(pl.col("winner") == "tie").height
    assert {case.vote_id for case in cases if case.kind is TieKind.BOTH_BAD} == set(said_bad)
    assert len(said_bad) > 20
    assert TieKind.OTHER not in {case.kind for case in cases}
