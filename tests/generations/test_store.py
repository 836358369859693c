"""What happens when the disk is full, texts are broken, ids repeat, or rows differ from the plan."""

import json
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from naze.errors import ConfigurationError, InputError, StoreError
from naze.generations import Planned, open_run, write_run
from naze.generations.answer_writer import AnswerWriter
from naze.generations.store import Store
from naze.records import Answer, Fit, FittedPrompt, Prompt, Status
from scripted import MANIFEST, ScriptedEngine, rows, run_all

PROGRAM = Path(__file__).with_name("killed_run.py")


def program(folder, log, rows=2000, **settings):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(rows), str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


def answered(folder):
    run = open_run(folder)
    found = {row.subject_id for row in run.rows() if row.answer is not None}
    run.close()
    return found


def test_a_file_that_may_not_grow_stops_the_run_with_an_error_and_the_rest_is_asked_later(tmp_path):
    run, log = tmp_path / "run", tmp_path / "asked.log"
    limit = 600 * 1024
    small = program(run, log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    _, errors = small.communicate(timeout=120)
    assert small.returncode == 1
    assert StoreError.__name__ in errors and "free some disk space" in errors
    stored = answered(run)
    assert 0 < len(stored) < 2000
    log.write_text("")
    rest = program(run, log)
    assert rest.wait(timeout=120) == 0, rest.communicate()[1]
    rest.communicate()
    assert len(answered(run)) == 2000
    assert not stored & set(log.read_text().splitlines()), "what was stored is not asked again"


def test_ctrl_c_stores_what_finished_and_the_rest_is_asked_later(tmp_path):
    run, log = tmp_path / "run", tmp_path / "asked.log"
    process = program(run, log)
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, errors
    asked, stored = set(log.read_text().splitlines()), answered(run)
    assert 0 < len(stored) < 2000
    assert len(asked - stored) <= 1, (
        "all that was answered is stored, but for the one that was just coming in"
    )
    log.write_text("")
    rest = program(run, log)
    rest.communicate(timeout=120)
    assert len(answered(run)) == 2000
    assert not stored & set(log.read_text().splitlines())


def test_texts_with_half_a_surrogate_pair_are_stored_with_a_mark_in_its_place(tmp_path):
    class Broken(ScriptedEngine):
        def reply(self, prompt):
            return replace(super().reply(prompt), text="half \ud83d", probabilities={"\ud83d": 1.0})

    source = [FittedPrompt(Prompt("vote \ud83d", "", "\ud83d", "\ud83d", "why?"))]
    assert run_all(tmp_path, lambda: source, Broken()).answered == 1
    [row] = open_run(tmp_path).row("vote \ud83d")
    assert row.answer.text == "half �"
    assert row.subject_id == "vote �"


def test_a_write_that_fails_in_any_way_stops_the_asking(tmp_path):
    Store(tmp_path, writable=True).close()
    writer = AnswerWriter(tmp_path / "store.sqlite")
    good = Answer(Status.ANSWERED, "text")
    writer.put(b"key", replace(good, generated_tokens=2**70))  # larger than SQLite can hold
    with pytest.raises(OverflowError):
        while True:
            writer.put(b"other", good)
            time.sleep(0.01)
    with pytest.raises(OverflowError):
        writer.close()


def test_ids_that_repeat_are_rows_of_their_own(tmp_path):
    def source(*texts):
        return lambda: [FittedPrompt(Prompt("same id", "", "", "", text)) for text in texts]

    engine = ScriptedEngine()
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source("a", "b"), "1")
        assert run.execute(source("a", "b"), lambda: engine).answered == 2
        assert run.plan(source("a", "c"), "2") == Planned(rows=2, new=0, changed=1, gone=0)
        run.execute(source("a", "c"), lambda: engine)
    assert [row.answer.text for row in open_run(tmp_path).rows()] == ["answer to a", "answer to c"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [("abX", "row 3: its prompt"), ("ab", "row 3: it is missing"), ("abcd", "row 4: the plan has 3 rows")],
)
def test_rows_that_differ_from_the_plan_stop_the_run_and_are_planned_anew(tmp_path, texts, said):
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(rows("abc"), "1")
        with pytest.raises(InputError, match=said):
            run.execute(rows(texts), ScriptedEngine)
        assert not run.is_planned_from("1")
    assert run_all(tmp_path, rows(texts), ScriptedEngine()).answered == len(texts)


def test_routed_rows_without_a_model_to_route_to_are_an_error_before_anything_is_asked(tmp_path):
    source = [FittedPrompt(Prompt("1", "", "", "", "a"), fit=Fit.ROUTED)]
    engine = ScriptedEngine()
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(lambda: source, "1")
        with pytest.raises(ConfigurationError, match="--long-model"):
            run.execute(lambda: source, lambda: engine)
    assert engine.asked == []


@pytest.mark.parametrize("text", ["", "[]", '{"format": "new"}', '{"format": 2}', "{"])
def test_a_damaged_manifest_is_an_error_that_names_the_file(tmp_path, text):
    run_all(tmp_path, rows("a"), ScriptedEngine())
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json"):
        open_run(tmp_path)


def test_a_manifest_comes_back_as_it_was_written(tmp_path):
    manifest = replace(MANIFEST, template_parts={"name": "説明"}, notes=("slow",), options={"threads": 2})
    with write_run(tmp_path, manifest):
        pass
    with write_run(tmp_path) as run:
        assert run.manifest == replace(manifest, sampling={**manifest.sampling, "stop": []})
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8"))["template_parts"]["name"] == "説明"


def test_remembered_counts_are_never_stale(tmp_path):
    source = rows("abcd")
    bad = ScriptedEngine(dies_on=lambda prompt: prompt.question == "b")
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source, "1")
        assert run.summary().open == 4
        assert run.execute(source, lambda: bad).error == 1
        assert open_run(tmp_path).summary() == run.summary()
        run.reset_failures()
        assert (run.summary().error, run.summary().open) == (0, 1)
        run.plan(rows("abcde"), "2")
        assert (run.summary().rows, run.summary().open) == (5, 2)
        assert run.execute(rows("abcde"), ScriptedEngine).answered == 5
    assert open_run(tmp_path).summary().answered == 5


def test_hidden_states_are_written_with_their_answers_and_a_run_without_them_has_none(tmp_path):
    class Minded(ScriptedEngine):
        def reply(self, prompt):
            return replace(super().reply(prompt), states=f"mind of {prompt.subject_id}".encode())

    texts = rows(["one", "two", "three"])
    run_all(tmp_path / "minded", texts, Minded())
    run_all(tmp_path / "plain", texts, ScriptedEngine())
    expected = {f"row {number}": f"mind of row {number}".encode() for number in range(3)}
    for name, told in (("minded", expected), ("plain", {})):
        run = open_run(tmp_path / name)
        assert dict(run.states()) == told
        assert run.summary().answered == 3
        run.close()


def test_a_run_that_was_begun_before_there_were_states_is_still_read(tmp_path):
    run_all(tmp_path / "run", rows(["one"]), ScriptedEngine())
    connection = sqlite3.connect(tmp_path / "run" / "store.sqlite")
    connection.execute("DROP TABLE states")
    connection.close()
    run = open_run(tmp_path / "run")
    assert list(run.states()) == [] and run.summary().answered == 1
    run.close()
