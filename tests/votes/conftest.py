"""Small samples of real votes, in the repository, and ways to lay them out as their publishers do."""

import json

import polars as pl
import pytest

from naze.votes import read_votes


@pytest.fixture(scope="session")
def samples(repository):
    """The folder of small real samples."""
    return repository / "tests" / "data" / "votes"


@pytest.fixture(scope="session")
def kaggle(samples):
    return read_votes(samples / "kaggle.csv")


@pytest.fixture(scope="session")
def tulu(samples):
    return read_votes(samples / "tulu.parquet")


@pytest.fixture
def kaggle_rows(samples):
    """The cells of the real file, as texts."""
    return pl.read_csv(samples / "kaggle.csv", infer_schema=False).to_dicts()


@pytest.fixture
def write_csv(tmp_path):
    """Write dicts as a CSV file and return its path."""

    def write(rows, name="votes.csv"):
        pl.DataFrame(rows, infer_schema_length=None).write_csv(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def write_json(tmp_path):
    """Write dicts as JSONL, or as one JSON list, and return the path."""

    def write(rows, name="votes.jsonl"):
        text = json.dumps(rows) if name.endswith(".json") else "\n".join(map(json.dumps, rows)) + "\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write
