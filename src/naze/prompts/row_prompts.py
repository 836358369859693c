"""A row of any table and the questions about it go in; prompts that share everything before the question come out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from naze.errors import TemplateError
from naze.prompts.fitting import Material, Ready, Room
from naze.prompts.shortening import LEAST_CHARACTERS, leave_middle_out, level
from naze.prompts.template import CONSTANTS, ROW_NAME, Template
from naze.records import FittedPrompt, Prompt

__all__ = ["RowPrompts", "TableRow"]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table."""

    id: str
    values: Mapping[str, Any]
    """Column -> cell; a null is None."""
    problem: str | None = None
    """Why the row could not be read."""


class RowPrompts:
    """Makes the prompts about a table's rows, one for each question.

    Args:
        templates: one for each question; its name becomes the prompts' `question_id`.
        columns: of the table.

    Raises:
        TemplateError: a template names a column that there is not; the nearest is suggested.
    """

    def __init__(self, templates: Sequence[Template], columns: Sequence[str]) -> None:
        known = dict.fromkeys([*columns, ROW_NAME])
        used: set[str] = set()
        for template in templates:
            template.check_names(known)
            used |= template.row_names()
            if ROW_NAME not in columns:
                template.check_keys(columns)
                keys = template.row_keys()
                used |= set(columns) if keys is None else keys
        self.templates = tuple(templates)
        self.columns: tuple[str, ...] = tuple(
            name for name in columns if name in used and name not in CONSTANTS
        )
        """The columns that the prompts are made of."""
        self._by_name = ROW_NAME in used and ROW_NAME not in columns
        self._instructions = tuple(template.fill("instruction", {}) for template in templates)
        self._questions = tuple(
            None if template.row_names("question") else template.fill("question", {})
            for template in templates
        )
        """Those that are the same for every row."""

    def materials(self, rows: Iterable[TableRow]) -> Iterator[Material | Ready]:
        """Make each row ready to be fitted; a row that cannot be asked about passes with its reason."""
        for row in rows:
            if row.problem is not None:
                yield self._unasked(row, row.problem)
                continue
            values = {name: "" if value is None else value for name, value in row.values.items()}
            if self.columns and not any(str(values[name]).strip() for name in self.columns):
                yield self._unasked(row, f"nothing to ask: {' and '.join(self.columns)} empty")
                continue
            material = _RowMaterial(self, row.id, values)
            try:
                material.prompts(None)
            except TemplateError as error:
                yield self._unasked(row, str(error))
                continue
            yield material

    def make(self, row_id: str, values: dict[str, Any]) -> tuple[Prompt, ...]:
        """Fill the prompts about one row in."""
        if self._by_name:
            values = {**values, ROW_NAME: values}
        subjects: dict[tuple[str, str], str] = {}
        prompts = []
        for template, instruction, question in zip(
            self.templates, self._instructions, self._questions, strict=True
        ):
            source = template.subject, template.language
            if source not in subjects:
                subjects[source] = template.fill("subject", values, row_id)
            if question is None:
                question = template.fill("question", values, row_id)
            prompts.append(
                Prompt(
                    row_id,
                    template.name,
                    instruction,
                    subjects[source],
                    question,
                    template.choices,
                    template.schema,
                )
            )
        return tuple(prompts)

    def _unasked(self, row: TableRow, problem: str) -> Ready:
        return tuple(
            FittedPrompt(Prompt(row.id, template.name, "", "", problem), problem=problem)
            for template in self.templates
        )


class _RowMaterial:
    """A row as fitting sees it: the longest of its texts give way first."""

    __slots__ = ("_asking", "_id", "_values", "_whole")

    def __init__(self, asking: RowPrompts, row_id: str, values: dict[str, Any]) -> None:
        self._asking = asking
        self._id = row_id
        self._values = values
        self._whole: tuple[Prompt, ...] | None = None

    def prompts(self, room: Room | None) -> tuple[Prompt, ...]:
        """Make the prompts about this row."""
        if room is not None:
            return self._asking.make(self._id, self._shortened(room[0]))
        if self._whole is None:
            self._whole = self._asking.make(self._id, self._values)
        return self._whole

    def rooms(self) -> tuple[Room, ...]:
        """Name the steps of shortening."""
        lengths = [len(text) for text in self._texts().values()]
        return (sum(lengths),), (sum(min(length, LEAST_CHARACTERS) for length in lengths),)

    def _texts(self) -> dict[str, str]:
        return {name: value for name in self._asking.columns if isinstance(value := self._values[name], str)}

    def _shortened(self, keep: int) -> dict[str, Any]:
        texts = self._texts()
        lengths = [len(text) for text in texts.values()]
        if keep >= sum(lengths):
            return self._values
        most, language = level(lengths, keep), self._asking.templates[0].language
        return self._values | {name: leave_middle_out(text, most, language) for name, text in texts.items()}
