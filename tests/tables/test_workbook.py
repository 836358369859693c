"""Workbooks, files packed with zstd, named encodings, keys that stand twice: read as a person sees them, or told."""

import datetime
import sys

import openpyxl
import pytest
from typer.testing import CliRunner

from naze.cli import app
from naze.configuration import with_settings
from naze.errors import FormatError
from naze.records import Vote, Winner
from naze.tables import open_table
from naze.votes import Votes, read_votes

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

VOTES = b"prompt,response_a,response_b,winner\nq,x,y,a\n"


def read(path):
    table = open_table(path)
    return [row for batch in table.batches() for row in batch.select(table.columns).rows()], table.notes


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_cells_are_read_as_a_person_sees_them(tmp_path):
    when = datetime.datetime(2026, 11, 27)
    rows = [
        ["id", "text", "score", "yes", "day"],
        [1, "配達が\n遅い, 「x」", 2.5, True, when],
        [2, None, 3, False, None],
    ]
    read_rows, notes = read(workbook(tmp_path / "表.xlsx", 投票=rows))
    assert read_rows == [
        ("1", "配達が\n遅い, 「x」", "2.5", "True", "2026-11-27"),
        ("2", None, "3", "False", None),
    ]
    assert notes == ()


def test_a_table_may_stand_anywhere_on_its_sheet(tmp_path):
    rows = [[], [None, "a", "b"], [None, 1, 2], [], [None, 3, None]]
    assert read(workbook(tmp_path / "t.xlsx", one=rows))[0] == [("1", "2"), ("3", None)]


def test_of_several_sheets_the_first_with_something_is_read_and_the_others_are_named(tmp_path):
    path = workbook(tmp_path / "t.xlsx", empty=[], first=[["a"], ["x"]], second=[["a"], ["y"]])
    rows, [note] = read(path)
    assert rows == [("x",)] and "the sheet 'first' was read; not read: second" in note


def test_numbers_that_a_workbook_cannot_hold_are_told(tmp_path):
    _, [note] = read(workbook(tmp_path / "t.xlsx", one=[["id"], [9007199254740993123]]))
    assert "more than 15 digits" in note


def test_votes_of_a_workbook(tmp_path):
    path = workbook(
        tmp_path / "v.xlsx", one=[["prompt", "response_a", "response_b", "winner"], ["q", "x", "y", "[[A]]"]]
    )
    [vote] = read_votes(path)
    assert (vote.prompt, vote.winner) == (("q",), Winner.A)


@pytest.mark.parametrize(
    ("content", "said"), [(b"PK\x03\x04nothing", "cannot be read as a workbook"), (b"x", "cannot be")]
)
def test_a_broken_workbook_says_so(tmp_path, content, said):
    path = tmp_path / "t.xlsx"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=said):
        open_table(path)


def test_an_empty_workbook_says_so(tmp_path):
    with pytest.raises(FormatError, match="no sheet holds anything"):
        open_table(workbook(tmp_path / "t.xlsx", one=[]))


@pytest.mark.parametrize(("name", "module"), [("t.xlsx", "python_calamine"), ("t.csv.zst", "backports")])
def test_what_is_not_installed_is_named(tmp_path, monkeypatch, name, module):
    if sys.version_info >= (3, 14) and module == "backports":
        pytest.skip("zstd belongs to this Python")
    path = tmp_path / name
    if name.endswith("zst"):
        path.write_bytes(zstd.compress(VOTES))
    else:
        workbook(path, one=[["a"], ["x"]])
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(FormatError, match=r"pip install 'naze\[(excel|zstd)\]'"):
        open_table(path)


@pytest.mark.parametrize("name", ["v.csv.zst", "v.csv", "v.jsonl", "v.zst"])
def test_zstd_is_unpacked_whatever_the_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(zstd.compress(VOTES))
    if name == "v.zst":
        with pytest.raises(FormatError, match="the suffix is ''"):
            open_table(path)
        return
    rows, notes = read(path)
    assert rows == [("q", "x", "y", "a")] and "zstd" in notes[0]


def test_damaged_zstd_is_told(tmp_path):
    path = tmp_path / "v.csv.zst"
    path.write_bytes(zstd.compress(VOTES * 100)[:-20])
    with pytest.raises(FormatError, match=r"compressed \(zstd\) and damaged"):
        open_table(path)


def test_an_encoding_can_be_named_for_every_command_that_reads(tmp_path):
    path = tmp_path / "v.csv"
    path.write_bytes("prompt,response_a,response_b,winner\nGrüße,ä,ö,a\n".encode("cp1252"))
    with with_settings(encoding="cp1252"):
        assert read_votes(path)[0].prompt == ("Grüße",)
    done = CliRunner().invoke(app, ["votes", "check", str(path), "--encoding", "cp1252"])
    assert done.exit_code == 0 and "read as cp1252" in done.output
    done = CliRunner().invoke(app, ["leaderboard", str(path), "--encoding", "nonsense"])
    assert done.exit_code == 1 and "unknown encoding" in done.output


@pytest.mark.parametrize(
    "command",
    [
        ["leaderboard"],
        ["judge", "--model", "x"],
        ["predict", "fit", "--out", "/nowhere/p"],
        ["explain", "--model", "x"],
    ],
)
def test_every_command_tells_what_was_taken_for_granted(tmp_path, command):
    path = tmp_path / "v.tsv"
    path.write_bytes(VOTES.replace(b",", b"\t"))
    done = CliRunner().invoke(app, [*command, str(path)])
    assert done.output.count("tabs separate its cells") == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.jsonl", '{"a": 1}\n{"b": 1, "a": 2, "b": 3}\n'),
        ("t.json", '[{"a": 1}, {"b": {"b": 1, "b": 2}}]'),
        ("t.json", '{"data": [{"b": 1, "b": 2}]}'),
    ],
)
def test_a_key_that_stands_twice_is_no_silent_choice(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=r"object [12]: the key 'b' stands 2 times"):
        open_table(tmp_path / name)


def test_votes_of_a_program_may_hold_half_a_pair():
    vote = Vote(
        id="1",
        prompt=("a\ud83d",),
        response_a=("x",),
        response_b=("y",),
        winner=None,
        extra={"note": "\udc00"},
    )
    votes = Votes.from_votes([vote])
    assert (
        votes[0].prompt == ("a\ufffd",)
        and votes[0].extra["note"] == "\ufffd"
        and votes.replaced_surrogates == 2
    )
