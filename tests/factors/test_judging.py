"""What says nothing is told from what judges, in Japanese and in English."""

import pytest

from naze.factors.judging import is_echo, is_vacuous, judges, qualities, says_nothing
from naze.factors.names import without_names

SAYS_NOTHING = [
    ("en", "Both answers are equally good."),
    ("en", "is better"),
    ("en", "The two responses are very similar in quality"),
    ("en", "Neither response is better than the other"),
    ("en", "It is difficult to determine which one is better"),
    ("en", "Scores: 9"),
    ("ja", "どちらも同じ"),
    ("ja", "どちらの回答も同じくらい良いため、引き分けです"),
    ("ja", "より優れていると判断します"),
    ("ja", "両者の回答は同等の質であると判断します"),
    ("ja", "大きな差はありません"),
]
SAYS_SOMETHING = [
    ("en", "both are equally short"),
    ("en", "is clear"),
    ("en", "did not show any steps, so it is difficult to determine where it went wrong"),
    ("ja", "両方の回答は同じくらい簡潔です"),
    ("ja", "明確です"),
    ("ja", "より有用です"),
    ("de", "beide sind gleich gut"),
]


@pytest.mark.parametrize(("language", "text"), SAYS_NOTHING)
def test_a_bare_result_is_vacuous(language, text):
    assert is_vacuous(text, language)


@pytest.mark.parametrize(("language", "text"), SAYS_SOMETHING)
def test_a_quality_is_not_vacuous(language, text):
    assert not is_vacuous(text, language)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "It focuses on the economy of Egypt", False),
        ("en", "It lacks a summary", True),
        ("ja", "エジプトの経済を取り上げている", False),
        ("ja", "要約が欠けている", True),
        ("de", "Es handelt von Ägypten", True),
    ],
)
def test_a_clause_judges_by_a_quality_a_fault_or_a_comparison(language, text, expected):
    assert judges(text, language) is expected


def test_the_templates_own_list_of_criteria_is_an_echo():
    assert is_echo("良い点: 正確さ、網羅性、分かりやすさ、長さ、書式、口調")
    assert is_echo("its strengths and weaknesses (correctness, completeness, clarity, length, format, tone)")
    assert not is_echo("長さは適切で、書式も口調も丁寧です")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Assistant 1's answer was shorter than Assistant 2's answer", "was shorter than the other"),
        ("en", "- **Response A**: Strengths: It is short", "is short"),
        ("en", "Both Assistant 1 and Assistant 2 are polite", "both are polite"),
        ("ja", "アシスタントAの回答は短いです。", "短いです"),
        ("ja", "**回答B**: 良い点: 詳しい", "詳しい"),
        ("ja", "しかし、回答Bは回答Aより詳しい", "もう一方より詳しい"),
    ],
)
def test_names_are_no_part_of_a_reason(language, text, expected):
    assert without_names(text, language) == expected


def test_a_list_of_qualities_is_cut():
    assert qualities("深く、詳細な説明", "ja") == ["深い", "詳細な説明"]
    assert qualities("is clear and concise", "en") == ["is clear", "is concise"]
    assert qualities("lists apples, pears, and plums", "en") == ["lists apples, pears, and plums"]


def test_a_verdict_without_its_subject_matter_says_nothing():
    assert says_nothing("provides more …", "en")
    assert not says_nothing("provides more examples", "en")
