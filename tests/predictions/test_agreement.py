"""A judge's agreement with people, counted in the four ways that others publish."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from naze.errors import InputError
from naze.predictions import agreement_with_people
from naze.records import Winner
from naze.votes import read_votes

CASES = [
    # winner, shown, swapped: A of `swapped` speaks of response B
    (Winner.A, "A", "B"),  # right in both
    (Winner.B, "A", "A"),  # right in the second order alone
    (Winner.A, "A", "A"),  # right in the first alone
    (Winner.B, "A", "B"),  # wrong in both
    (Winner.TIE, "A", "A"),  # contradicts itself: a tie, if that counts
    (Winner.BOTH_BAD, "C", "C"),  # a tie in both
    (Winner.TIE, "C", "A"),  # a tie in the first alone
    (Winner.A, "C", "C"),  # a tie that people decided
]


def told(cases=CASES, **options):
    winners, shown, swapped = zip(*cases, strict=True)
    return agreement_with_people(shown, swapped, winners, **options)


def test_each_way_of_counting_counts_what_it_says():
    found = told()
    assert (found.votes, found.decided, found.ties, found.prompts) == (8, 5, 3, 8)
    assert found.strict.value == pytest.approx(2 / 8)
    assert found.one_order.value == pytest.approx(4 / 8)
    assert found.swap_to_tie.value == pytest.approx(4 / 8)
    assert found.decided_pairs.value == pytest.approx((1 + 0.5 + 0.5 + 0 + 0.5) / 5)
    assert found.tie_recall.value == pytest.approx(1 / 3)
    assert found.consistency.value == pytest.approx(4 / 8)
    assert found.strict.low is None, "eight prompts are too few for an interval"


def test_probabilities_say_what_their_likeliest_letter_says_and_who_is_likelier_of_the_two():
    shown = np.array([[0.3, 0.2, 0.5], [0.6, 0.3, 0.1]])
    swapped = np.array([[0.2, 0.3, 0.5], [0.55, 0.35, 0.1]])
    found = agreement_with_people(shown, swapped, [Winner.A, Winner.A])
    assert found.strict.value == 0
    assert found.one_order.value == 0.5
    assert found.decided_pairs.value == 1
    assert found.tie_recall.value is None


def test_exchanging_the_sides_of_all_votes_changes_nothing_but_the_one_order():
    turned = {Winner.A: Winner.B, Winner.B: Winner.A}
    one, other = told(), told([(turned.get(won, won), second, first) for won, first, second in CASES])
    assert one.one_order != other.one_order
    for name in ("strict", "swap_to_tie", "decided_pairs", "tie_recall", "consistency"):
        assert getattr(one, name) == getattr(other, name), name


def test_votes_on_one_prompt_widen_the_interval():
    alone = told(CASES * 8)
    together = told(CASES * 8, prompts=[name for _ in range(8) for name in "abcdefgh"])
    assert together.strict.low is None
    grouped = told(CASES * 8, prompts=[str(place // 4) for place in range(64)])
    assert grouped.prompts == 16 and grouped.strict.value == alone.strict.value
    assert alone.strict.low < alone.strict.value < alone.strict.high
    ordered = sorted(CASES * 8, key=lambda case: case[1:])
    clustered = told(ordered, prompts=[place // 4 for place in range(64)])
    assert clustered.strict.high - clustered.strict.low > alone.strict.high - alone.strict.low


def test_a_share_of_nothing_still_has_an_interval():
    found = told([(Winner.A, "A", "A")] * 20)
    assert found.strict.value == 0 and found.strict.low == 0
    assert found.strict.high == pytest.approx(0.161, abs=0.001), "Wilson's interval of 0 in 20"


def test_the_longer_response_wins_as_often_as_is_published(shared_data):
    for name, published in (("autoj_pairwise", 0.526), ("pandalm_test", 0.611)):
        votes = read_votes(shared_data / f"{name}.parquet")
        longer = ["AB"[len(vote.response_b[-1] or "") > len(vote.response_a[-1] or "")] for vote in votes]
        found = agreement_with_people(
            longer, ["BA"["AB".index(letter)] for letter in longer], [vote.winner for vote in votes]
        )
        assert found.strict.value == pytest.approx(published, abs=0.01)
        assert found.strict == found.one_order == found.swap_to_tie


@pytest.mark.parametrize(
    ("shown", "swapped", "winners", "said"),
    [
        ("AX", "AB", [Winner.A] * 2, "a verdict is 'X'; expected A, B or C"),
        ("AB", "A", [Winner.A] * 2, "2 verdicts, 1 with the sides exchanged, 2 winners"),
        ("", "", [], "one at least"),
    ],
)
def test_what_cannot_be_counted_is_refused(shown, swapped, winners, said):
    with pytest.raises(InputError, match=said):
        agreement_with_people(shown, swapped, winners)


def test_a_judges_table_has_the_published_figures_as_rows_and_samples_that_grow(
    shared_data, monkeypatch, tmp_path
):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    tables = importlib.import_module("judges_published")
    votes = list(read_votes(shared_data / "pandalm_test.parquet"))
    few, more = tables.sampled(votes, 5, 1), tables.sampled(votes, 30, 1)
    assert few == more[:5] and len({one.id for one in more}) == 30 and more != votes[:30]
    assert tables.sampled(votes, None, 1) == votes
    monkeypatch.setattr(tables, "judged", lambda own, *_: tables.longer_wins(own))
    told = tables.table_of_judges(
        {"pandalm_test": votes}, "m", tmp_path, sample=60, seed=1, context=None
    ).splitlines()
    assert "| pandalm_test | JudgeLRM-14B (published) | all | – | 81.18 % | – | – | – | – |" in told
    assert told[-1].startswith("| pandalm_test | `m` | 60 | ") and told[-1].count("|") == told[0].count("|")
