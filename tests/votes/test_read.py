"""Bad rows are kept aside with their number and reason; a bad file is one plain error."""

import json

import polars as pl
import pytest

from naze.errors import ConfigurationError, FormatError
from naze.votes import FORMATS, read_votes


def problems(votes):
    return {problem.row: str(problem).partition(": ")[2] for problem in votes.problems}


def test_broken_json_is_one_bad_row(kaggle_rows, write_csv):
    kaggle_rows[2]["response_a"] = '["cut off'
    kaggle_rows[4]["prompt"] = "plain text"
    kaggle_rows[5]["prompt"] = "[1, 2]"
    kaggle_rows[6]["response_b"] = None
    path = write_csv(kaggle_rows)
    votes = read_votes(path)
    found = problems(votes)
    assert found[3].startswith("response_a is no JSON (Unterminated string")
    assert found[5].startswith("prompt is no JSON")
    assert found[6] == "prompt is '[1, 2]'; expected a JSON list of texts and nulls."
    assert found[7] == "response_b is empty; expected a JSON list of turns."
    assert str(votes.problems[0]).startswith(f"{path}, row 3: ")
    assert len(votes) + len(votes.problems) == len(kaggle_rows)


def test_half_a_surrogate_pair_is_replaced_and_counted(kaggle_rows, write_csv):
    kaggle_rows[0]["prompt"] = r'["smile \ud83d then \ud83d\ude00"]'
    votes = read_votes(write_csv(kaggle_rows))
    assert votes[0].prompt == ("smile \ufffd then \U0001f600",)
    assert votes.replaced_surrogates == 1
    assert 1 not in problems(votes)


@pytest.mark.parametrize("name", ["votes.jsonl", "votes.json"])
def test_half_a_surrogate_pair_in_json_lines_is_replaced_too(write_json, name):
    row = {"prompt": ["q \ud83d"], "response_a": ["x"], "response_b": ["y"], "winner": "a", "note": "z\udc00"}
    votes = read_votes(write_json([row], name))
    assert votes[0].prompt == ("q \ufffd",)
    assert votes[0].extra["note"] == "z\ufffd"
    assert votes.replaced_surrogates == 2


def test_a_null_turn_stays_a_null(kaggle_rows, write_csv):
    kaggle_rows[0] |= {"prompt": '["q", "r"]', "response_a": '[null, "x"]', "response_b": '["", "null"]'}
    vote = read_votes(write_csv(kaggle_rows))[0]
    assert vote.response_a == (None, "x")
    assert vote.response_b == ("", "null")


@pytest.mark.parametrize(
    ("one_hot", "fine"),
    [(("1", "0", "0"), True), (("0", "0", "0"), False), (("1", "1", "0"), False), (("1", "1", "1"), False),
     (("2", "-1", "0"), False), (("0.5", "0.5", "0"), False), (("yes", "0", "0"), False), (("1.0", "0.0", "0"), True)],
)  # fmt: skip
def test_winner_columns_have_exactly_one_1(kaggle_rows, write_csv, one_hot, fine):
    for name, value in zip(("winner_model_a", "winner_model_b", "winner_tie"), one_hot, strict=True):
        kaggle_rows[1][name] = value
    found = problems(read_votes(write_csv(kaggle_rows)))
    assert (2 not in found) == fine
    if not fine:
        assert f"winner_model_a={one_hot[0]}" in found[2]
        assert "expected exactly one 1" in found[2]


def test_both_responses_null_are_kept_aside_and_one_null_is_not(kaggle_rows, write_csv):
    kaggle_rows[0] |= {"response_a": "[null]", "response_b": "[null]"}
    kaggle_rows[1] |= {"response_a": "[null]"}
    kaggle_rows[2] |= {"prompt": "[null]"}
    kaggle_rows[3] |= {"prompt": "[]"}
    found = problems(read_votes(write_csv(kaggle_rows)))
    assert found[1].startswith("both responses are null")
    assert 2 not in found
    assert found[3].startswith("prompt is null")
    assert found[4].startswith("prompt is null")


def test_votes_without_text_are_kept_where_they_are_asked_for(kaggle_rows, write_csv):
    kaggle_rows[0] |= {"response_a": "[null]", "response_b": "[null]"}
    kaggle_rows[3] |= {"prompt": "[]"}
    kaggle_rows[5]["response_b"] = None
    path = write_csv(kaggle_rows)
    votes = read_votes(path, without_text=True)
    assert [problem.row for problem in votes.problems] == [6]
    assert votes.problems[0].row_id == str(kaggle_rows[5]["id"])
    assert (votes[0].response_a, votes[3].prompt) == ((None,), ())
    assert {1, 4, 6} <= {problem.row for problem in read_votes(path).problems}


def test_a_repeated_id_is_kept_aside_whatever_the_batch(kaggle_rows, write_csv, monkeypatch):
    kaggle_rows[9]["id"] = kaggle_rows[3]["id"] = kaggle_rows[0]["id"]
    path = write_csv(kaggle_rows)
    whole = read_votes(path)
    found = problems(whole)
    wanted = f"id is '{kaggle_rows[0]['id']}', as in row 1 already; expected an id of its own."
    assert found[4] == found[10] == wanted
    monkeypatch.setattr("naze.votes.read.BATCH_ROWS", 3)
    parts = read_votes(path)
    assert parts.frame().equals(whole.frame())
    assert problems(parts) == found


def test_an_unknown_winner_says_how_to_map_it(write_csv):
    rows = [
        {"prompt": "q", "response_a": "x", "response_b": "y", "winner": word}
        for word in ("a", "perhaps", None)
    ]
    path = write_csv(rows)
    votes = read_votes(path)
    assert str(votes.problems[0]) == (
        f"{path}, row 2: winner is 'perhaps'; expected a, b, tie or both_bad. Map it with --winner perhaps=both_bad."
    )
    assert [vote.winner for vote in votes] == ["a", None]
    mapped = read_votes(path, winners={"perhaps": "both_bad"})
    assert [vote.winner for vote in mapped] == ["a", "both_bad", None]


def test_a_winner_mapped_to_nonsense_is_refused(samples):
    with pytest.raises(FormatError, match="'x' is mapped to 'left'; expected a, b, tie, both_bad"):
        read_votes(samples / "kaggle.csv", winners={"x": "left"})


def test_a_broken_line_of_jsonl_is_one_bad_row(samples, tmp_path):
    lines = (samples / "ja_vicuna.jsonl").read_text("utf-8").splitlines()
    lines[1] = lines[1][:50]
    lines[3] = "[]"
    (tmp_path / "votes.jsonl").write_text("\n".join(lines), "utf-8")
    votes = read_votes(tmp_path / "votes.jsonl")
    assert list(problems(votes)) == [2, 4]
    assert len(votes) == len(lines) - 2


def test_a_file_whose_every_line_is_broken_is_refused(tmp_path):
    (tmp_path / "votes.jsonl").write_text("x\ny\n")
    with pytest.raises(FormatError, match="no row can be read"):
        read_votes(tmp_path / "votes.jsonl")


def test_a_column_that_is_missing_names_the_nearest(kaggle_rows, write_csv):
    path = write_csv([{"prompts" if k == "prompt" else k: v for k, v in row.items()} for row in kaggle_rows])
    with pytest.raises(
        FormatError, match=r"none of the known layouts.*Did you mean 'prompts'\?.*--columns prompt="
    ):
        read_votes(path)
    with pytest.raises(FormatError, match=r"no column 'promps'; there are: .*Did you mean 'prompts'"):
        read_votes(path, columns={"prompt": "promps"})
    with pytest.raises(FormatError, match=r"no column of a vote is called 'promt'. Did you mean 'prompt'"):
        read_votes(path, columns={"promt": "prompts"})
    assert read_votes(path, columns={"prompt": "prompts"}).format == "kaggle"


def test_the_other_sides_column_is_not_suggested_for_a_missing_one(kaggle_rows, write_csv):
    path = write_csv([{k: v for k, v in row.items() if k != "response_b"} for row in kaggle_rows])
    with pytest.raises(FormatError, match="none of the known layouts") as caught:
        read_votes(path)
    assert "Did you mean" not in str(caught.value)
    with pytest.raises(FormatError, match=r"no column 'respons_b'") as caught:
        read_votes(path, columns={"response_a": "response_a", "response_b": "respons_b"})
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "question"),
    [
        (("prompt", "response", "winner"), "Did you mean 'response'?"),
        (("prompts", "respons_a", "respons_b"), "Did you mean 'prompts' and 'respons_a' and 'respons_b'?"),
    ],
)
def test_what_may_have_been_meant_is_asked_once(write_csv, columns, question):
    path = write_csv([dict.fromkeys(columns, "words")])
    with pytest.raises(FormatError, match="none of the known layouts") as caught:
        read_votes(path)
    assert str(caught.value).count("Did you mean") == 1 and question in str(caught.value)


def test_a_missing_winner_column_is_named(kaggle_rows, write_csv):
    for row in kaggle_rows:
        del row["winner_tie"]
    with pytest.raises(FormatError, match=r"votes.csv: no column winner_tie"):
        read_votes(write_csv(kaggle_rows))


def test_an_unknown_format_names_the_nearest(samples):
    with pytest.raises(FormatError, match=r"no format 'kagle'.*Did you mean 'kaggle'"):
        read_votes(samples / "kaggle.csv", format="kagle")


def test_a_format_that_does_not_fit_says_which_column_it_needs(samples):
    for known in FORMATS:
        if known.name in ("kaggle", "canonical", "columns"):
            continue
        with pytest.raises(FormatError, match=f"not laid out as {known.name}"):
            read_votes(samples / "kaggle.csv", format=known.name)


def test_a_table_without_rows_is_no_error_but_has_no_votes(tmp_path, kaggle_rows):
    pl.DataFrame(kaggle_rows).clear().write_csv(tmp_path / "votes.csv")
    votes = read_votes(tmp_path / "votes.csv")
    assert len(votes) == 0 == len(votes.problems)


def test_the_limit_counts_rows_of_the_file(samples):
    assert len(read_votes(samples / "kaggle.csv", limit=7)) == 7


def test_batches_of_any_size_give_the_same_votes(samples, monkeypatch):
    for name in ("kaggle.csv", "pandalm.json", "ja_vicuna.jsonl", "tulu.parquet"):
        monkeypatch.setattr("naze.votes.read.BATCH_ROWS", 4_000)
        whole = read_votes(samples / name)
        monkeypatch.setattr("naze.votes.read.BATCH_ROWS", 4)
        assert list(read_votes(samples / name)) == list(whole)


def test_a_column_that_later_batches_lack_is_null_there(write_json, monkeypatch):
    monkeypatch.setattr("naze.votes.read.BATCH_ROWS", 1)
    rows = [
        {"prompt": "q", "response_a": "x", "response_b": "y", "winner": "a"},
        {"prompt": "q", "response_a": "x"},
        {"prompt": "q", "winner": "b"},
        {"prompt": "q", "response_a": "x", "response_b": "y", "winner": "tie"},
    ]
    votes = read_votes(write_json(rows))
    assert [(vote.response_b, vote.winner) for vote in votes] == [
        (("y",), "a"),
        ((None,), None),
        (("y",), "tie"),
    ]
    assert problems(votes) == {3: "both responses are null; there is nothing to compare."}


def test_an_extra_column_that_changes_its_kind_is_kept_as_text(write_json, monkeypatch):
    monkeypatch.setattr("naze.votes.read.BATCH_ROWS", 1)
    row = {"prompt": "q", "response_a": "x", "response_b": "y"}
    notes = [[1, 2], {"k": "v"}, "text", 3, True, None]
    votes = read_votes(write_json([row | {"note": note} for note in notes]))
    assert [vote.extra.get("note") for vote in votes] == ["[1, 2]", '{"k": "v"}', "text", "3", "true", None]


def test_a_response_that_is_no_text_becomes_one(write_json):
    rows = [
        {"idx": 1, "instruction": "q", "response1": True, "response2": "x", "annotator1": 1},
        {"idx": 2, "instruction": "q", "response1": "y", "response2": 3, "annotator1": 2},
    ]
    votes = read_votes(write_json(rows))
    assert [(vote.response_a, vote.response_b) for vote in votes] == [(("true",), ("x",)), (("y",), ("3",))]


def test_a_strangers_format_is_used_as_ours_are(write_json):
    class Upside:
        name, title, consumes = "upside", "upside down", ("q", "down", "up")

        def recognises(self, first):
            return "down" in first.columns

        def convert(self, batch, notes):
            side = {"q": "prompt", "up": "response_a", "down": "response_b"}
            return pl.DataFrame(
                [pl.Series(ours, [[cell] for cell in batch[theirs]]) for theirs, ours in side.items()]
            )

    (vote,) = read_votes(write_json([{"q": "?", "up": "1", "down": "2", "more": 5}]), format=Upside())
    assert (vote.prompt, vote.response_a, vote.response_b, dict(vote.extra)) == (
        ("?",),
        ("1",),
        ("2",),
        {"more": 5},
    )
    assert vote.id == "row-1"


def test_columns_of_the_file_are_kept_as_extras(samples):
    row = json.loads((samples / "ja_vicuna.jsonl").read_text("utf-8").splitlines()[0])
    vote = read_votes(samples / "ja_vicuna.jsonl")[0]
    assert vote.extra == {"votes": row["votes"], "origin": "ku-nlp/ja-vicuna-qa-benchmark"}
    assert (vote.language, vote.source) == ("ja", "ja-vicuna-qa-gpt4")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(samples, limit):
    with pytest.raises(ConfigurationError, match=f"limit is {limit}; expected at least 1"):
        read_votes(samples / "kaggle.csv", limit=limit)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_table_with_other_separators_is_read(tmp_path, mark):
    (tmp_path / "votes.csv").write_text(f"prompt{mark}response_a{mark}response_b\nq, r{mark}x{mark}y\n")
    [vote] = read_votes(tmp_path / "votes.csv")
    assert (vote.prompt, vote.response_b) == (("q, r",), ("y",))
