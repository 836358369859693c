"""What a summary's folder is, and how far it is: `summary.json`."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from naze.errors import RunNotFoundError, StoreError
from naze.generations import now
from naze.tables.aside import write_whole

__all__ = ["SUMMARY_NAME", "SummaryAbout", "read_summary_about", "write_summary_about"]

SUMMARY_NAME = "summary.json"


@dataclass(frozen=True, slots=True)
class SummaryAbout:
    """What a person sees of a folder of summaries."""

    name: str
    """Of the documents."""
    model: str
    language: str
    created: str = ""
    """When it was begun first: UTC, ISO 8601."""
    documents: int | None = None
    """None: not finished."""
    failed: int = 0
    """Documents without a summary, or with one that misses a part."""


def write_summary_about(folder: Path, about: SummaryAbout) -> None:
    """Write it; when it was begun stays as it was.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = folder / SUMMARY_NAME
    created = read_summary_about(folder).created if path.is_file() else now()
    told = json.dumps(asdict(replace(about, created=created)), ensure_ascii=False, indent=1)
    write_whole(path, told, remedy="Free some space, or choose another --run.")


def read_summary_about(folder: Path) -> SummaryAbout:
    """Read it.

    Raises:
        RunNotFoundError: no summaries in this folder.
        StoreError: the file is damaged.
    """
    path = folder / SUMMARY_NAME
    try:
        return SummaryAbout(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise RunNotFoundError(
            f"{folder}: there are no summaries here. `naze summarize DOCUMENTS` makes some."
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"{path}: cannot be read ({error}). Remove it and give the command again."
        ) from error
