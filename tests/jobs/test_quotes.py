"""A quote is the source's own characters, or it is rejected."""

import pytest

from naze.jobs.quotes import bears, check_quote, restore_quote

SOURCE = "回答Ａは正確、簡潔です。 It says “hello  world” and `stops`."


@pytest.mark.parametrize(
    ("quote", "kept"),
    [
        ("回答Ａは正確", "回答Ａは正確"),
        ("回答A は正確,簡潔", "回答Ａは正確、簡潔"),
        ('"hello world"', "“hello  world”"),
        ("  It says ", "It says"),
        ("and stops", None),
        ("回答Bは正確", None),
        ("", None),
        ("   ", None),
        ("**回答Ａは正確**", "回答Ａは正確"),
    ],
)
def test_only_white_space_width_and_marks_may_differ(quote, kept):
    assert restore_quote(quote, SOURCE) == kept
    assert kept is None or check_quote(kept, SOURCE)


def test_a_quote_that_differs_in_a_letter_is_none():
    assert not check_quote("回答Bは正確", SOURCE)
    assert not check_quote(" ", SOURCE)


@pytest.mark.parametrize(
    ("quote", "reason", "expected"),
    [
        ("It was more detailed.", "gives more detail", True),
        ("It was long.", "contains factual errors", False),
        ("より詳しく説明しています", "説明が詳しい", True),
        ("より詳しく説明しています", "誤りがある", False),
        ("It was more detailed.", "より詳しい", True),
        ("It was long.", "", False),
    ],
)
def test_a_quote_bears_a_reason_when_they_share_a_word(quote, reason, expected):
    assert bears(quote, reason) is expected
