"""Explanations are read, looked up and laid out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.jobs.explaining import EXPLANATION_COLUMNS, Explanation, Form, Length, Point, read_explanation
from naze.jobs.explaining.explanation import explanation_of_columns
from naze.records import Vote, Winner

VOTE = Vote("1", ("Capital?",), ("The **capital** is\nParis.",), ("Lyon.", None), Winner.A)
WRITTEN = {
    "what the person asked for": "The person asked for the capital.",
    "quote from A": "The **capital** is",
    "feature of A": "Response A names Paris.",
    "quote from B": "Lyon.",
    "feature of B": "Response B names Lyon.",
    "what decided it": "Response A was chosen because it is right.",
}


def read(vote=VOTE, **changes):
    return read_explanation(json.dumps({**WRITTEN, **changes}), vote, Form("en"))


def test_an_explanation_is_laid_out_under_three_headings():
    assert read().lay_out() == (
        "## 1. Summary of the prompt\n"
        "The person asked for the capital.\n\n"
        "## 2. Analysis of the responses\n"
        "- **Response A** names Paris. “The **capital** is …”\n"
        "- **Response B** names Lyon. “Lyon.”\n\n"
        "## 3. Why people decided this way\n"
        "Response A was chosen because it is right."
    )


@pytest.mark.parametrize(
    "quote", ["The capital is Paris.", "The **capital** is\nParis.", "Ｔｈｅ capital  is", "capital"]
)
def test_a_quote_is_verified_white_space_width_and_markdown_aside(quote):
    assert read(**{"quote from A": quote}).of("a")[0].verified is True


def test_a_quote_of_the_other_response_is_not_verified_and_says_so():
    explanation = read(**{"quote from A": "Lyon."})
    assert explanation.of("a")[0].verified is False
    assert (explanation.verified, explanation.quoted) == (1, 2)
    assert "(its quote is not in the response)" in explanation.lay_out()
    assert "“Lyon.”" in explanation.lay_out().splitlines()[5]


def test_where_a_response_says_nothing_there_is_nothing_to_verify():
    silent = Vote("1", ("Capital?",), ("Paris.",), (None,), Winner.A)
    explanation = read(silent, **{"quote from A": "Paris.", "quote from B": ""})
    assert explanation.of("b")[0].verified is None
    assert (explanation.verified, explanation.quoted) == (1, 1)


@pytest.mark.parametrize("said", ["🍄", ".", "---"])
def test_where_a_response_has_nothing_to_quote_no_quote_is_missing(said):
    sign = Vote("1", ("Capital?",), ("Paris.",), (said,), Winner.A)
    explanation = read(sign, **{"quote from A": "Paris.", "quote from B": ""})
    assert explanation.of("b")[0].verified is None
    assert "not in the response" not in explanation.lay_out()
    assert read(**{"quote from A": ""}).of("a")[0].verified is False


def test_columns_hold_every_field():
    columns = read().columns()
    assert tuple(columns) == EXPLANATION_COLUMNS
    assert columns["quote_b"] == "Lyon." and columns["verified_a"] is True and columns["shared"] is None


@given(st.integers(0, 400))
def test_what_was_cut_off_is_read_as_far_as_it_goes(length):
    whole = json.dumps(WRITTEN)
    explanation = read_explanation(whole[:length], VOTE, Form("en"))
    if explanation is None:
        assert length <= len('{"what the person asked for": "T')
        return
    assert WRITTEN["what the person asked for"].startswith(explanation.asked)
    assert read().reason.startswith(explanation.reason)
    assert all(point.verified for point in explanation.points)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"what the person asked for": 3}', None])
def test_what_is_not_of_the_form_is_no_explanation(text):
    assert read_explanation(text, VOTE, Form("en")) is None


def test_the_full_form_has_several_points_of_a_response():
    written = {
        "what the person asked for": "The person asked for the capital.",
        "features of A": [
            {"quote": "Paris.", "feature": "Response A names Paris."},
            {"quote": "Rome.", "feature": "Response A names Rome."},
        ],
        "features of B": [{"quote": "Lyon.", "feature": "Response B names Lyon."}],
        "what decided it": "Response A was chosen because it is right.",
    }
    explanation = read_explanation(json.dumps(written), VOTE, Form("en", Length.FULL))
    assert [point.verified for point in explanation.points] == [True, False, True]
    assert explanation.columns()["point_a"] == "Response A names Paris.\nResponse A names Rome."
    assert explanation.columns()["verified_a"] is False


SAID = st.text(alphabet="abc .\n", max_size=9)


@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=3))
def test_points_and_quotes_stay_together_in_the_columns_of_an_export(entries):
    points = tuple(
        Point("a", text.strip(), quote.strip(), True) for text, quote in entries if (text + quote).strip()
    )
    explanation = Explanation("en", "The person asked.", points, "It is right.")
    read_back = explanation_of_columns(explanation.columns(), "en").of("a")
    assert [(point.text, point.quote) for point in read_back if point.text or point.quote] == [
        (" ".join(point.text.splitlines()), " ".join(point.quote.splitlines())) for point in points
    ]


def test_a_text_of_brackets_alone_is_no_explanation():
    assert read_explanation("[" * 200_000, VOTE, Form("en")) is None
