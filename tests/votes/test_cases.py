"""Votes in the layouts of trainers, judges and annotation tools."""

from pathlib import Path

import pytest

from naze.errors import FormatError
from naze.votes import read_votes

CASES = Path(__file__).parent.parent / "data" / "cases"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("01-mtbench/human.jsonl", 6), ("01-mtbench/human.parquet", 6),
        ("02-trl/trl.jsonl", 4), ("02-trl/trl.parquet", 4), ("02-trl/trl_multi.jsonl", 3),
        ("03-orca-dpo/orca.jsonl", 3), ("04-alpaca/alpaca_rank.json", 3), ("07-labelstudio/full.json", 2),
        ("08-verdicts/verdicts.csv", 8), ("09-kaggle-bool/train.csv", 3), ("10-repr/messages_pylist.csv", 2),
        ("12-shards/data", 6), ("13-suffixes/semi_votes.csv", 1), ("18-json-shapes/lines.json", 2),
    ],
)  # fmt: skip
def test_every_row_is_a_vote(name, count):
    votes = read_votes(CASES / name)
    assert (len(votes), votes.problems) == (count, ())


def test_a_judge_of_the_first_turn_saw_the_first_turn_alone():
    votes = {vote.id: vote for vote in read_votes(CASES / "01-mtbench" / "human.jsonl")}
    first = next(vote for name, vote in votes.items() if name.endswith("/1"))
    second = next(vote for name, vote in votes.items() if name.endswith("/2"))
    assert (len(first.prompt), len(first.response_a), len(second.prompt)) == (1, 1, 2)


def test_preferences_are_alike_in_jsonl_and_parquet_and_no_turn_is_a_text_of_json():
    of_jsonl, of_parquet = (
        list(read_votes(CASES / "02-trl" / f"trl.{kind}")) for kind in ("jsonl", "parquet")
    )
    said = [(vote.prompt, vote.response_a, vote.response_b, vote.winner) for vote in of_jsonl]
    assert said == [(vote.prompt, vote.response_a, vote.response_b, vote.winner) for vote in of_parquet]
    assert {vote.winner for vote in of_jsonl} == {"a", "b"}
    assert said[0][0] == ("Question 0?",)


def test_question_system_and_input_belong_to_the_prompt():
    [first, *_] = read_votes(CASES / "03-orca-dpo" / "orca.jsonl")
    assert first.prompt == ("You are a helper.\n\nHow to boil rice 0?",)
    [fruit, *_] = read_votes(CASES / "04-alpaca" / "alpaca_rank.json")
    assert fruit.prompt == ("Name a fruit 0",)


def test_verdicts_of_judges_are_understood():
    winners = [vote.winner for vote in read_votes(CASES / "08-verdicts" / "verdicts.csv")]
    assert winners == ["a", "b", "tie", "a", "tie", "a", "tie", "b"]


def test_messages_that_pandas_wrote_are_turns_not_one_text():
    [first, _] = read_votes(CASES / "10-repr" / "messages_pylist.csv")
    assert first.prompt == ("q0",) and {first.response_a, first.response_b} == {("good",), ("bad",)}


def test_the_annotator_is_kept():
    votes = list(read_votes(CASES / "07-labelstudio" / "full.json"))
    assert [(vote.winner, vote.extra["annotator"]) for vote in votes] == [("a", "1"), ("b", "1")]


def test_a_file_without_a_single_vote_is_an_error_with_the_first_reasons(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("prompt,response_a,response_b,winner\nq,x,y,perhaps\nq,x,y,who knows\n")
    with pytest.raises(FormatError, match=r"not one of 2 rows is a vote.*\n.*row 1: winner is 'perhaps'"):
        read_votes(path)
