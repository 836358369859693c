"""A table of votes: columns inside, `Vote` records outside, built when they are asked for."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import msgspec

from naze.errors import FormatError, RowError
from naze.records import NO_EXTRA, Vote, Winner
from naze.votes.formats.notes import Notes

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COLUMNS", "Votes"]

COLUMNS = ("id", "prompt", "response_a", "response_b", "winner", "model_a", "model_b", "language", "source")
"""The columns that every table of votes has, in this order; others are extras."""

_SLICE_ROWS = 1_000


class Votes(Sequence[Vote]):
    """Votes as they were read; a sequence of `Vote`.

    Example:
        >>> votes = naze.read_votes("examples/votes.csv")
        >>> votes[0].winner
        <Winner.B: 'b'>
    """

    def __init__(
        self,
        frame: "pl.DataFrame",
        *,
        format: str,
        path: Path | None = None,
        fingerprint: str | None = None,
        problems: tuple[RowError, ...] = (),
        replaced_surrogates: int = 0,
    ) -> None:
        self._frame = frame
        self._extras = tuple(name for name in frame.columns if name not in COLUMNS)
        self._fingerprint = fingerprint
        self.format = format
        """Short name of the layout that was read."""
        self.path = path
        """The file, when they come from one."""
        self.problems = problems
        """Rows that were kept aside, each with its number and reason."""
        self.replaced_surrogates = replaced_surrogates
        """Halves of surrogate pairs that stood alone in the file and were replaced with U+FFFD."""

    @classmethod
    def from_frame(
        cls, frame: "pl.DataFrame", *, path: str | Path | None = None, format: str = "canonical"
    ) -> "Votes":
        """Take a table that has naze's own columns; those that a vote can do without may be missing.

        Raises:
            FormatError: no id, prompt, response_a or response_b, a column of another type, or a winner
                that is not a, b, tie or both_bad.
        """
        return cls(canonical_frame(frame), format=format, path=None if path is None else Path(path))

    @classmethod
    def from_votes(cls, votes: Iterable[Vote]) -> "Votes":
        """Take votes that a program made. Half a surrogate pair, which no file can hold, becomes U+FFFD and is counted.

        Raises:
            FormatError: an extra column that holds values of several types.
        """
        import polars as pl

        rows = []
        for vote in votes:
            own = {name: getattr(vote, name) for name in COLUMNS}
            own |= {name: list(own[name]) for name in ("prompt", "response_a", "response_b")}
            rows.append({**own, "winner": None if vote.winner is None else vote.winner.value, **vote.extra})
        notes = Notes()
        try:
            frame = pl.DataFrame(rows, infer_schema_length=None)
        except UnicodeEncodeError:
            frame = pl.DataFrame([_whole(row, notes) for row in rows], infer_schema_length=None)
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise FormatError(f"votes: extra columns cannot be made a table: {error}") from error
        frame = canonical_frame(frame if rows else _no_rows())
        return cls(frame, format="canonical", replaced_surrogates=notes.replaced_surrogates)

    def frame(self) -> "pl.DataFrame":
        """Return the table: the columns of `COLUMNS`, then the extras."""
        return self._frame

    def select(self, rows: Sequence[int]) -> "Votes":
        """Take some votes, by position, in the order given."""
        return self._like(self._frame[list(rows)])

    @cached_property
    def fingerprint(self) -> str:
        """The file's content hash, or, where it is no whole file, one of the votes."""
        if self._fingerprint is not None:
            return self._fingerprint
        digest = hashlib.sha256(msgspec.json.encode(self._frame.columns))
        for row in self._frame.iter_rows():
            digest.update(msgspec.json.encode(row, enc_hook=str))
        return f"sha256:{digest.hexdigest()}"

    def __len__(self) -> int:
        return self._frame.height

    @overload
    def __getitem__(self, index: int) -> Vote: ...
    @overload
    def __getitem__(self, index: slice) -> "Votes": ...
    def __getitem__(self, index: int | slice) -> "Vote | Votes":
        if isinstance(index, slice):
            return self._like(self._frame[index])
        if not -len(self) <= index < len(self):
            raise IndexError(f"vote {index} of {len(self)}")
        return self._vote(self._frame.row(index, named=True))

    def __iter__(self) -> Iterator[Vote]:
        for start in range(0, len(self), _SLICE_ROWS):
            for row in self._frame.slice(start, _SLICE_ROWS).iter_rows(named=True):
                yield self._vote(row)

    def __repr__(self) -> str:
        where = f" from {self.path}" if self.path else ""
        aside = f", {len(self.problems)} rows kept aside" if self.problems else ""
        return f"<Votes: {len(self):,} votes ({self.format}){where}{aside}>"

    def _like(self, frame: "pl.DataFrame") -> "Votes":
        return Votes(frame, format=self.format, path=self.path)

    def _vote(self, row: Mapping[str, Any]) -> Vote:
        winner = row["winner"]
        extra = {name: row[name] for name in self._extras if row[name] is not None}
        return Vote(
            id=row["id"],
            prompt=tuple(row["prompt"]),
            response_a=tuple(row["response_a"]),
            response_b=tuple(row["response_b"]),
            winner=None if winner is None else Winner(winner),
            model_a=row["model_a"],
            model_b=row["model_b"],
            language=row["language"],
            source=row["source"],
            extra=extra or NO_EXTRA,
        )


def _whole(value: Any, notes: Notes) -> Any:  # noqa: ANN401 - texts, and what holds them
    """Replace halves of surrogate pairs in every text."""
    if isinstance(value, str):
        return notes.whole(value)
    if isinstance(value, Mapping):
        return {name: _whole(inner, notes) for name, inner in value.items()}
    return [_whole(inner, notes) for inner in value] if isinstance(value, list | tuple) else value


def _no_rows() -> "pl.DataFrame":
    import polars as pl

    turns = {name: pl.List(pl.String) for name in ("prompt", "response_a", "response_b")}
    return pl.DataFrame(schema={"id": pl.String, **turns})


def canonical_frame(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Bring a table's columns into order, add those that a vote can do without, and check their types."""
    import polars as pl

    schema: dict[str, Any] = {name: pl.String for name in COLUMNS}
    schema |= {name: pl.List(pl.String) for name in ("prompt", "response_a", "response_b")}
    missing = [name for name in ("id", "prompt", "response_a", "response_b") if name not in frame.columns]
    if missing:
        raise FormatError(
            f"votes need the column {', '.join(missing)}; there are: {', '.join(frame.columns)}."
        )
    try:
        known = [
            pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
            for name, kind in schema.items()
        ]
        frame = frame.select(*known, pl.exclude(COLUMNS))
    except (pl.exceptions.InvalidOperationError, pl.exceptions.SchemaError) as error:
        found = {name: frame.schema[name] for name in schema if name in frame.columns}
        raise FormatError(f"votes need columns of the types {schema}; found {found}.") from error
    wrong = frame.filter(pl.col("winner").is_not_null() & ~pl.col("winner").is_in([str(w) for w in Winner]))
    if wrong.height:
        raise FormatError(f"winner is {wrong['winner'][0]!r}; expected a, b, tie or both_bad.")
    if frame.select(
        pl.any_horizontal(pl.col(*[n for n, k in schema.items() if k != pl.String], "id").is_null()).any()
    ).item():
        raise FormatError("a vote has no id, prompt, response_a or response_b (a null instead of a list).")
    return frame
