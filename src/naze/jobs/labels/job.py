"""A table and labels go in; the table with a label, its probability and what is unsure of it comes out.

With rows that people labelled, the same question is asked about these too: in a run of its own, in the folder
`gold` of the run. What they say of the model stays with the run (`labels.json`): a later command without them keeps
the figures and the correction.
"""

import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from naze.errors import ConfigurationError
from naze.generations import Account
from naze.jobs.asking import opened_worker
from naze.jobs.labels.calibrating import Calibration, evened
from naze.jobs.labels.columns import LabelColumns
from naze.jobs.labels.definitions import Labels, as_labels
from naze.jobs.labels.figures import GoldFigures
from naze.jobs.labels.gold import Gold, Wrong, gold_rows, read_gold
from naze.jobs.labels.held import FIGURES_NAME, Held, hold_against, read_held
from naze.jobs.mapping import (
    MapJob,
    Mapped,
    MapSettings,
    TableOptions,
    check_job,
    map_job,
    run_map,
    target_of,
    write_mapped,
)
from naze.jobs.questions import Question
from naze.jobs.texts import text_column, texts_language
from naze.prompts import column_template
from naze.prompts.offering import verbatim
from naze.tables import open_table
from naze.tables.aside import write_whole

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Check", "LabelJob", "Labelled", "label", "label_job", "label_to_file"]

CHECKED_FIRST = 20
_NOT_HELD: Mapping[str, Any] = {
    "examples": None,
    "calibration": None,
    "calibration_helps": False,
    "gold": None,
    "gold_calibrated": None,
    "gold_without_answer": 0,
    "confidently_wrong": [],
}
"""In `labels.json` where nobody gave examples."""


@dataclass(frozen=True, slots=True)
class LabelJob:
    """What is asked for, made concrete."""

    map: MapJob
    column: str
    gold: Gold | None
    abstain: float | None
    even_out: bool = False
    """Take off what the model says of every row alike. See `naze.jobs.labels.calibrating.evened`."""


@dataclass(frozen=True, slots=True)
class Check:
    """A row that a person should look at first."""

    row: int
    """Its number in the table, from 1."""
    label: str
    probability: float
    margin: float
    """How much likelier the label is than the next one."""
    text: str
    """The beginning of the text."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came of it."""

    mapped: Mapped
    columns: LabelColumns
    check_first: tuple[Check, ...]
    """The rows that the model is least sure of."""
    abstained: int
    held: Held | None = None
    """How the labels compare with people's; None: nobody ever gave this run examples."""
    held_before: bool = False
    """Whether the examples were given to an earlier command of this run."""
    target: Path | None = None
    evened: Calibration | None = None
    """What was taken off all rows alike; None: nothing was to be, or there were too few rows."""

    @property
    def figures(self) -> GoldFigures | None:
        """On the gold rows, as the model told; None without gold."""
        return None if self.held is None else self.held.figures

    @property
    def calibrated_figures(self) -> GoldFigures | None:
        """On the gold rows, each corrected by what the others taught."""
        return None if self.held is None else self.held.calibrated_figures

    @property
    def calibrated(self) -> bool:
        """Whether the table's probabilities are corrected by what people said."""
        return self.columns.calibration is not None and self.evened is None

    @property
    def confidently_wrong(self) -> tuple[Wrong, ...]:
        """Gold rows where the model is surest of another label than people."""
        return () if self.held is None else self.held.confidently_wrong

    @property
    def gold_without_answer(self) -> int:
        """Gold rows that the model did not answer."""
        return 0 if self.held is None else self.held.without_answer

    def batches(self) -> "Iterator[pl.DataFrame]":
        """Read the rows with their new columns, a few at a time."""
        return (self.columns.adjust(batch) for batch in self.mapped.batches())

    def close(self) -> None:
        """Let go of the run."""
        self.mapped.close()

    def to_dict(self) -> dict[str, Any]:
        """Lay the figures out as what JSON can hold."""
        return {
            "labels": list(self.columns.labels),
            "column": self.columns.name,
            "abstain": self.columns.abstain,
            "abstained": self.abstained,
            "calibrated": self.calibrated,
            "evened": None if self.evened is None else self.evened.to_dict(),
            **(_NOT_HELD if self.held is None else self.held.to_dict()),
            "check_first": [asdict(check) for check in self.check_first],
        }


def label(
    table: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    labels: Labels | Mapping[str, str] | Sequence[str] | str | Path,
    *,
    column: str | None = None,
    examples: Any = None,  # noqa: ANN401 - a table as well
    gold_column: str = "label",
    abstain: float | None = None,
    even_out: bool = False,
    add: str = "label",
    **options: Unpack[TableOptions],
) -> Any:  # noqa: ANN401 - the same kind of table
    """Label every text, with the probability of each label.

    Args:
        table: as `naze.map` takes it.
        labels: names, names with definitions, or a YAML file of them.
        column: of the texts; None: `text`, or the only column of texts.
        examples: a table of texts that people labelled: the model's labels are held against theirs, and its
            probabilities corrected where that helps.
        gold_column: of `examples`, the label that people gave.
        abstain: a row whose likeliest label is less likely than this gets none, for a person to decide.
        even_out: without examples: take off what the model says of every row alike, where labels are about equally frequent.
        add: the name of the new column.
        options: see `TableOptions`.

    Returns:
        As `naze.map`. The figures lie in the run's folder, in `labels.json`; `naze.jobs.label_to_file` returns them.

    Raises:
        InputError: no such column, or a gold label that is none of the labels.
        NazeError: as `naze.map`.
    """
    job = label_job(
        table,
        labels,
        column=column,
        examples=examples,
        gold_column=gold_column,
        abstain=abstain,
        even_out=even_out,
        add=add,
        **options,
    )
    with closing(label_to_file(job, **options)) as labelled:
        if job.map.table.home == "path":
            return labelled.target
        return labelled.mapped.attach(job.map.table, labelled.batches())


def label_job(
    table: Any,  # noqa: ANN401 - a path, or a table of several libraries
    labels: Labels | Mapping[str, str] | Sequence[str] | str | Path,
    *,
    column: str | None = None,
    examples: Any = None,  # noqa: ANN401 - a table as well
    gold_column: str = "label",
    abstain: float | None = None,
    even_out: bool = False,
    add: str = "label",
    **options: Unpack[TableOptions],
) -> LabelJob:
    """Lay out what `label` asks.

    Raises:
        ConfigurationError: a threshold outside 0 to 1; `even_out` beside examples or a bigger model.
        InputError: as `label`.
    """
    if abstain is not None and not 0 < abstain < 1:
        raise ConfigurationError(
            f"abstain is {abstain}; expected a probability between 0 and 1, such as 0.7."
        )
    settings = options.get("settings") or MapSettings()
    if even_out and examples is not None:
        raise ConfigurationError(
            "both --examples and --even-out are given; expected one of them. Rows that people labelled teach how often each "
            "label is right, and more: leave --even-out away."
        )
    if even_out and settings.unsure is not None:
        raise ConfigurationError(
            "--even-out takes off what one model says of every row alike, and a bigger model is to answer where it is "
            "unsure. Leave one of them away."
        )
    chosen = as_labels(labels)
    opened = open_table(table)
    texts = text_column(opened, column)
    language = settings.language or texts_language(opened, texts)
    given: TableOptions = {**options, "settings": replace(settings, language=language)}
    question = _question(add, chosen, language, texts)
    job = map_job(opened, [question], **given)
    gold = None
    if examples is not None:
        gold_table = open_table(examples)
        own = text_column(gold_table, texts)
        gold_question = _question(add, chosen, language, own)
        gold = gold_rows(gold_table, own, gold_column, gold_question, job)
    return LabelJob(job, texts, gold, abstain, even_out)


def label_to_file(job: LabelJob, **options: Unpack[TableOptions]) -> Labelled:
    """Ask all that is open of a job, durably; write its table where it is wanted and its figures into the run.

    Returns:
        What came of it; close it.
    """
    settings = job.map.settings
    if job.gold is not None and settings.unsure is not None:
        raise ConfigurationError(
            "gold rows measure and calibrate one model, and a bigger one is to answer where it is unsure. Label with "
            "--examples first, then again without them and with --unsure-model."
        )
    check_job(job.map)
    progress, tell = options.get("progress"), options.get("tell")
    target = target_of(job.map, options.get("out"))
    before = read_held(job.map.folder) if job.gold is None else None
    if before is not None and job.even_out:
        raise ConfigurationError(
            f"{job.map.folder} keeps what {before.examples} taught of this model, which says more than --even-out can: "
            "leave it away, or give a folder of its own (--run)."
        )
    with opened_worker(
        job.map.model,
        engine=settings.engine,
        options=settings.options,
        long_model=settings.long_model,
        account=None if settings.budget is None else Account(settings.budget, job.map.folder),
        begun=job.map.folder,
    ) as worker:
        gold = None
        if job.gold is not None:
            with closing(run_map(job.gold.map, worker=worker, progress=progress, tell=tell)) as answered:
                gold = read_gold(job.gold, answered)
        mapped = run_map(job.map, worker=worker, progress=progress, tell=tell)
    labels = tuple(mapped.asked[0].meanings.values())
    held = before
    if job.gold is not None and gold is not None:
        held = hold_against(gold, labels, job.gold.map.table.name)
    # What was learnt of one model says nothing of another that stands in for it.
    calibration = held.calibration if held is not None and held.helps and settings.unsure is None else None
    columns = LabelColumns(mapped.asked[0].name, labels, calibration, job.abstain)
    even = None
    if job.even_out:
        even = evened(columns.probabilities(batch) for batch in mapped.batches())
        columns = replace(columns, calibration=even)
    labelled = Labelled(mapped, columns, (), 0, held, held_before=before is not None, evened=even)
    labelled = _looked_through(labelled, job)
    if target is not None:
        write_mapped(labelled.batches(), target, mapped.folder)
        labelled = replace(labelled, target=target)
    _write_figures(labelled)
    return labelled


def _question(add: str, labels: Labels, language: str, column: str) -> Question:
    template = column_template("label", language, column)
    if labels.question is not None:
        template = replace(template, question=verbatim(labels.question))
    return Question(add, template, tuple(labels.definitions), labels.definitions, lettered=True, leads=True)


def _looked_through(labelled: Labelled, job: LabelJob) -> Labelled:
    """Go through the rows once for those that are least sure."""
    least: list[tuple[float, int, Check]] = []
    abstained, number = 0, 0
    for numbers, texts, batch in labelled.mapped.texts(job.column):
        for place, (name, probability, margin) in enumerate(labelled.columns.sureness(batch)):
            number += 1
            if name is None:
                continue
            abstained += job.abstain is not None and probability < job.abstain
            check = Check(numbers[place], name, probability, margin, _beginning(texts[place]))
            heapq.heappush(least, (-margin, -number, check))
            if len(least) > CHECKED_FIRST:
                heapq.heappop(least)
    first = [check for _, _, check in sorted(least, key=lambda one: (one[0], one[1]), reverse=True)]
    return replace(labelled, check_first=tuple(first), abstained=abstained)


def _beginning(text: object, characters: int = 60) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= characters else line[:characters] + "…"


def _write_figures(labelled: Labelled) -> None:
    figures = json.dumps(labelled.to_dict(), ensure_ascii=False, indent=1)
    remedy = "Every answer is stored; free some space and give the same command again."
    write_whole(labelled.mapped.folder / FIGURES_NAME, figures, "the figures", remedy=remedy)
