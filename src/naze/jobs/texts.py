"""A table goes in; which of its columns holds the texts, and in which language they are, comes out."""

import re
from collections.abc import Iterator
from itertools import islice

from naze.errors import InputError
from naze.suggesting import did_you_mean
from naze.tables import OpenedTable

__all__ = ["text_column", "texts_language"]

USUAL_NAME = "text"
_KANA = re.compile(r"[\u3040-\u30ff]")
_LOOKED_AT = 200


def text_column(table: OpenedTable, column: str | None) -> str:
    """Settle which column is asked about.

    Args:
        table: any opened table.
        column: what the person named; None: `text`, or the only column of texts.

    Raises:
        InputError: no such column (the nearest is suggested), or several that it could be.
    """
    if column is not None:
        if column in table.columns:
            return column
        raise InputError(
            f"{table.name}: no column {column!r}; there are: {', '.join(table.columns)}."
            f"{did_you_mean(column, table.columns)}"
        )
    if USUAL_NAME in table.columns:
        return USUAL_NAME
    first = next(table.batches())
    texts = [name for name in table.columns if str(first.schema[name]) == "String"]
    if len(texts) == 1:
        return texts[0]
    raise InputError(
        f"{table.name}: which column holds the texts? There are: {', '.join(table.columns)}. Name it with --column."
    )


def texts_language(table: OpenedTable, column: str) -> str:
    """Tell the language that naze's own words around the texts should have: `ja` or `en`.

    Japanese where kana stands in at least half of the first 200 texts that are not empty.
    """
    texts = list(islice(_texts(table, column), _LOOKED_AT))
    japanese = sum(bool(_KANA.search(text)) for text in texts)
    return "ja" if japanese * 2 >= len(texts) > 0 else "en"


def _texts(table: OpenedTable, column: str) -> Iterator[str]:
    for batch in table.batches():
        yield from (str(cell) for cell in batch[column] if cell is not None and str(cell).strip())
