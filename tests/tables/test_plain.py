"""Table files as people have them are read as they are meant, and what was taken for granted is told."""

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pytest

from naze.errors import FormatError
from naze.tables import open_table, read_columns

CASES = Path(__file__).parent.parent / "data" / "cases"


def read(path):
    table = open_table(path)
    return [row for batch in table.batches() for row in batch.select(table.columns).rows()], table.notes


@pytest.mark.parametrize(
    ("name", "rows", "told"),
    [
        ("13-suffixes/semi_votes.csv", [("q, r", "x", "y", "a")], "semicolons"),
        ("13-suffixes/votes.csv.gz", [("q", "x", "y", "a")], "gzip"),
        ("13-suffixes/gzipped.jsonl", [("q", "x", "y", "a")], "gzip"),
        ("13-suffixes/votes.tsv", [("q", "x", "y", "a")], "tabs"),
        ("14-encodings/cp932.csv", [("1", "配達が遅い㈱①髙"), ("2", "とても良い")], "cp932"),
        ("14-encodings/utf16.csv", [("1", "配達が遅い㈱①髙"), ("2", "とても良い")], "utf-16"),
        ("15-csv/backslash.csv", [("1", 'he said "hi" to me'), ("2", "x")], "backslash"),
        ("15-csv/blank_lines.csv", [("1", "hello"), ("2", "there"), ("3", "end")], "3 empty lines"),
        ("15-csv/cr_only.csv", [("1", "hello"), ("2", "there")], "old Macs"),
        ("15-csv/trailing_comma.csv", [("1", "hello"), ("2", "there")], "comma at the end"),
        ("15-csv/midquote.csv", [("1", 'a 5" disk is old'), ("2", 'a 3" disk'), ("3", "plain")], None),
        (
            "15-csv/midquote_odd.csv",
            [("1", 'a 5" disk is old'), ("2", "plain two"), ("3", "plain three")],
            None,
        ),
    ],
)
def test_a_file_is_read_as_it_is_meant(name, rows, told):
    found, notes = read(CASES / name)
    assert found == rows
    assert told is None or any(told in note for note in notes)


def test_large_whole_numbers_beside_fractions_keep_every_digit():
    rows, _ = read(CASES / "16-ids" / "table.jsonl")
    assert [row[0] for row in rows] == ["9007199254740993", "9007199254740992", "1.5"]


@pytest.mark.parametrize("name", ["dup.csv", "dup_clash.csv", "votes_dup.csv"])
def test_a_repeated_column_is_an_error_that_names_both_places(name):
    with pytest.raises(FormatError, match=r"stands at place \d and at place \d of the header"):
        read_columns(CASES / "11-dup-columns" / name)


def test_a_data_set_in_several_files_is_one_table_by_folder_or_pattern():
    folder = CASES / "12-shards" / "data"
    by_folder, notes = read(folder)
    by_pattern, _ = read(folder / "train-*.parquet")
    assert len(by_folder) == 6 and by_folder == by_pattern
    assert "2 files read as one table" in notes[0]


def test_files_of_a_data_set_whose_columns_differ_are_refused_by_name(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,x\n")
    (tmp_path / "b.csv").write_text("id,words\n2,y\n")
    with pytest.raises(FormatError, match=r"b\.csv: its columns are id .* words"):
        open_table(tmp_path)


@pytest.mark.parametrize(("name", "rows"), [("lines.json", 2), ("list.jsonl", 1), ("wrapped.json", 1)])
def test_json_is_read_whatever_its_suffix_says(name, rows):
    assert len(read(CASES / "18-json-shapes" / name)[0]) == rows


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_packed_files_are_unpacked(tmp_path, suffix, pack):
    path = tmp_path / f"t.csv.{suffix}"
    path.write_bytes(pack("id,text\n1,日本\n".encode()))
    assert read(path)[0] == [("1", "日本")]


def test_a_zip_file_with_one_table_is_unpacked_and_with_two_refused(tmp_path):
    for names in (["t.csv"], ["t.csv", "u.csv"]):
        with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
            for name in names:
                archive.writestr(name, "id,text\n1,x\n")
        if len(names) == 1:
            assert read(tmp_path / "t.zip")[0] == [("1", "x")]
        else:
            with pytest.raises(FormatError, match="holds 2 tables"):
                read(tmp_path / "t.zip")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc_jp"]
)
def test_encodings_are_found_by_themselves(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes("id,text\n1,日本語の文章です。漢字かな交じり文。\n".encode(encoding))
    assert read(path)[0] == [("1", "日本語の文章です。漢字かな交じり文。")]


def test_another_encoding_can_be_named(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes("id,text\n1,café\n".encode("latin-1"))
    monkeypatch.setenv("NAZE_ENCODING", "latin-1")
    assert read(path)[0] == [("1", "café")]


def test_a_json_text_with_backslashes_inside_doubled_quotes_stays_as_it_is(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,prompt\n1,"[""He said \\""hi\\"" twice""]"\n')
    rows, notes = read(path)
    assert rows == [("1", '["He said \\"hi\\" twice"]')] and notes == ()


def test_empty_lines_inside_a_cell_are_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,text\n1,"a\n\nb"\n2,c\n')
    assert read(path) == ([("1", "a\n\nb"), ("2", "c")], ())
