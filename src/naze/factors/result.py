"""The folder of a factors run: what was found goes in; `Factors` come out, which can be read and asked.

factors.json          how it was made (`About`), the factors, the tests' common figures
votes.parquet         all votes, with `held_out` and `judged`
explanations.parquet  vote_id, text, language
reasons.parquet       one row a reason, with the factor that it belongs to
verdicts.parquet      one row for each held-out vote, factor and order of the responses
tests.parquet         one row a factor: what the held-out votes say of it
extract/ name/ verdicts/ drill/   what the model was asked, each a run of its own
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from naze.engines.protocol import EngineOptions
from naze.errors import InputError, RunNotFoundError, RunVersionError, StoreError
from naze.factors.about import FORMAT, About
from naze.factors.drill import Drill, drill
from naze.factors.extraction import Explanation
from naze.factors.held_out import HeldOut, hold_out
from naze.factors.matrix import VERDICTS, VerdictMatrix
from naze.factors.tested import FactorTest, Validation, read_tests, tests_table
from naze.factors.tie_kinds import TieCase, tie_kinds
from naze.factors.within import Within, compare_within
from naze.records import Factor, Reason, Vote
from naze.tables import write_table
from naze.tables.aside import write_whole
from naze.votes import Votes, read_votes

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Factors",
    "Found",
    "is_factors_folder",
    "open_factors",
    "read_about",
    "write_about",
    "write_factors",
]

_REMEDY = "Free some space, then run it again: what the model answered is kept."
ABOUT_NAME = "factors.json"
_ORDERS = ("shown", "swapped")


@dataclass(frozen=True)
class Found:
    """Everything that a run of factors leads to."""

    about: About
    factors: tuple[Factor, ...]
    validation: Validation
    votes: Votes
    """With the columns `held_out` and `judged`."""
    explanations: tuple[Explanation, ...]
    reasons: tuple[Reason, ...]
    reason_factors: tuple[str | None, ...]
    """For each reason the id of its factor; None: in none."""
    reason_methods: tuple[str, ...]
    """For each reason how it was found."""
    matrix: VerdictMatrix


@dataclass(frozen=True)
class Factors:
    """Factors with their evidence and their tests, opened from a folder."""

    folder: Path
    about: About
    factors: tuple[Factor, ...]
    validation: Validation
    """One test a factor, in the order of the factors."""

    def __len__(self) -> int:
        return len(self.factors)

    @cached_property
    def tests(self) -> dict[str, FactorTest]:
        """The test of each factor, by the factor's id."""
        return {test.factor_id: test for test in self.validation}

    @cached_property
    def votes(self) -> Votes:
        """All votes, those that were held out included (`held_out` and `judged` in a vote's `extra`)."""
        return read_votes(self.folder / "votes.parquet")

    @cached_property
    def judged(self) -> Votes:
        """The held-out votes that the model was asked about, in the order of the matrix's rows."""
        rows = np.flatnonzero(self.votes.frame()["judged"].to_numpy())
        return self.votes.select(rows.tolist())

    @cached_property
    def explanations(self) -> dict[str, Explanation]:
        """The explanation of each vote that has one, by the vote's id."""
        import polars as pl

        winners = dict(self.votes.frame().select("id", "winner").iter_rows())
        rows = pl.read_parquet(self.folder / "explanations.parquet").iter_rows(named=True)
        return {
            row["vote_id"]: Explanation(
                row["vote_id"], row["text"], row["language"], winners.get(row["vote_id"])
            )
            for row in rows
        }

    def reasons(self) -> "pl.DataFrame":
        """Return every reason: id, vote_id, text, quote, language, winner, method, factor_id (null: in none)."""
        import polars as pl

        return pl.read_parquet(self.folder / "reasons.parquet")

    @cached_property
    def _matrix(self) -> VerdictMatrix:
        import polars as pl

        return _matrix_of(pl.read_parquet(self.folder / "verdicts.parquet"), self)

    def matrix(self) -> VerdictMatrix:
        """Return what the model said of every judged vote and factor, in both orders of the responses."""
        return self._matrix

    def held_out(self) -> HeldOut:
        """Put the verdicts beside what people decided; of faults, a and b are exchanged."""
        faults = [factor.id for factor in self.factors if factor.fault]
        return hold_out(self.matrix(), list(self.judged), faults)

    def drill(
        self,
        words: str,
        *,
        most: int = 6,
        model: str | None = None,
        engine: str | None = None,
        options: EngineOptions | None = None,
    ) -> Drill:
        """Look into one factor: its cases, where it holds, what the cases show. See `naze.factors.drill.drill`."""
        return drill(self, words, most=most, model=model, engine=engine, options=options)

    def within(self, by: str) -> Within:
        """Compare the factors between parts of the votes: by `language`, `model`, a column. See `compare_within`."""
        return compare_within(self, by)

    def tie_cases(self) -> tuple[TieCase, ...]:
        """Tell the judged ties apart by kind; only factors that passed speak for a side."""
        return tie_kinds(self.matrix(), list(self.judged), factor_ids=self.validation.passed)

    def table(self) -> "pl.DataFrame":
        """Return one row a factor: what it is, where it comes from, and what the held-out votes say of it."""
        import polars as pl

        share = max(self.about.counts.get("explained", 0), 1)
        known = pl.DataFrame(
            [
                {
                    "factor_id": factor.id,
                    "name": factor.name,
                    "definition": factor.definition,
                    "fault": factor.fault,
                    "marks": ", ".join(factor.marks) or None,
                    "reasons": factor.reason_count,
                    "named_by": factor.vote_count,
                    "named_by_share": factor.vote_count / share,
                }
                for factor in self.factors
            ],
            schema={
                "factor_id": pl.String,
                "name": pl.String,
                "definition": pl.String,
                "fault": pl.Boolean,
                "marks": pl.String,
                "reasons": pl.Int64,
                "named_by": pl.Int64,
                "named_by_share": pl.Float64,
            },
        )
        return known.join(tests_table(self.validation), on="factor_id", how="left", maintain_order="left")

    def find(self, words: str) -> Factor:
        """Return one factor by its id, or by words of its name or definition.

        Raises:
            InputError: none has them, or several have.
        """
        wanted = words.strip().casefold()
        exact = [one for one in self.factors if wanted in (one.id.casefold(), one.name.casefold())]
        near = exact or [one for one in self.factors if wanted in one.name.casefold()]
        near = near or [one for one in self.factors if wanted in one.definition.casefold()]
        if len(near) == 1:
            return near[0]
        listed = ", ".join(f"{one.id} ({one.name})" for one in (near or self.factors)[:12])
        more = " …" if len(near or self.factors) > 12 else ""
        if not wanted or not near:
            raise InputError(
                f"{self.folder}: no factor {words!r}; expected an id or words of a name. There are: {listed or 'none'}{more}."
            )
        raise InputError(f"{self.folder}: {words!r} may be {listed}{more}; give the id.")


def is_factors_folder(folder: str | Path) -> bool:
    """Tell whether a folder holds a factors run, begun or finished."""
    return (Path(folder) / ABOUT_NAME).is_file()


def read_about(folder: Path) -> tuple[About, dict[str, Any]]:
    """Read how factors were made, and the rest of `factors.json`.

    Raises:
        RunNotFoundError: no such file.
        RunVersionError: made by a newer naze.
        StoreError: the file is damaged.
    """
    path = folder / ABOUT_NAME
    try:
        whole = json.loads(path.read_text("utf-8"))
        version = whole["about"]["format"]
        if version > FORMAT:
            raise RunVersionError(
                f"{path}: format {version}, and this naze reads up to {FORMAT}. Update naze: pip install --upgrade naze."
            )
        return msgspec.convert(whole["about"], About), whole
    except FileNotFoundError:
        raise RunNotFoundError(
            f"{folder}: there is no {ABOUT_NAME}; expected a folder that `naze factors RUN --out` wrote."
        ) from None
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise StoreError(
            f"{path}: damaged ({error}). Move it aside and run `naze factors` again; answers are kept."
        ) from error


def open_factors(folder: str | Path) -> Factors:
    """Open the folder of a factors run that has come to its end.

    Raises:
        RunNotFoundError: no factors there, or the run has not come to its end.
        RunVersionError: made by a newer naze.
        StoreError: a file is damaged.
    """
    folder = Path(folder)
    about, whole = read_about(folder)
    if about.finished is None:
        raise RunNotFoundError(
            f"{folder}: this factors run has not come to its end. The same `naze factors` command continues it."
        )
    return _opened(folder, about, whole)


def _opened(folder: Path, about: About, whole: dict[str, Any]) -> Factors:
    import polars as pl

    try:
        factors = msgspec.convert(whole["factors"], tuple[Factor, ...])
        tests = read_tests(pl.read_parquet(folder / "tests.parquet"))
        common = msgspec.convert(whole["validation"] | {"tests": []}, Validation)
        validation = replace(common, tests=tuple(tests))
    except (OSError, KeyError, TypeError, msgspec.ValidationError, pl.exceptions.PolarsError) as error:
        raise StoreError(
            f"{folder}: damaged ({error}). Run the same `naze factors` command again; answers are kept."
        ) from error
    return Factors(folder, about, factors, validation)


def write_about(folder: Path, about: About, **more: object) -> None:
    """Write `factors.json`, whole or not at all."""
    path = folder / ABOUT_NAME
    text = msgspec.json.format(msgspec.json.encode({"about": about, **more}), indent=1)
    write_whole(path, text, remedy=_REMEDY)


def write_factors(folder: Path, found: Found) -> Factors:
    """Write everything, `factors.json` last: where it says that the run is finished, all files are there.

    Raises:
        StoreError: a file cannot be written.
    """
    tables = {
        "votes": found.votes.frame(),
        "explanations": _explanations_table(found.explanations),
        "reasons": _reasons_table(found),
        "verdicts": _verdicts_table(found.matrix),
        "tests": tests_table(found.validation),
    }
    for name, table in tables.items():
        write_table(folder / f"{name}.parquet", table, remedy=_REMEDY)
    common = {name: value for name, value in asdict(found.validation).items() if name != "tests"}
    write_about(folder, found.about, factors=found.factors, validation=common)
    return open_factors(folder)


def _explanations_table(explanations: Sequence[Explanation]) -> "pl.DataFrame":
    import polars as pl

    columns = {
        "vote_id": [one.vote_id for one in explanations],
        "text": [one.text for one in explanations],
        "language": [one.language for one in explanations],
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _reasons_table(found: Found) -> "pl.DataFrame":
    import polars as pl

    columns: dict[str, list[str | None]] = {
        name: [getattr(reason, name) for reason in found.reasons]
        for name in ("id", "vote_id", "text", "quote", "language", "winner")
    }
    columns |= {"method": list(found.reason_methods), "factor_id": list(found.reason_factors)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _verdicts_table(matrix: VerdictMatrix) -> "pl.DataFrame":
    """One row for each vote, factor and order; `a` and `b` are the places that the model saw."""
    import polars as pl

    votes, factors = len(matrix.vote_ids), len(matrix.factor_ids)
    frames = []
    for order, array in zip(_ORDERS, (matrix.shown, matrix.swapped), strict=True):
        columns: dict[str, Any] = {
            "vote_id": np.repeat(np.array(matrix.vote_ids, object), factors),
            "factor_id": np.tile(np.array(matrix.factor_ids, object), votes),
        }
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
            pl.lit(order).alias("order"),
            *(
                pl.Series(verdict.value, array[:, :, place].ravel(), pl.Float64, nan_to_null=True)
                for place, verdict in enumerate(VERDICTS)
            ),
        )
        frames.append(frame)
    return pl.concat(frames)


def _matrix_of(table: "pl.DataFrame", factors: Factors) -> VerdictMatrix:
    """Read the verdicts back; the rows stand in the order in which they were written."""
    vote_ids = tuple(factors.judged.frame()["id"])
    factor_ids = tuple(factor.id for factor in factors.factors)
    shape = (len(vote_ids), len(factor_ids), len(VERDICTS))
    arrays = []
    for order in _ORDERS:
        rows = table.filter(table["order"] == order)
        values = rows.select(verdict.value for verdict in VERDICTS).to_numpy().astype(np.float64)
        if values.shape[0] != shape[0] * shape[1]:
            raise StoreError(
                f"{factors.folder}/verdicts.parquet: {values.shape[0]:,} rows of order {order}; expected "
                f"{shape[0] * shape[1]:,}: {shape[0]} votes x {shape[1]} factors. Run the same command again."
            )
        arrays.append(values.reshape(shape))
    return VerdictMatrix(vote_ids, factor_ids, *arrays)


def vote_of(votes: Votes, vote_id: str) -> Vote:
    """Return one vote by its id.

    Raises:
        InputError: no such vote.
    """
    found = votes.frame()["id"].index_of(vote_id)
    if found is None:
        raise InputError(f"no vote {vote_id!r} among {len(votes):,} votes.")
    return votes[found]
