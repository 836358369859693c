"""Runs as tables, in input order."""

from dataclasses import replace

import polars as pl
import pytest

from naze.errors import InputError, StoreError
from naze.generations import export_run, open_run, write_run
from naze.records import FittedPrompt, Prompt
from scripted import MANIFEST, ScriptedEngine, rows, run_all


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_rows_in_equal_rows_out_in_input_order(tmp_path, suffix):
    run_all(tmp_path / "run", rows("abcdef"), ScriptedEngine(dies_on=lambda prompt: prompt.question == "c"))
    path = tmp_path / f"answers.{suffix}"
    assert export_run(open_run(tmp_path / "run"), path) == 6
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[suffix](path)
    assert read["position"].to_list() == list(range(6))
    assert read["status"].to_list() == ["answered", "answered", "error", "answered", "answered", "answered"]
    assert read["text"].to_list()[3] == "answer to d"
    assert not list(tmp_path.glob(".*")), "nothing half written is left"


def test_rows_that_were_not_asked_yet_are_in_the_table(tmp_path):
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(rows("ab"), "1")
    export_run(tmp_path, tmp_path / "open.parquet")
    assert pl.read_parquet(tmp_path / "open.parquet")["status"].to_list() == ["open", "open"]


def test_further_columns_are_joined_by_id(tmp_path):
    run_all(tmp_path, rows("ab"), ScriptedEngine())
    join = pl.DataFrame({"id": ["row 1", "row 0"], "winner": ["b", "a"]})
    export_run(open_run(tmp_path), tmp_path / "joined.parquet", join=join)
    assert pl.read_parquet(tmp_path / "joined.parquet")["winner"].to_list() == ["a", "b"]


def test_a_run_without_rows_gives_a_table_with_columns(tmp_path):
    with write_run(tmp_path, replace(MANIFEST, model="none")) as run:
        run.plan(lambda: [], "1")
    assert export_run(open_run(tmp_path), tmp_path / "none.parquet") == 0
    assert "status" in pl.read_parquet(tmp_path / "none.parquet").columns


def test_where_an_id_repeats_each_row_gets_its_own_columns(tmp_path):
    source = [
        FittedPrompt(Prompt(name, "", "", "", text)) for name, text in (("x", "a"), ("y", "b"), ("x", "c"))
    ]
    run_all(tmp_path, lambda: source, ScriptedEngine())
    join = pl.DataFrame({"id": ["x", "y", "x"], "winner": ["first", "b", "second"]})
    assert export_run(open_run(tmp_path), tmp_path / "joined.parquet", join=join) == 3
    assert pl.read_parquet(tmp_path / "joined.parquet")["winner"].to_list() == ["first", "b", "second"]


def test_columns_without_ids_cannot_be_joined(tmp_path):
    run_all(tmp_path, rows("a"), ScriptedEngine())
    with pytest.raises(InputError, match="called id"):
        export_run(open_run(tmp_path), tmp_path / "x.csv", join=pl.DataFrame({"winner": ["a"]}))


def test_a_table_that_cannot_be_written_leaves_the_run_and_no_half_file(tmp_path):
    run_all(tmp_path / "run", rows("a"), ScriptedEngine())
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        export_run(open_run(tmp_path / "run"), tmp_path / "file" / "x.csv")
    assert open_run(tmp_path / "run").summary().answered == 1
