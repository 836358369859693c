"""Built-in templates and template files, whole and broken."""

import re

import pytest

from naze.errors import ConfigurationError, TemplateError
from naze.prompts import LANGUAGES, explain_template, load_template, parse_template, vote_prompt
from naze.records import Vote, Winner

GOOD = """{# A comment. #}
{% set greeting = "Judge" %}
{% block instruction %}{{ greeting }} in {{ answer_language }}.{% endblock %}
{% block subject %}
{{ prompt[0] | fence("prompt") }}
{% endblock subject %}
{%- block question -%}
Why {{ winner }}?
{%- endblock -%}
"""
VOTE = Vote("7", ("Hi",), ("A",), ("B",), Winner.TIE)


def write(folder, text, name="mine.j2"):
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_file_with_three_blocks_is_a_template(tmp_path):
    template = load_template(write(tmp_path, GOOD), "fr")
    prompt = vote_prompt(template, VOTE)
    assert template.name == "mine"
    assert prompt.instruction == "Judge in French."
    assert prompt.subject == "<prompt>\nHi\n</prompt>"
    assert prompt.question == "Why tie?"
    assert (prompt.subject_id, prompt.question_id) == ("7", "")


def test_a_message_names_the_line_of_the_file(tmp_path):
    path = write(tmp_path, GOOD.replace("prompt[0]", "promt[0]"))
    with pytest.raises(TemplateError, match=r"mine\.j2, line 5 \(subject\): 'promt'.*did you mean 'prompt'"):
        vote_prompt(load_template(path, "en"), VOTE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (re.sub(r"\{%- block question.*", "", GOOD, flags=re.S), "the part 'question' is missing"),
        ("", "the part 'instruction' and 'subject' and 'question' is missing"),
        (GOOD.replace("block subject %", "block subjekt %").replace("endblock subject", "endblock subjekt"),
         "line 4: unknown part 'subjekt'; did you mean 'subject'"),
        (GOOD + "{% block extra %}{% endblock %}", "unknown part 'extra'"),
        (GOOD + "{% block subject %}{% endblock %}", r"line 10: block 'subject'.*defined|stands twice"),
        (GOOD + "Forgotten text", "'Forgotten text' stands outside the three parts"),
        (GOOD + "{{ prompt }}", "stands outside the three parts"),
        (GOOD.replace("Why", "{% include 'x' %}"), "include is not possible"),
        (GOOD.replace("{%- endblock -%}", ""), "line "),
        (GOOD.replace("Why", "{% block inner %}x{% endblock %}"), "line 7: part 'question' holds another part"),
        (GOOD.replace("A comment.", "{% block subject %}x{% endblock %}"), "also stands in a comment"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_before_anything_is_asked(tmp_path, text, message):
    with pytest.raises(TemplateError, match=message) as caught:
        load_template(write(tmp_path, text), "en")
    assert "mine.j2" in str(caught.value)


def test_an_unknown_name_names_what_there_is(tmp_path):
    with pytest.raises(TemplateError, match=r"'explian'.*did you mean 'explain'"):
        load_template("explian", "en")


def test_a_folder_or_a_file_that_is_not_utf8_is_told(tmp_path):
    with pytest.raises(TemplateError, match="cannot be read"):
        load_template(tmp_path, "en")
    path = tmp_path / "sjis.j2"
    path.write_bytes("説明".encode("shift_jis"))
    with pytest.raises(TemplateError, match="not UTF-8"):
        load_template(path, "ja")


def test_an_unknown_language_is_an_error():
    with pytest.raises(ConfigurationError, match="language is 'xx'"):
        explain_template("xx")


def test_japanese_has_a_text_of_its_own():
    assert "投票" in explain_template("ja").instruction
    assert "{{ answer_language }}" in explain_template("en").instruction


@pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"ja", "en"}))
def test_any_other_language_is_asked_for_in_english(code):
    instruction = vote_prompt(explain_template(code), VOTE).instruction
    assert f"everything you write is in {LANGUAGES[code]}" in instruction


def test_text_in_python_is_taken_apart_as_a_file_is():
    assert parse_template(GOOD, "mine", "en").question.strip() == (
        parse_template(GOOD, "other", "en").question.strip()
    )
