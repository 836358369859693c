"""What a run's columns mean is kept beside its answers (`columns.json`), so that the table can be read again from it alone.

The manifest has the questions as the model was asked; what it lacks is which choice a letter stands for, which fields
become columns, and where a bigger model stood in.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from naze.errors import InputError, StoreError
from naze.generations import Run, open_run
from naze.jobs.mapping.cascade import Taken, answers_of, bigger_folder
from naze.jobs.mapping.result import Mapped
from naze.jobs.mapping.rows import count_rows
from naze.jobs.questions import Asked, Question
from naze.prompts import Template
from naze.tables.aside import write_whole

__all__ = ["COLUMNS_NAME", "keep_columns", "keep_taken", "read_mapped"]

COLUMNS_NAME = "columns.json"


def keep_columns(folder: Path, data: str, rows: Path, asked: Sequence[Asked]) -> None:
    """Write what a run's columns mean, once it is planned.

    Args:
        folder: of the run.
        data: fingerprint of its rows, as in its manifest.
        rows: the run's copy of them.
        asked: its questions.
    """
    questions = [
        {"meanings": dict(one.meanings), "fields_prefix": one.question.fields_prefix} for one in asked
    ]
    _write(folder, {"data": data, "rows": rows.name, "questions": questions, "taken": []})


def keep_taken(folder: Path, taken: Sequence[Taken]) -> None:
    """Write where a bigger model stood in, once it has answered."""
    kept = _read(folder)
    kept["taken"] = [
        {
            "name": one.asked.name,
            "own": one.own,
            "bigger": one.bigger,
            "below": one.below,
            "rows": one.rows,
            "unsure": one.unsure,
            "answered": one.answers is not None,
        }
        for one in taken
    ]
    _write(folder, kept)


def read_mapped(folder: Path) -> Mapped:
    """Read a table that was mapped, from its run alone, finished or not. Close what is returned.

    Raises:
        RunNotFoundError: there is no run.
        InputError: a run that says nothing of its columns, or one that was stopped while it was planned.
        StoreError: it is damaged.
    """
    run = open_run(folder)
    try:
        kept = _read(folder)
        if kept["data"] != run.manifest.data_fingerprint:
            raise InputError(
                f"{folder}: the command was stopped while it planned other rows; which answer belongs to which row is not "
                "settled. Give the same command again, then export."
            )
        asked = _asked(run, kept)
        rows = folder / kept["rows"]
        summary = run.summary()
        if not rows.is_file() or count_rows(rows) * len(asked) != summary.rows:
            raise InputError(
                f"{folder}: {kept['rows']} is {'there' if rows.is_file() else 'missing'} and {summary.rows:,} rows are "
                "planned; expected its rows, each with every question. Give the same command again, then export."
            )
        mapped = Mapped(folder, rows, asked, run, summary)
        return replace(mapped, taken=tuple(_taken(folder, asked, one) for one in kept["taken"]))
    except (KeyError, TypeError) as error:
        run.close()
        raise StoreError(f"{folder / COLUMNS_NAME}: not as naze writes it ({error!r}).") from error
    except BaseException:
        run.close()
        raise


def _asked(run: Run, kept: dict[str, Any]) -> tuple[Asked, ...]:
    """Put the questions together again from the manifest and from what their columns mean."""
    parts = dict(run.manifest.template_parts)
    further = parts.pop("further", [])
    found = []
    for own, about in zip([parts, *further], kept["questions"], strict=True):
        template = Template(**{**own, "choices": tuple(own.get("choices") or ())})
        schema = None if template.schema is None else json.loads(template.schema)
        question = Question(
            template.name,
            template,
            template.choices,
            schema=schema,
            fields_prefix=about["fields_prefix"],
        )
        found.append(Asked(question, template, about["meanings"]))
    return tuple(found)


def _taken(folder: Path, asked: Sequence[Asked], about: dict[str, Any]) -> Taken:
    own = next(one for one in asked if one.name == about["name"])
    answers = None
    if about["answered"]:
        bigger = read_mapped(folder / bigger_folder(about["bigger"], own.name))
        try:
            answers = answers_of(bigger)
        finally:
            bigger.close()
    return Taken(
        own, about["own"], about["bigger"], None, about["below"], about["rows"], about["unsure"], answers
    )


def _read(folder: Path) -> dict[str, Any]:
    path = folder / COLUMNS_NAME
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except FileNotFoundError as error:
        raise InputError(
            f"{folder}: there is no {COLUMNS_NAME}, which says what the columns are. The command that made the run writes it "
            "when it is given again; or export the prompts and answers as they are stored (--stored)."
        ) from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Give the run's command again.") from error


def _write(folder: Path, kept: dict[str, Any]) -> None:
    remedy = "Free some space and give the same command again."
    write_whole(folder / COLUMNS_NAME, json.dumps(kept, ensure_ascii=False, indent=1), remedy=remedy)
