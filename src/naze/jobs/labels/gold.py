"""A table of texts that people labelled goes in; what people said and what the model told of each comes out."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from naze.counting import counted
from naze.errors import InputError
from naze.jobs.labels.columns import LabelColumns
from naze.jobs.labels.figures import Floats, Ints
from naze.jobs.mapping import MapJob, Mapped
from naze.jobs.questions import Question
from naze.jobs.texts import text_column
from naze.suggesting import did_you_mean
from naze.tables import OpenedTable

__all__ = ["Gold", "ReadGold", "Wrong", "gold_rows", "read_gold"]

MOST_WRONG = 20


@dataclass(frozen=True, slots=True)
class Gold:
    """The rows that people labelled, as a job of their own."""

    map: MapJob
    column: str
    gold_column: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """A gold row where the model tells another label than people."""

    row: int
    """Its number in the table of examples, from 1."""
    people: str
    model: str
    probability: float
    """Of the model's label."""
    text: str


@dataclass(frozen=True, slots=True)
class ReadGold:
    """What came of the gold rows."""

    probabilities: Floats
    """(rows, labels), as the model told."""
    truth: Ints
    """(rows,) the label that people gave, by its number."""
    numbers: tuple[int, ...]
    texts: tuple[str, ...]
    without_answer: int

    def confidently_wrong(self, probabilities: Floats, labels: Sequence[str]) -> tuple[Wrong, ...]:
        """Name the rows where the model is surest of another label, the surest first."""
        told, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
        wrong = np.flatnonzero(told != self.truth)
        order = wrong[np.argsort(-sure[wrong], kind="stable")][:MOST_WRONG]
        return tuple(
            Wrong(
                self.numbers[place],
                labels[int(self.truth[place])],
                labels[int(told[place])],
                float(sure[place]),
                self.texts[place],
            )
            for place in order
        )


def gold_rows(table: OpenedTable, column: str, gold_column: str, question: Question, job: MapJob) -> Gold:
    """Lay out the job of asking about the gold rows; rows without a label are left out.

    Raises:
        InputError: no column of labels, a label that is none of the labels, or no labelled row.
    """
    given = text_column(table, gold_column)
    labelled = number = otherwise = 0
    for batch in table.batches():
        for cell in batch[given]:
            number += 1
            if cell is None or not str(cell).strip():
                continue
            labelled += 1
            label = matching_label(str(cell), question.choices)
            otherwise += label is not None and label != str(cell)
            if label is None:
                raise InputError(
                    f"{table.name}, row {number}: {given} is {str(cell)!r}; expected one of "
                    f"{', '.join(question.choices)}.{did_you_mean(str(cell).strip(), question.choices)}"
                )
    if not labelled:
        raise InputError(f"{table.name}: no row has a label in {given!r}; nothing to hold the model against.")
    if otherwise:
        note = f"{table.name}: {counted(otherwise, 'label')} matched though written otherwise (case, width, spaces, 1.0 for 1)."
        table = replace(table, notes=(*table.notes, note))
    quoted = '"' + given.replace('"', '""') + '"'
    where = f"{quoted} IS NOT NULL AND trim(CAST({quoted} AS VARCHAR)) <> ''"
    renamed = replace(question, name=_free_name(question.name, table.columns))
    return Gold(
        replace(job, table=table, questions=(renamed,), folder=job.folder / "gold", where=where, sample=None),
        column,
        given,
    )


def matching_label(said: str, labels: Sequence[str]) -> str | None:
    """Find the label that a person wrote, in another Unicode form, width or case too, or with `.0` behind a number.

    Example:
        >>> matching_label("1.0", ["1", "2"]), matching_label("Yes ", ["yes", "no"]), matching_label("y", ["yes"])
        ('1', 'yes', None)
    """
    if said.strip() in labels:
        return said.strip()
    matching = [label for label in labels if _bare(label) == _bare(said)]
    return matching[0] if len(matching) == 1 else None


def _bare(label: str) -> str:
    return re.sub(r"^(-?\d+)\.0+$", r"\1", unicodedata.normalize("NFKC", label).strip().casefold())


def read_gold(gold: Gold, answered: Mapped) -> ReadGold:
    """Put together what people said and what the model told.

    Raises:
        InputError: the model answered none of the rows.
    """
    asked = answered.asked[0]
    labels = tuple(asked.meanings.values())
    columns = LabelColumns(asked.name, labels, None, None)
    found, truth, numbers, texts = [], [], [], []
    missing = 0
    for row_numbers, row_texts, batch in answered.texts(gold.column):
        told = columns.probabilities(batch)
        for place, said in enumerate(batch[gold.gold_column]):
            if not np.isfinite(told[place]).all():
                missing += 1
                continue
            found.append(told[place])
            truth.append(labels.index(matching_label(str(said), labels) or ""))
            numbers.append(row_numbers[place])
            texts.append(" ".join(str(row_texts[place]).split())[:60])
    if not found:
        raise InputError(
            f"{gold.map.table.name}: none of the {missing} gold rows has an answer; see {answered.folder}."
        )
    return ReadGold(np.array(found), np.array(truth, np.int64), tuple(numbers), tuple(texts), missing)


def _free_name(name: str, columns: Sequence[str]) -> str:
    """Call the model's label something that the table of examples does not have yet."""
    while any(one == name or one.startswith(f"{name}_") for one in columns):
        name = f"model_{name}"
    return name
