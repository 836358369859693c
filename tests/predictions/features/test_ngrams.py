"""Runs of characters and words, hashed many texts at once, are those that each text has alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.predictions.features import ngrams
from naze.predictions.features.groups import Ngrams
from naze.predictions.features.ngrams import COLUMNS, distinct_runs, hashed_ngrams, shared_runs

texts = st.lists(st.text(alphabet="ab 語é_1\n\ud800", max_size=12), min_size=1, max_size=8)


def rows(matrix):
    return [matrix[row].toarray()[0] for row in range(matrix.shape[0])]


@given(texts)
def test_a_text_has_the_same_row_among_others_as_alone(some):
    together = rows(hashed_ngrams(some))
    for text, row in zip(some, together, strict=True):
        np.testing.assert_array_equal(hashed_ngrams([text]).toarray()[0], row)


@pytest.mark.parametrize(("characters", "count"), [(1, 10_000), (60_000, 1), (5, 2)])
def test_where_texts_are_cut_into_chunks_makes_no_difference(monkeypatch, characters, count):
    some = ["one", "", "two three", "日本語の文。", "four " * 500, ""]
    before = rows(hashed_ngrams(some))
    monkeypatch.setattr(ngrams, "_TOGETHER", characters)
    monkeypatch.setattr(ngrams, "_MOST_TEXTS", count)
    np.testing.assert_array_equal(rows(hashed_ngrams(some)), before)


def test_runs_are_counted_as_they_are_by_hand():
    [row] = rows(hashed_ngrams(["aab aab"]))
    half = COLUMNS // 2
    characters, words = np.sort(row[:half][row[:half] > 0]), np.sort(row[half:][row[half:] > 0])
    # a, b, space; aa, ab, "b ", " a"; aab, "ab ", "b a", " aa"; "aab ", "ab a", "b aa", " aab": how often each
    counts = np.array([4, 2, 1, 2, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1])
    wanted = 1 + np.log(counts)
    np.testing.assert_allclose(characters, np.sort(wanted / np.linalg.norm(wanted)), rtol=1e-6)
    wanted = 1 + np.log([2, 1])
    np.testing.assert_allclose(words, np.sort(wanted / np.linalg.norm(wanted)), rtol=1e-6)


def test_long_texts_are_read_at_both_ends():
    long = "x" * 1_500 + "middle " * 200 + "y" * 500
    assert (hashed_ngrams([long]) != hashed_ngrams(["x" * 1_500 + "\0" + "y" * 500])).nnz == 0


@given(st.text(alphabet="abcd ", max_size=30), st.text(alphabet="abcd ", max_size=30))
def test_shared_runs_are_those_of_sets(one, other):
    def runs(text):
        text = " ".join(text.split())
        return {text[place : place + 3] for place in range(len(text) - 2)}

    first, second = distinct_runs(one), distinct_runs(other)
    assert (len(first), len(second)) == (len(runs(one)), len(runs(other)))
    assert shared_runs(first, second) == len(runs(one) & runs(other))


def test_some_votes_are_a_look_at_all_of_them():
    a, b = hashed_ngrams(["one", "two", "three"]), hashed_ngrams(["1", "2", "3"])
    whole = Ngrams(a, b)
    some = whole.take(np.array([2, 0, 2])).take(np.array([0, 1]))
    assert len(whole) == 3 and len(some) == 2 and some.a is a
    copied, other = some.copied()
    np.testing.assert_array_equal(copied.toarray(), a[[2, 0]].toarray())
    np.testing.assert_array_equal(other.toarray(), b[[2, 0]].toarray())
    assert sum(block.shape[0] for block, _ in whole.blocks()) == 3
