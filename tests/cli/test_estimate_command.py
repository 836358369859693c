"""`naze estimate` takes what the command behind it takes, asks a few rows, and keeps nothing."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import naze.cli

REQUEST = {
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {
        "model": "x",
        "max_tokens": 4,
        "temperature": 0,
        "messages": [{"role": "user", "content": "Hello"}],
    },
}


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"custom_id": str(number), **REQUEST}) + "\n" for number in range(6)]
    (tmp_path / "requests.jsonl").write_text("".join(lines))
    return lambda *words: CliRunner().invoke(naze.cli.app, ["estimate", *words])


def test_a_command_is_estimated_with_its_own_arguments_and_nothing_is_kept(call, smollm2_path, tmp_path):
    before = sorted(tmp_path.iterdir())
    said = call("batch", "run", "requests.jsonl", "--model", "smollm2:135m", "--max-tokens", "9")
    assert said.exit_code == 0, said.output
    assert "6 requests" in said.output and "90 % interval" in said.output
    assert "as a batch" in said.output and "examples that come with naze" in said.output
    assert sorted(tmp_path.iterdir()) == before
    (tmp_path / "prices.toml").write_text('[[models]]\nname = "mine"\ninput = 1\noutput = 2\n')
    said = call("batch", "run", "requests.jsonl", "--model", "smollm2:135m", "--json")
    found = json.loads(said.stdout)
    assert found["rows"] == 6 and found["prompt_tokens"] > 6 * 3
    assert [cost["name"] for cost in found["costs"]] == ["mine"]


def test_what_cannot_be_estimated_is_told_with_what_can(call):
    said = call("pull", "smollm2:135m")
    assert said.exit_code == 1
    assert "`naze pull` cannot be estimated" in said.output and "batch run" in said.output
    assert call().exit_code == 1
    assert "there is no command" in call().output


def test_errors_of_the_command_behind_are_its_own(call):
    said = call("batch", "run", "missing.jsonl", "--model", "smollm2:135m")
    assert said.exit_code == 1 and "no such file" in said.output
    said = call("batch", "run", "requests.jsonl", "--modle", "smollm2:135m")
    assert said.exit_code in (1, 2) and "--modle" in said.output


def test_the_example_of_prices_is_written_and_never_over_ones_own(call, tmp_path):
    assert call("--write-prices", "mine.toml").exit_code == 0
    assert "[[models]]" in (tmp_path / "mine.toml").read_text()
    said = call("--write-prices", "mine.toml")
    assert said.exit_code == 1 and "is there already" in said.output


def over_table():
    """Name the commands that have the options of every command over a table."""
    return [name for name in naze.cli.COMMANDS if "over_table" in _source(name)]


def _source(name):
    return Path(naze.cli.__file__).with_name(f"{name}.py").read_text("utf-8")


ARGUMENTS = {
    "map": ["--prompt", "Is it late? {{text}}", "--choices", "yes,no"],
    "label": ["--labels", "labels.yaml", "--examples", "gold.csv"],
    "sentiment": ["--column", "text"],
    "tidy": ["--column", "text", "--instruction", "Write it in capitals."],
    "extract": ["--schema", "schema.json"],
    "summarize": ["--column", "text"],
}


@pytest.mark.parametrize("name", over_table())
def test_every_command_over_a_table_is_estimated_and_asks_for_nothing_else(
    name, call, smollm2_path, tmp_path
):
    (tmp_path / "rows.csv").write_text("text\nThe parcel came late.\nLovely tea!\nWhere is it?\n")
    (tmp_path / "gold.csv").write_text("text,label\nIt is late.,late\nThanks!,other\n")
    (tmp_path / "labels.yaml").write_text("late: it came late\nother: anything else\n")
    (tmp_path / "schema.json").write_text('{"type": "object", "properties": {"late": {"type": "boolean"}}}')
    before = sorted(tmp_path.rglob("*"))
    said = call(name, "rows.csv", *ARGUMENTS[name], "--model", "smollm2:135m")
    assert said.exit_code == 0, said.output
    assert "3 rows" in said.output and "90 % interval" in said.output
    assert sorted(tmp_path.rglob("*")) == before, "no run, no table"
