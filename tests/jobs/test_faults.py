"""What anybody sees to be wrong with a text is found, and what is right is left alone."""

from collections import Counter

import polars as pl
import pytest

from naze.jobs.faults import Mark, are_alike, text_marks
from naze.prompts import explain_template

GOOD = [
    ("回答Bはクイックソートの実装を示し、実行例も付けています。", "ja"),
    ("回答Aは「这是」という中国語を引用しています。", "ja"),
    ("質問者は、Matt Damonが放射線を浴びる映画を知りたがっています。", "ja"),
    ("Response A is correct, short and clear, while response B is long and repeats the question.", "en"),
    ("It quotes “東京” and explains it.", "en"),
    ("終了後に了解を得ていて、内容も完了しています。", "ja"),
    ("Die Antwort ist richtig und kurz.", "de"),
    ("Antwort A nennt die Hauptstadt von Frankreich und erklärt, wo sie liegt.", "de"),
    ("La respuesta A da el código y «returns the sum» lo explica con un ejemplo claro.", "es"),
    ("Use it so:\n\n            return a + b", "en"),
    ("| A | B |\n|---|---|---|---|---|\n-------- and then ========", "en"),
    ("It costs 100000000000 yen, and the blank is __________ .", "en"),
    ("以外の説明は、了承を得て了解した内容です。", "ja"),
    ("ハイパーテキスト・マークアップ・ランゲージ（HTML）", "ja"),
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
    ("Response A gives the capital of France and explains where it lies on the map.", "de", Mark.LANGUAGE),
    ("Response B is short and does not explain why the sky is blue.", "fr", Mark.LANGUAGE),
    ("Antwort A ist gut und gut und gut und gut und gut und richtig.", "de", Mark.LOOPING),
    ("回答回答回答回答回答は良い。", "ja", Mark.LOOPING),
    ("The person asked for 2022" + " 2022" * 20, "en", Mark.LOOPING),
    ("A word of its own stands here. " + "It comes back to the same words. " * 40, "en", Mark.LOOPING),
]


@pytest.mark.parametrize(("text", "language"), GOOD)
def test_a_good_text_has_no_mark(text, language):
    assert text_marks(text, language) == ()


@pytest.mark.parametrize(("text", "language", "mark"), BAD)
def test_a_fault_is_found(text, language, mark):
    found = text_marks(text, language)
    assert mark in found if mark else found == ()


def test_a_long_text_may_come_back_to_the_same_words_a_few_times():
    words = "amber birch cedar daisy elder fennel ginger hazel indigo juniper kelp lilac".split()
    said = [f"The town of {word} had its own {word} market and many people of {word}." for word in words]
    for place in (2, 6, 10):
        said.insert(place, "So it is told.")
    assert text_marks(" ".join(said), "en") == ()
    assert text_marks(" ".join([*said[2:11], "So it is told."]), "en") == (Mark.LOOPING,)


def test_words_of_the_instruction_are_found():
    told = ["それがなぜかを、JSONの各項目に一文ずつ日本語で書いてください。"]
    assert text_marks("各項目に一文ずつ日本語で書いている。", "ja", instruction=told) == (Mark.COPIED,)
    assert text_marks("回答Aは日本語で書いている。", "ja", instruction=told) == ()


def test_texts_are_alike_only_where_they_say_the_same_in_the_same_order():
    assert are_alike("is clear and correct", "is clear and correct.")
    assert not are_alike("names Paris, not Lyon, as the capital city", "has no example and is rather long")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_explanations_of_strong_models_are_hardly_ever_marked(shared_data, language):
    told = [explain_template(language).instruction]
    texts = pl.read_parquet(shared_data / "explanations.parquet").filter(pl.col("language") == language)[
        "explanation"
    ]
    marked = Counter(mark for text in texts if text for mark in text_marks(text, language, instruction=told))
    assert set(marked) <= {Mark.LOOPING}
    assert marked.total() / len(texts) <= 0.005
