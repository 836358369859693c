"""What is counted in a text, in English and Japanese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.predictions.features.measures import COUNTS, SHARES, measure_texts
from naze.votes import read_votes


def measured(text):
    return measure_texts([text]).row(0, named=True)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("I'm sorry, but I can't help with that.", "refusals", 2),
        ("As an AI language model, I have no body.", "refusals", 1),
        ("申し訳ありませんが、お答えできません。", "refusals", 2),
        ("The sorry state of affairs", "refusals", 0),
        ("One two three.", "words", 3),
        ("東京です", "words", 2),
        ("はい。そうです。", "sentences", 2),
        ("a\nb\n\nc", "lines", 4),
        ("a\nb\n\nc", "paragraphs", 2),
        ("# Title\n- one\n・二\n**bold**", "list_items", 2),
        ("see https://example.org", "links", 1),
        ("これは 😀 です", "emoji", 1),
        ("例えば、犬など", "examples", 2),
        ("```\ncode\n```", "code_blocks", 1),
        ("東京", "han", 1.0),
        ("とても", "kana", 1.0),
        ("Москва", "cyrillic", 1.0),
        ("한국어", "other_script", 1.0),
        ("abc", "latin", 1.0),
        ("the the the the", "unique_words", 0.25),
        ("This goes on and", "unfinished", 1),
        ("This ends.", "unfinished", 0),
        ("これで終わり。", "unfinished", 0),
        ("Certainly! Here it is.", "opens_politely", 1),
        ("  ", "empty", 1),
        ("x", "empty", 0),
    ],
)
def test_what_is_counted(text, name, value):
    assert measured(text)[name] == pytest.approx(value)


def test_what_repeats_lowers_the_share_of_different_lines():
    line = "This line has more than twenty characters."
    assert measured("\n".join([line] * 4))["unique_lines"] == pytest.approx(0.25)
    assert measured(line)["unique_lines"] == 1


@given(st.lists(st.text(max_size=80), max_size=4))
def test_every_text_has_every_measure_and_each_is_a_number(texts):
    table = measure_texts(texts)
    assert table.height == len(texts)
    assert not any(table.null_count().row(0)) if texts else True
    for row in table.iter_rows(named=True):
        assert all(value == value and value >= 0 for value in row.values())
        assert all(row[name] <= 1 for name in SHARES)


def test_a_text_is_measured_alike_whatever_stands_beside_it():
    texts = ["One.", "", "# 見出し\n- 項目"]
    together = measure_texts(texts)
    assert [measure_texts([text]).row(0) for text in texts] == together.rows()
    assert set(COUNTS) | set(SHARES) <= set(together.columns)


def test_longer_responses_win_more_often_on_real_votes(shared_data):
    votes = [vote for vote in read_votes(shared_data / "arena_kaggle.parquet") if vote.winner in ("a", "b")]
    sizes = [
        measure_texts(["\n".join(turn or "" for turn in side) for side in sides])["characters"].to_list()
        for sides in ([vote.response_a for vote in votes], [vote.response_b for vote in votes])
    ]
    longer = [(a > b) == (vote.winner == "a") for a, b, vote in zip(*sizes, votes, strict=True) if a != b]
    assert sum(longer) / len(longer) == pytest.approx(0.61, abs=0.01)
