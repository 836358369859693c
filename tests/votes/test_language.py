"""Languages as people would say them; None where a person would hesitate too."""

from dataclasses import replace

import polars as pl
import pytest

from naze.votes import detect_language, read_votes
from naze.votes.language import detect_languages, iso_codes, languages_in

FRENCH = ("Pourrais-tu m'expliquer pourquoi le ciel est bleu pendant la journée et rouge le soir ?",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I wrap a present neatly? I have paper and tape.", "en"),
        ("時間管理能力を向上させるにはどうしたらいいですか？", "ja"),
        ("请告诉我怎样才能在一个月之内学会游泳，以及需要准备什么东西。", "zh"),
        ("한국의 전통 음식 중에서 가장 인기 있는 음식은 무엇입니까? 자세히 알려 주세요.", "ko"),
        ("¿Cuál es la capital de Argentina y cuántos habitantes tiene hoy en día?", "es"),
        ("hi", None),
        ("2 + 2 = ?", None),
        ("", None),
    ],
)
def test_a_text_has_the_language(text, language):
    assert detect_language(text) == language


def test_real_prompts_are_detected_as_the_sources_say(shared_data):
    japanese = read_votes(shared_data / "ja_vicuna_gpt4.parquet")
    assert set(detect_languages([vote.prompt[0] for vote in japanese])) <= {"ja", None}
    english = read_votes(shared_data / "tulu_human_eval.parquet")
    found = detect_languages([vote.prompt[0] for vote in english])
    assert sum(language == "en" for language in found) > 0.95 * len(found)


def test_names_and_codes_become_iso_codes():
    names = pl.Series("language", ["English", "en", "zh-Hant", "pt_BR", "Klingon", "unknown", None])
    assert iso_codes(names).to_list() == ["en", "en", "zh", "pt", None, None, None]


def test_languages_of_a_file_without_a_column_for_them_are_detected(shared_data):
    votes = list(read_votes(shared_data / "kaggle_train_sample.csv", limit=300))
    assert not any(vote.language for vote in votes)
    assert languages_in(votes) == ("en",)  # though the detector takes some single prompts for others
    french = [replace(vote, prompt=FRENCH) for vote in votes[:30]]
    assert languages_in([*votes, *french]) == ("en", "fr")
    assert languages_in(french[:1]) == ("fr",)


def test_what_votes_say_of_their_language_is_believed(shared_data):
    [vote] = read_votes(shared_data / "tulu_human_eval.parquet", limit=1)
    assert languages_in([replace(vote, language="de"), replace(vote, prompt=("hi",), language=None)]) == (
        "de",
    )
    assert languages_in([]) == ()


def test_of_many_votes_few_prompts_are_looked_at(shared_data, monkeypatch):
    votes = [replace(vote, language=None) for vote in read_votes(shared_data / "tulu_human_eval.parquet")]
    asked = []
    monkeypatch.setattr(
        "naze.votes.language.detect_languages", lambda texts: asked.extend(texts) or [None] * len(texts)
    )
    languages_in(votes * 3)
    assert 500 < len(asked) <= 1_000
