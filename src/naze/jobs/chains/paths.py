"""A chain's folder and a row go in; the row's way through the steps comes out: what was asked, answered, dropped."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import InputError, NazeError, RunNotFoundError, StoreError
from naze.generations import open_run
from naze.generations.manifest import MANIFEST_NAME
from naze.jobs.chains.definition import DATA
from naze.jobs.chains.grouping import MEMBERS
from naze.jobs.chains.rows import HIDDEN, ID, parent_of
from naze.jobs.chains.running import CHAIN_NAME
from naze.jobs.chains.standing import Standing, failed_rows, step_summary
from naze.prompts import RowPrompts, Template
from naze.tables import ROW, read_batches

if TYPE_CHECKING:
    import polars as pl

__all__ = ["About", "Stop", "read_chain", "row_path"]


@dataclass(frozen=True, slots=True)
class About:
    """What a chain's folder says of it."""

    folder: Path
    told: Mapping[str, Any]
    """The content of `chain.json`."""

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps, in the order in which they run."""
        return list(self.told["steps"])

    def rows_of(self, name: str) -> Path | None:
        """Return where a step's rows lie; None: it has none yet."""
        about = self.told["data"] if name == DATA else next(one for one in self.steps if one["name"] == name)
        path = self.folder / about["rows"] if about.get("rows") else None
        return path if path is not None and path.is_file() else None

    def standing(self) -> Standing:
        """Tell how far it is."""
        done = failed = 0
        for step in self.steps:
            path = self.rows_of(step["name"])
            if path is None:
                summary = step_summary(self.folder / step["run"]) if step.get("run") else None
                answered = None if summary is None else (summary.answered, summary.rows)
                return Standing(len(self.steps), done, failed, step["name"], *(answered or (None, None)))
            done += 1
            failed += failed_rows(step, path)
        return Standing(len(self.steps), done, failed, None)

    def result(self) -> "Iterator[pl.DataFrame]":
        """Read the rows of the chain's result, without what only the chain itself needs of them.

        Raises:
            InputError: its last step has not run yet.
        """
        path = self.rows_of(self.told["result"])
        if path is None:
            raise InputError(
                f"{self.folder}: step {self.told['result']!r}, whose rows are the result, has not run yet. Give the chain's "
                "command again."
            )
        return (batch.drop(HIDDEN) for batch in read_batches(path))


@dataclass(frozen=True, slots=True)
class Stop:
    """What became of a row at one step."""

    step: str
    kind: str
    ids: tuple[str, ...]
    """The rows that it is here; none: it is not here."""
    note: str
    """What happened, in a few words."""
    values: tuple[Mapping[str, Any], ...] = ()
    """For each of its rows here: the columns that the step added."""
    prompts: tuple[str, ...] = ()
    """For each of its rows, where a model was asked: the prompt."""


def read_chain(folder: str | Path) -> About:
    """Read what a chain's folder says of it.

    Raises:
        RunNotFoundError: no chain in this folder.
        StoreError: it is damaged.
    """
    path = Path(folder) / CHAIN_NAME
    try:
        return About(Path(folder), json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise RunNotFoundError(
            f"{folder}: there is no chain here. `naze chain FLOW DATA` makes one."
        ) from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run the chain's command again.") from error


def row_path(folder: str | Path, row: str) -> list[Stop]:
    """Follow one row of the data through the chain.

    Args:
        folder: of the chain.
        row: its number in the data, from 1.

    Returns:
        One stop for the data and for each step, in the order in which they run.

    Raises:
        InputError: there is no such row.
    """
    import polars as pl

    about = read_chain(folder)
    data = about.rows_of(DATA)
    found = None if data is None else pl.read_parquet(data).filter(pl.col(ID) == row)
    if data is None or found is None or found.is_empty():
        rows = 0 if data is None else pl.read_parquet(data, columns=[ID]).height
        raise InputError(f"{folder}: there is no row {row!r}; the data has the rows 1 to {rows:,}.")
    stops = [Stop(DATA, DATA, (row,), "the row as it came", _values(found, found.columns))]
    at: dict[str, set[str]] = {DATA: {row}}
    for step in about.steps:
        stop = _stop(about, step, at)
        at[step["name"]] = set(stop.ids)
        stops.append(stop)
    return stops


def _stop(about: About, step: Mapping[str, Any], at: Mapping[str, set[str]]) -> Stop:
    import polars as pl

    name, kind = str(step["name"]), str(step["kind"])
    came_from = step["inputs"][1 if kind == "fan_in" else 0]
    before = at[came_from]
    path = about.rows_of(name)
    if path is None:
        return Stop(name, kind, (), "this step has not run yet")
    if not before:
        return Stop(name, kind, (), "did not come here")
    ids = _next_ids(kind, path, before)
    here = pl.read_parquet(path).filter(pl.col(ID).is_in(list(ids)))
    earlier = _columns(about, came_from)
    added = [column for column in here.columns if column not in earlier or column in step.get("collect", ())]
    prompts = _prompts(about, step, here[ID].to_list()) if kind == "prompt" else ()
    return Stop(name, kind, tuple(here[ID]), _note(step, here, before), _values(here, added), prompts)


def _next_ids(kind: str, path: Path, before: set[str]) -> set[str]:
    """Find which of a step's rows come from some rows of its input."""
    import polars as pl

    if kind == "group":
        members = pl.read_parquet(path.with_suffix(MEMBERS))
        return set(members.filter(pl.col("member").is_in(list(before)))["group"])
    ids = pl.read_parquet(path, columns=[ID])[ID].to_list()
    return {row_id for row_id in ids if row_id in before or parent_of(row_id) in before}


def _columns(about: About, name: str) -> list[str]:
    import polars as pl

    path = about.rows_of(name)
    return [] if path is None else pl.scan_parquet(path).collect_schema().names()


def _note(step: Mapping[str, Any], here: "pl.DataFrame", before: set[str]) -> str:
    kind, count = step["kind"], here.height
    if kind == "filter":
        dropped = len(before) - count
        words = f"{step['filter']} holds" if count else f"dropped here: {step['filter']} does not hold"
        return words if not (count and dropped) else f"{words} for {count} of its {len(before)} rows"
    if kind == "fan_out":
        return f"{count} rows" if count else "no rows: the list is empty"
    if kind == "group":
        return f"in the group {', '.join(here[ID])}"
    if kind == "function":
        return f"{step['function']}" if count else f"dropped here by {step['function']}"
    if kind in ("join", "fan_in"):
        return (
            f"with the columns of step {step['join']!r}"
            if kind == "join"
            else f"back from step {step['fan_in']!r}"
        )
    failed = sum(status != "answered" for status in here[f"{step['name']}_status"])
    return "asked" if not failed else f"no answer for {failed} of {count} rows"


def _values(frame: "pl.DataFrame", columns: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
    shown = [name for name in columns if name not in HIDDEN]
    return tuple(frame.select(shown).iter_rows(named=True)) if shown else ()


def _prompts(about: About, step: Mapping[str, Any], ids: Sequence[str]) -> tuple[str, ...]:
    """Write the prompts about some rows as they were before anything was shortened."""
    folder = about.folder / step["run"]
    copies = sorted(folder.glob("rows-*.parquet"))
    if not (folder / MANIFEST_NAME).is_file() or not copies:
        return ()
    import polars as pl

    with closing(open_run(folder)) as run:
        parts = dict(run.manifest.template_parts)
    template = Template(**{**parts, "choices": tuple(parts.get("choices", ()))})
    frame = pl.read_parquet(copies[-1]).filter(pl.col(ID).is_in(list(ids)))
    asking = RowPrompts([template], [name for name in frame.columns if name not in (*HIDDEN, ROW)])
    found = []
    for row in frame.iter_rows(named=True):
        values = {name: "" if row[name] is None else row[name] for name in asking.columns}
        try:
            [prompt] = asking.make(str(row[ROW]), values)
        except NazeError as error:
            found.append(f"(not asked: {error})")
            continue
        found.append(
            "\n\n".join(part for part in (prompt.instruction, prompt.subject, prompt.question) if part)
        )
    return tuple(found)
