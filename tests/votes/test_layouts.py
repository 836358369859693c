"""Layouts of published preference sets and annotation tools: right values for small files with their real columns."""

import csv
import json

import polars as pl
import pytest
from typer.testing import CliRunner

from naze.cli import app
from naze.errors import FormatError
from naze.votes import read_votes


@pytest.fixture
def jsonl(tmp_path):
    def write(*rows):
        path = tmp_path / "votes.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        return path

    return write


def sides(votes):
    """For each vote its better response, the worse one, or both where it is a tie or open."""
    told = []
    for vote in votes:
        a, b = vote.response_a[-1], vote.response_b[-1]
        told.append({"a": (a, b), "b": (b, a)}.get(vote.winner, (str(vote.winner), frozenset((a, b)))))
    return told


COMPLETIONS = [
    {"model": "gpt-4", "response": "good", "overall_score": 8.5},
    {"model": "llama-2-7b", "response": "bad", "overall_score": 2.0},
    {"model": "alpaca-7b", "response": "bad too", "overall_score": 2.0},
]


def test_ultrafeedback_makes_a_vote_of_every_pair(jsonl):
    votes = read_votes(
        jsonl({"source": "evol", "instruction": "Why?", "models": ["gpt-4"], "completions": COMPLETIONS})
    )
    assert votes.format == "ultrafeedback" and [vote.prompt for vote in votes] == [("Why?",)] * 3
    assert sides(votes) == [("good", "bad"), ("good", "bad too"), ("tie", frozenset(("bad", "bad too")))]
    assert {vote.model_a for vote in votes} | {vote.model_b for vote in votes} == {
        "gpt-4",
        "llama-2-7b",
        "alpaca-7b",
    }
    assert [vote.id for vote in votes] == ["row-1/1", "row-1/2", "row-1/3"]
    assert votes[0].source == "evol"


def test_scores_of_ultrafeedback_may_be_ratings_of_aspects(jsonl):
    rated = [
        {"response": text, "annotations": {"helpfulness": {"Rating": rating}, "honesty": {"Rating": "N/A"}}}
        for text, rating in (("four", "4"), ("five", "5"))
    ]
    assert sides(read_votes(jsonl({"instruction": "Why?", "completions": rated}))) == [("five", "four")]


def test_parquet_and_jsonl_say_the_same(jsonl, tmp_path):
    rows = [{"id": "x", "instruction": "Why?", "completions": COMPLETIONS}]
    pl.DataFrame(rows).write_parquet(tmp_path / "votes.parquet")
    assert list(read_votes(tmp_path / "votes.parquet")) == list(read_votes(jsonl(*rows)))


def test_nectar_ranks_from_one(jsonl):
    answers = [
        {"answer": f"answer {rank}", "model": f"m{rank}", "rank": float(rank)} for rank in (1, 2, 3, 4)
    ]
    votes = read_votes(jsonl({"prompt": "\n\nHuman: Why?\n\nAssistant: ", "answers": answers, "turns": 1}))
    assert votes.format == "nectar" and len(votes) == 6
    assert sides(votes)[0] == ("answer 1", "answer 2") and sides(votes)[-1] == ("answer 3", "answer 4")
    assert {vote.winner.value for vote in votes} == {"a", "b"}, "files list the best first; sides are drawn"


def test_a_row_of_one_response_or_of_none_is_kept_aside_with_its_own_number(jsonl):
    votes = read_votes(
        jsonl(
            {"prompt": "1", "answers": [{"answer": "only", "rank": 1}]},
            {"prompt": "2", "answers": "nothing"},
            {"prompt": "3", "answers": [{"answer": "x", "rank": 1}, {"answer": "y", "rank": 2}]},
        )
    )
    assert len(votes) == 1 and [error.row for error in votes.problems] == [1, 2]
    assert "expected two or more" in str(votes.problems[0])


def test_shp_says_1_for_a(jsonl):
    row = {"history": "Why?", "human_ref_A": "left", "human_ref_B": "right"}
    votes = read_votes(jsonl({**row, "labels": 1}, {**row, "labels": 0}, {**row, "labels": 7}))
    assert votes.format == "shp" and [vote.winner for vote in votes] == ["a", "b"]
    assert "labels is '7'; expected 1 (A is preferred) or 0 (B)" in str(votes.problems[0])
    assert votes[0].response_a == ("left",) and votes[0].extra["labels"] == 1


def test_pku_names_the_better_response_by_number(jsonl):
    row = {"prompt": "Why?", "response_0": "zero", "response_1": "one", "safer_response_id": 0}
    votes = read_votes(jsonl({**row, "better_response_id": 1}, {**row, "better_response_id": 0}))
    assert votes.format == "pku" and sides(votes) == [("one", "zero"), ("zero", "one")]


def test_helpsteer_is_negative_where_the_first_is_better(jsonl):
    row = {"prompt": "Why?", "response_1": "one", "response_2": "two"}
    votes = read_votes(jsonl(*({**row, "preference_strength": strength} for strength in (-3, 0, 2, -100))))
    assert votes.format == "helpsteer2" and [vote.winner for vote in votes] == ["a", "tie", "b"]
    assert [error.row for error in votes.problems] == [4]


def test_helpsteer3_has_the_talk_before_as_messages(jsonl):
    context = [
        {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Why?"},
    ]  # fmt: skip
    row = {
        "domain": "general",
        "context": context,
        "response1": "one",
        "response2": "two",
        "overall_preference": -1,
    }
    [vote] = read_votes(jsonl(row))
    assert vote.prompt == ("Hello", "Why?") and vote.response_a == ("Hi", "one") and vote.winner == "a"


def test_webgpt_compares_two_scores(jsonl):
    row = {"question": {"dataset": "eli5", "full_text": "Why?"}, "answer_0": "zero", "answer_1": "one"}
    votes = read_votes(
        jsonl(
            {**row, "score_0": 0.5, "score_1": -0.5},
            {**row, "score_0": 0.0, "score_1": 0.0},
            {**row, "score_0": None, "score_1": 1},
        )
    )
    assert votes.format == "webgpt" and [vote.winner for vote in votes] == ["a", "tie", None]
    assert votes[0].prompt == ("Why?",)


RANKING = [{"rank": 2, "value": "reply-1"}, {"rank": 1, "value": "reply-2"}, {"rank": 2, "value": "reply-3"}]


@pytest.mark.parametrize(
    "answers",
    [
        [{"user_id": "u", "value": RANKING, "status": "submitted"}],
        [
            {"user_id": "x", "value": RANKING[:1], "status": "draft"},
            {"user_id": "u", "value": RANKING, "status": "submitted"},
        ],
        {"user_id": ["u"], "value": [RANKING], "status": ["submitted"]},
        [
            {
                "value": {"rank": [2, 1, 2], "value": ["reply-1", "reply-2", "reply-3"]},
                "status": "submitted",
                "user_id": "u",
            }
        ],
    ],
)
def test_a_ranking_of_argilla_names_the_fields(jsonl, answers):
    row = {"prompt": "Why?", "reply_1": "one", "reply_2": "two", "reply_3": "three"}
    votes = read_votes(jsonl({**row, "reply-ranking": answers}, {**row, "reply-ranking": []}))
    assert votes.format == "argilla"
    assert sides(votes) == [("two", "one"), ("tie", frozenset(("one", "three"))), ("two", "three")]
    assert "nobody has submitted" in str(votes.problems[0])


def test_a_choice_of_argilla_names_the_better_field(jsonl):
    row = {"instruction": "Why?", "response_a": "left", "response_b": "right", "metadata": None}
    chosen = {"preference": [{"user_id": "u", "value": "response-b", "status": "submitted"}]}
    assert sides(read_votes(jsonl({**row, **chosen}))) == [("right", "left")]


FLAT = {
    "prompt": "Why?",
    "answer1": "one",
    "answer2": "two",
    "id": 7,
    "annotator": 3,
    "annotation_id": 9,
    "lead_time": 4.5,
}


@pytest.mark.parametrize(
    "selected", ["right", {"selected": "right"}, [{"selected": "right"}], '[{"selected": "right"}]']
)
def test_label_studio_without_nesting(tmp_path, selected):
    path = tmp_path / "min.json"
    path.write_text(json.dumps([{**FLAT, "pw": selected}]), "utf-8")
    [vote] = read_votes(path)
    assert (vote.id, vote.winner, vote.extra["annotator"]) == ("9", "b", "3")
    assert (vote.response_a, vote.response_b) == (("one",), ("two",))


def test_label_studio_as_csv(tmp_path):
    path = tmp_path / "project.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*FLAT, "pw"])
        writer.writeheader()
        writer.writerows([{**FLAT, "pw": "left"}, {**FLAT, "annotation_id": 10, "pw": "neither"}])
    votes = read_votes(path)
    assert [vote.winner for vote in votes] == ["a"] and "pw is 'neither'; expected left or right" in str(
        votes.problems[0]
    )


def test_rows_of_several_votes_are_limited_by_rows_and_shown_by_the_command(jsonl):
    rows = [{"id": f"q{n}", "instruction": f"Why {n}?", "completions": COMPLETIONS} for n in range(3)]
    path = jsonl(*rows)
    assert len(read_votes(path, limit=2)) == 6
    done = CliRunner().invoke(app, ["votes", "check", str(path)])
    assert done.exit_code == 0 and "9 votes (layout: ultrafeedback)" in " ".join(done.output.split())


def test_no_side_selected_at_all_is_an_error(jsonl):
    row = {"history": "Why?", "human_ref_A": "left", "human_ref_B": "right", "labels": 5}
    with pytest.raises(FormatError, match="not one of 1 row is a vote"):
        read_votes(jsonl(row))
