"""`Votes` go in; a file in naze's own layout comes out, from which exactly these votes are read again."""

from pathlib import Path

from naze.errors import FormatError
from naze.tables import write_table
from naze.tables.files import kind_of
from naze.votes.votes import Votes

__all__ = ["write_votes"]


def write_votes(votes: Votes, path: str | Path) -> int:
    """Write votes to Parquet or JSONL, aside and then renamed.

    Returns:
        The number of votes written.

    Raises:
        FormatError: another suffix.
        StoreError: the place cannot be written to: no room, no permission, a folder.
    """
    if kind_of(path) not in ("parquet", "jsonl"):
        raise FormatError(f"{path}: votes hold lists of turns; write them as .parquet or .jsonl.")
    return write_table(path, votes.frame(), "the votes")
