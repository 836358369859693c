"""Batch files made of a table, and results put back beside its rows."""

import json

import polars as pl
import pytest

import naze
from naze.errors import ConfigurationError, FormatError, InputError, TemplateError
from naze.jobs.batch import WriteSettings, check_batch, contract

ROWS = pl.DataFrame(
    {
        "id": ["r1", "r2", "r3"],
        "text": ["The parcel came late.", "", "とても速い配達でした。"],
        "stars": [1, 2, 5],
    }
)
LATE = naze.Question("late", "Is this about delivery? {{ text }}", choices=("yes", "no"))
WHY = naze.Question("why", "Say why. {{ text }}")


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def replied(custom_id, content, finish="stop", tokens=9):
    body = {
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
        ],
        "usage": {"total_tokens": tokens},
    }
    response = {"status_code": 200, "request_id": "1", "body": body}
    return {"id": "b", "custom_id": custom_id, "response": response, "error": None}


def refused(custom_id, status, code, message):
    body = {"error": {"code": code, "message": message}}
    return {"custom_id": custom_id, "response": {"status_code": status, "body": body}, "error": None}


def test_each_row_and_question_becomes_a_request_that_check_takes(tmp_path):
    written = naze.write_batch(ROWS, [LATE, WHY], model="gpt-x", out=tmp_path / "requests.jsonl")
    assert (written.requests, written.left_out) == (4, 1)
    found = lines(written.files[0])
    assert [one["custom_id"] for one in found] == ["row-1/late", "row-1/why", "row-3/late", "row-3/why"]
    body = found[0]["body"]
    assert body["model"] == "gpt-x" and set(body) == {"model", "messages", "response_format"}
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert (
        "The parcel came late." in body["messages"][1]["content"]
        and "yes, no" in body["messages"][1]["content"]
    )
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"late": {"type": "string", "enum": ["yes", "no"]}}
    assert "response_format" not in found[1]["body"]
    assert check_batch(written.files[0]).refused_count == 0


def test_what_is_said_is_written_and_rows_are_chosen(tmp_path):
    settings = WriteSettings(where="stars > 3", instruction="Be brief.", max_tokens=7, temperature=0.0)
    written = naze.write_batch(ROWS, [WHY], model="m", out=tmp_path / "r.jsonl", settings=settings)
    [one] = lines(written.files[0])
    assert one["custom_id"] == "row-3/why"
    assert (one["body"]["max_completion_tokens"], one["body"]["temperature"]) == (7, 0.0)
    assert one["body"]["messages"][0]["content"] == "Be brief."


def test_what_a_choice_means_is_told(tmp_path):
    asked = naze.Question(
        "kind", "What is it? {{ text }}", ("late", "lost"), {"late": "it came", "lost": "it did not"}
    )
    path = naze.write_batch(ROWS, [asked], model="m", out=tmp_path / "r.jsonl").files[0]
    assert "- late: it came\n- lost: it did not" in lines(path)[0]["body"]["messages"][1]["content"]


def test_beyond_a_providers_limits_further_files_follow(tmp_path, monkeypatch):
    monkeypatch.setattr("naze.jobs.batch.writing.MOST_REQUESTS", 2)
    rows = pl.DataFrame({"text": [f"text {number}" for number in range(5)]})
    written = naze.write_batch(rows, [WHY], model="m", out=tmp_path / "r.jsonl")
    assert [path.name for path in written.files] == ["r.jsonl", "r-2.jsonl", "r-3.jsonl"]
    assert [len(lines(path)) for path in written.files] == [2, 2, 1]
    monkeypatch.setattr("naze.jobs.batch.writing.MOST_BYTES", 900)
    assert contract.MOST_BYTES > 900
    small = naze.write_batch(rows, [WHY], model="m", out=tmp_path / "s.jsonl")
    assert all(path.stat().st_size <= 900 for path in small.files)


@pytest.mark.parametrize(
    ("questions", "settings", "error", "said"),
    [
        ([naze.Question("a", "{{ txet }}")], WriteSettings(), TemplateError, "did you mean 'text'"),
        ([WHY], WriteSettings(where="stars > 9"), InputError, "no rows"),
        ([], WriteSettings(), ConfigurationError, "no question"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path, questions, settings, error, said):
    with pytest.raises(error, match=said):
        naze.write_batch(ROWS, questions, model="m", out=tmp_path / "r.jsonl", settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_answers_come_back_beside_their_rows_whatever_their_order(write):
    results = write(
        replied("row-3/late", '{"late": "yes"}'),
        replied("row-1/why", "Because."),
        replied("row-1/late", '{"late":"no"}'),
    )
    failures = write(refused("row-3/why", 400, "context_length_exceeded", "too long"), name="errors.jsonl")
    found = naze.read_batch([results, failures], ROWS)
    assert found.table.columns[:3] == ROWS.columns
    assert found.table["late"].to_list() == ["no", None, "yes"]
    assert found.table["late_status"].to_list() == ["answered", "open", "answered"]
    assert found.table["why_status"].to_list() == ["answered", "open", "overflow"]
    assert "too long" in found.table["why_reason"][2] and found.table["why_tokens"].to_list() == [
        9,
        None,
        None,
    ]
    assert (found.rows, found.answered, found.failed, found.open, found.unknown) == (3, 3, 1, 2, 0)


def test_an_answer_that_ignores_its_schema_is_marked_and_not_believed(write, tmp_path):
    path = naze.write_batch(ROWS, [LATE], model="m", out=tmp_path / "r.jsonl").files[0]
    results = write(
        replied("row-1/late", "Maybe!"), replied("row-3/late", '{"late": "perhaps"}'), name="o.jsonl"
    )
    found = naze.read_batch(results, ROWS, requests=path)
    assert found.table["late_status"].to_list() == ["invalid", "open", "invalid"]
    assert found.table["late"].to_list() == [None, None, None]
    assert "no JSON" in found.table["late_reason"][0] and "perhaps" in found.table["late_reason"][2]


def test_ids_of_ones_own_are_found_in_a_column(write):
    found = naze.read_batch(write(replied("r3", "three"), replied("r9", "?")), ROWS, key="id", add="note")
    assert found.table["note"].to_list() == [None, None, "three"]
    assert found.unknown == 1


def test_vectors_come_back_as_lists(write):
    body = {"object": "list", "data": [{"index": 0, "embedding": [0.5, 1.0]}], "usage": {"total_tokens": 2}}
    line = {"custom_id": "row-1/v", "response": {"status_code": 200, "body": body}, "error": None}
    assert naze.read_batch(write(line), ROWS).table["v"].to_list() == [[0.5, 1.0], None, None]


def test_an_answer_that_was_cut_or_is_empty_says_so(write):
    found = naze.read_batch(
        write(replied("row-1/why", "Beca", "length"), replied("row-3/why", " ")), ROWS
    ).table
    assert "cut" in found["why_reason"][0] and found["why"][0] == "Beca"
    assert (found["why_status"][2], found["why_reason"][2]) == ("invalid", "the model wrote nothing")


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        ([replied("x", "a")], InputError, "none of the 1 results belongs"),
        ([replied("row-1/a", "a"), replied("row-1/a", "b")], FormatError, "stands in .* already"),
        (["nonsense"], FormatError, "no JSON"),
        ([{"custom_id": "row-1/a"}], FormatError, "expected custom_id and a response"),
        ([{"custom_id": "row-1/a", "response": {"body": {}}}], FormatError, "the body holds no answer"),
        ([replied("row-1/text", "a")], InputError, "a column 'text'"),
    ],
)
def test_results_that_are_none_are_said_plainly(write, made, error, said):
    with pytest.raises(error, match=said):
        naze.read_batch(write(*made), ROWS)


def test_the_whole_way_from_a_csv_to_a_column_by_the_command_line(smollm2_path, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    import naze.cli

    monkeypatch.chdir(tmp_path)
    ROWS.select("id", "text").write_csv("reviews.csv")
    call = CliRunner().invoke
    asked = ["--prompt", "Is this about delivery? {{text}}", "--choices", "yes,no", "--add", "delivery"]
    said = call(
        naze.cli.app, ["batch", "write", "reviews.csv", *asked, "--model", "gpt-x", "--max-tokens", "30"]
    )
    assert said.exit_code == 0 and "2 requests" in said.output, said.output
    said = call(naze.cli.app, ["batch", "check", "requests.jsonl"])
    assert said.exit_code == 0 and "model gpt-x" in said.output
    said = call(
        naze.cli.app,
        ["batch", "run", "requests.jsonl", "--model", "smollm2:135m", "--temperature", "0", "--json"],
    )
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["request_counts"] == {"total": 2, "completed": 2, "failed": 0}
    back = ["--requests", "requests.jsonl", "--out", "done.csv"]
    said = call(naze.cli.app, ["batch", "read", "results.jsonl", "--into", "reviews.csv", *back])
    assert said.exit_code == 3 and "1 without a result" in said.output, said.output
    table = pl.read_csv("done.csv")
    assert set(table["delivery"].drop_nulls()) <= {"yes", "no"}
    assert table["delivery_status"].to_list() == ["answered", "open", "answered"]


def test_a_refused_file_and_requests_that_cannot_be_asked_have_their_exit_status(write, make, tmp_path):
    from typer.testing import CliRunner

    import naze.cli

    call = CliRunner().invoke
    said = call(naze.cli.app, ["batch", "check", str(write("nonsense", make("a")))])
    assert said.exit_code == 1 and "line 1: this line is no JSON" in said.output
    said = call(naze.cli.app, ["batch", "check", str(write("nonsense", make("a"))), "--json"])
    assert said.exit_code == 1 and json.loads(said.stdout)["errors"]["data"][0]["code"] == "invalid_json_line"
    said = call(naze.cli.app, ["batch", "check", str(write(make("a"), make("b", n=2)))])
    assert said.exit_code == 3 and "line 2, b: n (2) is not supported" in said.output
