"""Everything for which a batch file is refused is found before anything is asked."""

import json

import pytest

from naze.errors import BatchFileError, FormatError
from naze.jobs.batch import check_batch, contract, failed_object
from naze.jobs.batch.contract import FileCode


def problems(path, model=None, **rest):
    with pytest.raises(BatchFileError) as caught:
        check_batch(path, model, **rest)
    assert "nothing was asked" in str(caught.value)
    return caught.value.problems


def test_a_whole_file_says_its_endpoint_and_its_model(write, make):
    found = check_batch(write(make("a"), "", make("b")))
    assert (found.requests, found.endpoint, found.model) == (2, "/v1/chat/completions", "some-model")
    assert (found.refused_count, found.named_models) == (0, ("some-model",))


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ('{"custom_id": "x", "method"', FileCode.INVALID_JSON_LINE, "no JSON"),
        (b'{"custom_id": "\xff"}', FileCode.INVALID_JSON_LINE, "0xff"),
        ("[1, 2]", FileCode.INVALID_JSON_LINE, "expected an object"),
        ('{"custom_id": "x"}', FileCode.INVALID_REQUEST, "method, url, body missing"),
    ],
)
def test_a_broken_line_is_named_by_its_number(write, make, line, code, said):
    [found] = problems(write(make("a"), line, make("b")))
    assert (found.line, found.code) == (2, code)
    assert said in found.message


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"custom_id": 7}, "custom_id"),
        ({"custom_id": ""}, "custom_id"),
        ({"method": "GET"}, "method"),
        ({"url": "/v1/responses"}, "url"),
        ({"body": []}, "body"),
    ],
)
def test_a_field_that_is_not_as_the_contract_says_is_named(write, make, change, param):
    [found] = problems(write({**make("a"), **change}))
    assert (found.code, found.param, found.line) == (FileCode.INVALID_REQUEST, param, 1)


def test_a_custom_id_that_stands_twice_is_told_with_both_lines(write, make):
    [found] = problems(write(make("a"), make("b"), make("a")))
    assert (found.code, found.line) == (FileCode.DUPLICATE_CUSTOM_ID, 3)
    assert "'a' stands in line 1 already" in found.message


def test_two_endpoints_are_told_with_their_lines(write, make):
    [found] = problems(write(make("a"), make("b", "/v1/completions", prompt="x")))
    assert found.code is FileCode.URL_MISMATCH
    assert "/v1/chat/completions (first in line 1), /v1/completions (first in line 2)" in found.message


def test_two_models_are_refused_unless_one_is_named_for_all(write, make):
    path = write(make("a", model="m1"), make("b", model="m2"))
    [found] = problems(path)
    assert found.code is FileCode.MODEL_MISMATCH
    assert "m1 (first in line 1), m2 (first in line 2)" in found.message and "--model" in found.message
    assert check_batch(path, "mine").model == "mine"


def test_no_model_at_all_is_refused_unless_one_is_named(write, make):
    path = write(make("a", model=None))
    [found] = problems(path)
    assert found.param == "body.model" and "--model" in found.message
    assert check_batch(path, "mine").named_models == ()


def test_all_that_is_wrong_is_told_at_once(write, make):
    path = write("nonsense", make("a"), make("a"), make("b", "/v1/completions", prompt="x", model="other"))
    codes = [problem.code for problem in problems(path)]
    assert codes == ["invalid_json_line", "duplicate_custom_id", "url_mismatch", "model_mismatch"]


def test_limits_are_checked_up_front_and_can_be_lifted(write, make, monkeypatch):
    monkeypatch.setattr("naze.jobs.batch.checking.MOST_REQUESTS", 2)
    path = write(make("a"), make("b"), make("c"))
    [found] = problems(path)
    assert found.code is FileCode.TOO_MANY_TASKS and "3 requests; at most 2" in found.message
    assert check_batch(path, limits=False).requests == 3
    monkeypatch.setattr("naze.jobs.batch.checking.MOST_BYTES", 100)
    assert problems(path)[0].code is FileCode.FILE_TOO_LARGE


def test_texts_to_embed_are_counted_over_all_requests(write, make, monkeypatch):
    monkeypatch.setattr("naze.jobs.batch.checking.MOST_INPUTS", 3)
    path = write(make("a", "/v1/embeddings", input=["x", "y"]), make("b", "/v1/embeddings", input=["x", "z"]))
    [found] = problems(path)
    assert found.code is FileCode.TOO_MANY_TASKS and "4 texts" in found.message


def test_the_limits_are_the_providers():
    assert (contract.MOST_REQUESTS, contract.MOST_BYTES, contract.MOST_INPUTS) == (
        50_000,
        209_715_200,
        50_000,
    )


def test_an_empty_file_and_one_that_is_not_there_are_said_plainly(write, tmp_path):
    assert problems(write("", " "))[0].code is FileCode.EMPTY_FILE
    with pytest.raises(FormatError, match="no such file"):
        check_batch(tmp_path / "none.jsonl")


def test_a_request_that_cannot_be_asked_refuses_no_file(write, make):
    found = check_batch(write(make("a"), make("b", n=2)))
    assert (found.requests, found.refused_count) == (2, 1)
    [(request, problem)] = found.refused
    assert (request.line, request.custom_id, problem.param) == (2, "b", "n")


def test_a_refused_file_is_a_failed_batch_of_the_contract(write, make, keeps_the_contract):
    path = write("nonsense", make("a"), make("a"))
    found = json.loads(json.dumps(failed_object(path, problems(path))))
    keeps_the_contract("batch", found)
    assert found["status"] == "failed"
    assert [entry["line"] for entry in found["errors"]["data"]] == [1, 3]
