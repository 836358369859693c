"""Votes as a sequence, as a table, and written and read again."""

import polars as pl
import pytest

from naze.errors import FormatError, StoreError
from naze.records import Vote, Winner
from naze.votes import Votes, read_votes, swap_sides, write_votes


def test_votes_are_a_sequence(kaggle):
    listed = list(kaggle)
    assert len(kaggle) == len(listed) > 30
    assert all(isinstance(vote, Vote) for vote in listed)
    assert kaggle[-1] == listed[-1]
    assert list(kaggle[2:5]) == listed[2:5]
    assert list(kaggle.select([4, 0])) == [listed[4], listed[0]]
    assert listed[3] in kaggle
    with pytest.raises(IndexError):
        kaggle[len(kaggle)]


def test_a_slice_has_the_fingerprint_of_what_it_holds(kaggle):
    assert kaggle[:5].fingerprint == kaggle[:5].fingerprint != kaggle[:6].fingerprint
    assert kaggle.fingerprint != kaggle[:].fingerprint, "a file's own is of its bytes"


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
@pytest.mark.parametrize("name", ["kaggle.csv", "pandalm.json", "ja_vicuna.jsonl", "tulu.parquet"])
def test_what_is_written_is_what_is_read_again(samples, tmp_path, name, suffix):
    votes = read_votes(samples / name)
    path = tmp_path / f"snapshot.{suffix}"
    assert write_votes(votes, path) == len(votes)
    again = read_votes(path)
    assert again.format == "canonical"
    assert list(again) == list(votes)


def test_nulls_empties_and_nested_extras_survive_a_snapshot(write_json, tmp_path):
    rows = [
        {
            "id": "1",
            "prompt": ["q", None],
            "response_a": [None, ""],
            "response_b": ["x", "null"],
            "winner": None,
        },
        {
            "id": "2",
            "prompt": ["q"],
            "response_a": ["\n"],
            "response_b": ["\ufffd\U0001f600"],
            "winner": "both_bad",
        },
    ]
    votes = read_votes(write_json([row | {"tags": {"deep": [1, {"k": None}]}} for row in rows]))
    write_votes(votes, tmp_path / "snapshot.parquet")
    again = read_votes(tmp_path / "snapshot.parquet")
    assert list(again) == list(votes)
    assert again[0].response_a == (None, "")
    assert again[1].winner is Winner.BOTH_BAD


def test_a_snapshot_cannot_be_a_csv(kaggle, tmp_path):
    with pytest.raises(FormatError, match=r"write them as \.parquet or \.jsonl"):
        write_votes(kaggle, tmp_path / "votes.csv")


def test_a_frame_makes_votes_without_the_columns_they_can_do_without():
    frame = pl.DataFrame(
        {"id": [7], "prompt": [["q"]], "response_a": [["x"]], "response_b": [["y"]], "score": [0.5]}
    )
    (vote,) = Votes.from_frame(frame)
    assert vote == Vote("7", ("q",), ("x",), ("y",), extra={"score": 0.5})


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"winner": ["left"]}, "winner is 'left'"),
        ({"prompt": [None]}, "no id, prompt, response_a or response_b"),
        ({"prompt": ["text"]}, r"votes need .*'prompt': List\(String\)"),
    ],
)
def test_a_frame_that_holds_no_votes_is_refused(column, message):
    frame = {"id": ["1"], "prompt": [["q"]], "response_a": [["x"]], "response_b": [["y"]]}
    with pytest.raises(FormatError, match=message):
        Votes.from_frame(pl.DataFrame(frame | column))


def test_a_frame_without_prompts_says_what_it_needs():
    with pytest.raises(FormatError, match="votes need the column prompt"):
        Votes.from_frame(pl.DataFrame({"id": ["1"], "response_a": [["x"]], "response_b": [["y"]]}))


def test_sides_swapped_twice_are_as_before(kaggle):
    for vote in kaggle:
        swapped = swap_sides(vote)
        assert swap_sides(swapped) == vote
        assert (swapped.response_a, swapped.model_a) == (vote.response_b, vote.model_b)
        assert (vote.winner, swapped.winner) in {("a", "b"), ("b", "a"), ("tie", "tie")}


def test_a_snapshot_that_cannot_be_written_is_told(kaggle, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"x.parquet: the votes cannot be written \(.*another place"):
        write_votes(kaggle, tmp_path / "file" / "x.parquet")
