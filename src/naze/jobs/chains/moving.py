"""Steps that move rows and ask nobody: filter, fan out, fan in, join."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import StepError
from naze.jobs.chains.context import Context, MadeStep
from naze.jobs.chains.definition import FanInStep, FanOutStep, FilterStep, JoinStep
from naze.jobs.chains.rows import ID, StepRows, parent_of
from naze.prompts.sentences import sentences
from naze.tables import ROW, copy_rows, read_batches

if TYPE_CHECKING:
    import polars as pl

__all__ = ["fan_in", "fan_out", "filter_rows", "join_rows"]


def filter_rows(step: FilterStep, inputs: tuple[StepRows, ...], here: Path, context: Context) -> MadeStep:
    """Keep the rows for which a condition holds."""
    [rows] = inputs

    def batches(beside: Path) -> "Iterator[pl.DataFrame]":
        chosen = beside.with_suffix(".chosen.parquet")
        try:
            copy_rows(rows.as_table(step.name), chosen, where=step.filter, sample=None)
            for batch in read_batches(chosen):
                yield batch.drop(ROW)
        finally:
            chosen.unlink(missing_ok=True)

    return MadeStep(_identity(step), None, batches)


def fan_out(step: FanOutStep, inputs: tuple[StepRows, ...], here: Path, context: Context) -> MadeStep:
    """Make a row of every item; a row whose cell is no list stays one row without an item, with its reason."""
    [rows] = inputs

    def batches(_: Path) -> "Iterator[pl.DataFrame]":
        for batch in rows.batches():
            yield _fanned_out(step, batch)

    return MadeStep(_identity(step), None, batches)


def _fanned_out(step: FanOutStep, batch: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    cells = batch[step.fan_out]
    kind = cells.dtype.inner if isinstance(cells.dtype, pl.List) else pl.String()
    places: list[int] = []
    ids: list[str] = []
    found: list[Any] = []
    reasons: list[str | None] = []
    for place, (row_id, cell) in enumerate(zip(batch[ID], cells.to_list(), strict=True)):
        items, reason = _items(cell, step.split)
        if reason is not None:
            items = [None]
        for number, item in enumerate(items, 0 if reason is not None else 1):
            places.append(place)
            ids.append(f"{row_id}.{number}")
            found.append(item)
            reasons.append(reason)
    kept = batch[places] if places else batch.clear()
    return kept.drop(step.fan_out).with_columns(
        pl.Series(ID, ids, dtype=pl.String),
        pl.Series(step.name, found, dtype=kind),
        pl.Series(f"{step.name}_reason", reasons, dtype=pl.String),
    )


def _items(cell: Any, split: str) -> tuple[list[Any], str | None]:  # noqa: ANN401 - a cell of any kind
    """Take a cell apart, or say why not."""
    if cell is None:
        return [], "there is no list: the cell is empty"
    if isinstance(cell, list):
        return cell, None
    text = str(cell)
    if split == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()], None
    if split == "sentences":
        return [text[start:end] for start, end in sentences(text)], None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict) and len(found) == 1:  # {"items": […]}, as a schema has to put it
        [found] = found.values()
    if not isinstance(found, list):
        return [], f"no JSON list: {text[:60]!r}"
    return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in found], None


def fan_in(step: FanInStep, inputs: tuple[StepRows, ...], here: Path, context: Context) -> MadeStep:
    """Collect what became of fanned-out rows beside the rows that they came from; every one of those stays."""
    children, parents = inputs

    def batches(_: Path) -> "Iterator[pl.DataFrame]":
        import polars as pl

        found = children.frame().select(ID, *step.collect)
        known = set(parents.frame()[ID])
        above = [_ancestor(row_id, known) for row_id in found[ID]]
        whole = found.with_columns(
            pl.Series(ID, above, dtype=pl.String), found[ID].str.ends_with(".0").alias("naze none")
        )
        lists = (
            whole.filter(~pl.col("naze none"))
            .drop("naze none")
            .group_by(ID, maintain_order=True)
            .agg(pl.all())
        )
        joined = parents.frame().join(lists, on=ID, how="left", maintain_order="left")
        yield joined.with_columns(
            pl.col(name).fill_null(pl.lit([], joined.schema[name])) for name in step.collect
        )

    return MadeStep(_identity(step), None, batches)


def join_rows(step: JoinStep, inputs: tuple[StepRows, ...], here: Path, context: Context) -> MadeStep:
    """Put another step's columns beside the rows: by columns, or where none are named by what row they come from."""
    left, right = inputs

    def batches(_: Path) -> "Iterator[pl.DataFrame]":
        import polars as pl

        ours, theirs = left.frame(), right.frame()
        added = [name for name in right.columns if name not in left.columns]
        if step.on:
            theirs, keys = theirs.select(*step.on, *added), list(step.on)
        else:
            known = set(theirs[ID])
            above = [_ancestor(row_id, known) for row_id in ours[ID]]
            ours = ours.with_columns(pl.Series("naze match", above, dtype=pl.String))
            theirs, keys = theirs.select(pl.col(ID).alias("naze match"), *added), ["naze match"]
        if theirs.select(keys).is_duplicated().any():
            twice = theirs.filter(theirs.select(keys).is_duplicated()).select(keys).row(0)
            raise StepError(
                f"step {step.name!r}: step {step.join!r} has several rows with {', '.join(keys)} = "
                f"{', '.join(map(str, twice))}; joining would multiply rows. Group them first, or join on more columns."
            )
        try:
            joined = ours.join(theirs, on=keys, how="left", nulls_equal=True, maintain_order="left")
        except pl.exceptions.PolarsError as error:
            raise StepError(
                f"step {step.name!r}: the tables cannot be joined on {', '.join(keys)}: {error}."
            ) from error
        yield joined.drop("naze match", strict=False)

    return MadeStep(_identity(step), None, batches)


def _ancestor(row_id: str, known: set[str]) -> str | None:
    """Find the nearest row among some that a row comes from, itself first."""
    while row_id not in known:
        above = parent_of(row_id)
        if above == row_id:
            return None
        row_id = above
    return row_id


def _identity(step: FilterStep | FanOutStep | FanInStep | JoinStep) -> str:
    decides = asdict(replace(step, source=None))
    return hashlib.sha256(json.dumps([type(step).__name__, decides], sort_keys=True).encode()).hexdigest()
