"""A batch file run with real small models: what comes out keeps the contract, and nothing is asked twice."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

import naze
from naze.engines import Model, Resolution
from naze.errors import ConfigurationError, ManifestMismatchError, UnknownModelError
from naze.jobs.batch import BatchSettings, Defaults, estimate_batch
from naze.records import Answer, Status
from scripted import ScriptedEngine

MODEL = "smollm2:135m"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}},
    "required": ["city"],
    "additionalProperties": False,
}


def content(line):
    return line["response"]["body"]["choices"][0]["message"]["content"]


@pytest.fixture(scope="module")
def chat(smollm2_path, tmp_path_factory):
    """One file of chats of every kind, run once."""
    folder = tmp_path_factory.mktemp("chat")
    user = {"role": "user", "content": "What is the capital of France?"}
    said = []
    for word in ("cat", "dog"):
        said += [{"role": "user", "content": word}, {"role": "assistant", "content": f"{word} {word} {word}"}]
    schema = {"type": "json_schema", "json_schema": {"name": "place", "schema": CITY, "strict": True}}
    bodies = {
        "plain": {
            "messages": [{"role": "system", "content": "Answer in one sentence."}, user],
            "max_tokens": 24,
        },
        "talk": {"messages": [*said, {"role": "user", "content": "owl"}], "max_tokens": 8},
        "cut": {"messages": [user], "max_completion_tokens": 2},
        "stop": {"messages": [user], "max_tokens": 24, "stop": "France"},
        "schema": {"messages": [user], "max_tokens": 40, "response_format": schema},
        "cut schema": {"messages": [user], "max_tokens": 2, "response_format": schema},
        "object": {"messages": [user], "max_tokens": 60, "response_format": {"type": "json_object"}},
        "same a": {"messages": [user], "max_tokens": 12, "temperature": 1.5},
        "same b": {"messages": [user], "max_tokens": 12, "temperature": 1.5},
        "tools": {"messages": [user], "tools": [{"type": "function"}]},
        "too long": {"messages": [{"role": "user", "content": "word " * 12_000}], "max_tokens": 5},
        "日本語": {"messages": [{"role": "user", "content": "こんにちは"}], "max_tokens": 5},
    }
    usual = {"model": "gpt-4o-mini", "temperature": 0}
    lines = [
        {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": usual | body}
        for name, body in bodies.items()
    ]
    path = folder / "requests.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    told = []
    done = naze.run_batch(path, MODEL, out=folder / "results.jsonl", tell=told.append)
    return path, done, told


def test_every_request_ends_in_one_of_the_two_files_in_the_contracts_form(chat, read, keeps_the_contract):
    path, done, _ = chat
    results, errors = read(done.out), read(done.errors)
    asked = [json.loads(line)["custom_id"] for line in path.read_text("utf-8").splitlines()]
    assert sorted([*results, *errors]) == sorted(asked)
    assert not results.keys() & errors.keys()
    for line in [*results.values(), *errors.values()]:
        keeps_the_contract("line", line)
    for line in results.values():
        assert line["response"]["status_code"] == 200
        keeps_the_contract("/v1/chat/completions", line["response"]["body"])
    assert len({line["id"] for line in [*results.values(), *errors.values()]}) == len(asked)
    keeps_the_contract("batch", json.loads(json.dumps(done.batch)))
    assert done.batch["request_counts"] == {"total": 12, "completed": done.completed, "failed": done.failed}
    assert done.batch["status"] == "completed" and done.batch["usage"]["input_tokens"] > 100


def test_a_chat_is_answered_as_it_asks(chat, read):
    results = read(chat[1].out)
    assert "Paris" in content(results["plain"])
    assert content(results["talk"]).startswith("owl owl owl")
    assert results["talk"]["response"]["body"]["model"] == MODEL
    assert "France" not in content(results["stop"])
    cut = results["cut"]["response"]["body"]
    assert cut["choices"][0]["finish_reason"] == "length" and cut["usage"]["completion_tokens"] == 2
    assert cut["usage"]["total_tokens"] == cut["usage"]["prompt_tokens"] + 2
    assert chat[1].cut >= 1


def test_json_is_what_the_schema_says_or_an_error_and_never_half(chat, read):
    results, errors = read(chat[1].out), read(chat[1].errors)
    assert set(json.loads(content(results["schema"]))) == {"city"}
    assert errors["cut schema"]["response"] is None
    assert errors["cut schema"]["error"]["code"] == "invalid_answer"
    assert "no whole JSON" in errors["cut schema"]["error"]["message"]
    line = results.get("object") or errors["object"]
    assert line["error"] or isinstance(json.loads(content(line)), dict)


def test_equal_requests_above_temperature_0_are_two_samples(chat, read):
    results = read(chat[1].out)
    assert content(results["same a"]) != content(results["same b"])


def test_a_request_that_cannot_be_asked_is_a_400_that_names_the_parameter(chat, read, keeps_the_contract):
    line = read(chat[1].errors)["tools"]
    assert line["response"]["status_code"] == 400
    keeps_the_contract("refusal", line["response"]["body"])
    error = line["response"]["body"]["error"]
    assert (error["param"], error["code"], error["type"]) == (
        "tools",
        "unsupported_parameter",
        "invalid_request_error",
    )
    [told] = chat[2]
    assert told.file.refused_count == 1, "it is said before anything is asked"


def test_a_prompt_longer_than_the_context_is_a_400_with_its_counts(chat, read, keeps_the_contract):
    line = read(chat[1].errors)["too long"]
    keeps_the_contract("refusal", line["response"]["body"])
    error = line["response"]["body"]["error"]
    assert error["code"] == "context_length_exceeded" and "8,192" in error["message"]


def test_the_same_command_again_asks_nothing_and_writes_the_same(chat):
    path, done, _ = chat
    before = done.out.read_bytes(), done.errors.read_bytes()
    again = naze.run_batch(path, MODEL, out=done.out)
    assert again.summary == done.summary
    assert (done.out.read_bytes(), done.errors.read_bytes()) == before


def test_completions_continue_a_text_and_a_list_gives_a_choice_for_each(
    smollm2_path, write, make, read, keeps_the_contract, tmp_path
):
    url = "/v1/completions"
    path = write(
        make("count", url, prompt="1, 2, 3, 4, 5,", max_tokens=6),
        make("usual", url, prompt="Once upon a time"),
        make("both", url, prompt=["1, 2, 3, 4, 5,", "a, b, c, d, e,"], max_tokens=4),
    )
    done = naze.run_batch(path, MODEL, out=tmp_path / "r.jsonl")
    assert (done.completed, done.failed, done.errors) == (3, 0, None)
    found = {name: line["response"]["body"] for name, line in read(done.out).items()}
    for body in found.values():
        keeps_the_contract(url, body)
    assert found["count"]["choices"][0]["text"].startswith(" 6, 7")
    assert found["usual"]["usage"]["completion_tokens"] <= 16, (
        "what OpenAI's interface takes when nothing is said"
    )
    assert [choice["index"] for choice in found["both"]["choices"]] == [0, 1]
    assert found["both"]["choices"][1]["text"].startswith(" f")


def test_embeddings_come_as_numbers_or_in_base64(write, make, read, keeps_the_contract, tmp_path):
    url = "/v1/embeddings"
    path = write(
        make("one", url, input="is short"),
        make("many", url, input=["is short", "短い"], encoding_format="base64"),
        make("long", url, input="word " * 900),
    )
    done = naze.run_batch(path, "multilingual-e5-small", out=tmp_path / "r.jsonl")
    assert (done.completed, done.failed) == (2, 1)
    found = {name: line["response"]["body"] for name, line in read(done.out).items()}
    for body in found.values():
        keeps_the_contract(url, body)
    vector = found["one"]["data"][0]["embedding"]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    packed = np.frombuffer(base64.b64decode(found["many"]["data"][0]["embedding"]), "<f4")
    np.testing.assert_allclose(packed, vector, atol=1e-6)
    assert found["many"]["usage"]["prompt_tokens"] > found["one"]["usage"]["prompt_tokens"] > 4
    error = read(done.errors)["long"]["response"]["body"]["error"]
    assert error["code"] == "context_length_exceeded" and "512" in error["message"]


def test_a_model_that_is_not_here_says_how_to_name_another(write, make, tmp_path):
    with pytest.raises(UnknownModelError, match=r"'some-model', which is none of this machine.*--model NAME"):
        naze.run_batch(write(make("a")), out=tmp_path / "r.jsonl")
    with pytest.raises(UnknownModelError, match="--model multilingual-e5-small"):
        naze.run_batch(write(make("a", "/v1/embeddings", input="x")), out=tmp_path / "r.jsonl")


@pytest.mark.parametrize(
    ("out", "errors", "said"),
    [
        ("results.csv", None, "ends in .jsonl"),
        ("requests.jsonl", None, "are one file"),
        ("results.jsonl", "results.jsonl", "are one file"),
        ("results.jsonl", "requests.jsonl", "are one file"),
    ],
)
def test_no_file_overwrites_another(write, make, tmp_path, out, errors, said):
    path = write(make("a"))
    with pytest.raises(ConfigurationError, match=said):
        naze.run_batch(path, MODEL, out=tmp_path / out, errors=errors and tmp_path / errors)


def test_results_of_something_else_are_not_overwritten(write, make, tmp_path):
    (tmp_path / "r.jsonl").write_text("precious")
    with pytest.raises(ConfigurationError, match="no result of this batch"):
        naze.run_batch(write(make("a")), MODEL, out=tmp_path / "r.jsonl")


def test_an_estimate_counts_with_the_models_own_tokenizer_and_stores_nothing(
    smollm2_path, write, make, tmp_path
):
    path = write(*[make(str(number)) for number in range(12)], make("bad", n=3))
    found = estimate_batch(path, MODEL, sample_rows=3)
    assert (found.rows, found.overflow, found.sample_rows) == (13, 1, 3)
    assert found.prompt_tokens > 12 * 5 and 0 < found.generated_tokens <= 12 * 6
    assert 0 < found.seconds_low <= found.seconds <= found.seconds_high
    assert sorted(file.name for file in tmp_path.iterdir()) == ["requests.jsonl"]


@pytest.fixture
def scripted(monkeypatch):
    """An engine that does as it is told instead of a model; remembers what it was asked."""
    engine = ScriptedEngine()
    engine.failing = set()

    def reply(prompt):
        if engine.failing & {prompt.subject_id, prompt.question_id}:
            return Answer(Status.ERROR, reason="the server said no")
        return replace(
            ScriptedEngine.reply(engine, prompt), text=f"{prompt.question} {prompt.sampling.max_tokens}"
        )

    engine.reply = reply
    monkeypatch.setattr("naze.jobs.batch.running.open_engine", lambda *_, **__: engine)
    monkeypatch.setattr(
        "naze.jobs.batch.running.resolve", lambda *_, **__: Resolution("scripted", Model("m"))
    )
    return engine


def test_a_changed_request_is_asked_again_alone(scripted, write, make, read, tmp_path):
    out = tmp_path / "r.jsonl"
    naze.run_batch(write(make("a"), make("b")), "m", out=out)
    scripted.asked.clear()
    naze.run_batch(write(make("a"), make("b", max_tokens=9), make("c")), "m", out=out)
    assert sorted(scripted.asked) == ["b", "c"]
    assert [content(line) for line in read(out).values()] == ["Hello a 6", "Hello b 9", "Hello c 6"]


def test_a_default_that_changes_concerns_only_requests_that_do_not_say(scripted, write, make, tmp_path):
    path, out = write(make("a"), make("b", max_tokens=None)), tmp_path / "r.jsonl"
    naze.run_batch(path, "m", out=out)
    scripted.asked.clear()
    naze.run_batch(path, "m", out=out, settings=BatchSettings(defaults=Defaults(max_tokens=50)))
    assert scripted.asked == ["b"]


def test_a_failure_is_a_500_until_it_is_asked_again(
    scripted, write, make, read, keeps_the_contract, tmp_path
):
    path, out = write(make("a"), make("b")), tmp_path / "r.jsonl"
    scripted.failing = {"b"}
    done = naze.run_batch(path, "m", out=out)
    line = read(done.errors)["b"]
    keeps_the_contract("line", line)
    assert (line["response"]["status_code"], line["response"]["body"]["error"]["code"]) == (
        500,
        "engine_error",
    )
    scripted.failing, scripted.asked[:] = set(), []
    assert naze.run_batch(path, "m", out=out).failed == 1, "resuming is no retry"
    again = naze.run_batch(path, "m", out=out, retry=naze.generations.FAILURES)
    assert scripted.asked == ["b"]
    assert (again.completed, again.failed, again.errors) == (2, 0, None)
    assert not out.with_suffix(".errors.jsonl").exists()


def test_one_failed_choice_fails_its_request(scripted, write, make, read, tmp_path):
    scripted.failing = {"1"}
    done = naze.run_batch(
        write(make("a", "/v1/completions", prompt=["x", "y"])), "m", out=tmp_path / "r.jsonl"
    )
    assert (done.completed, done.failed) == (0, 1)
    assert done.batch["output_file_id"] is None


def test_what_a_grammar_does_not_enforce_of_a_schema_is_named_before_anything_is_asked(
    scripted, write, make, tmp_path
):
    scripted.identity = replace(scripted.identity, engine="openvino")
    schema = {"type": "object", "properties": {"age": {"type": "integer", "multipleOf": 7}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    told = []
    path = write(make("a"), make("b", response_format=wanted), make("c", response_format=wanted))
    naze.run_batch(path, "m", out=tmp_path / "r.jsonl", tell=told.append)
    [note] = told[0].manifest.notes
    assert "line 2: multipleOf at properties/age" in note


def test_another_model_needs_another_output_file(scripted, write, make, tmp_path):
    path, out = write(make("a")), tmp_path / "r.jsonl"
    naze.run_batch(path, "m", out=out)
    scripted.identity = replace(scripted.identity, fingerprint="another")
    with pytest.raises(ManifestMismatchError, match="fingerprint"):
        naze.run_batch(path, "m", out=out)
