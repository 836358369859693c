"""A chain in one call: a flow and a table go in, the result comes out as the kind of table that was given."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import InputError
from naze.generations import Progress
from naze.jobs.chains.flow import Flow, read_flow
from naze.jobs.chains.rows import HIDDEN
from naze.jobs.chains.running import Chained, ChainSettings, StepTold, run_chain
from naze.jobs.mapping import checked_target
from naze.jobs.results import write_result
from naze.tables import OpenedTable, open_table
from naze.tables.beside import beside

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_flow", "chain", "chain_target", "write_chained"]


def chain(
    flow: str | Path | Flow | Mapping[str, Any],
    table: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    *,
    model: str | None = None,
    out: str | Path | None = None,
    run: str | Path | None = None,
    settings: ChainSettings | None = None,
    progress: Callable[[], Progress | None] = lambda: None,
    tell: Callable[[StepTold], None] | None = None,
) -> Any:  # noqa: ANN401 - the same kind of table
    """Run the steps of a chain on a table. The same call again continues; what did not change is not done again.

    Args:
        flow: a YAML file, a `Flow`, or its steps: name -> what the step says.
        table: a CSV, JSONL, JSON or Parquet file, a folder of texts, or a polars, pandas or Arrow table.
        model: answers where a step names none, instead of the flow's.
        out: a .csv, .jsonl or .parquet file for the result; beside a file that is given when not named.
        run: the chain's folder; None: named after the flow and the table.
        settings: engine, budget.
        progress: makes what is told of every answer of a step.
        tell: is told of every step that is done.

    Returns:
        For a table the rows of the result, as the same kind of table; for a path the path of the result.

    Raises:
        FormatError: a flow that is none; says in which line.
        ConfigurationError: steps that wait for one another, a step, column or function that is not there.
        StepError: a step cannot do its work.

    Example:
        >>> import polars
        >>> rows = polars.DataFrame({"text": ["The parcel came late, and nobody answered.", "Fine."]})
        >>> naze.chain({"long": {"filter": "length(text) > 20"}}, rows).height
        1
    """
    read, opened = as_flow(flow), open_table(table)
    target = None if opened.home != "path" and out is None else chain_target(read, opened, out)
    chained = run_chain(read, opened, model=model, run=run, settings=settings, progress=progress, tell=tell)
    if target is not None:
        write_chained(chained, target)
    return target if opened.home == "path" else _as_given(chained, opened)


def as_flow(flow: str | Path | Flow | Mapping[str, Any]) -> Flow:
    """Take a flow as it is given: a file, a flow, or its steps."""
    if isinstance(flow, Flow):
        return flow
    return Flow(flow) if isinstance(flow, Mapping) else read_flow(flow)


def chain_target(flow: Flow, table: OpenedTable, out: str | Path | None) -> Path:
    """Say where the result of a chain is written.

    Raises:
        InputError: it would be written over the table itself.
        FormatError: another suffix than .csv, .jsonl or .parquet.
    """
    if out is not None:
        target = checked_target(Path(out))
    else:
        target = beside(Path(table.given), f"-{flow.name}")
    if (
        table.home == "path"
        and target.exists()
        and Path(table.given).exists()
        and target.samefile(table.given)
    ):
        raise InputError(
            f"{target} is the table itself; the result needs a file of its own. Give another --out."
        )
    return target


def write_chained(chained: Chained, path: Path) -> int:
    """Write a chain's result by the file's suffix. In CSV, lists and objects become JSON texts.

    Raises:
        StoreError: the file cannot be written; the chain is whole.
    """
    remedy = (
        f"The chain is whole in {chained.folder}; free some space or choose another --out, and run the same command "
        "again."
    )
    return write_result(_shown(chained), path, remedy=remedy)


def _shown(chained: Chained) -> "Iterator[pl.DataFrame]":
    for batch in chained.rows.batches():
        yield batch.drop(HIDDEN)


def _as_given(chained: Chained, table: OpenedTable) -> Any:  # noqa: ANN401 - the kind of table that was given
    frame = chained.rows.frame().drop(HIDDEN)
    if table.home == "pandas":
        return type(table.given)({name: frame[name].to_list() for name in frame.columns})
    return frame.to_arrow() if table.home == "arrow" else frame
