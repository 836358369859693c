"""Where a question stands: what many prompts share comes first, so that it is read once."""

import pytest

from naze.jobs.questions import Question, as_asked
from naze.prompts import RowPrompts
from naze.prompts.loading import column_template


def prompt_of(question, *, first, language="en", instruction=None):
    asked = as_asked(question, language, instruction, lambda _: True, first=first)
    [prompt] = RowPrompts([asked.template], ["text"]).make("1", {"text": "Late again."})
    return prompt


def test_a_question_that_is_to_stand_first_ends_the_instruction_that_all_rows_share():
    question = Question("late", "Is this about delivery? {{ text }}", ("yes", "no"))
    prompt = prompt_of(question, first=True)
    assert prompt.instruction.endswith("explanation.\n\nIs this about delivery?")
    assert "question comes first" in prompt.instruction
    assert prompt.subject == "<text>\nLate again.\n</text>"
    assert prompt.question == "Answer with exactly one of: yes, no"


def test_a_question_stands_behind_the_row():
    question = Question("late", "Is this about delivery? {{ text }}", ("yes", "no"))
    prompt = prompt_of(question, first=False)
    assert prompt.subject == "<text>\nLate again.\n</text>"
    assert prompt.question == "Is this about delivery?\n\nAnswer with exactly one of: yes, no"
    assert "row comes first" in prompt.instruction


def test_the_list_of_choices_leads_with_the_question():
    choices = ("fine", "bad")
    question = Question(
        "kind", "Which is it? {{ text }}", choices, {"fine": "nothing to do", "bad": "to mend"}
    )
    prompt = prompt_of(question, first=True)
    assert prompt.instruction.endswith(
        "\n\nWhich is it?\n\nChoose one of these:\nA: fine - nothing to do\nB: bad - to mend"
    )
    assert prompt.subject == "<text>\nLate again.\n</text>"
    assert prompt.question == "Answer with the letter of the right choice alone."


@pytest.mark.parametrize("first", [True, False])
def test_what_was_written_behind_the_row_stays_there(first):
    prompt = prompt_of(Question("short", "{{ text }}\nSum up the text above."), first=first)
    assert (prompt.subject, prompt.question) == ("Late again.", "Sum up the text above.")


def test_an_instruction_of_ones_own_stands_before_the_question():
    prompt = prompt_of(Question("x", "Translate: {{ text }}"), first=True, instruction="Be brief.")
    assert prompt.instruction == "Be brief.\n\nTranslate:"


@pytest.mark.parametrize("name", ["label", "sentiment", "tidy", "extract"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_built_in_questions_end_the_instruction_behind_one_empty_line(name, language):
    task = "Write in capitals." if name in ("tidy", "extract") else None
    template = column_template(name, language, "text", task=task)
    choices = () if task else ("fine", "bad")
    prompt = prompt_of(
        Question("x", template, choices, lettered=True, leads=True), first=True, language=language
    )
    assert prompt.subject.startswith("<")
    assert "Late again." in prompt.subject
    assert prompt.instruction.count("\n\n") == (1 if task else 2)
    assert "\n\n\n" not in prompt.instruction
    assert prompt.question == "" or choices


def test_a_template_of_ones_own_keeps_its_order():
    template = column_template("label", "en", "text")
    prompt = prompt_of(Question("x", template, ("fine", "bad")), first=True)
    assert prompt.subject.startswith("<text>")


def test_a_question_that_looks_at_the_row_stays_behind_it():
    prompt = prompt_of(Question("x", "Is {{ text }} late? {{ text }}"), first=True)
    assert "Late again. late?" in prompt.subject + prompt.question
