"""`kill -9` at any moment: the same command goes on, asks nothing twice, and ends as if nothing had happened."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_chain.py")


def start(folder, log, seconds):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(log), str(seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_killed_chain_ends_as_if_nothing_had_happened(tmp_path):
    chance, log = random.Random(3), tmp_path / "asked.log"
    log.write_text("")
    whole, errors = start(tmp_path / "whole", log, 0).communicate()
    assert whole, errors
    asked = log.read_text().splitlines()
    log.write_text("")
    for _ in range(6):
        before = len(log.read_text().splitlines())
        process = start(tmp_path / "killed", log, 0.01)
        while process.poll() is None and len(log.read_text().splitlines()) < before + chance.randrange(5, 40):
            time.sleep(0.01)
        process.kill()
        process.communicate()
    done, errors = start(tmp_path / "killed", log, 0).communicate()
    assert done == whole, errors
    twice = len(log.read_text().splitlines()) - len(asked)
    assert 0 <= twice <= 6 * 4, "at most what was under way at each kill is asked again"
