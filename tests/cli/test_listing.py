"""Whatever naze writes into a folder is listed with what it is and how far it is, also half-way."""

import json
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module

import polars as pl
import pytest
from typer.testing import CliRunner

from answering import AnsweringEngine, workers
from naze.cli import app
from naze.cli.listing import list_folders, look_into
from naze.cli.runs import show
from naze.errors import InputError
from naze.generations import write_run
from naze.jobs.asking import Worker
from naze.jobs.chains import Flow, run_chain
from naze.jobs.summaries import SummaryOptions, run_summaries
from naze.predictions import VotePredictor
from naze.tables import open_table
from naze.votes import read_votes
from scripted import MANIFEST, ScriptedEngine, rows, run_all

ROWS = pl.DataFrame({"text": ["late parcel", "good tea", "broken cup"]})
STEPS = {"tone": {"prompt": "Tone? {{ text }}"}, "why": {"prompt": "Why {{ tone }}? {{ text }}"}}


def run_steps(folder, engine):
    return run_chain(
        Flow(STEPS), open_table(ROWS), model="scripted", run=folder, make_worker=workers(scripted=engine)
    )


def test_a_chain_is_listed_with_the_steps_that_are_done(tmp_path):
    run_steps(tmp_path / "chain", AnsweringEngine(lambda prompt: "so"))
    [one] = list_folders(tmp_path)
    assert one.facts["task"] == "chain" and one.facts["created"]
    assert "2 of 2 steps done" in str(one) and "scripted" in str(one)


def test_a_chain_is_shown_with_the_runs_in_it(tmp_path):
    run_steps(tmp_path / "chain", AnsweringEngine(lambda prompt: "so"))
    shown = CliRunner().invoke(app, ["runs", "show", str(tmp_path / "chain")]).stdout
    assert "2 of 2 steps done" in shown and shown.count("3 of 3 answered") == 2
    told = json.loads(CliRunner().invoke(app, ["runs", "show", str(tmp_path / "chain"), "--json"]).stdout)
    assert told["task"] == "chain" and [one["answered"] for one in told["runs"]] == [3, 3]
    own, runs = look_into(tmp_path / "chain")
    with pytest.raises(InputError, match="holds runs and is none itself"):
        show(tmp_path / "chain", subject="1")
    assert own.readable and len(runs) == 2
    assert look_into(tmp_path)[0] is None


def test_a_chain_that_was_stopped_says_at_which_step_it_is(tmp_path):
    def say(prompt):
        if "Why" in prompt.instruction + prompt.question:
            raise KeyboardInterrupt
        return "so"

    with pytest.raises(KeyboardInterrupt):
        run_steps(tmp_path / "chain", AnsweringEngine(say))
    [one] = list_folders(tmp_path / "chain")
    assert "1 of 2 steps done, at 'why' (0 of 3 answered)" in str(one)
    assert (one.facts["step"], one.facts["rows"]) == ("why", 3)


def test_summaries_are_listed_finished_and_half_way(tmp_path, monkeypatch):
    text = "One thing. Another thing."

    def say(prompt):
        return json.dumps({"points": [{"sentence": 1, "point": "One thing."}]})

    @contextmanager
    def opened(name, **_):
        yield Worker(name, lambda: AnsweringEngine(say))

    module = import_module("naze.jobs.summaries.summarize")
    monkeypatch.setattr(module, "opened_worker", opened)
    options = {"how": SummaryOptions(points=1), "model": "scripted", "run": tmp_path / "summary"}
    table = open_table(pl.DataFrame({"text": [text, text + " And more."]}))
    run_summaries(table, **options)
    [one] = list_folders(tmp_path)
    assert "2 of 2 documents summarized" in str(one) and one.facts["finished"]

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "combine", stop)
    with pytest.raises(KeyboardInterrupt):
        run_summaries(table, **options)
    [again] = list_folders(tmp_path)
    assert "not finished: 2 of 2 parts read" in str(again)
    assert again.facts["created"] == one.facts["created"]


def test_a_run_a_predictor_and_what_cannot_be_read_stand_side_by_side(tmp_path, repository):
    run_all(tmp_path / "run", rows(["a", "b"]), ScriptedEngine())
    votes = list(read_votes(repository / "examples" / "explained.parquet"))
    predictor = VotePredictor(folds=0, trees=False, leave_out=("n-grams",))
    predictor.fit(votes[:40], extra=[votes[40:60]]).save(tmp_path / "predictor")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "chain.json").write_text("{")
    found = {one.folder.name: one for one in list_folders(tmp_path)}
    assert "2 of 2 answered" in str(found["run"])
    assert "learnt from 60 votes" in str(found["predictor"])
    assert "cannot be read" in str(found["broken"]) and not found["broken"].readable


def test_a_batch_run_is_listed_in_the_folder_of_its_results(tmp_path):

    with write_run(tmp_path / "results.run", replace(MANIFEST, task="batch")) as run:
        run.plan(rows(["a"]), "1")
    [one] = list_folders(tmp_path)
    assert "0 of 1 answered  batch" in str(one)
