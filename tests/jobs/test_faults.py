"""What anybody sees to be wrong with a text is found, and what is right is left alone."""

import polars as pl
import pytest

from naze.jobs.faults import Mark, are_alike, text_marks

GOOD = [
    ("回答Bはクイックソートの実装を示し、実行例も付けています。", "ja"),
    ("回答Aは「这是」という中国語を引用しています。", "ja"),
    ("質問者は、Matt Damonが放射線を浴びる映画を知りたがっています。", "ja"),
    ("Response A is correct, short and clear, while response B is long and repeats the question.", "en"),
    ("It quotes “東京” and explains it.", "en"),
    ("終了後に了解を得ていて、内容も完了しています。", "ja"),
    ("Die Antwort ist richtig und kurz.", "de"),
]
BAD = [
    ("それがそれがそれがそれがそれがそれが良い。", "ja", Mark.LOOPING),
    ("It is good. It is clear. It is good. It is clear. It is good. It is clear.", "en", Mark.LOOPING),
    ("正確です、詳しい内容です、正確です、詳しい内容です、正確です、詳しい内容です。", "ja", Mark.LOOPING),
    ("!!!!!!!!!!!!!!!!!!", "en", None),
    ("aaaaaaaaaaaaaaaaaaaaaa", "en", Mark.LOOPING),
    ("The response is correct and it explains everything well.", "ja", Mark.LANGUAGE),
    ("回答は正しく、詳しく説明しています。とても良い回答です。", "en", Mark.LANGUAGE),
    ("回答Aは这个問題について説明しています。", "ja", Mark.LETTERS),
    ("回答Bは具体的なコードを提供了ため、わかりやすい。", "ja", Mark.LETTERS),
    ("The response explains 説明 well and is correct.", "en", Mark.LETTERS),
]


@pytest.mark.parametrize(("text", "language"), GOOD)
def test_a_good_text_has_no_mark(text, language):
    assert text_marks(text, language) == ()


@pytest.mark.parametrize(("text", "language", "mark"), BAD)
def test_a_fault_is_found(text, language, mark):
    found = text_marks(text, language)
    assert mark in found if mark else found == ()


def test_words_of_the_instruction_are_found():
    told = ["それがなぜかを、JSONの各項目に一文ずつ日本語で書いてください。"]
    assert text_marks("各項目に一文ずつ日本語で書いている。", "ja", instruction=told) == (Mark.COPIED,)
    assert text_marks("回答Aは日本語で書いている。", "ja", instruction=told) == ()


def test_texts_are_alike_only_where_they_say_the_same_in_the_same_order():
    assert are_alike("is clear and correct", "is clear and correct.")
    assert not are_alike("names Paris, not Lyon, as the capital city", "has no example and is rather long")


@pytest.mark.parametrize(("language", "most"), [("en", 0.01), ("ja", 0.03)])
def test_explanations_of_strong_models_are_hardly_ever_marked(shared_data, language, most):
    texts = pl.read_parquet(shared_data / "explanations.parquet").filter(pl.col("language") == language)[
        "explanation"
    ]
    marked = [text for text in texts if text and text_marks(text, language)]
    assert len(marked) / len(texts) <= most
