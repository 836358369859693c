"""The messages of a chat as a prompt takes them."""

import pytest

from naze.jobs.batch.contract import RequestProblem
from naze.jobs.batch.conversations import read_messages
from naze.records import Role, Turn


def said(*pairs):
    return read_messages([{"role": role, "content": content} for role, content in pairs])


def test_one_question_is_a_question():
    found = said(("user", "Why?"))
    assert (found.instruction, found.earlier, found.question) == ("", (), "Why?")


def test_system_and_developer_texts_at_the_head_are_the_instruction():
    found = said(("system", "Be brief."), ("developer", "Be kind."), ("user", "Why?"))
    assert (found.instruction, found.question) == ("Be brief.\n\nBe kind.", "Why?")


def test_what_was_said_between_keeps_its_roles_and_its_order():
    found = said(("system", "s"), ("user", "a"), ("assistant", "b"), ("system", "c"), ("user", "d"))
    assert found.earlier == (Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b"), Turn(Role.SYSTEM, "c"))
    assert found.question == "d"


def test_a_conversation_may_end_with_the_assistant():
    found = said(("user", "a"), ("assistant", "b"))
    assert (found.earlier[-1], found.question) == (Turn(Role.ASSISTANT, "b"), "")


def test_parts_of_text_are_joined():
    content = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert read_messages([{"role": "user", "content": content}]).question == "one\ntwo"


def test_a_reply_may_be_put_back_as_it_came():
    reply = {"role": "assistant", "content": "b", "refusal": None, "tool_calls": None, "annotations": []}
    assert read_messages([{"role": "user", "content": "a"}, reply]).earlier[-1].text == "b"


@pytest.mark.parametrize(
    ("messages", "param", "code", "said"),
    [
        (None, "messages", "missing_required_parameter", "at least one"),
        ([], "messages", "invalid_type", "at least one"),
        (["hi"], "messages[0]", "invalid_type", "object"),
        ([{"role": "king", "content": "a"}], "messages[0].role", "invalid_type", "system, developer"),
        ([{"role": "tool", "content": "a"}], "messages[0].role", "unsupported_parameter", "tools"),
        ([{"role": "system", "content": "a"}], "messages", "invalid_value", "turn of the person"),
        ([{"role": "user", "content": None}], "messages[0].content", "missing_required_parameter", "text"),
        ([{"role": "user", "content": "a", "name": "Bo"}], "messages[0].name", "unsupported_parameter", "name"),
        ([{"role": "user", "content": "a", "mood": 1}], "messages[0].mood", "unknown_parameter", "mood"),
        ([{"role": "user", "content": [{"type": "text"}]}], "messages[0].content[0]", "invalid_type", "text"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
            "messages[0].content[0].type",
            "unsupported_parameter",
            "only text",
        ),
        (
            [{"role": "assistant", "content": "a", "tool_calls": [{"id": "1"}]}],
            "messages[0].tool_calls",
            "unsupported_parameter",
            "tool_calls",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_named_by_its_place(messages, param, code, said):
    found = read_messages(messages)
    assert isinstance(found, RequestProblem)
    assert (found.param, found.code) == (param, code)
    assert said in found.message
