"""The example's chain and the command line of chains, with a real model."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

import naze.cli
from naze.jobs.chains import as_mermaid, as_svg, as_text, read_flow


@pytest.fixture
def flow(repository):
    return repository / "examples" / "flow.yaml"


def naze_says(*words):
    return CliRunner().invoke(naze.cli.app, [str(word) for word in words], prog_name="naze")


def test_the_example_runs_with_a_real_model(flow, repository, smollm2_path, tmp_path):
    rows = tmp_path / "few.csv"
    pl.read_csv(repository / "examples" / "votes.csv", infer_schema=False).head(6).write_csv(rows)
    words = [
        "chain",
        flow,
        rows,
        "--model",
        smollm2_path,
        "--run",
        tmp_path / "run",
        "--context",
        2048,
        "--json",
    ]
    done = naze_says(*words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert [step["name"] for step in told["steps"]] == ["topic", "sure", "length", "themes", "result"]
    assert told["models"][0]["prompts"] >= 6
    result = pl.read_csv(told["file"])
    assert {"topic", "longer", "themes"} <= set(result.columns)
    assert result["themes_status"].unique().to_list() == ["answered"]
    shown = naze_says("chain", "show", tmp_path / "run", "--row", 1, "--prompts")
    assert "What is this question about?" in shown.output


def test_a_flow_is_drawn_as_text_mermaid_and_svg(flow):
    read = read_flow(flow)
    assert "└─ result  join: themes on topic, with themes  (the result)" in as_text(read)
    assert "s4 -.-> s5" in as_mermaid(read)
    assert as_svg(read).count("<rect") == 6


def test_wrong_flows_are_told_plainly(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text("steps:\n  a: {from: b, filter: x}\n  b: {from: a, filter: x}\n", encoding="utf-8")
    rows = tmp_path / "rows.csv"
    rows.write_text("x\n1\n", encoding="utf-8")
    done = naze_says("chain", path, rows)
    assert done.exit_code == 1
    assert "the steps wait for one another: 'a' needs 'b' needs 'a'" in done.output
    assert "nothing could be asked" in naze_says("chain", path, rows, "--budget", "0").output


def test_a_chain_that_is_not_there_is_told(tmp_path):
    assert "there is no chain here" in naze_says("chain", "show", tmp_path).output
