"""Every layout on real rows: laid out as its publisher does, read, and compared with what the rows say."""

import json

import polars as pl
import pytest

from naze.records import Winner
from naze.votes import Votes, read_votes

WINNERS = {"a": "model_a", "b": "model_b", "tie": "tie", "both_bad": "tie (bothbad)"}


def same(read, votes):
    """Compare all but what some layouts do not hold."""
    assert [(v.prompt, v.response_a, v.response_b, v.winner) for v in read] == [
        (v.prompt, v.response_a, v.response_b, v.winner) for v in votes
    ]


def messages(prompt, response, content=lambda text: text):
    for person, model in zip(prompt, response, strict=True):
        yield {"role": "user", "content": content(person)}
        yield {"role": "assistant", "content": content(model)}


def conversation_rows(votes, content=lambda text: text):
    return [
        {
            "question_id": vote.id,
            "model_a": vote.model_a,
            "model_b": vote.model_b,
            "winner": WINNERS[vote.winner],
            "conversation_a": list(messages(vote.prompt, vote.response_a, content)),
            "conversation_b": list(messages(vote.prompt, vote.response_b, content)),
            "turn": len(vote.prompt),
            "language": "English",
        }
        for vote in votes
    ]


def test_kaggle_cells_become_turns_winners_and_models(samples, kaggle_rows, kaggle):
    assert kaggle.format == "kaggle"
    cells = {row["id"]: row for row in kaggle_rows}
    for vote in kaggle:
        row = cells[vote.id]
        assert vote.prompt == tuple(json.loads(row["prompt"]))
        assert vote.response_a == tuple(json.loads(row["response_a"]))
        assert vote.response_b == tuple(json.loads(row["response_b"]))
        assert (vote.model_a, vote.model_b) == (row["model_a"], row["model_b"])
        one_hot = [row[f"winner_{name}"] for name in ("model_a", "model_b", "tie")]
        assert vote.winner == [Winner.A, Winner.B, Winner.TIE][one_hot.index("1")]
    assert max(len(vote.prompt) for vote in kaggle) > 1


def test_the_whole_kaggle_sample_says_what_its_parquet_twin_says(shared_data):
    votes = read_votes(shared_data / "kaggle_train_sample.csv")
    twin = {vote.id: vote for vote in read_votes(shared_data / "arena_kaggle.parquet")}
    assert len(votes) == len(twin) == 1730
    assert [problem.row for problem in votes.problems] == [781, 1457]
    for vote in votes:
        other = twin[vote.id]
        assert (vote.prompt, vote.response_a, vote.response_b) == (
            other.prompt,
            other.response_a,
            other.response_b,
        )
        assert vote.winner == other.winner


def test_test_csv_has_votes_without_winners_or_models(kaggle_rows, kaggle, write_csv):
    wanted = ("id", "prompt", "response_a", "response_b")
    votes = read_votes(write_csv([{name: row[name] for name in wanted} for row in kaggle_rows]))
    assert votes.format == "kaggle"
    assert {vote.winner for vote in votes} == {None} == {vote.model_a for vote in votes}
    assert [vote.prompt for vote in votes] == [vote.prompt for vote in kaggle]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv", "repr.csv"])
def test_arena_conversations_are_taken_apart_turn_by_turn(kaggle, tmp_path, write_json, suffix):
    rows = conversation_rows(kaggle)
    path = tmp_path / f"arena.{suffix}"
    if suffix == "jsonl":
        path = write_json(rows)
    elif suffix == "parquet":
        pl.DataFrame(rows).write_parquet(path)
    else:
        spell = repr if suffix == "repr.csv" else json.dumps
        cells = [{k: spell(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows]
        pl.DataFrame(cells).write_csv(path)
    votes = read_votes(path)
    assert votes.format == "arena"
    same(votes, kaggle)
    assert [vote.id for vote in votes] == [vote.id for vote in kaggle]
    assert {vote.language for vote in votes} == {"en"}
    assert votes[0].extra["language_in_file"] == "English"


def test_both_bad_is_kept_apart_from_a_tie(shared_data, tmp_path):
    votes = read_votes(shared_data / "arena_33k_domains.parquet")
    raw = [vote.extra["winner_raw"] for vote in votes]
    rows = conversation_rows(votes)
    for row, winner in zip(rows, raw, strict=True):
        row["winner"] = winner
    pl.DataFrame(rows).write_parquet(tmp_path / "33k.parquet")
    again = read_votes(tmp_path / "33k.parquet")
    for vote, winner in zip(again, raw, strict=True):
        assert (vote.winner == Winner.BOTH_BAD) == (winner == "tie (bothbad)")
        assert (vote.winner == Winner.TIE) == (winner == "tie")


def test_arena_140k_has_typed_parts_and_both_bad(kaggle, tmp_path):
    def parts(text):
        return [{"type": "text", "text": text, "image": None, "mimeType": None}]

    rows = conversation_rows(kaggle, parts)
    for row in rows:
        row["id"] = row.pop("question_id")
        row["language"] = "zh-Hant"
    rows[0]["winner"] = "both_bad"
    rows[0]["conversation_a"][0]["content"].append(
        {"type": "image", "text": None, "image": "https://example.org/x.png", "mimeType": "image/png"}
    )
    rows[0]["conversation_b"][0]["content"] = rows[0]["conversation_a"][0]["content"]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "140k.parquet")
    votes = read_votes(tmp_path / "140k.parquet")
    assert votes[0].prompt == (f"{kaggle[0].prompt[0]}\n[image]",)
    assert votes[0].winner == Winner.BOTH_BAD
    assert votes[0].language == "zh"
    same(votes[1:], kaggle[1:])


def test_conversations_on_different_prompts_are_kept_aside(kaggle, write_json):
    rows = conversation_rows(kaggle[:3])
    rows[1]["conversation_b"][0]["content"] = "something else"
    rows[2]["conversation_a"] = []
    votes = read_votes(write_json(rows))
    assert len(votes) == 1
    assert "row 2: the person's turns differ" in str(votes.problems[0])
    assert "row 3: conversation_a is '[]'" in str(votes.problems[1])


def test_pandalm_counts_three_verdicts(samples):
    raw = json.loads((samples / "pandalm.json").read_text("utf-8"))
    votes = read_votes(samples / "pandalm.json")
    assert votes.format == "pandalm"
    assert len(votes) == len(raw) == 30
    for vote, row in zip(votes, raw, strict=True):
        verdicts = [row[f"annotator{number}"] for number in (1, 2, 3)]
        middle = {1: Winner.A, 2: Winner.B, 0: Winner.TIE}[max(set(verdicts), key=verdicts.count)]
        assert vote.winner == (middle if len(set(verdicts)) < 3 else Winner.TIE)
        assert f"{vote.model_a}_{vote.model_b}" == row["cmp_key"]
        assert vote.prompt[0].startswith(row["instruction"])
        assert (vote.response_a, vote.response_b) == ((row["response1"],), (row["response2"],))
    assert "\n\n" in votes[0].prompt[0], "the instruction and its input"
    assert any(len(set(row[f"annotator{n}"] for n in (1, 2, 3))) > 1 for row in raw)


def test_pandalm_reads_what_the_shared_file_says(shared_data, write_json):
    votes = read_votes(shared_data / "pandalm_test.parquet")
    codes = {"a": 1, "b": 2, "tie": 0}
    rows = []
    for number, vote in enumerate(votes):
        instruction, _, given = vote.prompt[0].partition("\n\n")
        rows.append(
            {"idx": number, "cmp_key": f"{vote.model_a}_{vote.model_b}", "instruction": instruction}
            | {
                "input": given or float("nan"),
                "response1": vote.response_a[0],
                "response2": vote.response_b[0],
            }
            | {f"annotator{n}": codes[word] for n, word in enumerate(vote.extra["votes"], start=1)}
        )
    same(read_votes(write_json(rows, "testset-v1.json")), votes)


def test_alpaca_eval_cuts_preferences_into_winners(shared_data, write_json):
    votes = read_votes(shared_data / "alpaca_eval_gpt4turbo.parquet")[:200]
    rows = [
        {
            "instruction": vote.prompt[0], "output_1": vote.response_a[0], "output_2": vote.response_b[0],
            "generator_1": vote.model_a, "generator_2": vote.model_b,
            "annotator": "weighted_alpaca_eval_gpt4_turbo", "preference": 2 - vote.extra["judge_prob_a"],
        }
        for vote in votes
    ]  # fmt: skip
    read = read_votes(write_json(rows, "annotations.json"))
    assert read.format == "alpaca_eval"
    same(read, votes)
    assert [vote.model_b for vote in read] == [vote.model_b for vote in votes]
    assert read[0].extra["preference"] == pytest.approx(rows[0]["preference"])


@pytest.mark.parametrize(
    ("preference", "winner"),
    [
        (1, "a"),
        (2, "b"),
        (1.5, "tie"),
        (0, "tie"),
        (1.44, "a"),
        (1.46, "tie"),
        (None, None),
        (float("nan"), None),
    ],
)
def test_a_preference_of_alpaca_eval_means(write_json, preference, winner):
    row = {"instruction": "q", "output_1": "x", "output_2": "y", "preference": preference}
    (vote,) = read_votes(write_json([row], "annotations.json"))
    assert vote.winner == winner


def test_a_preference_out_of_range_is_kept_aside(write_json):
    row = {"instruction": "q", "output_1": "x", "output_2": "y"}
    votes = read_votes(write_json([row | {"preference": 1}, row | {"preference": 3}], "annotations.json"))
    assert len(votes) == 1
    assert "row 2: preference is 3; expected 1, 2, 1.5" in str(votes.problems[0])


def test_auto_j_labels_are_read(shared_data, write_json):
    votes = read_votes(shared_data / "autoj_pairwise.parquet")
    codes = {"a": 0, "b": 1, "tie": 2}
    rows = [
        {
            "scenario": vote.extra["scenario"], "label": codes[vote.winner], "prompt": vote.prompt[0],
            "response 1": vote.response_a[0], "response 2": vote.response_b[0],
        }
        for vote in votes
    ]  # fmt: skip
    read = read_votes(write_json(rows))
    assert read.format == "auto_j"
    same(read, votes)
    assert read[5].extra["scenario"] == votes[5].extra["scenario"]


def dialogue(prompt, response):
    return "".join(
        f"\n\nHuman: {person}\n\nAssistant: {model}" for person, model in zip(prompt, response, strict=True)
    )


@pytest.mark.parametrize("as_messages", [False, True])
def test_hh_rlhf_draws_the_side_and_keeps_who_was_chosen(kaggle, write_json, as_messages):
    layout = (lambda prompt, response: list(messages(prompt, response))) if as_messages else dialogue
    decided = [
        vote for vote in kaggle
        if vote.winner in ("a", "b") and all((*vote.response_a, *vote.response_b)) and len(vote.prompt) == 1
    ]  # fmt: skip
    rows = []
    for vote in decided:
        a, b = layout(vote.prompt, vote.response_a), layout(vote.prompt, vote.response_b)
        rows.append({"chosen": a, "rejected": b} if vote.winner == "a" else {"chosen": b, "rejected": a})
    path = write_json(rows)
    votes = read_votes(path)
    assert votes.format == "hh_rlhf"
    for vote, source in zip(votes, decided, strict=True):
        chosen = vote.response_a if vote.winner == "a" else vote.response_b
        wanted = source.response_a if source.winner == "a" else source.response_b
        assert chosen[0].strip() == wanted[0].strip()
    assert {vote.winner for vote in votes} == {Winner.A, Winner.B}
    same(read_votes(path), votes)


def test_hh_rlhf_keeps_every_turn_before_the_last(write_json):
    before = "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: And now?\n\nAssistant:"
    (vote,) = read_votes(write_json([{"chosen": before + " Good", "rejected": before + " Bad"}]))
    assert vote.prompt == ("Hi", "And now?")
    assert {vote.response_a, vote.response_b} == {("Hello", "Good"), ("Hello", "Bad")}


def test_hh_rlhf_with_different_beginnings_is_kept_aside(write_json):
    good = {"chosen": dialogue(["q"], ["x"]), "rejected": dialogue(["q"], ["y"])}
    bad = {"chosen": dialogue(["q"], ["x"]), "rejected": dialogue(["p"], ["y"])}
    votes = read_votes(write_json([good, bad, {"chosen": "no dialogue", "rejected": "none"}]))
    assert [problem.row for problem in votes.problems] == [2, 3]


def test_any_table_is_read_by_naming_its_columns(samples):
    columns = {"prompt": "question", "response_a": "left", "response_b": "right", "winner": "label"}
    votes = read_votes(samples / "vicuna80.csv", columns=columns)
    raw = pl.read_csv(samples / "vicuna80.csv")
    assert votes.format == "columns"
    assert [vote.prompt for vote in votes] == [(text,) for text in raw["question"]]
    assert [vote.winner for vote in votes] == [Winner(word) for word in raw["label"]]
    assert [vote.id for vote in votes] == raw["id"].to_list()


def test_the_wsdm_cup_layout_is_read_as_it_is(kaggle, write_csv):
    rows = [
        {
            "id": vote.id, "prompt": vote.prompt[0], "response_a": vote.response_a[0] or "-",
            "response_b": vote.response_b[0] or "-", "winner": f"model_{vote.winner}", "language": "Japanese",
        }
        for vote in kaggle if vote.winner in ("a", "b")
    ]  # fmt: skip
    votes = read_votes(write_csv(rows))
    assert votes.format == "columns"
    assert [f"model_{vote.winner}" for vote in votes] == [row["winner"] for row in rows]
    assert votes[0].language == "ja"


@pytest.mark.parametrize(
    "name",
    [
        "arena_kaggle", "arena_33k_domains", "arena_llama3_battles", "autoj_pairwise", "tulu_human_eval",
        "pandalm_test", "small_human_sets", "alpaca_eval_gpt4turbo", "ja_vicuna_gpt4",
    ],
)  # fmt: skip
def test_every_shared_file_is_read_whole(shared_data, name):
    frame = pl.read_parquet(shared_data / f"{name}.parquet")
    votes = read_votes(shared_data / f"{name}.parquet")
    assert isinstance(votes, Votes)
    assert len(votes) + len(votes.problems) == frame.height
    shown = votes.frame().select(frame.columns)
    assert shown.equals(frame.filter(frame["id"].is_in(votes.frame()["id"].implode())))


@pytest.mark.parametrize("content", [5, [5], [None], {"text": 5}, [{"type": "text", "text": ["x"]}]])
def test_a_message_that_holds_no_text_is_one_bad_row(kaggle, write_json, content):
    rows = conversation_rows(kaggle[:3])
    rows[1]["conversation_a"][1]["content"] = content
    votes = read_votes(write_json(rows))
    assert [vote.id for vote in votes] == [kaggle[0].id, kaggle[2].id]
    assert "row 2: conversation_a holds the content" in str(votes.problems[0])


def test_codes_that_became_floats_on_the_way_are_read(samples, write_json):
    rows = json.loads((samples / "pandalm.json").read_text("utf-8"))
    whole = read_votes(samples / "pandalm.json")
    for row in rows:
        row |= {f"annotator{n}": float(row[f"annotator{n}"]) for n in (1, 2, 3)}
    same(read_votes(write_json(rows, "floats.json")), whole)
    pairs = [
        {"prompt": "q", "response 1": "x", "response 2": "y", "label": code} for code in (0.0, 1.0, None, 2.0)
    ]
    votes = read_votes(write_json(pairs))
    assert [vote.winner for vote in votes] == ["a", "b", None, "tie"]
    assert not votes.problems


def test_half_a_verdict_is_no_verdict(samples, write_json):
    rows = json.loads((samples / "pandalm.json").read_text("utf-8"))[:2]
    rows[0]["annotator1"] = 1.5
    votes = read_votes(write_json(rows, "half.json"))
    assert [problem.row for problem in votes.problems] == [1]
