"""Prompts about one row share everything before the question, also when the row is shortened."""

import pytest

from naze.errors import TemplateError
from naze.prompts import RowPrompts, TableRow, Template, column_template, fit_materials
from naze.records import Fit


def template(name, subject="{{ text }}", question="Is it good?"):
    return Template(name, "en", "Answer.", subject, question)


def words(prompts):
    return [len(f"{prompt.instruction} {prompt.subject} {prompt.question}".split()) for prompt in prompts]


def fitted(asking, values, limit=1000, policy="shorten"):
    rows = [TableRow("1", values)]
    return list(fit_materials(asking.materials(rows), count=words, limit_tokens=limit, policy=policy))


def test_questions_about_one_row_share_its_subject():
    asking = RowPrompts([template("a"), template("b", question="Is it long?")], ["text", "id"])
    first, second = fitted(asking, {"text": "Hello"})
    assert first.prompt.subject == second.prompt.subject == "Hello"
    assert (first.prompt.question_id, second.prompt.question_id) == ("a", "b")
    assert asking.columns == ("text",)


def test_a_column_that_there_is_not_is_refused_and_the_nearest_suggested():
    with pytest.raises(TemplateError, match=r"'txt' is not defined; did you mean 'text'\?"):
        RowPrompts([template("a", "{{ txt }}")], ["text"])
    with pytest.raises(TemplateError, match=r"no column 'opening hour'; did you mean 'opening hours'\?"):
        RowPrompts([template("a", '{{ row["opening hour"] }}')], ["opening hours"])


def test_an_awkward_column_is_taken_by_its_name_alone():
    asking = RowPrompts([template("a", '{{ row["opening hours"] }}')], ["opening hours", "other"])
    assert asking.columns == ("opening hours",)
    [one] = fitted(asking, {"opening hours": "9 to 5"})
    assert one.prompt.subject == "9 to 5"


def test_a_builtin_template_reads_the_column_that_a_person_names():
    asking = RowPrompts([column_template("tidy", "ja", '会社 "名"', task="{{ 正式名称 }}")], ['会社 "名"'])
    [one] = fitted(asking, {'会社 "名"': "日立"})
    assert one.prompt.subject == "<セル>\n日立\n</セル>"
    assert one.prompt.question == "{{ 正式名称 }}"


@pytest.mark.parametrize("values", [{"text": None}, {"text": " \n"}])
def test_a_row_with_nothing_to_ask_about_passes_with_its_reason(values):
    [one] = fitted(RowPrompts([template("a")], ["text"]), values)
    assert one.problem == "nothing to ask: text empty"


def test_an_expression_that_fails_on_one_row_concerns_this_row_alone():
    asking = RowPrompts([template("a", "{{ stars + 1 }}")], ["stars"])
    [one] = fitted(asking, {"stars": "many"})
    assert "row '1'" in one.problem and "can only concatenate str" in one.problem


def test_a_null_among_other_cells_is_an_empty_text():
    asking = RowPrompts([template("a", "{{ text }} ({{ stars }})")], ["text", "stars"])
    [one] = fitted(asking, {"text": "Hello", "stars": None})
    assert one.prompt.subject == "Hello ()"


def test_a_row_that_is_too_long_is_shortened_alike_for_all_its_questions():
    asking = RowPrompts([template("a"), template("b", question="Is it long, or is it short?")], ["text"])
    both = fitted(asking, {"text": "word " * 5000}, limit=300)
    assert {one.fit for one in both} == {Fit.SHORTENED}
    assert both[0].prompt.subject == both[1].prompt.subject
    assert "characters left out" in both[0].prompt.subject
    assert 200 < max(one.tokens for one in both) <= 300


@pytest.mark.parametrize(("policy", "done"), [("route", Fit.ROUTED), ("fail", Fit.OVERFLOW)])
def test_a_row_that_is_too_long_goes_where_the_policy_says(policy, done):
    [one] = fitted(RowPrompts([template("a")], ["text"]), {"text": "word " * 5000}, 300, policy)
    assert one.fit is done and one.whole_tokens > 5000
