"""`naze label` at the command line, with a real small model."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

import naze.cli


@pytest.fixture
def call(tmp_path, monkeypatch, smollm2_path):
    monkeypatch.chdir(tmp_path)
    texts = [f"{word} number {number}" for number in range(11) for word in ("Lovely tea", "Late parcel")]
    pl.DataFrame({"text": texts}).write_csv("texts.csv")
    (tmp_path / "labels.yaml").write_text("praise: the writer is happy\ncomplaint: the writer is unhappy\n")
    words = ["label", "texts.csv", "--labels", "labels.yaml", "--model", "smollm2:135m", "--out", "out.csv"]
    return lambda *more: CliRunner().invoke(naze.cli.app, [*words, *more])


def test_what_is_said_of_every_row_alike_is_taken_off_and_told(call, tmp_path):
    said = call("--even-out")
    assert said.exit_code == 0, said.output
    assert (
        "Evened out: each label's probability was divided by its mean over all rows (praise " in said.output
    )
    assert "Check these first" in said.output
    labels = pl.read_csv("out.csv")["label"].value_counts()
    assert sorted(labels["label"]) == ["complaint", "praise"]
    found = json.loads(call("--even-out", "--json").stdout)
    assert found["answered"] == 22 and len(found["evened"]["offsets"]) == 2
    refused = call("--even-out", "--examples", "texts.csv")
    assert refused.exit_code == 1 and "leave --even-out away" in " ".join(refused.output.split())
