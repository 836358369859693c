"""What is finished needs no model: every command, run again, answers without opening an engine."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import naze.cli
from naze.engines.child import ChildEngine
from naze.jobs.asking import Worker
from naze.jobs.packing import counts_kept_in
from naze.records import Prompt
from scripted import ScriptedEngine

EXAMPLES = Path(__file__).parents[2] / "examples"
MODEL = ["--model", "smollm2:135m"]
ABOUT = '{"type": "object", "properties": {"about": {"enum": ["tea", "parcel"]}}}'
pytestmark = pytest.mark.xdist_group("finished")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A few rows of everything that commands read."""
    place = tmp_path_factory.mktemp("finished")
    texts = ["Lovely tea.", "The parcel came late, and nobody answered.", "Fine."]
    pl.DataFrame({"text": texts}).write_csv(place / "texts.csv")
    (place / "labels.yaml").write_text("praise: the writer is happy\ncomplaint: the writer is unhappy\n")
    (place / "schema.json").write_text(ABOUT)
    pl.read_csv(EXAMPLES / "votes.csv", infer_schema=False).head(4).write_csv(place / "votes.csv")
    sentences = [f"The house number {n} was built in {1900 + n} and has {n} rooms." for n in range(60)]
    pl.DataFrame({"text": [" ".join(sentences)]}).write_csv(place / "reports.csv")
    bodies = [
        {"model": "m", "messages": [{"role": "user", "content": word}], "max_tokens": 4} for word in "ab"
    ]
    lines = [
        json.dumps({"custom_id": str(n), "method": "POST", "url": "/v1/chat/completions", "body": body})
        for n, body in enumerate(bodies)
    ]
    (place / "requests.jsonl").write_text("\n".join(lines) + "\n")
    return place


COMMANDS = {
    "explain": "explain votes.csv --limit 2 --language en --max-tokens 60 --out explained",
    "map": "map texts.csv --prompt Say_a_word:_{{text}} --max-tokens 4 --out map.csv",
    "map with choices": "map texts.csv --prompt About_{{text}}? --choices tea,parcel --out choices.csv",
    "label": "label texts.csv --labels labels.yaml --out labels.csv",
    "sentiment": "sentiment texts.csv --out sentiment.csv",
    "extract": "extract texts.csv --schema schema.json --max-tokens 30 --out facts.csv",
    "tidy": "tidy texts.csv --column text --instruction Shorten. --max-tokens 6 --out tidy.csv",
    "summarize": "summarize reports.csv --points 2 --piece-tokens 400 --context 2048 --out summary.csv",
    "chain": f"chain run {EXAMPLES / 'flow.yaml'} votes.csv --context 2048 --run chain --out chain.csv",
    "judge": "judge votes.csv --out judged",
    "batch": "batch run requests.jsonl --out results.jsonl",
    "factors": f"factors find {EXAMPLES / 'explained.parquet'} --count 2 --test-limit 2 --out factors",
}


def call(command):
    """Run a command; what a model of this size writes need not satisfy a schema: then its status is 3."""
    words = [word.replace("_", " ") if "{{" in word else word for word in command.split()]
    done = CliRunner().invoke(naze.cli.app, [*words, *MODEL])
    assert done.exit_code in (0, 3), f"{done.output}\n{done.exception!r}"
    return done


@pytest.mark.parametrize("name", COMMANDS)
def test_a_finished_command_run_again_opens_no_engine(name, folder, monkeypatch, smollm2_path):
    monkeypatch.chdir(folder)
    before = call(COMMANDS[name])

    def refuse(self):
        raise AssertionError("an engine was opened")

    monkeypatch.setattr(ChildEngine, "_start", refuse)
    assert call(COMMANDS[name]).exit_code == before.exit_code


def test_counts_are_kept_beside_the_answers_of_a_job(tmp_path):
    engine = ScriptedEngine()
    worker = Worker("scripted", lambda: engine)
    prompts = [Prompt("a", "", "", "one two", ""), Prompt("b", "", "", "three", "")]
    with counts_kept_in(tmp_path, worker) as counter:
        counted = counter.count_tokens(prompts)
    engine.count_tokens = None  # nobody counts again
    with counts_kept_in(tmp_path, worker) as counter:
        assert counter.count_tokens(prompts) == counted
        with pytest.raises(TypeError):
            counter.count_tokens(prompts[:1])
