"""A table with lists and objects in its cells goes in; the same with JSON texts comes out, for files of plain cells."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = ["nested_as_json"]


def nested_as_json(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Write each list or object as JSON; other columns stay as they are."""
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [_json(cell) for cell in frame[name].to_list()], dtype=pl.String) for name in nested
    )


def _json(cell: Any) -> str | None:  # noqa: ANN401 - a list or an object
    return None if cell is None else json.dumps(cell, ensure_ascii=False, default=str)
