"""Explanations are cut into single reasons, and each quote is the explanation's own words."""

import time
from pathlib import Path

import polars
import pytest

from naze.factors.reasons import MOST_REASONS, split_reasons
from naze.records import Winner

EXPLANATIONS = Path(__file__).parents[3] / "shared" / "data" / "explanations.parquet"

ENGLISH = """## 1. Summary of the prompt
The person wanted a clear and detailed quicksort.

## 2. Analysis of the responses
- **Response A**: Strengths: It is correct and easy to read. Weaknesses: It lacks code.
- **Response B**: "Sorting is better than not sorting."

## 3. Why people decided this way
Response B was preferred because it shows working code, while Response A only describes the idea.
Result of the vote: people chose **response B**."""

JAPANESE = """## 1. プロンプトの要約
人がより詳しい説明を求めています。

## 2. 回答の分析
- **回答A**: 良い点: 正確さ、網羅性、分かりやすさ、長さ、書式、口調
- **回答B**: 具体的で詳細ですが、長すぎます。

## 3. 人々がそう判断した理由
回答Bは「なぜ？」という質問に直接答えています。回答Bは「なぜ？」という質問に直接答えています。
投票結果: 人々は**回答B**を選びました。"""


def texts(explanation, language="en"):
    return [reason.text for reason in split_reasons("v", explanation, language=language)]


def test_the_third_step_comes_first_then_the_bullets_of_the_second():
    assert texts(ENGLISH) == [
        "shows working code",
        "only describes the idea",
        "is correct",
        "is easy to read",
        "lacks code",
    ]


def test_japanese_explanations_are_cut_the_same_way():
    assert texts(JAPANESE, "ja") == [
        "「なぜ？」という質問に直接答えています",
        "具体的です",
        "詳細です",
        "長すぎます",
    ]


def test_a_reason_knows_its_vote_its_number_its_language_and_the_result():
    reason = split_reasons("7", JAPANESE, language="ja", winner=Winner.B)[1]
    assert (reason.id, reason.vote_id, reason.language, reason.winner) == ("7#2", "7", "ja", Winner.B)
    assert reason.quote == "- **回答B**: 具体的で詳細ですが、長すぎます。"


def test_an_explanation_cut_off_in_the_second_step_still_gives_its_bullets():
    assert texts(ENGLISH.split("Weaknesses")[0]) == ["is correct", "is easy to read"]


def test_what_is_said_again_and_again_counts_once():
    assert texts("Response A is too long. " * 500) == ["is too long"]
    many = " ".join(f"Response A lacks part {number}." for number in range(200))
    assert len(texts(many)) == MOST_REASONS


@pytest.mark.parametrize("text", ["", "   \n", "8 9", "[[A]]", "```\nif better: pass\n```", "x" * 5000, "…"])
def test_what_names_no_reason_gives_none(text):
    assert texts(text) == []


def test_a_bare_result_is_kept_only_where_nothing_else_is_said():
    assert texts("Both responses are equally good.") == ["Both responses are equally good"]
    assert texts("Response A is better because it is short.") == ["is short"]


def test_an_explanation_in_another_language_gives_its_sentences():
    found = texts("Antwort A ist kürzer. Antwort B ist falsch.", "de")
    assert found == ["Antwort A ist kürzer.", "Antwort B ist falsch."]


def test_an_english_sentence_in_a_japanese_explanation_is_english():
    reasons = split_reasons("v", "回答Aは詳しいです。 Response B is too short.", language="ja")
    assert [reason.language for reason in reasons] == ["ja", "en"]


@pytest.mark.skipif(not EXPLANATIONS.exists(), reason="the shared data are not here")
def test_real_explanations_give_reasons_with_their_own_words_and_quickly():
    frame = polars.read_parquet(EXPLANATIONS).sample(400, seed=1)
    began = time.process_time()
    found = [
        (explanation, split_reasons(str(number), explanation, language=language))
        for number, (explanation, language) in enumerate(frame.select("explanation", "language").iter_rows())
    ]
    assert time.process_time() - began < 2  # 100,000 in 500 seconds would be far too slow; it takes about 50
    assert sum(bool(reasons) for _, reasons in found) >= 0.97 * len(found)
    assert all(reason.quote in explanation for explanation, reasons in found for reason in reasons)
