"""Several responses to one prompt, each with a rank or a score: every pair of them is a vote.

Which of a pair is A is drawn by a hash of the texts, since files list the best first. Equal ranks are a tie; a response without
one is not voted about. Sources: the data cards of openbmb/UltraFeedback and berkeley-nest/Nectar; Argilla's exports
(docs.argilla.io): a ranking's answer is a list of `value` (the field) and `rank`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import polars as pl

from naze.errors import FormatError
from naze.votes.formats.cells import TURNS, structure
from naze.votes.formats.chosen_rejected import stands_first
from naze.votes.formats.notes import Notes

__all__ = ["ArgillaRanking", "Nectar", "UltraFeedback"]

_SCHEMA: dict[str, Any] = {
    "prompt": TURNS, "response_a": TURNS, "response_b": TURNS, "winner": pl.String, "model_a": pl.String,
    "model_b": pl.String,
}  # fmt: skip


_Pair = tuple[Any, ...]
_NO_PAIR: _Pair = (None,) * len(_SCHEMA)


@dataclass(frozen=True, slots=True)
class _Response:
    text: str
    model: str | None
    score: float | None
    """The higher, the better."""


class _Ranked:
    """Unfolds each row into one for each pair of its responses."""

    needs: tuple[str, ...] = ()
    """Columns that it cannot do without."""
    prompts: tuple[str, ...]
    """Columns of which the first that is there holds the prompt."""

    def responses(self, row: Mapping[str, Any], number: int, notes: Notes) -> "list[_Response] | None":
        """Take a row's responses; None and a note where there are none."""
        raise NotImplementedError

    def check(self, batch: pl.DataFrame) -> None:
        """Refuse a table that is laid out otherwise."""
        for name in self.needs:
            batch.get_column(name)

    def unfold(self, batch: pl.DataFrame, notes: Notes) -> tuple[pl.DataFrame, list[int]]:
        """Make a row of every pair; a row that cannot be read stays one.

        Returns:
            The rows, and for each of them the number of the row that it comes from.
        """
        self.check(batch)
        kept = dict(notes.problems)
        pairs: list[_Pair] = []
        origins: list[int] = []
        notes.problems.clear()
        for number, row in enumerate(batch.iter_rows(named=True)):
            votes = [] if number in kept else list(self._votes(row, number, notes))
            if number in notes.problems:
                kept[number] = notes.problems.pop(number)
            if number in kept:
                notes.reject(len(pairs), kept[number])
            votes = votes or [_NO_PAIR]
            pairs += votes
            origins += [number] * len(votes)
        unfolded = pl.DataFrame(pairs, schema=_SCHEMA, orient="row")
        names = _names_of(batch, origins)
        others = batch.drop([name for name in _SCHEMA if name in batch.columns] + ["id"], strict=False)
        return unfolded.hstack([names]).hstack(others[origins] if others.width else []), origins

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Take the unfolded rows as they are."""
        return batch.select(*_SCHEMA, "id")

    def _votes(self, row: Mapping[str, Any], number: int, notes: Notes) -> Iterator[_Pair]:
        prompt = next((row[name] for name in self.prompts if isinstance(row.get(name), str)), None)
        responses = self.responses(row, number, notes)
        if responses is not None and len(responses) < 2:
            notes.reject(number, f"{len(responses)} response; expected two or more to compare.")
        for one, other in combinations(responses or [], 2):
            turns = [None if prompt is None else notes.whole(prompt)]
            first, second = (one, other) if stands_first(turns, [one.text], [other.text]) else (other, one)
            yield turns, [first.text], [second.text], _winner(first, second), first.model, second.model


def _winner(first: _Response, second: _Response) -> str | None:
    if first.score is None or second.score is None:
        return None
    return "tie" if first.score == second.score else ("a" if first.score > second.score else "b")


def _names_of(batch: pl.DataFrame, origins: Sequence[int]) -> pl.Series:
    """Name pairs by their row's id and their number in the row."""
    ids = batch["id"].cast(pl.String).to_list() if "id" in batch.columns else [None] * batch.height
    seen: dict[int, int] = {}
    names: list[str | None] = []
    for origin in origins:
        seen[origin] = seen.get(origin, 0) + 1
        names.append(None if ids[origin] is None else f"{ids[origin]}/{seen[origin]}")
    return pl.Series("id", names, dtype=pl.String)


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _listed(value: object, name: str, row: int, notes: Notes) -> list[Mapping[str, Any]] | None:
    found = structure(value, name, row, notes)
    if isinstance(found, list) and all(isinstance(one, Mapping) for one in found):
        return found
    notes.reject(row, f"{name} is {str(value)[:60]!r}; expected a list of responses.")
    return None


def _response(said: Mapping[str, Any], text: str, score: float | None, notes: Notes) -> _Response:
    model = said.get("model")
    return _Response(notes.whole(str(said.get(text, ""))), None if model is None else str(model), score)


class UltraFeedback(_Ranked):
    """`instruction` and `completions`, each with a response and an overall score."""

    name = "ultrafeedback"
    title = "UltraFeedback, all completions with their scores"
    consumes = ("instruction", "completions", "models", "id")
    needs = ("instruction", "completions")
    prompts = ("instruction",)

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the completions."""
        return set(self.needs) <= set(first.columns)

    def responses(self, row: Mapping[str, Any], number: int, notes: Notes) -> "list[_Response] | None":
        """Score by `overall_score`, else by `fine-grained_score`, else by the mean of the aspects' ratings."""
        listed = _listed(row["completions"], "completions", number, notes)
        if listed is None:
            return None
        return [_response(one, "response", _overall(one), notes) for one in listed]


def _overall(completion: Mapping[str, Any]) -> float | None:
    for name in ("overall_score", "fine-grained_score"):
        if (score := _number(completion.get(name))) is not None:
            return score
    aspects = completion.get("annotations")
    ratings = [
        _number(one.get("Rating")) for one in (aspects.values() if isinstance(aspects, Mapping) else ())
        if isinstance(one, Mapping)
    ]  # fmt: skip
    known = [rating for rating in ratings if rating is not None]
    return sum(known) / len(known) if known else None


class Nectar(_Ranked):
    """`prompt` and `answers`, each with a model and a rank."""

    name = "nectar"
    title = "Nectar, ranked answers"
    consumes = ("prompt", "answers", "id")
    needs = ("prompt", "answers")
    prompts = ("prompt",)

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the answers."""
        return set(self.needs) <= set(first.columns)

    def responses(self, row: Mapping[str, Any], number: int, notes: Notes) -> "list[_Response] | None":
        """Rank 1 is the best."""
        listed = _listed(row["answers"], "answers", number, notes)
        if listed is None:
            return None
        return [_response(one, "answer", _negative(one.get("rank")), notes) for one in listed]


def _negative(rank: object) -> float | None:
    number = _number(rank)
    return None if number is None else -number


_STATUS = "submitted"


class ArgillaRanking(_Ranked):
    """Fields with texts, and a ranking question whose answers name the fields."""

    name = "argilla"
    title = "Argilla, ranking of responses"
    consumes = ("id", "external_id")
    prompts = ("prompt", "instruction", "question", "input", "context")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for a column whose cells rank other columns."""
        return any(_ranks(cell, first.columns) for name in first.columns for cell in first[name].to_list())

    def check(self, batch: pl.DataFrame) -> None:
        """Refuse a table without any cell that could hold people's answers."""
        if not any(_rows_of(_read(cell)) for name in batch.columns for cell in batch[name].to_list()):
            raise FormatError("not laid out as argilla: no column holds people's answers (value, status).")

    def responses(self, row: Mapping[str, Any], number: int, notes: Notes) -> "list[_Response] | None":
        """Take the first ranking that somebody submitted."""
        for name, cell in row.items():
            ranks = {} if name.endswith(("-suggestion", ".suggestion")) else _ranks(cell, list(row))
            if ranks:
                return [
                    _Response(notes.whole(row[field]), None, None if rank is None else -rank)
                    for field, rank in ranks.items()
                    if isinstance(row[field], str)
                ]
        notes.reject(number, "nobody has submitted a ranking of the responses.")
        return None


def _ranks(cell: object, columns: Sequence[str]) -> dict[str, float | None]:
    """Read field -> rank of the first submitted answer; empty where a cell is no ranking of these columns."""
    fields = {_plain(column): column for column in columns}
    for answer in _answers(cell):
        if isinstance(answer, str):
            return _ranks_of_chosen(_plain(answer), fields)
        listed = _rows_of(answer)
        ranked = {
            fields[key]: _number(one.get("rank"))
            for one in listed
            if (key := _plain(str(one.get("value")))) in fields
        }
        if len(ranked) >= 2 and len(ranked) == len(listed):
            return ranked
    return {}


def _ranks_of_chosen(chosen: str, fields: Mapping[str, str]) -> dict[str, float | None]:
    """Rank a field that was chosen before those whose names differ in their last letter alone."""
    if chosen not in fields:
        return {}
    beside = [key for key in fields if key[:-1] == chosen[:-1]]
    return {fields[key]: 1.0 if key == chosen else 2.0 for key in beside} if len(beside) > 1 else {}


def _plain(name: str) -> str:
    """Say a field's name as its title and its label are both written: `Response-1`, `response_1`."""
    return re.sub(r"[-_ ]", "", name.lower())


def _read(cell: object) -> Any:  # noqa: ANN401 - what JSON can hold
    return structure(cell, "", 0, Notes()) if isinstance(cell, str) and cell[:1] in "[{" and cell else cell


def _answers(cell: object) -> Iterator[Any]:
    """Give what each person submitted: a list of answers, or lists of people, values and statuses beside one another."""
    cell = _read(cell)
    for one in _rows_of(cell):
        if (
            isinstance(one.get("status"), str | None)
            and one.get("status") in (_STATUS, None)
            and "value" in one
        ):
            yield one["value"]
    if _rows_of(cell) and all("rank" in one for one in _rows_of(cell)):
        yield cell


def _rows_of(value: object) -> list[Mapping[str, Any]]:
    """List mappings; a mapping of equally long lists is turned into them."""
    if isinstance(value, Mapping) and value and all(isinstance(column, list) for column in value.values()):
        columns = [list(column) for column in value.values()]
        if len({len(column) for column in columns}) == 1:
            return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
