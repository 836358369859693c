"""A folder goes in; the failures of the runs in it are set aside, and the commands that ask them again come out."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from naze.errors import RunNotFoundError
from naze.generations.manifest import MANIFEST_NAME
from naze.generations.run import FAILURES, open_run, write_run
from naze.generations.store import STORE_NAME
from naze.records import Status

__all__ = ["Again", "SetAside", "anything_open", "runs_in", "set_failures_aside"]


@dataclass(frozen=True, slots=True)
class Again:
    """A command line that asks what was set aside."""

    command: str
    """As it was typed; empty where a call in Python made the run, or a naze that did not keep it."""
    folder: str
    """Where it was typed; its paths are told from there."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """What was set aside in a folder."""

    folder: Path
    runs: tuple[Path, ...]
    """Those that had such failures, or have rows that were not asked yet."""
    count: int
    """Failures that were set aside now."""
    open: int
    """Rows that will be asked: those set aside, and those that were open already."""
    again: tuple[Again, ...]
    """Each command once."""


def runs_in(folder: Path) -> tuple[Path, ...]:
    """Name the runs in a folder and below: of a run, a batch, a chain, summaries, factors, a predictor."""
    return tuple(
        path.parent for path in sorted(folder.rglob(MANIFEST_NAME)) if (path.parent / STORE_NAME).is_file()
    )


def anything_open(folder: Path) -> bool:
    """Tell whether a run in a folder or below has rows that were not asked yet, or were set aside."""
    for place in runs_in(folder):
        run = open_run(place)
        try:
            if run.summary().open:
                return True
        finally:
            run.close()
    return False


def set_failures_aside(path: str | Path, statuses: Iterable[Status] = FAILURES) -> SetAside:
    """Set the failures of all runs in a folder aside, so that the command that made it asks them again, and nothing else.

    Args:
        path: a run, or a folder that holds runs: of a chain, summaries, factors, a predictor.
        statuses: which failures.

    Raises:
        RunNotFoundError: no run lies there.
        RunLockedError: another process writes one of them.
    """
    folder, chosen = Path(path), tuple(statuses)
    places = runs_in(folder)
    if not places:
        raise RunNotFoundError(f"{folder}: there is no run here. `naze runs list` shows the runs there are.")
    count = left = 0
    touched: dict[Path, Again] = {}
    for place in places:
        with write_run(place) as run:
            count += run.reset_failures(chosen)
            unasked = run.summary().open
            if unasked:
                left += unasked
                touched[place] = Again(run.manifest.made_by, run.manifest.made_in)
    return SetAside(folder, tuple(touched), count, left, tuple(dict.fromkeys(touched.values())))
