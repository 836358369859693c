"""A slip is put right; what only looks alike, or is used already, is never suggested."""

import pytest

from naze.suggesting import did_you_mean, did_you_mean_any, nearest


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("txt", ["text", "label"], "text"),
        ("respons_b", ["response_a", "response_b"], "response_b"),
        ("respnse", ["response", "prompt"], "response"),
        ("Text", ["text"], "text"),
        ("質問分", ["質問文", "回答"], "質問文"),
        ("response_b", ["prompt", "response_a"], None),
        ("responseB", ["responseA"], None),
        ("model_b", ["model_a", "winner"], None),
        ("text2", ["text1"], None),
        ("output 2", ["output 1", "outputs 2"], "outputs 2"),
        ("Answer 10", ["Answer 9"], None),
        ("response_b", ["response_a", "response_bb"], "response_bb"),
    ],
)
def test_a_slip_is_told_from_another_thing(name, known, meant):
    assert nearest(name, known) == meant


def test_what_is_used_already_is_not_suggested():
    assert did_you_mean("response", ["responses", "prompt"]) == " Did you mean 'responses'?"
    assert did_you_mean("response", ["responses", "prompt"], used=["responses"]) == ""


def test_several_wrong_names_are_put_right_in_one_question_without_saying_a_name_twice():
    assert did_you_mean_any(["response_a", "response_b"], ["response"]) == " Did you mean 'response'?"
    assert did_you_mean_any(["promt", "txt"], ["prompt", "text"]) == " Did you mean 'prompt' and 'text'?"
    assert did_you_mean_any(["promt", "zzz"], ["prompt", "text"]) == " Did you mean 'prompt'?"
    assert did_you_mean_any([], ["prompt"]) == did_you_mean_any(["zzz"], ["prompt"]) == ""
