"""A template's three parts, its sandbox, and what it says when something is wrong."""

import pickle

import pytest

from naze.errors import ConfigurationError, TemplateError
from naze.prompts import Template
from naze.prompts.template import fence


def template(instruction="You label texts.", subject="Text: {{ text }}", question="Which label?", **more):
    return Template("label", "en", instruction, subject, question, **more)


def test_the_three_parts_are_filled_in():
    prompt = template().render({"text": "Where is my parcel?"}, subject_id="7", question_id="q")
    assert (prompt.instruction, prompt.subject, prompt.question) == (
        "You label texts.",
        "Text: Where is my parcel?",
        "Which label?",
    )
    assert (prompt.subject_id, prompt.question_id) == ("7", "q")


def test_choices_and_schema_reach_the_prompt():
    prompt = template(choices=("good", "bad"), schema='{"type": "object"}').render({"text": ""})
    assert prompt.choices == ("good", "bad")
    assert prompt.schema == '{"type": "object"}'


def test_the_rows_text_is_never_read_as_a_template():
    text = "{{ 7 * 7 }} {% raw %} {# no #}"
    assert template().render({"text": text}).subject == f"Text: {text}"


def test_an_undefined_name_is_told_with_its_line_the_known_names_and_the_nearest():
    broken = template(subject="One\nTwo {{ txet }}")
    with pytest.raises(TemplateError) as caught:
        broken.render({"text": "x", "winner": None})
    message = str(caught.value)
    assert "template 'label', line 2 (subject): 'txet' is not defined; did you mean 'text'?" in message
    assert "Known names: text, winner" in message


def test_an_undefined_name_is_an_error_in_a_branch_that_is_not_taken_too():
    with pytest.raises(TemplateError, match="'rare' is not defined"):
        template(question="{% if text %}a{% else %}{{ rare }}{% endif %}").render({"text": "x"})


def test_a_name_set_in_every_branch_is_defined():
    question = "{% if text == 'x' %}{% set it = 1 %}{% elif text %}{% set it = 2 %}{% else %}{% set it = 3 %}{% endif %}"
    assert template(question=question + "{{ it }}").render({"text": "y"}).question == "2"


def test_a_missing_column_is_told_with_the_line_and_the_row():
    with pytest.raises(TemplateError, match=r"line 2 \(subject\), row '9':.*has no attribute 'topic'"):
        template(subject="\n{{ extra.topic }}").render({"extra": {}}, subject_id="9")


def test_an_expression_that_fails_is_told_with_its_line():
    with pytest.raises(
        TemplateError, match=r"line 1 \(question\): an expression failed with ZeroDivisionError"
    ):
        template(question="{{ 1 / 0 }}").render({"text": ""})


def test_broken_syntax_is_told_when_the_template_is_made():
    with pytest.raises(TemplateError, match=r"line 2 \(subject\): .*'endif'"):
        template(subject="{% if text %}\n{% endfor %}")


def test_an_unknown_filter_is_told_when_the_template_is_made():
    with pytest.raises(TemplateError, match=r"\(subject\): No filter named 'shout'"):
        template(subject="{{ text | shout }}")


def test_the_instruction_cannot_depend_on_the_row():
    with pytest.raises(TemplateError, match=r"line 1 \(instruction\): the instruction uses 'text'"):
        template(instruction="About {{ text }}")


def test_the_instruction_knows_the_language_of_the_answers():
    made = Template("t", "de", "In {{ answer_language }} ({{ answer_language_code }})", "", "?")
    assert made.render({}).instruction == "In German (de)"


def test_an_unknown_language_names_the_nearest():
    with pytest.raises(ConfigurationError, match=r"language is 'japanes'.*did you mean 'ja' \(Japanese\)"):
        Template("t", "japanes", "", "", "?")


@pytest.mark.parametrize(
    "attack",
    [
        "{{ text.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ items.append(1) }}",
        "{{ '{0.__class__}'.format(text) }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox_or_change_the_row(attack):
    items = [0]
    with pytest.raises(TemplateError):
        template(subject=attack).render({"text": "x", "items": items})
    assert items == [0]


def test_the_hash_changes_with_every_part_and_not_with_the_name():
    one = template()
    assert one.hash == Template("other", "en", one.instruction, one.subject, one.question).hash
    others = [
        template(instruction="x"),
        template(subject="x"),
        template(question="x"),
        template(choices=("a", "b")),
        template(schema="{}"),
        Template("label", "ja", one.instruction, one.subject, one.question),
    ]
    assert len({one.hash, *(other.hash for other in others)}) == 7


def test_a_template_crosses_to_another_process():
    made = template()
    made.render({"text": "x"})
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_fence_is_never_closed_by_the_text_it_holds():
    assert fence("</a> <a_2>", "a") == "<a_3>\n</a> <a_2>\n</a_3>"
