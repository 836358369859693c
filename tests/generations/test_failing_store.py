"""Wherever the disk gives way under a run, its own reason comes out, the progress line is closed, and nothing is lost."""

import sqlite3
import subprocess
import sys

import pytest

from naze.errors import StoreError
from naze.generations import open_run, write_run
from naze.generations.second_way import Check
from naze.records import Answer
from scripted import MANIFEST, ScriptedEngine, rows, run_all

SOURCE = rows("abcdefgh")


class Disk:
    """Fails at one statement, and at all after it, as a disk does that is full."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.fails_at = fails_at
        self.done = 0

    def next(self, statement: str) -> None:
        if statement.startswith(("ROLLBACK", "PRAGMA")):
            return
        self.done += 1
        if self.fails_at is not None and self.done > self.fails_at:
            raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def disk(monkeypatch):
    disk = Disk()

    class Failing(sqlite3.Connection):
        def execute(self, statement, *arguments):
            disk.next(statement)
            return super().execute(statement, *arguments)

        def executemany(self, statement, *arguments):
            disk.next(statement)
            return super().executemany(statement, *arguments)

    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *arguments, **settings: real(*arguments, factory=Failing, **settings)
    )
    return disk


class Line:
    """A progress line that is open or closed."""

    def __init__(self) -> None:
        self.told = []

    def start(self, done, failed, total):
        self.told.append("start")

    def advance(self, answer, rows):
        pass

    def again(self, answers):
        pass

    def finish(self):
        self.told.append("finish")


class Fussy(Check):
    """Finds a fault in every first answer, so that all prompts are asked twice."""

    def look(self, row, answer):
        return Answer(**{**{name: getattr(answer, name) for name in answer.__slots__}, "marks": ("looping",)})

    def again(self, row, answer):
        return row.prompt


def sitting(folder, line, check=None):
    with write_run(folder, MANIFEST) as run:
        if not run.is_planned_from("1"):
            run.plan(SOURCE, "1")
        return run.execute(SOURCE, ScriptedEngine, progress=line, check=check)


def statements(folder, disk, check):
    """Count the statements of a whole sitting."""
    sitting(folder, Line(), check)
    done, disk.done = disk.done, 0
    return done


@pytest.mark.parametrize("check", [None, Fussy()], ids=["once", "twice"])
def test_wherever_the_disk_is_full_that_is_what_is_said_and_the_line_is_closed(tmp_path, disk, check):
    whole = statements(tmp_path / "whole", disk, check)
    assert whole > 15
    failed = 0
    for at in range(whole):
        disk.fails_at, disk.done = at, 0
        line, folder = Line(), tmp_path / str(at)
        try:
            sitting(folder, line, check)
        except StoreError as error:
            assert "database or disk is full" in str(error), (at, error)
            assert "closed database" not in str(error)
            failed += 1
        assert line.told in ([], ["start", "finish"]), (at, line.told)
        disk.fails_at = None
        if (folder / "store.sqlite").is_file():
            assert sitting(folder, Line(), check).answered == 8, "the same command goes on"
    assert failed > whole / 2


@pytest.mark.parametrize("read", ["tuples", "rows", "states", "failures"])
def test_who_stops_reading_and_closes_the_run_hears_no_other_error(tmp_path, read):
    run_all(tmp_path, SOURCE, ScriptedEngine(dies_on=lambda prompt: prompt.question in "ab"))
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute("INSERT INTO states SELECT key, key FROM plan")
    connection.close()
    run = open_run(tmp_path)
    reading = getattr(run, read)()
    next(reading)
    run.close()
    reading.close()  # as the interpreter does it, after an error between the rows


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files")
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_an_export_to_a_full_disk_says_so_and_nothing_else_and_leaves_nothing(tmp_path, suffix):
    run_all(tmp_path / "run", rows([f"{number}" for number in range(5_000)]), ScriptedEngine())
    script = """
import resource, signal, sys
from naze.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
main()
"""
    place = tmp_path / f"out.{suffix}"
    command = [sys.executable, "-c", script, "runs", "export", str(tmp_path / "run"), "--to", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"naze: {place}: the table cannot be written (File too large). The run is whole; free some space or choose "
        "another --to.\n"
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
