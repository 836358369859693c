"""Every kind of folder that naze writes, made by its own command: listed, shown, exported, and its failures asked again.

The model is real (SmolLM2). A failure is made in the store, as if the engine had died on the last prompt.
"""

import json
import re
import shlex
import sqlite3
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from made_factors import EXPLAINED
from naze.cli import EXIT_FAILED_ROWS, app, find_command
from naze.generations import open_run, write_run
from naze.generations.retrying import runs_in
from naze.invocation import called_as, typed_command
from scripted import MANIFEST, ScriptedEngine, rows, run_all

MODEL = "smollm2:135m"
TEXTS = ["The tea was good.", "The cup broke.", "It came late."]
LABELS = "happy: pleased\nunhappy: not pleased\n"
FLOW = """
steps:
  tone:
    prompt: "One word for the tone of this: {{ text }}"
    max_tokens: 4
  all of them:
    group: []
    each: "{{ tone }}"
    prompt: "Say what these have in common."
    max_tokens: 8
  short:
    from: tone
    filter: length(text) > 0
"""
KINDS = {
    "explain": "explain votes.csv --limit 3 --max-tokens 12 --template briefly.j2 --language en --out 'a run'",
    "map": "map reviews.csv --ask 'tone=Tone: {{ text }}' --max-tokens 4 --run 'a run' --out out.csv",
    "label": "label reviews.csv --labels labels.yaml --column text --run 'a run' --out out.csv",
    "sentiment": "sentiment reviews.csv --column text --run 'a run' --out out.csv",
    "extract": "extract reviews.csv --schema schema.json --column text --max-tokens 40 --run 'a run' --out out.csv",
    "tidy": "tidy reviews.csv --column text --instruction 'in capitals' --max-tokens 8 --run 'a run' --out out.csv",
    "batch": "batch run requests.jsonl --out 'a run.jsonl'",
    "chain": "chain flow.yaml reviews.csv --run 'a run' --out out.csv",
    "summarize": "summarize reviews.csv --column text --points 1 --run 'a run' --out out.jsonl",
    "judge": "judge votes.csv --limit 3 --language en --context 2048 --out 'a run'",
    "factors": "factors explained.parquet --count 2 --test-limit 3 --language en --outcome win --out 'a run'",
    "predict": "predict fit explained.parquet --limit 60 --folds 0 --no-trees --context 1024 --language en --out 'a run'",
}
"""Kind -> the command line that makes such a folder, without its model."""
WITHOUT_TABLE = {
    "factors": "writes their table",
    "predict": "writes their table",
    "summarize": "Give the command of `naze summarize` again",
}
"""What an export says of a folder that has no table."""


def typed(line, *more):
    return CliRunner().invoke(app, [*shlex.split(line), *map(str, more)])


def command_of(kind):
    return f"{KINDS[kind]} {'--judge' if kind == 'predict' else '--model'} {MODEL}"


@pytest.fixture(params=KINDS)
def made(request, tmp_path, monkeypatch, repository, smollm2_path):
    """A folder of one kind, and the kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.csv").write_text(
        "id,text\n" + "".join(f"{n},{text}\n" for n, text in enumerate(TEXTS))
    )
    (tmp_path / "labels.yaml").write_text(LABELS)
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "schema.json").write_text(
        json.dumps({"type": "object", "properties": {"what": {"type": "string", "maxLength": 20}}})
    )
    body = {"model": "m", "max_tokens": 4}
    lines = [
        {"custom_id": f"r{n}", "method": "POST", "url": "/v1/chat/completions",
         "body": {**body, "messages": [{"role": "user", "content": text}]}} for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    (tmp_path / "requests.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "votes.csv").write_bytes((repository / "examples" / "votes.csv").read_bytes())
    (tmp_path / "briefly.j2").write_bytes((repository / "tests" / "data" / "briefly.j2").read_bytes())
    pl.read_parquet(EXPLAINED).head(80).write_parquet(tmp_path / "explained.parquet")
    done = typed(command_of(request.param))
    assert done.exit_code in (0, EXIT_FAILED_ROWS), done.output
    return request.param, tmp_path / "a run.run" if request.param == "batch" else tmp_path / "a run"


def break_last_answers(folder):
    """Have the last answer of every run in a folder fail. Returns how many failed."""
    places = runs_in(folder)
    for place in places:
        with sqlite3.connect(place / "store.sqlite") as connection:
            connection.execute(
                "UPDATE answers SET status = 'error', text = NULL, probabilities = NULL, reason = 'made up' "
                "WHERE number = (SELECT max(number) FROM answers WHERE superseded = 0)"
            )
            connection.execute("DELETE FROM facts WHERE name = 'counts'")
        connection.close()
    return len(places)


def standing(folder):
    failed = unasked = 0
    for place in runs_in(folder):
        run = open_run(place)
        summary = run.summary()
        run.close()
        failed, unasked = failed + summary.error, unasked + summary.open
    return failed, unasked


def check_printed(text):
    """See that every command of naze that is named in a text is one, with options that it has. Returns them."""
    lines = re.findall(r"(?:`|: |\()(naze [^`\n]*?)(?:`|\)$|   |$)", text, re.M)
    for line in lines:
        words = shlex.split(line)[1:]
        command, taken = find_command(words)
        assert command is not None, line
        if len(words) > taken:
            command.make_context(
                "naze", list(words[taken:]), parent=typer.Context(typer.main.get_command(app))
            )
    return lines


def test_it_is_listed_shown_exported_and_its_failures_are_asked_again(made):
    kind, folder = made
    listed = typed("runs list", folder)
    assert listed.exit_code == 0 and str(folder) in listed.output, listed.output
    shown = typed("runs show", folder)
    assert shown.exit_code == 0, shown.output
    exported = typed("runs export", folder, "--to", folder.parent / "exported.jsonl")
    assert (exported.exit_code == 0) == (kind not in WITHOUT_TABLE), exported.output
    assert WITHOUT_TABLE.get(kind, "") in exported.output
    for said in (listed, shown, exported):
        check_printed(said.output)

    before, unasked = standing(folder)
    assert not unasked
    broken = break_last_answers(folder)
    assert broken and standing(folder)[0] >= before + 1
    again = typed("runs retry", folder)
    check_printed(again.output)
    if kind != "explain":
        assert again.exit_code == 0, again.output
        assert standing(folder)[0] == 0 and standing(folder)[1] >= broken
        [line] = set(re.findall(r"and nothing else: (naze .*)$", again.output, re.M))
        assert shlex.split(line) == ["naze", *shlex.split(command_of(kind))]
        done = typed(line.removeprefix("naze "))
        assert done.exit_code in (0, EXIT_FAILED_ROWS), done.output
        check_printed(done.output)
        assert check_printed(again.output) == [line]
    assert standing(folder) == (before, 0)
    nothing = typed("runs retry", folder, "--status", "error")
    if not before:
        assert "nothing to ask again" in nothing.stderr


def test_an_analysis_in_a_finished_factors_folder_and_the_answers_of_a_predictor_are_asked_again_alone(
    tmp_path, monkeypatch, repository, smollm2_path
):
    monkeypatch.chdir(tmp_path)
    pl.read_parquet(EXPLAINED).head(80).write_parquet(tmp_path / "explained.parquet")
    assert typed(f"{KINDS['factors']} --model {MODEL}").exit_code == 0
    drill = "factors drill 'a run' f01"
    assert typed(drill).exit_code == 0
    [run] = runs_in(tmp_path / "a run" / "drill")
    break_last_answers(run)
    said = typed("runs retry", run).output
    assert f"and nothing else: naze {drill}" in said
    about = (tmp_path / "a run" / "factors.json").read_bytes()
    assert typed(f"{KINDS['factors']} --model {MODEL}").exit_code == 0
    assert (tmp_path / "a run" / "factors.json").read_bytes() == about, (
        "the factors rest on nothing that was set aside"
    )
    assert standing(run)[1] == 1
    typed(drill)
    assert standing(run)[1] == 0


def test_a_run_of_python_names_no_command(tmp_path):
    run_all(tmp_path / "r", rows("ab"), ScriptedEngine(dies_on=lambda prompt: prompt.question == "b"))
    done = typed("runs retry", tmp_path / "r")
    assert "1 failure set aside" in done.output and "naze test" not in done.output
    assert "The same command or call that made it asks them again" in done.output


def test_a_command_that_was_typed_elsewhere_is_named_with_its_folder(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    with called_as(["map", "my rows.csv"]):
        made = replace(MANIFEST, made_by=typed_command(), made_in=str(Path.cwd()))
        with write_run(tmp_path / "r", made) as run:
            run.plan(rows("a"), "1")
            run.execute(rows("a"), lambda: ScriptedEngine(dies_on=lambda prompt: True))
    assert typed_command() == ""
    monkeypatch.chdir(tmp_path)
    done = typed("runs retry r")
    assert f"nothing else: naze map 'my rows.csv'   (in {tmp_path / 'there'})" in done.output
    told = json.loads(typed("runs retry r --json").stdout)
    assert told["again"] == [{"command": "naze map 'my rows.csv'", "folder": str(tmp_path / "there")}]
    assert (told["set_aside"], told["open"]) == (0, 1)


def test_a_run_that_does_not_say_who_made_it_is_read(tmp_path):
    with called_as(["map", "x.csv"]):
        run_all(tmp_path / "r", rows("a"), ScriptedEngine())
        kept = json.loads((tmp_path / "r" / "manifest.json").read_text())
        (tmp_path / "r" / "manifest.json").write_text(
            json.dumps({name: value for name, value in kept.items() if not name.startswith("made_")})
        )
        assert open_run(tmp_path / "r").manifest.made_by == ""
