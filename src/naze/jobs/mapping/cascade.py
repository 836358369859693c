"""A mapped table goes in; where its model was unsure, a bigger model is asked, and its answers stand in their place.

Unsure is a row whose likeliest choice has less probability than a threshold, or that has no answer. The threshold is
given, or chosen on a random sample of rows that both models answer, for a stated agreement (see `thresholds.py`).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naze.errors import ConfigurationError
from naze.jobs.mapping.columns import added_columns
from naze.jobs.mapping.thresholds import Threshold, choose_threshold
from naze.jobs.questions import Asked, Question
from naze.records import Status
from naze.tables import PROBLEM, ROW, OpenedTable, read_batches

if TYPE_CHECKING:
    import polars as pl

    from naze.jobs.mapping.job import MapJob
    from naze.jobs.mapping.result import Mapped

__all__ = ["Cascade", "Taken", "answers_of", "ask_bigger", "bigger_folder", "check_cascade"]

_FIRST = "naze first row"
"""A row's number in the table that the own model was asked about."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """When a bigger model is asked as well.

    Raises:
        ConfigurationError: neither a threshold nor an agreement, or both.
    """

    model: str
    """As people name models."""
    below: float | None = None
    """Unsure is a row whose likeliest choice has less probability than this, 0 to 1."""
    agreement: float | None = None
    """Instead: choose the threshold so that the answers agree with the bigger model's on this share of the rows."""
    sample: int = 200
    """How many rows both models are asked about to choose it."""

    def __post_init__(self) -> None:
        if (self.below is None) == (self.agreement is None):
            raise ConfigurationError(
                f"when {self.model} is asked is {'said twice' if self.below is not None else 'not said'}; expected either a "
                "probability below which a row is unsure (--unsure 0.6) or an agreement to reach (--agreement 0.95)."
            )
        if self.below is not None and not 0 < self.below <= 1:
            raise ConfigurationError(
                f"unsure is below {self.below:g}; expected a probability above 0, up to 1."
            )
        if self.agreement is not None and not 0 < self.agreement < 1:
            raise ConfigurationError(
                f"the agreement is {self.agreement:g}; expected a share between 0 and 1."
            )
        if self.sample < 1:
            raise ConfigurationError(f"the sample has {self.sample} rows; expected at least 1.")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bigger model was asked for one question."""

    asked: Asked
    own: str
    """The model that was asked first."""
    bigger: str
    threshold: Threshold | None
    """None: it was given."""
    below: float
    rows: int
    """Rows in all."""
    unsure: int
    """Those that the bigger model was asked about, the sample aside."""
    answers: "pl.DataFrame | None"
    """Its answers, with the rows' numbers in `_FIRST`; None: no row was unsure."""

    @property
    def column(self) -> str:
        """The column that says which model answered."""
        return f"{self.asked.name}_model"

    def over(self, batch: "pl.DataFrame", numbers: "pl.Series") -> "pl.DataFrame":
        """Put the bigger model's answers in their places.

        Args:
            batch: rows with the own model's answers.
            numbers: of these rows in the table.
        """
        import polars as pl

        added = added_columns([self.asked])
        if self.answers is None:
            return batch.with_columns(pl.lit(self.own).alias(self.column))
        theirs = self.answers.rename({name: f"naze {name}" for name in added})
        both = batch.with_columns(numbers.alias(_FIRST)).join(
            theirs, on=_FIRST, how="left", maintain_order="left"
        )
        status, tokens, reason = (f"{self.asked.name}_{kind}" for kind in ("status", "tokens", "reason"))
        better = (pl.col(f"naze {status}") == Status.ANSWERED.value).fill_null(False)
        columns = {
            name: pl.when(better).then(pl.col(f"naze {name}")).otherwise(pl.col(name)) for name in added
        }
        columns[tokens] = pl.col(tokens) + pl.col(f"naze {tokens}").fill_null(0)
        failed = pl.col(f"naze {status}").is_not_null() & ~better
        columns[reason] = (
            pl.when(failed)
            .then(pl.concat_str([pl.col(reason), pl.format("{}: {}", pl.lit(self.bigger), pl.col(f"naze {reason}"))],
                                separator="; ", ignore_nulls=True))
            .otherwise(columns[reason])
        )  # fmt: skip
        model = pl.when(better).then(pl.lit(self.bigger)).otherwise(pl.lit(self.own))
        filled = both.with_columns(
            model.alias(self.column), *[made.alias(name) for name, made in columns.items()]
        )
        return filled.select([*batch.columns, self.column])


def check_cascade(questions: Sequence[Question], cascade: Cascade) -> None:
    """See that every question has choices: without them nobody knows how sure a model is.

    Raises:
        ConfigurationError: names one that has none.
    """
    without = [question.name for question in questions if not question.choices]
    if without:
        raise ConfigurationError(
            f"{cascade.model} is to be asked where a row is unsure, and question {without[0]!r} has no choices: only choices "
            "have probabilities. Give choices, or leave the bigger model out."
        )


def ask_bigger(
    job: "MapJob", mapped: "Mapped", cascade: Cascade, ask: "Callable[[MapJob], Mapped]"
) -> tuple[Taken, ...]:
    """Ask the bigger model about the rows of which the own one is unsure, question by question.

    Args:
        job: what was mapped.
        mapped: what came of it.
        cascade: when the bigger model is asked.
        ask: maps a table with the bigger model.
    """
    return tuple(_take(job, mapped, place, cascade, ask) for place in range(len(mapped.asked)))


def _take(
    job: "MapJob", mapped: "Mapped", place: int, cascade: Cascade, ask: "Callable[[MapJob], Mapped]"
) -> Taken:
    asked = mapped.asked[place]
    sureness = _sureness(mapped, asked)
    threshold, below, sampled = None, cascade.below, set[int]()
    if cascade.agreement is not None:
        sampled = set(_sampled(sureness, cascade.sample))
        threshold = _choose(job, mapped, place, cascade, ask, sampled, sureness)
        below = threshold.below
    assert below is not None  # a cascade says one of the two
    unsure = {number for number, (sure, _) in sureness.items() if sure < below}
    answers = _answers(job, mapped, place, cascade, ask, unsure | sampled) if unsure | sampled else None
    return Taken(asked, job.model, cascade.model, threshold, below, len(sureness), len(unsure), answers)


def _sureness(mapped: "Mapped", asked: Asked) -> dict[int, tuple[float, str | None]]:
    """Read for each row how sure the own model is (0 where it has no answer), and what it says."""
    found: dict[int, tuple[float, str | None]] = {}
    for numbers, values, batch in mapped.texts(asked.name):
        for number, value, sure in zip(numbers, values, batch[f"{asked.name}_probability"], strict=True):
            found[number] = (sure or 0.0, value)
    return found


def _sampled(sureness: dict[int, Any], wanted: int) -> list[int]:
    """Draw rows at random, the same every time; a bigger sample contains a smaller one."""
    by_hash = sorted(sureness, key=lambda number: hashlib.sha256(f"cascade {number}".encode()).digest())
    return by_hash[:wanted]


def _choose(
    job: "MapJob",
    mapped: "Mapped",
    place: int,
    cascade: Cascade,
    ask: "Callable[[MapJob], Mapped]",
    sampled: set[int],
    sureness: dict[int, tuple[float, str | None]],
) -> Threshold:
    assert cascade.agreement is not None
    choose_threshold(
        [1.0] * len(sampled), [True] * len(sampled), cascade.agreement
    )  # is the sample large enough?
    answers = _answers(job, mapped, place, cascade, ask, sampled)
    name = mapped.asked[place].name
    theirs = dict(zip(answers[_FIRST].to_list(), answers[name].to_list(), strict=True))
    both = [number for number in sorted(sampled) if theirs.get(number) is not None]
    own = [sureness[number] for number in both]
    agrees = [value == theirs[number] for number, (_, value) in zip(both, own, strict=True)]
    return choose_threshold([sure for sure, _ in own], agrees, cascade.agreement)


def _answers(
    job: "MapJob",
    mapped: "Mapped",
    place: int,
    cascade: Cascade,
    ask: "Callable[[MapJob], Mapped]",
    numbers: set[int],
) -> "pl.DataFrame":
    """Ask the bigger model one question about some rows; what it was asked before is not asked again."""
    question = job.questions[place]
    chosen = json.dumps([job.table.fingerprint, job.where, job.sample, job.settings.seed, sorted(numbers)])
    table = OpenedTable(
        job.table.name,
        "path",
        mapped.rows,
        job.table.columns,
        f"sha256:{hashlib.sha256(chosen.encode()).hexdigest()}",
        lambda: _rows(mapped.rows, numbers),
    )
    settings = replace(
        job.settings,
        unsure=None,
        long_model=None,
        fit="shorten" if job.settings.fit == "route" else job.settings.fit,
    )
    bigger = replace(
        job,
        table=table,
        questions=(question,),
        model=cascade.model,
        folder=job.folder / bigger_folder(cascade.model, question.name),
        where=None,
        sample=None,
        settings=settings,
    )
    found = ask(bigger)
    try:
        return answers_of(found)
    finally:
        found.close()


def answers_of(found: "Mapped") -> "pl.DataFrame":
    """Read a bigger model's answers, each with the number of its row in the table that the own model was asked about."""
    import polars as pl

    added = added_columns(found.asked)
    return pl.concat([batch.select(pl.col(_FIRST), *added) for batch in found.batches()])


def bigger_folder(model: str, question: str) -> str:
    """Name the folder, in the own model's run, of what a bigger model was asked about a question."""
    return f"unsure-{hashlib.sha256(json.dumps([model, question]).encode()).hexdigest()[:8]}"


def _rows(path: Path, numbers: set[int]) -> "Iterator[pl.DataFrame]":
    import polars as pl

    chosen = pl.Series(sorted(numbers), dtype=pl.UInt32)
    for batch in read_batches(path):
        kept = batch.filter(pl.col(ROW).is_in(chosen.implode())).rename({ROW: _FIRST})
        yield (
            kept
            if PROBLEM in kept.columns
            else kept.with_columns(pl.lit(None, dtype=pl.String).alias(PROBLEM))
        )
