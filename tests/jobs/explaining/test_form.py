"""The form that an explanation is written in, and what its grammar lets a model write."""

import json
import re

import pytest

from naze.engines.json_grammar import bounded_grammar
from naze.engines.schemas import enforced
from naze.jobs.explaining import Form, Length
from naze.jobs.explaining.form import CHINESE_FORMS, headings
from naze.records import Vote, Winner

RESULTS = [Winner.A, Winner.B, Winner.TIE, Winner.BOTH_BAD, None]


def vote(winner=Winner.A, a="Paris. It lies on the Seine.", b="Lyon, I think."):
    return Vote("1", ("Capital of France?",), (a,), (b,), winner)


def patterns(schema):
    properties = json.loads(schema)["properties"]
    return {key: field["pattern"] for key, field in properties.items() if "pattern" in field}


@pytest.mark.parametrize("language", ["ja", "en", "de", "th"])
@pytest.mark.parametrize("length", list(Length))
@pytest.mark.parametrize("winner", RESULTS)
def test_every_form_has_a_grammar_of_naze_s_own(language, length, winner):
    schema = Form(language, length).schema(vote(winner))
    assert bounded_grammar(enforced(schema, "openvino").schema) is not None


def test_a_quote_is_one_of_the_response_s_own_passages():
    schema = json.loads(Form("en").schema(vote()))
    assert schema["properties"]["quote from A"] == {"enum": ["Paris.", "It lies on the Seine."]}
    assert schema["properties"]["quote from B"] == {"enum": ["Lyon, I think."]}


def test_a_response_that_says_nothing_is_quoted_with_nothing():
    schema = json.loads(Form("en").schema(vote(b=" ")))
    assert schema["properties"]["quote from B"] == {"enum": [""]}


def test_the_reason_begins_with_the_response_that_was_chosen():
    assert patterns(Form("ja").schema(vote(Winner.B)))["決め手"].startswith("^回答Bのほうが")
    assert patterns(Form("en").schema(vote(Winner.A)))["what decided it"].startswith("^Response A was chosen")


@pytest.mark.parametrize(
    ("text", "is_let"),
    [
        ("回答AはPythonのコードを示しています。", True),
        ("回答AはJohn F. KennedyとDonald Trumpを挙げています。", True),
        ("回答Aは3.5倍速いです。", True),
        ("回答Aは这个说明です。", False),
        ("回答Aは正しい。しかし長い。", False),
        ("回答Aは正しい", False),
        ("It is correct。", False),
    ],
)
def test_japanese_is_one_sentence_in_its_own_letters(text, is_let):
    pattern = patterns(Form("ja").schema(vote()))["回答Aの特徴"]
    assert (re.search(pattern, text) is not None) is is_let


@pytest.mark.parametrize(
    ("text", "is_let"),
    [
        ("Response A gives the code, e.g. a loop.", False),  # a point and a space end the sentence
        ("Response A uses version 3.5 of it.", True),
        ("Response A is right. It is short.", False),
        ("Response A names Beyoncé’s song.", True),
        ("Response A 説明 it.", False),
    ],
)
def test_english_is_one_sentence_in_its_own_letters(text, is_let):
    pattern = patterns(Form("en").schema(vote()))["feature of A"]
    assert (re.search(pattern, text) is not None) is is_let


def test_no_japanese_text_has_the_letters_that_are_left_out():
    for letter in CHINESE_FORMS:
        with pytest.raises(UnicodeEncodeError):
            letter.encode("shift_jis")


def test_as_a_contrast_only_the_second_point_begins_otherwise():
    form = Form("en")
    before, after = form.schema(vote()), form.as_contrast(form.schema(vote()))
    assert patterns(after)["feature of B"].startswith("^Unlike response A, response B ")
    assert {key for key in patterns(before) if patterns(before)[key] != patterns(after)[key]} == {
        "feature of B"
    }


def test_the_full_form_has_lists_of_points():
    properties = json.loads(Form("en", Length.FULL).schema(vote()))["properties"]
    assert properties["features of A"]["maxItems"] == 3
    assert list(properties["features of A"]["items"]["properties"]) == ["quote", "feature"]


def test_headings_are_in_the_explanation_s_language_or_english():
    assert headings("de")[2] == "Warum so entschieden wurde"
    assert headings("th") == headings("en")
