"""A folder gives the very table again that its command wrote: new columns, labels as corrected, a bigger model's answers."""

import json
import math

import polars as pl
import pytest

from naze.engines.choices import distribution
from naze.errors import InputError, RunNotFoundError
from naze.jobs import MapSettings, Question, export_table, label_job, label_to_file, map_job, map_to_file
from naze.jobs.chains import Flow, run_chain, write_chained
from naze.jobs.mapping import Cascade
from naze.records import Answer, FinishReason, Status
from naze.tables import open_table
from scripted import ScriptedEngine

TEXTS = ["bad tea", "good tea", "so-so tea", None]
SHARES = {"bad": (0.9, 0.1), "good": (0.2, 0.8), "so-so": (0.45, 0.55)}
MOOD = Question("mood", "Mood? {{ text }}", ("sad", "sanguine"))
"""Begin with the same letter: they are asked under letters, which the manifest alone does not tell apart."""
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


class Engine(ScriptedEngine):
    def reply(self, prompt):
        if not prompt.choices:
            text = json.dumps({"name": "Ann"}) if prompt.schema else prompt.subject.upper()
            return Answer(Status.ANSWERED, text=text, finish_reason=FinishReason.STOP, prompt_tokens=10)
        [shares] = [shares for word, shares in SHARES.items() if f"\n{word}" in prompt.subject]
        logs = {choice: math.log(share) for choice, share in zip(prompt.choices, shares, strict=True)}
        return distribution(logs, 10, 0.0)


class Bigger(Engine):
    def reply(self, prompt):
        logs = {choice: math.log(share) for choice, share in zip(prompt.choices, (0.97, 0.03), strict=True)}
        return distribution(logs, 20, 0.0)


@pytest.fixture(autouse=True)
def scripted(monkeypatch):
    from naze.engines.resolve import Resolution
    from naze.jobs import asking

    engines = {"scripted": Engine, "bigger": Bigger}
    monkeypatch.setattr(asking, "open_engine", lambda name, *_, **__: engines[name]())
    monkeypatch.setattr(asking, "resolve", lambda *_, **__: Resolution)
    monkeypatch.setattr(Resolution, "notes", (), raising=False)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "tea.csv"
    pl.DataFrame({"text": TEXTS, "id": [1, 2, 3, 4]}).write_csv(path)
    return path


def same_again(tmp_path, written, folder):
    again = tmp_path / f"again{written.suffix}"
    assert export_table(folder, again) == len(TEXTS)
    assert again.read_bytes() == written.read_bytes()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_mapped_table_is_exported_as_its_command_wrote_it(table, tmp_path, suffix):
    people = Question("person", "Who? {{ text }}", schema=PERSON, fields_prefix="who_")
    options = {"model": "scripted", "run": tmp_path / "run", "out": tmp_path / f"out.{suffix}"}
    map_to_file(map_job(table, [MOOD, people], **options), **options).close()
    same_again(tmp_path, options["out"], tmp_path / "run")


def test_a_bigger_models_answers_stand_in_the_export_too(table, tmp_path):
    settings = MapSettings(unsure=Cascade("bigger", below=0.7))
    options = {
        "model": "scripted",
        "run": tmp_path / "run",
        "out": tmp_path / "out.csv",
        "settings": settings,
    }
    map_to_file(map_job(table, [MOOD], **options), **options).close()
    assert pl.read_csv(options["out"])["mood_model"].to_list() == [
        "scripted",
        "scripted",
        "bigger",
        "scripted",
    ]
    same_again(tmp_path, options["out"], tmp_path / "run")


def test_labels_are_exported_as_corrected_and_without_those_that_were_left_to_a_person(table, tmp_path):
    gold = pl.DataFrame({"text": TEXTS[:3] * 20, "label": ["sad", "sanguine", "sad"] * 20})
    options = {"model": "scripted", "run": tmp_path / "run", "out": tmp_path / "out.csv"}
    done = label_to_file(
        label_job(table, ["sad", "sanguine"], examples=gold, abstain=0.95, **options), **options
    )
    done.close()
    assert done.calibrated and done.abstained
    same_again(tmp_path, options["out"], tmp_path / "run")


class Stops:
    """Interrupts as soon as something is asked."""

    def start(self, *_):
        raise KeyboardInterrupt

    def finish(self):
        pass


def test_what_is_not_answered_yet_is_exported_as_open(table, tmp_path):
    options = {"model": "scripted", "run": tmp_path / "run", "out": tmp_path / "out.csv"}
    with pytest.raises(KeyboardInterrupt):
        map_to_file(map_job(table, [MOOD], **options), **options, progress=Stops())
    assert export_table(tmp_path / "run", tmp_path / "now.jsonl") == 4
    assert pl.read_ndjson(tmp_path / "now.jsonl")["mood_status"].to_list() == ["open"] * 4


def test_the_store_itself_can_be_exported(table, tmp_path):
    options = {"model": "scripted", "run": tmp_path / "run", "out": tmp_path / "out.csv"}
    map_to_file(map_job(table, [MOOD], **options), **options).close()
    export_table(tmp_path / "run", tmp_path / "stored.parquet", stored=True)
    assert {"position", "seconds", "attempts"} <= set(pl.read_parquet(tmp_path / "stored.parquet").columns)


def test_a_run_that_does_not_say_what_its_columns_are_says_what_to_do(table, tmp_path):
    options = {"model": "scripted", "run": tmp_path / "run", "out": tmp_path / "out.csv"}
    map_to_file(map_job(table, [MOOD], **options), **options).close()
    (tmp_path / "run" / "columns.json").unlink()
    with pytest.raises(InputError, match=r"given again.*--stored"):
        export_table(tmp_path / "run", tmp_path / "again.csv")
    with pytest.raises(RunNotFoundError):
        export_table(tmp_path / "nothing", tmp_path / "again.csv")


def test_a_chains_result_is_exported(table, tmp_path):
    chained = run_chain(
        Flow({"long": {"filter": "length(text) > 7"}}), open_table(table), run=tmp_path / "run"
    )
    write_chained(chained, tmp_path / "out.csv")
    assert export_table(tmp_path / "run", tmp_path / "again.csv") == 2
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
