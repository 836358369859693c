"""Files that are missing, empty, not UTF-8 or damaged: one plain error that says where."""

import csv
import os

import polars as pl
import pytest

from naze.errors import FormatError
from naze.tables import BrokenRow, fingerprint, read_batches, read_rows


def message_of(path):
    with pytest.raises(FormatError) as caught:
        list(read_batches(path))
    return str(caught.value)


def test_a_missing_file_suggests_its_neighbour(tmp_path):
    (tmp_path / "train.csv").write_text("a\n1\n")
    assert "no such file. Did you mean train.csv?" in message_of(tmp_path / "trian.csv")
    with pytest.raises(FormatError):
        fingerprint(tmp_path / "trian.csv")


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "votes.csv").touch()
    assert "is empty (0 bytes)" in message_of(tmp_path / "votes.csv")


def test_a_missing_columns_nearest_is_suggested_unless_it_is_wanted_itself(tmp_path):
    (tmp_path / "votes.csv").write_text("text,response_a\nx,y\n")
    with pytest.raises(FormatError, match=r"no column 'txt'.*Did you mean 'text'\?"):
        list(read_batches(tmp_path / "votes.csv", columns=["txt"]))
    for wanted in (["text", "txt"], ["response_b"]):
        with pytest.raises(FormatError, match="no column") as caught:
            list(read_batches(tmp_path / "votes.csv", columns=wanted))
        assert "Did you mean" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    assert "is a folder" in message_of(tmp_path)


def test_an_unknown_suffix_lists_the_known(tmp_path):
    (tmp_path / "votes.docx").write_bytes(b"x")
    assert "expected one of .csv, .jsonl" in message_of(tmp_path / "votes.docx")


@pytest.mark.parametrize("header", [b"name,text\n", "名前,text\n".encode()])
@pytest.mark.parametrize("before", [0, 10, 1_048_570, 1_048_576, 2_000_000])
def test_bytes_that_are_not_utf8_are_found_to_the_byte(tmp_path, header, before):
    content = header + b"x," + b"y" * before + b"\x93\n"
    (tmp_path / "votes.csv").write_bytes(content)
    offset = len(header) + 2 + before
    assert f"byte {offset:,} is 0x93" in message_of(tmp_path / "votes.csv")


def test_a_header_that_is_not_utf8_is_found_too(tmp_path):
    (tmp_path / "votes.csv").write_bytes(b"id,\x96\n1,2\n")
    assert "byte 3 is 0x96" in message_of(tmp_path / "votes.csv")


def test_a_row_with_too_many_cells_is_named(tmp_path):
    (tmp_path / "votes.csv").write_text('a,b\n1,"x\ny"\n1,2,3\n')
    assert "row 2 (up to line 4) has 3 cells; expected 2" in message_of(tmp_path / "votes.csv")


def test_a_csv_file_cut_short_names_the_row(tmp_path):
    (tmp_path / "votes.csv").write_text('a,b\n1,"x\ny"\n1,"cut he')
    assert "row 2 (up to line 4): unexpected end of data. Is the file cut short?" in message_of(
        tmp_path / "votes.csv"
    )


def test_utf16_that_is_cut_in_a_letter_is_refused(tmp_path):
    (tmp_path / "votes.csv").write_bytes("a,b\n日,本\n".encode("utf-16")[:-1])
    assert "cannot be read as utf-16" in message_of(tmp_path / "votes.csv")


def test_a_parquet_file_cut_short_is_refused(tmp_path):
    pl.DataFrame({"a": ["x"] * 1000}).write_parquet(tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as parquet" in message_of(tmp_path / "t.parquet")


def test_a_broken_line_is_one_broken_row(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n{"a": \n\n[1]\n{"a": "\\ud83d"}\n')
    (rows,) = read_rows(tmp_path / "t.jsonl")
    assert rows[0] == {"a": 1}
    assert isinstance(rows[1], BrokenRow) and "no JSON" in rows[1].reason
    assert isinstance(rows[2], BrokenRow) and "expected a JSON object" in rows[2].reason
    assert rows[3] == {"a": "\ud83d"}


@pytest.mark.parametrize("chunk", [1, 2, 7, 1000])
def test_a_list_in_json_is_read_object_by_object(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("naze.tables.rows._CHUNK_CHARACTERS", chunk)
    (tmp_path / "t.json").write_text(' [ {"a": NaN}, {"a": {"b": "]"}} , 3 ]\n')
    rows = [row for batch in read_rows(tmp_path / "t.json", batch_rows=2) for row in batch]
    assert rows[:2] == [{"a": None}, {"a": {"b": "]"}}]
    assert isinstance(rows[2], BrokenRow)


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a"', '[{"a": 1}', '{"a": 1}'])
def test_json_that_is_cut_short_or_no_list_is_refused(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(FormatError, match=r"JSON"):
        list(read_rows(tmp_path / "t.json"))


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_json_nested_without_end_is_told_and_not_a_crash(tmp_path, suffix):
    deep = '{"a":' * 100_000
    path = tmp_path / f"t.{suffix}"
    path.write_text(f"[{deep}" if suffix == "json" else f'{deep}\n{{"a": 1}}\n')
    if suffix == "json":
        with pytest.raises(FormatError, match="after 0 rows the JSON is nested too deeply"):
            list(read_rows(path))
        return
    ((broken, whole),) = read_rows(path)
    assert isinstance(broken, BrokenRow)
    assert whole == {"a": 1}


def test_a_quote_that_does_not_close_is_named_by_row(tmp_path):
    (tmp_path / "votes.csv").write_text('a,b\n1,2\n"x"y,"z\n3,4\n')
    assert "row 2 (up to line 3)" in message_of(tmp_path / "votes.csv")


def test_a_broken_row_is_found_behind_a_cell_of_any_size(tmp_path):
    (tmp_path / "votes.csv").write_text('a,b\n"' + "x" * 200_000 + '",2\n1,2,3\n')
    before = csv.field_size_limit()
    assert "row 2 (up to line 3) has 3 cells" in message_of(tmp_path / "votes.csv")
    assert csv.field_size_limit() == before


def test_a_compressed_file_that_is_damaged_is_told(tmp_path):
    (tmp_path / "train.jsonl.gz").write_bytes(b"\x1f\x8b\x08")
    assert "is compressed (gzip) and damaged" in message_of(tmp_path / "train.jsonl.gz")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    (tmp_path / "votes.csv").write_text("a\n1\n")
    (tmp_path / "votes.csv").chmod(0)
    assert "permission denied" in message_of(tmp_path / "votes.csv")
