"""A large text file is cut into pieces of whole records: what is read does not depend on where the cuts fall."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naze.tables import pieces, read_batches

CELLS = st.sampled_from(
    [
        "",
        '""',
        "a",
        "日本",
        " x ",
        '"a,b"',
        '"two\nlines"',
        '"two\r\nlines"',
        '"he said ""no"""',
        '"\n"',
        "1.50",
    ]
)
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=0, max_size=12).map(
        lambda rows: [[["a", '"b c"', '"d\ne"'][place] for place in range(width)], *rows]
    )
)


PIECE_BYTES = [1, 3, 10, 1 << 20]


def written(rows, line_end, ended):
    return line_end.join(",".join(row) for row in rows) + line_end * ended


@pytest.fixture(params=PIECE_BYTES)
def piece_bytes(request, monkeypatch):
    monkeypatch.setattr(pieces, "_PIECE_BYTES", request.param)


@settings(max_examples=120, deadline=None)
@given(
    rows=TABLES,
    line_end=st.sampled_from(["\n", "\r\n"]),
    ended=st.booleans(),
    mark=st.booleans(),
    batch_rows=st.sampled_from([1, 3, 100]),
    piece_bytes=st.sampled_from(PIECE_BYTES),
)
def test_a_csv_file_is_read_as_polars_reads_it_whole(
    rows, line_end, ended, mark, batch_rows, piece_bytes, tmp_path_factory
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "_PIECE_BYTES", piece_bytes)
        path = tmp_path_factory.mktemp("pieces") / "table.csv"
        path.write_text("\ufeff" * mark + written(rows, line_end, ended), "utf-8", newline="")
        whole = pl.scan_csv(path, infer_schema=False).collect()
        batches = list(read_batches(path, batch_rows=batch_rows))
    assert pl.concat(batches).equals(whole)
    assert all(batch.height == batch_rows for batch in batches[:-1])


def test_columns_are_chosen_and_put_in_order(piece_bytes, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('a,b,c\n1,"x\ny",3\n4,z,6\n', "utf-8")
    assert pl.concat(read_batches(path, columns=["c", "b"])).rows() == [("3", "x\ny"), ("6", "z")]


def test_lines_of_json_keep_the_kinds_that_the_whole_file_has(piece_bytes, tmp_path):
    path = tmp_path / "table.jsonl"
    path.write_text('{"a": 1}\n{"a": null, "b": ["x"]}\n\n{"a": 2.5, "b": []}', "utf-8")
    assert pl.concat(read_batches(path)).rows() == [(1.0, None), (None, ["x"]), (2.5, [])]
