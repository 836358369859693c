"""A result that cannot be written says where, why, and that nothing is lost; one that can has all its rows."""

import json

import polars as pl
import pytest

from naze.errors import StoreError
from naze.jobs.results import write_result

ROWS = pl.DataFrame({"id": [1, 2], "shares": [{"yes": 0.5}, {"yes": 0.25}]})


def test_lists_and_objects_become_json_texts_in_csv(tmp_path):
    assert write_result(iter([ROWS[:1], ROWS[1:]]), tmp_path / "out.csv", remedy="") == 2
    written = pl.read_csv(tmp_path / "out.csv")["shares"]
    assert [json.loads(text) for text in written] == [{"yes": 0.5}, {"yes": 0.25}]


def test_a_place_that_cannot_be_written_to_is_named_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    place = tmp_path / "file" / "out.parquet"
    with pytest.raises(
        StoreError, match=r"file/out\.parquet: the table cannot be written \(.*\)\. All answers are kept\."
    ):
        write_result(iter([ROWS]), place, remedy="All answers are kept.")
    assert (tmp_path / "file").read_text("utf-8") == "in the way"
