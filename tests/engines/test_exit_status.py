"""How a process ended is told in words."""

import signal
import sys

import pytest

from naze.engines.exit_status import how_it_ended


def test_a_process_that_left_by_itself_is_told_with_its_status():
    assert how_it_ended(3, -3, "less") == "left with exit status 3"
    assert how_it_ended(3221225477, -3221225477, "less") == "left with exit status 3221225477"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_process_that_was_killed_is_told_with_what_helps():
    said = how_it_ended(-signal.SIGKILL, signal.SIGKILL, "a smaller model")
    assert said == "was ended by SIGKILL (often: the system ran out of memory; a smaller model helps)"
    assert how_it_ended(-15, 15, "less") == "was ended by SIGTERM"


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_the_check_of_types_is_run_for_other_systems_too(repository, platform):
    assert f"mypy --platform {platform}" in (repository / "Makefile").read_text("utf-8")
