"""The path of a table goes in; a name for a result that lies beside it comes out.

A packed file, a folder and a pattern have results that can be written and opened again: `votes.csv.gz` gives
`votes-ending.csv`, `shards/part-*.parquet` gives `shards/part-ending.parquet`.
"""

import re
from pathlib import Path

from naze.tables.files import KINDS, PACKED

__all__ = ["beside"]

_WRITTEN = {"csv": ".csv", "json": ".jsonl", "jsonl": ".jsonl", "parquet": ".parquet"}
"""Kind of a file -> suffix of a result of its kind."""


def beside(path: Path, ending: str, *, suffix: str | None = None) -> Path:
    """Name a result after a table, in the table's folder.

    Args:
        path: a file, a folder or a pattern, as a person named it.
        ending: what is put behind the name, such as `-sentiment`.
        suffix: of the result; None: that of the table where such files can be written, else `.csv`.

    Example:
        >>> beside(Path("data/votes.csv.gz"), "-why").as_posix()
        'data/votes-why.csv'
        >>> beside(Path("data/part-*.parquet"), "-why").as_posix()
        'data/part-why.parquet'
    """
    if not path.name or path.name == "..":  # the folder in which a person stands, or the one above
        path = path.resolve()
    name, kind = path.name, ".csv"
    if not path.is_dir():
        if path.suffix.lower() in PACKED:
            name = path.stem
        inner = Path(name).suffix.lower()
        name, kind = Path(name).stem, _WRITTEN.get(KINDS.get(inner, ""), ".csv")
    plain = re.sub(r"[*?\[\]]+", "", name).strip("-_. ") if re.search(r"[*?\[]", name) else name
    return path.parent / f"{plain or 'table'}{ending}{kind if suffix is None else suffix}"
