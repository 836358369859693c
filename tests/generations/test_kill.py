"""`kill -9` at random moments: the union of answers equals an uninterrupted run, and none is asked twice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from naze.errors import RunNotFoundError, StoreError
from naze.generations import open_run

PROGRAM = Path(__file__).with_name("killed_run.py")
ROWS = 3000
KILLS = 30


def start(folder: Path, log: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(ROWS), str(log)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def stored(folder: Path) -> dict[str, str]:
    try:
        run = open_run(folder)
    except (RunNotFoundError, StoreError):  # killed before the first plan was there
        return {}
    answers = {row.subject_id: row.answer.text for row in run.rows() if row.answer is not None}
    run.close()
    return answers


@pytest.mark.slow
def test_thirty_kills_lose_no_stored_answer_and_ask_none_twice(tmp_path):
    chance = random.Random(7)
    run, log = tmp_path / "run", tmp_path / "asked.log"
    kills = 0
    while kills < KILLS:
        log.write_text("")
        before = stored(run)
        process = start(run, log)
        if kills % 5:  # most kills while it answers, every fifth while it starts or plans
            process.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.2))
        else:
            time.sleep(chance.uniform(0.1, 0.6))
        process.kill()
        process.communicate()
        kills += 1
        asked = set(log.read_text().split("\n")) - {""}
        assert not asked & before.keys(), "what was stored before is not asked again"
        after = stored(run)
        assert before.items() <= after.items(), "what was stored stays as it was"
        assert len(asked - after.keys()) <= 8, "at most the answers in flight are lost"
    log.write_text("")
    before = stored(run)
    assert 0 < len(before) < ROWS, "the kills fell while there was work to do"
    final = start(run, log)
    _, errors = final.communicate()
    assert final.returncode == 0, errors
    assert stored(run) == {f"row {number}": f"answer to question {number}" for number in range(ROWS)}
    assert not set(log.read_text().split("\n")) & before.keys()
