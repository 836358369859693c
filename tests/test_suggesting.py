"""A slip is put right; what only looks alike, or is used already, is never suggested."""

import pytest

from naze.suggesting import did_you_mean, nearest


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
