"""A result is named after its table, whatever the table is called."""

from pathlib import Path

import pytest

from naze.tables.beside import beside
from naze.tables.files import kind_of


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("votes.csv", "votes-tone.csv"),
        ("votes.v2.jsonl", "votes.v2-tone.jsonl"),
        ("votes.NDJSON", "votes-tone.jsonl"),
        ("votes.json", "votes-tone.jsonl"),
        ("a + b.parquet", "a + b-tone.parquet"),
        ("-votes.csv", "-votes-tone.csv"),
        ("投票 データ.csv", "投票 データ-tone.csv"),
        ("no suffix", "no suffix-tone.csv"),
        ("votes.csv.gz", "votes-tone.csv"),
        ("votes.jsonl.zst", "votes-tone.jsonl"),
        ("votes.zip", "votes-tone.csv"),
        ("votes.tsv", "votes-tone.csv"),
        ("text.md", "text-tone.csv"),
        ("part-*.parquet", "part-tone.parquet"),
        ("*.csv", "table-tone.csv"),
        ("part-[0-9]?.jsonl", "part-0-9-tone.jsonl"),
    ],
)
def test_a_result_has_a_name_that_can_be_written_and_opened_again(given, named):
    place = beside(Path("data") / given, "-tone")
    assert place == Path("data") / named
    assert kind_of(place)


def test_the_folder_in_which_a_person_stands_has_a_name_too(tmp_path, monkeypatch):
    inside = tmp_path / "v1.2 votes"
    (inside / "below").mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert beside(Path(), "-tone") == tmp_path / "v1.2 votes-tone.csv"
    assert beside(Path("below"), "-judge", suffix="") == Path("below-judge")
    monkeypatch.chdir(inside / "below")
    assert beside(Path(".."), "-tone") == tmp_path / "v1.2 votes-tone.csv"
