"""Answers against their schema."""

import json

import pytest

from naze.engines.validation import validate_answer
from naze.errors import ConfigurationError
from naze.records import Answer, FinishReason, Prompt, Status

SCHEMA = json.dumps({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]})


def checked(text: str, schema: str | None = SCHEMA, finish: FinishReason = FinishReason.STOP) -> Answer:
    prompt = Prompt("1", "", "", "", "q", schema=schema)
    return validate_answer(prompt, Answer(Status.ANSWERED, text, finish_reason=finish, generated_tokens=7))


def test_a_valid_answer_stays_as_it_is():
    assert checked('{"age": 3}').status is Status.ANSWERED


def test_without_a_schema_nothing_is_checked():
    assert checked("no JSON", schema=None).status is Status.ANSWERED


def test_an_invalid_answer_says_where_and_keeps_its_text():
    answer = checked('{"age": "three"}')
    assert answer.status is Status.INVALID
    assert "age" in answer.reason and "three" in answer.reason
    assert answer.text == '{"age": "three"}'


def test_a_text_cut_at_its_length_says_so():
    assert "cut after 7 tokens" in checked('{"age": ', finish=FinishReason.LENGTH).reason


def test_no_json_is_invalid():
    assert "no JSON" in checked("I am three").reason


def test_a_broken_schema_is_the_askers_mistake():
    with pytest.raises(ConfigurationError, match="not valid"):
        checked("{}", schema='{"type": "no such type"}')
