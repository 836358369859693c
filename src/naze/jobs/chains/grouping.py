"""A step that groups rows and asks a model about all rows of each group: one row for each group remains."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.jobs.chains.context import Context, MadeStep
from naze.jobs.chains.definition import GroupStep
from naze.jobs.chains.prompting import reset_failures
from naze.jobs.chains.rows import ID, StepRows
from naze.jobs.reducing import Group, Reduced, reduce_groups
from naze.prompts import Template
from naze.prompts.several_rows import combining_template, rows_template
from naze.records import Sampling, Status
from naze.tables import PROBLEM, write_table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MEMBERS", "reduce_rows"]

MEMBERS = ".members.parquet"
"""Behind the name of the rows: which row belongs to which group."""


def reduce_rows(step: GroupStep, inputs: tuple[StepRows, ...], here: Path, context: Context) -> MadeStep:
    """Ask a model about all rows of each group, in as many prompts and levels as the context needs."""
    [rows] = inputs
    model = step.model or context.model
    worker = context.worker(step)
    decides = [
        asdict(replace(step, source=None)),
        context.language,
        model,
        worker.fingerprint,
    ]
    identity = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    folder = here / identity[:12]

    def batches(beside: Path) -> "Iterator[pl.DataFrame]":
        first = rows_template(step.name, context.language, step.prompt, step.instruction)
        combining = combining_template(
            step.name, context.language, step.prompt, step.combine, step.instruction
        )
        frame = rows.frame()
        members, groups = _groups(step, frame, rows.columns, context.language)
        write_table(beside.with_suffix(MEMBERS), members)
        if context.retry:
            for level in folder.glob("level-*"):
                reset_failures(level)
        asked = [group for group in groups if group.texts]
        found = reduce_groups(
            asked,
            first,
            combining,
            worker,
            folder,
            sampling=Sampling(max_tokens=step.max_tokens, temperature=step.temperature),
            progress=context.progress(),
        )
        by_id = dict(zip((group.id for group in asked), found, strict=True))
        nothing = Reduced(None, Status.INVALID, "nothing to ask: its rows are empty", 0, 0)
        counts = members.group_by("group", maintain_order=True).len()["len"].to_list()
        yield _table(step, frame, groups, [by_id.get(group.id, nothing) for group in groups], counts)

    return MadeStep(identity, folder, batches)


def _groups(
    step: GroupStep, frame: "pl.DataFrame", columns: tuple[str, ...], language: str
) -> "tuple[pl.DataFrame, list[Group]]":
    """Sort the rows into groups, in the order in which each group first appears."""
    import polars as pl

    shown = Template(step.name, language, "", step.each, "")
    needed = [
        name for name in columns if name in shown.row_names("subject") or "row" in shown.row_names("subject")
    ]
    values: dict[str, dict[str, Any]] = {}
    texts: dict[str, list[str]] = {}
    of: list[str] = []
    for row in frame.iter_rows(named=True):
        group = {name: row[name] for name in step.group}
        group_id = ", ".join(f"{name}={value}" for name, value in group.items()) or "all"
        values.setdefault(group_id, group)
        of.append(group_id)
        cells = {name: "" if row[name] is None else row[name] for name in needed}
        kept = texts.setdefault(group_id, [])
        if row[PROBLEM] is None and any(str(cell).strip() for cell in cells.values()):
            kept.append(shown.fill("subject", {**cells, "row": cells}, row[ID]))
    members = pl.DataFrame({"group": pl.Series(of, dtype=pl.String), "member": frame[ID]})
    return members, [Group(group_id, values[group_id], tuple(texts[group_id])) for group_id in values]


def _table(
    step: GroupStep, frame: "pl.DataFrame", groups: list[Group], found: list[Reduced], counts: list[int]
) -> "pl.DataFrame":
    import polars as pl

    by = [
        pl.Series(name, [group.values[name] for group in groups], dtype=frame.schema[name])
        for name in step.group
    ]
    return pl.DataFrame(
        [
            pl.Series(ID, [group.id for group in groups], dtype=pl.String),
            pl.Series(PROBLEM, [None] * len(groups), dtype=pl.String),
            *by,
            pl.Series(step.name, [one.text for one in found], dtype=pl.String),
            pl.Series(f"{step.name}_rows", counts, dtype=pl.Int64),
            pl.Series(f"{step.name}_tokens", [one.tokens for one in found], dtype=pl.Int64),
            pl.Series(f"{step.name}_status", [one.status.value for one in found], dtype=pl.String),
            pl.Series(f"{step.name}_reason", [one.reason for one in found], dtype=pl.String),
        ]
    )
