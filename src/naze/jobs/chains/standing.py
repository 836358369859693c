"""A chain's folder goes in; how far it is comes out, also while it runs."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naze.errors import RunNotFoundError
from naze.generations import Summary, open_run
from naze.generations.manifest import MANIFEST_NAME
from naze.records import Status

__all__ = ["Standing", "failed_rows", "step_summary"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a chain is."""

    steps: int
    done: int
    """Steps whose rows are there."""
    failed: int
    """Answers that are missing in these."""
    step: str | None
    """The first one that is not done; None: all are."""
    answered: int | None = None
    """Of its prompts, where it asks a model and has begun."""
    rows: int | None = None


def failed_rows(step: Mapping[str, Any], path: Path) -> int:
    """Count the rows of a step without an answer; 0 of one that asks nobody.

    Args:
        step: as `chain.json` has it.
        path: of its rows.
    """
    import polars as pl

    if step["kind"] not in ("prompt", "group"):
        return 0
    status = pl.read_parquet(path, columns=[f"{step['name']}_status"]).to_series()
    return int((status != Status.ANSWERED.value).sum())


def step_summary(folder: Path) -> Summary | None:
    """Count what a step's run has answered; None where it has not begun. Of a step with levels it is the last."""
    runs = [folder, *sorted(folder.glob("level-*"))]
    begun = [one for one in runs if (one / MANIFEST_NAME).is_file()]
    if not begun:
        return None
    try:
        with closing(open_run(begun[-1])) as run:
            return run.summary()
    except RunNotFoundError:  # a manifest and no store yet: nothing was planned
        return None
