"""What is written is what is read, for any table and any size of batch."""

import subprocess
import sys

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naze.errors import ConfigurationError, FormatError, StoreError
from naze.tables import fingerprint, read_batches, read_columns, write_table

# No NUL: Parquet and JSONL keep it, CSV parsers differ. No surrogates: no file can hold them.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def tables(draw, *, nested):
    height = draw(st.integers(1, 20))
    columns = {
        "name": st.one_of(st.none(), TEXT),
        "words": st.one_of(st.none(), st.lists(st.one_of(st.none(), TEXT), max_size=3)),
        "number": st.one_of(st.none(), st.integers(-(2**40), 2**40)),
    }
    kinds = {"name": pl.String, "words": pl.List(pl.String), "number": pl.Int64}
    names = [name for name in columns if nested or name == "name"]
    return pl.DataFrame(
        {n: draw(st.lists(columns[n], min_size=height, max_size=height)) for n in names},
        schema={n: kinds[n] for n in names},
    )


def pieces(table, rows):
    return [table.slice(start, rows) for start in range(0, table.height, rows)]


@QUICK
@given(table=tables(nested=True), written=st.integers(1, 7), read=st.integers(1, 7))
def test_parquet_gives_back_what_was_written(tmp_path, table, written, read):
    path = tmp_path / "t.parquet"
    assert write_table(path, pieces(table, written)) == table.height
    batches = list(read_batches(path, batch_rows=read))
    assert pl.concat(batches).equals(table)
    assert [batch.height for batch in batches[:-1]] == [read] * (len(batches) - 1)


@QUICK
@given(table=tables(nested=True), written=st.integers(1, 7), read=st.integers(1, 7))
def test_jsonl_gives_back_the_values_that_were_written(tmp_path, table, written, read):
    path = tmp_path / "t.jsonl"
    write_table(path, pieces(table, written))
    again = pl.concat(read_batches(path, batch_rows=read), how="diagonal_relaxed")
    assert again.to_dicts() == table.to_dicts()


@QUICK
@given(table=tables(nested=False), written=st.integers(1, 7), read=st.integers(1, 7))
def test_csv_gives_back_the_texts_that_were_written(tmp_path, table, written, read):
    path = tmp_path / "t.csv"
    table = table.with_columns(pl.lit("x").alias("other"))
    write_table(path, pieces(table, written))
    assert pl.concat(read_batches(path, batch_rows=read)).to_dicts() == table.to_dicts()


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    empty = pl.DataFrame(schema={"a": pl.String, "b": pl.List(pl.String)})
    write_table(tmp_path / "t.parquet", empty)
    assert [batch.schema for batch in read_batches(tmp_path / "t.parquet")] == [empty.schema]


def test_columns_are_given_in_the_order_wanted(tmp_path):
    write_table(tmp_path / "t.csv", pl.DataFrame({"a": ["1"], "b": ["2"], "c": ["3"]}))
    assert read_columns(tmp_path / "t.csv") == ["a", "b", "c"]
    (batch,) = read_batches(tmp_path / "t.csv", columns=["c", "a"])
    assert batch.columns == ["c", "a"]


def test_an_unknown_column_names_the_nearest(tmp_path):
    write_table(tmp_path / "t.csv", pl.DataFrame({"prompt": ["1"], "answer": ["2"]}))
    with pytest.raises(FormatError, match=r"no column 'promt'.*Did you mean 'prompt'"):
        list(read_batches(tmp_path / "t.csv", columns=["promt"]))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    write_table(path, pl.DataFrame({"a": ["old"]}))

    def breaks():
        yield pl.DataFrame({"a": ["new"]})
        raise RuntimeError("the source broke")

    with pytest.raises((RuntimeError, pl.exceptions.ComputeError), match="the source broke"):
        write_table(path, breaks())
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert pl.concat(read_batches(path)).to_dicts() == [{"a": "old"}]


def test_batches_with_other_columns_are_refused(tmp_path):
    with pytest.raises(FormatError, match="expected Schema"):
        write_table(tmp_path / "t.csv", [pl.DataFrame({"a": ["x"]}), pl.DataFrame({"b": ["x"]})])
    assert not list(tmp_path.iterdir())


def test_lists_are_refused_for_csv(tmp_path):
    with pytest.raises(FormatError, match=r"cannot hold lists \(turns\)"):
        write_table(tmp_path / "t.csv", pl.DataFrame({"turns": [["a"]]}))


def test_the_fingerprint_is_of_the_content_not_of_the_name(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n1\n")
    (tmp_path / "c.csv").write_text("x\n2\n")
    first, second, third = (fingerprint(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv"))
    assert first == second != third
    assert first.startswith("sha256:")


@pytest.mark.parametrize("rows", [0, -1])
def test_batches_of_no_rows_are_refused(tmp_path, rows):
    write_table(tmp_path / "t.csv", pl.DataFrame({"a": ["1"]}))
    with pytest.raises(ConfigurationError, match="expected at least 1"):
        list(read_batches(tmp_path / "t.csv", batch_rows=rows))


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    table = pl.DataFrame({"a": ["1"]})
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        StoreError, match=r"t\.csv: the table cannot be written \(.*\)\. What was there before is untouched"
    ):
        write_table(tmp_path / "file" / "t.csv", table)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(StoreError, match=r"folder.csv"):
        write_table(tmp_path / "folder.csv", table)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files")
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    write_table(path, pl.DataFrame({"a": ["old"]}))
    before = path.read_bytes()
    script = """
import os, resource, signal, sys
import polars as pl
from naze.errors import StoreError
from naze.tables import write_table
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_table(sys.argv[1], pl.DataFrame({"a": [os.urandom(50_000).hex()]}))
except StoreError as error:
    sys.exit(0 if "too large" in str(error) else 1)
sys.exit(2)
"""
    ran = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
