import pytest

from naze.errors import ConfigurationError
from naze.prompts import LANGUAGES, explain_template, language_name, written_in


def test_a_code_becomes_the_name_that_a_model_understands():
    assert [language_name(code) for code in ("ja", "en", "zh", "ko")] == [
        "Japanese",
        "English",
        "Chinese",
        "Korean",
    ]


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("german", "'de'"),
        ("Deutsh", None),
        ("zh-CN", "'zh'"),
        ("pt_BR", "'pt'"),
        ("JA", "'ja'"),
        ("Japanse", "'ja'"),
    ],
)
def test_an_unknown_code_is_told_with_the_nearest_one(wrong, near):
    with pytest.raises(ConfigurationError) as told:
        language_name(wrong)
    assert repr(wrong) in str(told.value)
    assert "ISO 639-1" in str(told.value)
    assert (f"did you mean {near}" in str(told.value)) if near else True


def test_own_words_are_japanese_for_japanese_and_else_english():
    assert {code: written_in(code) for code in ("ja", "en", "de", "zh")} == {
        "ja": "ja", "en": "en", "de": "en", "zh": "en"
    }  # fmt: skip


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_language_can_be_asked_for(code):
    prompt = explain_template(code).render(
        {"turns": [{"number": 1, "person": "Hi", "a": "A", "b": "B"}], "winner": "a"}, subject_id="1"
    )
    assert "日本語" in prompt.instruction if code == "ja" else LANGUAGES[code] in prompt.instruction
