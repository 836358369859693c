"""Rows are chosen by SQL and by a sample that is the same every time and contains the smaller one."""

import polars as pl
import pytest

from naze.errors import ConfigurationError, InputError
from naze.tables import ROW, copy_rows, open_table


def chosen(table, tmp_path, where=None, sample=None, seed=0) -> list[int]:
    path = tmp_path / "rows.parquet"
    copy_rows(open_table(table), path, where=where, sample=sample, seed=seed)
    return pl.read_parquet(path)[ROW].to_list()


@pytest.fixture
def reviews(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text('text,stars\n"late, again",1\nlovely,10\n,3\n良い,9\n')
    return path


def test_without_a_condition_every_row_is_copied_with_its_number(reviews, tmp_path):
    assert chosen(reviews, tmp_path) == [1, 2, 3, 4]


def test_numbers_in_a_csv_file_are_compared_as_numbers(reviews, tmp_path):
    assert chosen(reviews, tmp_path, where="stars > 3") == [2, 4]


def test_texts_are_chosen_by_what_stands_in_them(reviews, tmp_path):
    assert chosen(reviews, tmp_path, where="text LIKE '%良%' OR text = 'lovely' -- a remark") == [2, 4]


def test_a_bigger_sample_contains_the_smaller_one_and_keeps_the_order(tmp_path):
    table = pl.DataFrame({"n": range(200)})
    small, big = (chosen(table, tmp_path, sample=size) for size in (20, 50))
    assert set(small) < set(big) and small == sorted(small)
    assert chosen(table, tmp_path, sample=20) == small
    assert chosen(table, tmp_path, sample=20, seed=1) != small


@pytest.mark.parametrize(
    ("where", "said"),
    [("starz > 3", "starz"), ("stars >", "syntax error"), ("1; DROP", "syntax error"), (" ", "it is empty")],
)
def test_a_condition_that_cannot_be_read_names_the_columns(reviews, tmp_path, where, said):
    with pytest.raises(InputError, match=said) as caught:
        chosen(reviews, tmp_path, where=where)
    assert "columns text, stars" in str(caught.value)


def test_a_sample_of_nothing_is_refused(reviews, tmp_path):
    with pytest.raises(ConfigurationError, match="at least 1 row"):
        chosen(reviews, tmp_path, sample=0)
