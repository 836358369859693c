"""Whatever a table is given as, the same rows come out; a row that cannot be read keeps its place and its reason."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from naze.errors import FormatError, InputError
from naze.tables import PROBLEM, attached, open_table

ROWS = pl.DataFrame({"text": ["The tea is lovely.", "配送が遅い。", None], "stars": [5, 2, 3]})


def whole(opened) -> pl.DataFrame:
    return pl.concat(list(opened.batches()))


@pytest.mark.parametrize(
    ("table", "home"),
    [
        (ROWS, "polars"),
        (ROWS.lazy(), "polars"),
        (pd.DataFrame(ROWS.to_dict(as_series=False)), "pandas"),
        (pa.table(ROWS.to_dict(as_series=False)), "arrow"),
    ],
)
def test_tables_of_every_library_hold_the_same_rows(table, home):
    opened = open_table(table)
    assert opened.home == home
    assert whole(opened).to_dict(as_series=False) == ROWS.to_dict(as_series=False)


def test_a_csv_file_keeps_its_cells_as_they_stand(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n007,x\n,\n")
    opened = open_table(tmp_path / "a.csv")
    assert whole(opened).rows() == [("007", "x"), (None, None)]
    assert opened.texts == {"id", "text"}


def test_a_folder_of_texts_becomes_a_table_in_the_order_of_paths(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.md").write_text("second")
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "c.txt").write_bytes("三".encode("cp932"))
    (tmp_path / "picture.png").write_bytes(b"no text")
    rows = whole(open_table(tmp_path)).rows()
    assert [row[:2] for row in rows] == [("a.txt", "first"), ("b/two.md", "second"), ("c.txt", None)]
    assert "byte 0 is not UTF-8" in rows[2][2]


def test_one_text_is_a_table_of_one_row(tmp_path):
    path = tmp_path / "report.md"
    path.write_text("# Report\n")
    opened = open_table(path)
    assert (opened.name, opened.columns) == ("report", ("path", "text"))
    assert whole(opened).rows() == [("report.md", "# Report\n", None)]
    with pytest.raises(FormatError, match="no such file"):
        open_table(tmp_path / "reports.md")


def test_a_folder_without_texts_says_what_it_expects(tmp_path):
    with pytest.raises(FormatError, match=r"expected files ending in \.txt"):
        open_table(tmp_path)


def test_a_column_of_mixed_kinds_is_read_as_text_and_a_broken_line_is_kept(tmp_path):
    path = tmp_path / "mixed.jsonl"
    path.write_text('{"v": 3, "n": 1}\n{"v": [1, 2], "n": 2.5}\nnot json\n{"v": "x", "n": null}\n')
    opened = open_table(path)
    rows = whole(opened)
    assert rows["v"].to_list() == ["3", "[1, 2]", None, "x"]
    assert rows["n"].to_list() == [1.0, 2.5, None, None]
    assert "no JSON" in rows[PROBLEM][2]
    assert opened.columns == ("v", "n")
    assert any("'v' holds Int64, JSON, String" in note for note in opened.notes)


def test_a_pandas_column_of_mixed_kinds_is_asked_about_as_text_and_comes_back_as_it_was():
    frame = pd.DataFrame({"v": [1, "x", None]}, index=[10, 20, 30])
    opened = open_table(frame)
    assert whole(opened)["v"].to_list() == ["1", "x", None]
    back = attached(opened, pl.Series([2, 0], dtype=pl.Int64), pl.DataFrame({"new": ["c", "a"]}))
    assert back.index.tolist() == [30, 10]
    assert back["v"].tolist()[1] == 1 and back["new"].tolist() == ["c", "a"]


def test_the_fingerprint_follows_the_content_alone():
    assert open_table(ROWS).fingerprint == open_table(ROWS.lazy()).fingerprint
    assert open_table(ROWS).fingerprint != open_table(ROWS.head(2)).fingerprint


@pytest.mark.parametrize("table", [[1, 2], 3, {"text": ["a"]}])
def test_what_is_no_table_is_refused_with_words(table):
    with pytest.raises(InputError, match="expected a path, or a polars, pandas or Arrow table"):
        open_table(table)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(InputError, match="two columns named 'a'"):
        open_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))
