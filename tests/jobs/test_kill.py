"""`naze explain` with a real model, killed again and again soon after it began: every time a few votes more are explained."""

import itertools
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress

import pytest

from naze.errors import RunNotFoundError, StoreError
from naze.generations import open_run

VOTES = 14
KILLS = 3


def command(repository, folder, votes):
    program = [sys.executable, "-c", "from naze.cli import main; main()", "explain"]
    asked = [str(repository / "examples" / "votes.csv"), "--limit", str(votes), "--out", str(folder)]
    return [*program, *asked, "--model", "smollm2:135m", "--language", "en"]


def answered(folder):
    try:
        with closing(open_run(folder)) as run:
            return {row.subject_id for row in run.rows() if row.answer is not None}
    except (RunNotFoundError, StoreError):  # killed before the plan was there
        return set()


@pytest.mark.xdist_group("explain")
def test_a_run_that_is_killed_soon_each_time_makes_headway_each_time(repository, smollm2_path, tmp_path):
    """Soon is twice what one vote takes alone, with all that comes before it: whatever the machine."""
    began = time.monotonic()
    subprocess.run(command(repository, tmp_path / "alone", 1), check=True, capture_output=True, timeout=300)
    soon = 2 * (time.monotonic() - began)
    folder = tmp_path / "killed"
    counts = [0]
    for _ in range(KILLS):
        before = answered(folder)
        process = subprocess.Popen(
            command(repository, folder, VOTES),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        time.sleep(soon)
        ended = process.poll()
        with suppress(ProcessLookupError):  # all were explained already
            os.killpg(process.pid, signal.SIGKILL)
        _, errors = process.communicate()
        assert ended in {None, 0}, errors.decode()
        assert before <= answered(folder), "what was explained stays explained"
        counts.append(len(answered(folder)))
    assert all(later > sooner or later == VOTES for sooner, later in itertools.pairwise(counts)), counts
