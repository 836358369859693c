"""What no grammar enforces is left out of it and named; the rest of a schema stays as it is."""

import json

import pytest

from naze.engines.schemas import enforced
from naze.engines.validation import validate_answer
from naze.records import Answer, Prompt, Status

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 60},
        "age": {"type": "integer", "minimum": 0},
        "mails": {"type": "array", "items": {"type": "string", "format": "email"}, "uniqueItems": True},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def test_what_is_enforced_stays_as_it_is():
    kept = json.loads(enforced(json.dumps(PERSON), "openvino").schema)
    assert kept["properties"]["name"] == {"type": "string", "maxLength": 60}
    assert kept["properties"]["age"] == {"type": "integer", "minimum": 0}
    assert kept["properties"]["mails"] == {"type": "array", "items": {"type": "string"}}
    assert kept["required"] == ["name"] and kept["additionalProperties"] is False


def test_what_is_not_is_named_with_its_place():
    leftovers = [str(left) for left in enforced(json.dumps(PERSON), "openvino").leftovers]
    assert leftovers == [
        "format at properties/mails/items (enforced: date, date-time, time, uuid)",
        "uniqueItems at properties/mails (no grammar expresses it)",
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^A"},
        {"type": "string", "pattern": "^(?=a)[a-z]{2}$"},
        {"type": "string", "pattern": "^[a-z]{50000}$"},
        {"type": "string", "maxLength": 1_000_000},
        {"type": "string", "pattern": "^q+$", "maxLength": 3},
        {"type": "number", "minimum": 0.5},
        {"type": "integer", "minimum": 10**22},
        {"type": "array", "maxItems": 5000},
        {"allOf": [{"minimum": 3}, {"maximum": 5}]},
        {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        {"not": {"type": "string"}},
    ],
)
def test_keywords_that_break_a_grammar_or_are_ignored_by_it_are_named(schema):
    assert enforced(json.dumps(schema), "openvino").leftovers
    assert enforced(json.dumps(schema), "llamacpp").leftovers


def test_of_an_engine_that_is_not_known_nothing_is_left_out():
    text = json.dumps(PERSON)
    assert enforced(text, "http").schema == text


def test_what_was_not_enforced_is_checked_after():
    def checked(schema, value):
        prompt = Prompt("1", "", "", "", "?", schema=json.dumps(schema))
        return validate_answer(prompt, Answer(Status.ANSWERED, text=json.dumps(value)))

    assert checked({"type": "string", "pattern": "^A"}, "Anna").status is Status.ANSWERED
    assert checked({"type": "string", "pattern": "^A"}, "Tom").status is Status.INVALID
    assert checked({"type": "string", "format": "email"}, "no mail").status is Status.INVALID
