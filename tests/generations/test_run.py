"""A run's promises, with a scripted engine: order and failure are the subject here."""

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.errors import (
    EngineUnavailableError,
    ManifestMismatchError,
    RunLockedError,
    RunNotFoundError,
    RunVersionError,
    StoreError,
)
from naze.generations import open_run, write_run
from naze.generations.keys import AnswerKeys
from naze.generations.store import STORE_NAME, Store
from naze.records import Answer, Fit, FittedPrompt, Prompt, Role, Sampling, Status, Turn
from scripted import MANIFEST, ScriptedEngine, rows, run_all


def texts_of(folder: Path) -> list[str | None]:
    run = open_run(folder)
    try:
        return [row.answer.text if row.answer else None for row in run.rows()]
    finally:
        run.close()


def test_every_row_is_answered_and_read_back_in_input_order(tmp_path):
    engine = ScriptedEngine()
    summary = run_all(tmp_path, rows("abcdefg"), engine)
    assert (summary.rows, summary.answered, summary.open) == (7, 7, 0)
    assert texts_of(tmp_path) == [f"answer to {letter}" for letter in "abcdefg"]
    assert engine.asked != sorted(engine.asked), "the scripted engine answers out of order, so the journal is"
    assert engine.closed


def test_the_same_command_again_asks_nothing(tmp_path):
    run_all(tmp_path, rows("abc"), ScriptedEngine())
    second = ScriptedEngine()
    assert run_all(tmp_path, rows("abc"), second).answered == 3
    assert second.asked == []


def test_identical_prompts_are_asked_once(tmp_path):
    engine = ScriptedEngine()
    summary = run_all(tmp_path, rows("abab"), engine)
    assert summary.answered == 4
    assert len(engine.asked) == 2


def test_a_changed_row_is_asked_again_alone(tmp_path):
    run_all(tmp_path, rows("abcd"), ScriptedEngine())
    engine = ScriptedEngine()
    source = rows("abXde")
    with write_run(tmp_path, MANIFEST) as run:
        planned = run.plan(source, "2")
        run.execute(source, lambda: engine)
    assert (planned.rows, planned.new, planned.changed, planned.gone) == (5, 1, 1 + 0, 0)
    assert sorted(engine.asked) == ["row 2", "row 4"]
    assert texts_of(tmp_path)[2] == "answer to X"


def test_rows_that_are_gone_are_counted_and_their_answers_kept(tmp_path):
    run_all(tmp_path, rows("abcd"), ScriptedEngine())
    with write_run(tmp_path, MANIFEST) as run:
        assert run.plan(rows("ab"), "2").gone == 2
    engine = ScriptedEngine()
    run_all(tmp_path, rows("abcd"), engine, planned_from="3")
    assert engine.asked == []


def test_a_prompt_that_does_not_fit_is_recorded_with_its_counts_and_never_asked(tmp_path):
    source = rows("ab")
    long = replace(source()[1], fit=Fit.OVERFLOW, whole_tokens=9000, limit_tokens=8000)
    engine = ScriptedEngine()
    summary = run_all(tmp_path, lambda: [source()[0], long], engine)
    assert (summary.answered, summary.overflow) == (1, 1)
    assert engine.asked == ["row 0"]
    [failure] = list(open_run(tmp_path).failures())
    assert "9,000" in failure.answer.reason and "8,000" in failure.answer.reason


def test_a_routed_prompt_goes_to_the_long_engine(tmp_path):
    source = rows("ab")
    routed = [source()[0], replace(source()[1], fit=Fit.ROUTED)]
    short, long = ScriptedEngine(), ScriptedEngine(fingerprint="long 1")
    with write_run(tmp_path, replace(MANIFEST, fit="route", long_fingerprint="long 1")) as run:
        run.plan(lambda: routed, "1")
        summary = run.execute(lambda: routed, lambda: short, open_long_engine=lambda: long)
    assert (short.asked, long.asked) == (["row 0"], ["row 1"])
    assert (summary.answered, summary.routed) == (2, 1)


def test_a_row_that_makes_the_engine_die_alone_is_recorded_and_the_rest_goes_on(tmp_path):
    opened: list[ScriptedEngine] = []

    def open_engine() -> ScriptedEngine:
        opened.append(ScriptedEngine(dies_on=lambda prompt: prompt.question == "d"))
        return opened[-1]

    source = rows("abcdefghij")
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source, "1")
        summary = run.execute(source, open_engine)
    assert (summary.answered, summary.error) == (9, 1)
    [failure] = list(open_run(tmp_path).failures())
    assert failure.subject_id == "row 3"
    assert failure.answer.attempts == 3
    assert all(engine.closed for engine in opened)


def test_a_single_crash_costs_no_row_and_shows_in_the_attempts(tmp_path):
    crashes = iter([True])
    source = rows("abcdef")
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source, "1")
        summary = run.execute(source, lambda: ScriptedEngine(dies_on=lambda prompt: next(crashes, False)))
    assert summary.answered == 6
    attempts = [row.answer.attempts for row in open_run(tmp_path).rows()]
    assert sorted(set(attempts)) == [1, 2]


def test_an_engine_that_dies_on_everything_stops_the_run_and_blames_no_row(tmp_path):
    source = rows("abcdefghij")
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source, "1")
        with pytest.raises(EngineUnavailableError, match="in a row"):
            run.execute(source, lambda: ScriptedEngine(dies_on=lambda prompt: True, together=9))
    assert run_all(tmp_path, source, ScriptedEngine()).answered == 10, "nothing was recorded as failed"


def test_resume_is_not_retry(tmp_path):
    source = rows("abc")
    bad = ScriptedEngine(dies_on=lambda prompt: prompt.question == "b")
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source, "1")
        run.execute(source, lambda: bad)
    good = ScriptedEngine()
    assert run_all(tmp_path, source, good).error == 1
    assert good.asked == []
    with write_run(tmp_path) as run:
        assert run.reset_failures() == 1
        summary = run.execute(source, lambda: good)
    assert (summary.answered, summary.error) == (3, 0)
    assert next(iter(open_run(tmp_path).row("row 1"))).answer.attempts == 4
    journal = sqlite3.connect(tmp_path / STORE_NAME).execute("SELECT count(*) FROM answers").fetchone()[0]
    assert journal == 4, "the failure stays in the journal"


def test_an_answer_against_the_schema_is_invalid_with_its_text_kept(tmp_path):
    schema = json.dumps({"type": "object", "required": ["city"]})
    made = [FittedPrompt(Prompt("row 0", "", "", "", "where?", schema=schema))]
    assert run_all(tmp_path, lambda: made, ScriptedEngine()).invalid == 1
    [failure] = list(open_run(tmp_path).failures())
    assert failure.answer.status is Status.INVALID and failure.answer.text == "answer to where?"


@pytest.mark.parametrize("name", ["fingerprint", "template_hash", "language", "task"])
def test_other_settings_are_refused_by_name_with_both_values(tmp_path, name):
    run_all(tmp_path, rows("a"), ScriptedEngine())
    with pytest.raises(
        ManifestMismatchError, match=f"{name}.*'{getattr(MANIFEST, name)}'.*'other'"
    ) as caught:
        with write_run(tmp_path, replace(MANIFEST, **{name: "other"})):
            pass
    assert caught.value.fields == (name,)


def test_other_sampling_is_refused_by_the_setting_that_differs(tmp_path):
    run_all(tmp_path, rows("a"), ScriptedEngine())
    with pytest.raises(ManifestMismatchError, match=r"sampling\.max_tokens: the run has 10, this command 20"):
        with write_run(tmp_path, replace(MANIFEST, sampling={**MANIFEST.sampling, "max_tokens": 20})):
            pass


def test_a_second_process_on_the_same_run_is_refused(tmp_path):
    with write_run(tmp_path, MANIFEST):
        code = (
            "import sys; from pathlib import Path; from naze.generations import write_run\n"
            "with write_run(Path(sys.argv[1])): pass"
        )
        second = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert second.returncode != 0
    assert RunLockedError.__name__ in second.stderr


def test_a_run_of_a_newer_version_is_refused(tmp_path):
    run_all(tmp_path, rows("a"), ScriptedEngine())
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 99'))
    with pytest.raises(RunVersionError, match="format 99"):
        open_run(tmp_path)


def test_a_run_of_a_naze_before_its_first_release_is_refused_by_name(tmp_path):
    run_all(tmp_path, rows(["one"]), ScriptedEngine())
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(RunVersionError, match="format 1, of a naze before its first release"):
        open_run(tmp_path)


def test_a_folder_without_a_run_says_so(tmp_path):
    with pytest.raises(RunNotFoundError, match="no run here"):
        open_run(tmp_path)


def test_a_full_disk_stops_the_run_and_loses_nothing_that_was_stored(tmp_path, monkeypatch):
    source = rows([f"question {number} " + "long " * 300 for number in range(400)])
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source, "1")
    real_connect = sqlite3.connect

    def small_disk(*arguments, **settings):
        connection = real_connect(*arguments, **settings)
        connection.execute("PRAGMA max_page_count = 100")  # SQLite's own way to say: the disk is full
        return connection

    monkeypatch.setattr(sqlite3, "connect", small_disk)
    with write_run(tmp_path, MANIFEST) as run, pytest.raises(StoreError, match="full"):
        run.execute(source, lambda: ScriptedEngine(seconds=0.0001))
    monkeypatch.undo()
    engine = ScriptedEngine()
    stored = 400 - open_run(tmp_path).summary().open
    assert 0 < stored < 400
    assert run_all(tmp_path, source, engine).answered == 400
    assert len(engine.asked) == 400 - stored


def test_a_damaged_store_is_an_error_that_says_what_to_do(tmp_path):
    run_all(tmp_path, rows("a"), ScriptedEngine())
    for name in ("store.sqlite-wal", "store.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / STORE_NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="same command again"):
        open_run(tmp_path)


class Interrupted(ScriptedEngine):
    """Stops a run after so many answers, as Ctrl-C does."""

    def __init__(self, after: int, asked: list[str]) -> None:
        super().__init__(asked=asked)
        self.after = after

    def reply(self, prompt: Prompt) -> Answer:
        self.after -= 1
        if self.after < 0:
            raise KeyboardInterrupt
        return super().reply(prompt)


@given(
    texts=st.lists(st.sampled_from("abcdefghijkl"), max_size=30),
    stops=st.lists(st.integers(0, 12), max_size=5),
)
def test_a_run_interrupted_anywhere_and_resumed_equals_one_uninterrupted(tmp_path_factory, texts, stops):
    whole, parts = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("parts")
    run_all(whole, rows(texts), ScriptedEngine())
    for stop in stops:
        try:
            run_all(parts, rows(texts), Interrupted(stop, []))
        except KeyboardInterrupt:
            pass
    run_all(parts, rows(texts), ScriptedEngine())
    assert texts_of(parts) == texts_of(whole)
    connection = sqlite3.connect(parts / STORE_NAME)
    asked_twice = connection.execute("SELECT count(*) - count(DISTINCT key) FROM answers").fetchone()[0]
    connection.close()
    assert asked_twice == 0


@given(
    parts=st.lists(st.text(max_size=3), min_size=3, max_size=3),
    other=st.lists(st.text(max_size=3), min_size=3, max_size=3),
)
def test_keys_are_equal_only_for_equal_prompts(parts, other):
    keys = AnswerKeys("model", Sampling())
    one, two = Prompt("1", "", *parts), Prompt("2", "", *other)
    assert (keys.key(one) == keys.key(two)) == (parts == other)


def test_keys_change_with_model_sampling_choices_and_schema():
    prompt = Prompt("1", "", "a", "b", "c")
    changed = [
        AnswerKeys("other", Sampling()).key(prompt),
        AnswerKeys("model", Sampling(seed=1)).key(prompt),
        AnswerKeys("model", Sampling()).key(replace(prompt, choices=("x",))),
        AnswerKeys("model", Sampling()).key(replace(prompt, schema="{}")),
    ]
    assert len({AnswerKeys("model", Sampling()).key(prompt), *changed}) == 5


def test_a_run_can_be_read_while_it_is_written(tmp_path):
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(rows("abc"), "1")
        reader = Store(tmp_path)
        assert [row.answer for row in reader.rows()] == [None, None, None]
        run.execute(rows("abc"), ScriptedEngine)
        assert all(row.answer is not None for row in reader.rows())
        reader.close()


def test_what_was_said_before_how_it_is_asked_and_a_sampling_of_its_own_are_part_of_a_key():
    run_sampling = Sampling(max_tokens=10)
    keys = AnswerKeys("model", run_sampling)
    base = Prompt("1", "", "i", "s", "q")
    others = [
        replace(base, earlier=(Turn(Role.USER, "a"),)),
        replace(base, earlier=(Turn(Role.ASSISTANT, "a"),)),
        replace(base, earlier=(Turn(Role.USER, "a"), Turn(Role.USER, ""))),
        replace(base, plain=True),
        replace(base, sampling=Sampling(max_tokens=11)),
        replace(base, sampling=Sampling(max_tokens=10, seed=1)),
    ]
    assert len({keys.key(prompt) for prompt in [base, *others]}) == 7
    assert keys.key(replace(base, sampling=run_sampling)) == keys.key(base)
