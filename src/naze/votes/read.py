"""A file of votes as people have it goes in; `Votes` come out, with the rows that cannot be read kept aside."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from naze.counting import counted
from naze.errors import ConfigurationError, FormatError, RowError
from naze.records import Winner
from naze.suggesting import did_you_mean, did_you_mean_any
from naze.tables import fingerprint
from naze.votes.formats import FORMATS, Notes, Unfolding, VoteFormat, find_format, recognise
from naze.votes.raw import raw_batches
from naze.votes.votes import COLUMNS, Votes, canonical_frame

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_votes"]

ROW = "__row__"
BATCH_ROWS = 4_000
SIDES = ("prompt", "response_a", "response_b")


def read_votes(
    path: str | Path,
    *,
    format: "str | VoteFormat | None" = None,
    columns: Mapping[str, str] | None = None,
    winners: Mapping[str, str] | None = None,
    limit: int | None = None,
    without_text: bool = False,
) -> Votes:
    """Read votes from a CSV, JSONL, JSON or Parquet file whose layout is recognised by itself.

    A row that cannot be read is kept aside in `Votes.problems` with its number and reason; the rest goes on.

    Args:
        path: the file.
        format: name of a layout (see `FORMATS`), or one of your own; recognised when not given.
        columns: our name -> the file's name, for a table with other names: `{"prompt": "question"}`.
        winners: the file's word for a winner -> a, b, tie or both_bad.
        limit: read the first so many rows only.
        without_text: keep votes whose prompt, or both of whose responses, hold no text: they teach nothing, and yet the next
            vote may be one.

    Raises:
        FormatError: the file is missing, empty, not UTF-8 or of no known layout, or a name is unknown.
        ConfigurationError: a limit below 1.

    Example:
        >>> read_votes("examples/votes.csv", limit=2)
        <Votes: 2 votes (kaggle) from examples/votes.csv>
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise ConfigurationError(f"limit is {limit}; expected at least 1, or none for the whole file.")
    known = find_format(format) if isinstance(format, str) else format
    reader = _Reader(path, known, columns or {}, limit, without_text=without_text)
    for batch, notes in raw_batches(path, _checked_winners(winners or {}), BATCH_ROWS):
        reader.add(batch, notes)
        if reader.is_full:
            break
    return reader.votes()


def _checked_winners(winners: Mapping[str, str]) -> dict[str, str]:
    known = [str(winner) for winner in Winner]
    for word, winner in winners.items():
        if winner not in known:
            raise FormatError(f"{word!r} is mapped to {winner!r}; expected {', '.join(known)}.")
    return dict(winners)


class _Reader:
    """Collects converted batches; one for each file."""

    def __init__(
        self,
        path: Path,
        format: VoteFormat | None,
        columns: Mapping[str, str],
        limit: int | None,
        *,
        without_text: bool,
    ) -> None:
        self.path, self.format, self.columns, self.limit = path, format, columns, limit
        self.without_text = without_text
        self.rows = 0
        self.seen: dict[str, None] = {}
        self.frames: list[pl.DataFrame] = []
        self.problems: dict[int, str] = {}
        self.problem_ids: dict[int, str] = {}
        self.replaced_surrogates = 0

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.rows >= self.limit

    def add(self, batch: "pl.DataFrame", notes: Notes) -> None:
        """Convert a batch; the first that has a whole row decides the format."""
        import polars as pl

        if self.limit is not None:
            batch = batch.head(self.limit - self.rows)
        if batch.columns != [""]:
            batch = self._renamed(batch)
            if self.format is None:
                self.format = recognise(batch.head(20)) or self._unknown(batch)
            batch = batch.with_columns(
                pl.lit(None).alias(name) for name in self.seen if name not in batch.columns
            )
            self.seen.update(dict.fromkeys(batch.columns))
            frame, origins = self._converted(self.format, batch, notes)
            _reject_missing(frame, notes)
            if not self.without_text:
                _reject_without_text(frame, notes)
            bad = [row for row in notes.problems if row < frame.height]
            self.frames.append(
                frame.with_row_index("__at__").filter(~pl.col("__at__").is_in(bad)).drop("__at__")
            )
            self.problem_ids |= {self.rows + origins[row] + 1: frame["id"][row] for row in bad}
        else:
            origins = list(range(batch.height))
        self.problems |= {
            self.rows + origins[row] + 1: reason
            for row, reason in notes.problems.items()
            if row < len(origins)
        }
        self.replaced_surrogates += notes.replaced_surrogates
        self.rows += batch.height

    def _converted(
        self, format: VoteFormat, batch: "pl.DataFrame", notes: Notes
    ) -> "tuple[pl.DataFrame, list[int]]":
        """Convert a batch; also tell of each row that comes out from which it comes."""
        import polars as pl

        try:
            origins = list(range(batch.height))
            if isinstance(format, Unfolding):
                batch, origins = format.unfold(batch, notes)
            numbers = [self.rows + row + 1 for row in origins]
            return _completed(format.convert(batch, notes), batch, format, numbers), origins
        except FormatError as error:
            raise FormatError(f"{self.path}: {error}") from error
        except pl.exceptions.ColumnNotFoundError as error:
            there = ", ".join(batch.columns)
            raise FormatError(
                f"{self.path}: not laid out as {format.name}: no column {error}; there are: {there}."
            ) from error

    def votes(self) -> Votes:
        """Put the batches together and keep repeated ids aside."""
        if not self.frames:
            reasons = "; ".join(list(self.problems.values())[:1])
            raise FormatError(f"{self.path}: no row can be read; expected votes. {reasons}".rstrip())
        frame = _joined(self.frames)
        self.frames = []
        first = frame["id"].is_first_distinct()
        repeated = frame.filter(~first).select("id", ROW)
        rows = dict(
            frame.filter(first & frame["id"].is_in(repeated["id"].implode())).select("id", ROW).rows()
        )
        for name, row in repeated.rows():
            self.problems[row] = f"id is {name!r}, as in row {rows[name]} already; expected an id of its own."
            self.problem_ids[row] = name
        if repeated.height:
            frame = frame.filter(first)
        assert self.format is not None
        if not frame.height and self.problems:
            first_rows = [f"row {row}: {reason}" for row, reason in sorted(self.problems.items())[:3]]
            raise FormatError(
                f"{self.path}: not one of {counted(self.rows, 'row')} is a vote (layout: {self.format.name}).\n  "
                + "\n  ".join(first_rows)
            )
        return Votes(
            canonical_frame(frame.drop(ROW)) if frame.height else canonical_frame(frame.drop(ROW).clear()),
            format=self.format.name,
            path=self.path,
            fingerprint=fingerprint(self.path) if self.limit is None else None,
            problems=tuple(
                RowError(f"{self.path}, row {row}: {reason}", row=row, row_id=self.problem_ids.get(row))
                for row, reason in sorted(self.problems.items())
            ),
            replaced_surrogates=self.replaced_surrogates,
        )

    def _renamed(self, batch: "pl.DataFrame") -> "pl.DataFrame":
        for ours, theirs in self.columns.items():
            if ours not in COLUMNS:
                raise FormatError(
                    f"no column of a vote is called {ours!r}.{did_you_mean(ours, COLUMNS, used=self.columns)}"
                )
            if theirs not in batch.columns:
                there = ", ".join(batch.columns)
                raise FormatError(
                    f"{self.path}: no column {theirs!r}; there are: {there}."
                    f"{did_you_mean(theirs, batch.columns, used=self.columns.values())}"
                )
        names = {theirs: ours for ours, theirs in self.columns.items()}
        hidden = {
            name: f"{name}_in_file" for name in self.columns if name in batch.columns and name not in names
        }
        return batch.rename(hidden).rename(names)

    def _unknown(self, batch: "pl.DataFrame") -> VoteFormat:
        wanted = [name for name in SIDES if name not in batch.columns]
        near = did_you_mean_any(wanted, batch.columns, used=SIDES)
        raise FormatError(
            f"{self.path}: the columns are {', '.join(batch.columns)}; that is none of the known layouts "
            f"({', '.join(known.name for known in FORMATS)}).{near} "
            f"Name them: --columns {','.join(f'{name}=…' for name in wanted or SIDES)} "
            f"(and winner=…, id=…, model_a=…, model_b=…)."
        )


def _completed(
    converted: "pl.DataFrame", batch: "pl.DataFrame", format: VoteFormat, rows: list[int]
) -> "pl.DataFrame":
    """Add what a format leaves to us: the row's number, an id, models, languages, extras."""
    import polars as pl

    from naze.votes.language import iso_codes

    frame = converted.with_columns(pl.Series(ROW, rows, dtype=pl.Int64))
    kept = [
        name for name in batch.columns if name not in format.consumes and name not in frame.columns and name
    ]
    frame = frame.hstack(batch.select(kept))
    if "id" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("id"))
    number = pl.format("row-{}", pl.col(ROW))
    if len(set(rows)) < len(rows):  # several votes of a row
        number = pl.format("row-{}/{}", pl.col(ROW), pl.int_range(1, pl.len() + 1).over(ROW))
    if "language" in frame.columns:
        named = frame["language"].cast(pl.String)
        frame = frame.with_columns(iso_codes(named).alias("language"))
        if not named.equals(frame["language"], null_equal=True):
            frame = frame.with_columns(named.alias("language_in_file"))
    return frame.with_columns(pl.coalesce(pl.col("id").cast(pl.String), number).alias("id"))


def _reject_missing(frame: "pl.DataFrame", notes: Notes) -> None:
    """Note rows of which no vote can be made, since a side is missing."""
    for name in SIDES:
        for row in frame[name].is_null().arg_true():
            notes.reject(row, f"{name} is null; expected at least one turn.")


def _reject_without_text(frame: "pl.DataFrame", notes: Notes) -> None:
    """Note rows of which nothing can be learnt: both answers null, or no prompt."""
    import polars as pl

    nothing = frame.select(
        (pl.col(name).list.drop_nulls().list.len() == 0).fill_null(True).alias(name) for name in SIDES
    )
    for row in (nothing["response_a"] & nothing["response_b"]).arg_true():
        notes.reject(row, "both responses are null; there is nothing to compare.")
    for row in nothing["prompt"].arg_true():
        notes.reject(row, "prompt is null; expected at least one turn that is a text.")


def _joined(frames: "list[pl.DataFrame]") -> "pl.DataFrame":
    """Put batches together; an extra column whose kind changes on the way becomes text."""
    import polars as pl

    if len(frames) == 1:
        return frames[0]
    try:
        return pl.concat(frames, how="diagonal_relaxed")
    except pl.exceptions.PolarsError:
        from naze.votes.formats.cells import texts

        kinds: dict[str, set[pl.DataType]] = {}
        for frame in frames:
            for name, kind in frame.schema.items():
                kinds.setdefault(name, set()).add(kind)
        mixed = {name for name, found in kinds.items() if len(found) > 1 and name not in COLUMNS}
        return pl.concat(
            [
                frame.with_columns(texts(frame[name]) for name in mixed if name in frame.columns)
                for frame in frames
            ],
            how="diagonal_relaxed",
        )
