"""A workbook goes in; its table comes out as a CSV file: cells as a person sees them, whole numbers without a fraction."""

import csv
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from naze.errors import FormatError

__all__ = ["WORKBOOKS", "write_sheet"]

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""Suffixes of workbooks."""
_MOST_EXACT = 2**53
"""Beyond it a workbook's numbers, which are floats, do not hold every whole number."""


def write_sheet(path: Path, target: Path) -> list[str]:
    """Write the first sheet that holds anything.

    Args:
        path: the workbook.
        target: the CSV file that is written.

    Returns:
        What the person should know: which sheet of several it is, and of numbers that the workbook cannot hold exactly.

    Raises:
        FormatError: it is damaged or locked by a password, holds nothing, or what reads it is not installed.
    """
    try:
        from python_calamine import CalamineError, PasswordError, load_workbook
    except ImportError:
        raise FormatError(
            f"{path} is a workbook, and what reads it is not installed: pip install 'naze[excel]'. Or save the sheet as CSV "
            "(UTF-8)."
        ) from None
    try:
        with load_workbook(str(path)) as workbook:
            sheets = {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}
    except PasswordError:
        raise FormatError(
            f"{path} is locked by a password. Save it without one, or as CSV (UTF-8)."
        ) from None
    except (CalamineError, OSError, ValueError) as error:
        raise FormatError(
            f"{path}: cannot be read as a workbook ({error}). Save the sheet as CSV (UTF-8)."
        ) from error
    filled = {name: trimmed for name, rows in sheets.items() if (trimmed := _trimmed(rows))}
    if not filled:
        raise FormatError(f"{path}: no sheet holds anything; expected a table with at least one row.")
    name, rows = next(iter(filled.items()))
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([_text(cell) for cell in row] for row in rows)
    notes = []
    if len(filled) > 1:
        others = ", ".join(other for other in filled if other != name)
        notes.append(
            f"{path}: the sheet {name!r} was read; not read: {others}. Save another one as a file of its own."
        )
    if any(isinstance(cell, float) and abs(cell) > _MOST_EXACT for row in rows for cell in row):
        notes.append(
            f"{path}: holds numbers of more than 15 digits, which a workbook rounds. Keep ids as texts."
        )
    return notes


def _trimmed(rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Leave out what is empty at the beginning, at the end and on the right."""
    kept = [row for row in rows if any(cell not in ("", None) for cell in row)]
    if not kept:
        return []
    width = max(place + 1 for row in kept for place, cell in enumerate(row) if cell not in ("", None))
    first = next(place for place in range(width) if any(row[place] not in ("", None) for row in kept))
    return [row[first:width] for row in kept]


def _text(cell: Any) -> str:  # noqa: ANN401 - what a workbook can hold
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e16:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)
