"""`kill -9` in the middle of a batch: the same command goes on, and what was stored is not asked again."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

from naze.errors import RunNotFoundError, StoreError
from naze.generations import open_run

REQUESTS = 24


def stored(folder):
    """What was answered so far: id -> the answer's text and the moment at which it was stored."""
    try:
        with closing(open_run(folder)) as run:
            return {
                row.subject_id: (row.answer.text, row.finished_at)
                for row in run.rows()
                if row.answer is not None
            }
    except (RunNotFoundError, StoreError):
        return {}


def test_a_killed_batch_goes_on_and_asks_nothing_twice(smollm2_path, write, make, read, tmp_path):
    path = write(*[make(f"id {n}", max_tokens=8) for n in range(REQUESTS)])
    out, folder = tmp_path / "r.jsonl", tmp_path / "r.run"
    command = [sys.executable, "-c", "from naze.cli import main; main()"]
    command += ["batch", "run", str(path), "--model", "smollm2:135m", "--out", str(out), "--concurrency", "2"]
    first = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 120
    while len(stored(folder)) < 5:
        assert first.poll() is None and time.monotonic() < until, first.stderr.read().decode()
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    before = stored(folder)
    assert 5 <= len(before) < REQUESTS, "the kill fell in the middle"
    assert not out.exists(), "there is no half a file"
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    after = stored(folder)
    assert before.items() <= after.items(), "what was stored was not asked again"
    assert f'"done": {len(before)}, "total": {REQUESTS}' in done.stderr
    assert list(read(out)) == [f"id {n}" for n in range(REQUESTS)]
