"""Texts are cut where a sentence or a clause ends, and nowhere else."""

import pytest

from naze.factors.sentences import clauses, script_language, sentences


def cut(text):
    return [text[start:end] for start, end in sentences(text)]


def cut_clauses(text, language):
    return [text[start:end] for start, end in clauses(text, (0, len(text)), language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs 3.5 dollars. Good.", ["It costs 3.5 dollars.", "Good."]),
        ("It names tools, e.g. Rust. Fine.", ["It names tools, e.g. Rust.", "Fine."]),
        ("Dr. Who is named. It is short!", ["Dr. Who is named.", "It is short!"]),
        ('It says "Why? Because." and stops.', ['It says "Why?', 'Because." and stops.']),
        ("1. It is short.\n2. It is clear.", ["1. It is short.", "2. It is clear."]),
        ("短い。分かりやすい！", ["短い。", "分かりやすい！"]),
        (
            "「なぜ？本当？」という質問に答えていません。短い。",
            ["「なぜ？本当？」という質問に答えていません。", "短い。"],
        ),
        ("「閉じない括弧。次の文。", ["「閉じない括弧。", "次の文。"]),
        ("It works:\n```\na = 1. b\nc. D\n```\nIt is short.", ["It works:", "It is short."]),
        ("It works:\n```\nnever closed. At all.", ["It works:"]),
        ("", []),
    ],
)
def test_a_sentence_ends_where_it_ends(text, expected):
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            "A is correct, while B is wrong and lacks detail",
            ["A is correct", "B is wrong", "lacks detail"],
        ),
        ("en", "B is better because it is short", ["B is better", "it is short"]),
        ("en", "it is clear and concise", ["it is clear and concise"]),
        ("en", "it is sincere but butter is named", ["it is sincere", "butter is named"]),
        ("ja", "Aは短いですが、Bは長いです", ["Aは短いです", "Bは長いです"]),
        ("ja", "Aは正確であり、詳しいため、優れています", ["Aは正確であり", "詳しい", "優れています"]),
        ("de", "A ist kurz, weil es wenig sagt", ["A ist kurz, weil es wenig sagt"]),
    ],
)
def test_a_clause_says_one_thing(language, text, expected):
    assert cut_clauses(text, language) == expected


def test_a_text_in_two_languages_is_told_by_its_script():
    assert script_language("短くて良い", "en") == "ja"
    assert script_language("It is short", "ja") == "en"
    assert script_language("Es ist kurz", "de") == "de"
    assert script_language("这个回答很短", "ja") == "ja"
    assert script_language("123", None) is None
