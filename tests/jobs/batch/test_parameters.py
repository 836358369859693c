"""Parameters of a request: each is followed, changes nothing, or is refused by its name."""

import json

import pytest

from naze.jobs.batch.bodies import read_body
from naze.jobs.batch.contract import Endpoint, RequestProblem
from naze.jobs.batch.parameters import Defaults, check_parameters, read_sampling, read_schema_of
from naze.jobs.batch.requests import Request

CHAT = Endpoint.CHAT


def sampling(endpoint=CHAT, seed_from="id", **body):
    return read_sampling(endpoint, body, Defaults(), seed_from)


def test_what_a_request_says_is_how_it_is_asked():
    found = sampling(max_tokens=7, temperature=0.5, top_p=0.9, seed=3, stop="END", repetition_penalty=1.1)
    assert (found.max_tokens, found.temperature, found.top_p, found.seed) == (7, 0.5, 0.9, 3)
    assert (found.stop, found.repetition_penalty) == (("END",), 1.1)
    assert sampling(max_completion_tokens=9, max_tokens=None).max_tokens == 9
    assert sampling(stop=["a", "b"]).stop == ("a", "b")


def test_what_it_does_not_say_is_as_in_openais_interface_except_for_the_length_of_a_chat():
    found = sampling()
    assert (found.temperature, found.top_p, found.max_tokens) == (1.0, 1.0, 1024)
    assert sampling(Endpoint.COMPLETIONS).max_tokens == 16
    assert read_sampling(CHAT, {}, Defaults(50, 0.0), "id").max_tokens == 50


def test_equal_requests_above_temperature_0_are_sampled_apart_and_the_same_way_every_time():
    assert sampling(seed_from="a").seed == sampling(seed_from="a").seed != sampling(seed_from="b").seed
    assert sampling(seed=-1).seed == 2**31 - 1, "engines take seeds from 0 on"


def test_at_temperature_0_or_top_p_0_there_is_no_chance_and_equal_requests_are_one():
    exact = sampling(temperature=0, top_p=0.3, seed=9, seed_from="a")
    assert exact == sampling(temperature=1, top_p=0, seed_from="b")
    assert (exact.temperature, exact.top_p, exact.seed) == (0.0, 1.0, 0)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
        ({"max_completion_tokens": True}, "max_completion_tokens", "invalid_type"),
        ({"temperature": 2.1}, "temperature", "invalid_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"top_p": -0.1}, "top_p", "invalid_value"),
        ({"stop": ["a", ""]}, "stop", "invalid_type"),
    ],
)
def test_values_out_of_range_are_named(body, param, code):
    found = sampling(**body)
    assert isinstance(found, RequestProblem)
    assert (found.param, found.code) == (param, code)


@pytest.mark.parametrize(
    "body",
    [
        {"n": 1, "stream": False, "logprobs": False, "frequency_penalty": 0, "presence_penalty": 0.0},
        {"tools": None, "tool_choice": "none", "logit_bias": {}, "user": "u-1", "metadata": {"a": "b"}},
        {"service_tier": "auto", "store": True, "parallel_tool_calls": True},
    ],
)
def test_parameters_that_ask_for_nothing_are_taken(body):
    assert check_parameters(CHAT, body) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"n": 2}, "unsupported_parameter"),
        ({"n": True}, "unsupported_parameter"),
        ({"logprobs": True}, "unsupported_parameter"),
        ({"tools": [{"type": "function"}]}, "unsupported_parameter"),
        ({"presence_penalty": 0.5}, "unsupported_parameter"),
        ({"prompt": "a"}, "unsupported_parameter"),
        ({"temprature": 1}, "unknown_parameter"),
    ],
)
def test_what_would_have_to_be_ignored_is_refused_by_its_name(body, code):
    found = check_parameters(CHAT, body)
    assert found is not None
    [name] = body
    assert (found.param, found.code) == (name, code)
    assert name in found.message


def test_json_is_asked_for_as_an_object_or_by_a_schema():
    assert read_schema_of({}) is read_schema_of({"response_format": {"type": "text"}}) is None
    assert json.loads(read_schema_of({"response_format": {"type": "json_object"}})) == {"type": "object"}
    schema = {"type": "object", "properties": {"名": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert json.loads(read_schema_of({"response_format": wanted})) == schema


@pytest.mark.parametrize(
    "wanted",
    [
        "json",
        {"type": "xml"},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {"name": "x"}},
        {"type": "json_schema", "json_schema": {"schema": {"type": "strnig"}}},
    ],
)
def test_a_format_that_is_none_is_refused(wanted):
    found = read_schema_of({"response_format": wanted})
    assert isinstance(found, RequestProblem)
    assert found.param.startswith("response_format")


def asked(url, **body):
    return read_body(Request(1, "id", url, {"model": "m", **body}), Defaults())


def test_a_list_of_prompts_becomes_choices_and_a_list_of_texts_vectors():
    found = asked("/v1/completions", prompt=["a", "b"])
    assert [(p.question_id, p.question, p.plain) for p in found.prompts] == [
        ("0", "a", True),
        ("1", "b", True),
    ]
    assert found.prompts[0].sampling.seed != found.prompts[1].sampling.seed
    assert [p.question for p in asked("/v1/embeddings", input="a").prompts] == ["a"]
    assert asked("/v1/embeddings", input=["a", "b"], encoding_format="base64").base64


@pytest.mark.parametrize(
    ("url", "body", "param"),
    [
        ("/v1/completions", {}, "prompt"),
        ("/v1/completions", {"prompt": ""}, "prompt"),
        ("/v1/completions", {"prompt": [1, 2]}, "prompt"),
        ("/v1/completions", {"prompt": "a", "echo": True}, "echo"),
        ("/v1/embeddings", {"input": ["a", ""]}, "input"),
        ("/v1/embeddings", {"input": [[1, 2]]}, "input"),
        ("/v1/embeddings", {"input": "a", "dimensions": 64}, "dimensions"),
        ("/v1/embeddings", {"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ("/v1/embeddings", {"input": "a", "temperature": 0}, "temperature"),
    ],
)
def test_what_other_endpoints_cannot_ask_is_named_too(url, body, param):
    found = asked(url, **body)
    assert isinstance(found, RequestProblem)
    assert found.param == param
