"""A file is written aside; at the end it takes its name, whole. Where that fails, an error says where, why and what to do."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TextIO

from naze.errors import StoreError

__all__ = ["REMEDY", "make_folder", "text_aside", "write_whole", "written_aside"]

REMEDY = "What was there before is untouched; free some space, or choose another place."
_SHOWN = 20
"""Characters of a file's name that the name of the file aside has: a name may be as long as the system allows."""


@contextmanager
def written_aside(path: str | Path, what: str = "", *, remedy: str = REMEDY) -> Iterator[IO[bytes]]:
    """Give a file that takes its name at the end only: what is there is whole, or as it was. Its folder is made.

    Args:
        path: the file.
        what: what is written, for the message, such as `the table`.
        remedy: what is kept all the same, and what to do, for the message.

    Raises:
        StoreError: the file cannot be written: no room, no permission, a name that is too long, a folder.
    """
    path, aside = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name[:_SHOWN]}.", suffix=path.suffix[:_SHOWN], dir=path.parent
        )
        aside = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(0o666 & ~_umask())
        aside.replace(path)
    except OSError as error:
        raise _unwritten(path, what, error, remedy) from error
    finally:
        if aside is not None:
            with suppress(OSError):
                aside.unlink(missing_ok=True)


@contextmanager
def text_aside(path: str | Path, what: str = "", *, remedy: str = REMEDY) -> Iterator[TextIO]:
    """Give such a file for text: UTF-8, line ends as they are written. See `written_aside`."""
    with written_aside(path, what, remedy=remedy) as file:
        worded = TextIOWrapper(file, encoding="utf-8", newline="\n", write_through=False)
        try:
            yield worded
            worded.flush()
        finally:
            with suppress(OSError, ValueError):  # what it still holds is of no use after an error
                worded.detach()


def write_whole(path: str | Path, text: str | bytes, what: str = "", *, remedy: str = REMEDY) -> None:
    """Write a small file at once. See `written_aside`."""
    with written_aside(path, what, remedy=remedy) as file:
        file.write(text.encode("utf-8") if isinstance(text, str) else text)


def make_folder(folder: Path, *, remedy: str = REMEDY) -> Path:
    """Make a folder, with those above it, where it is not there.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: the folder cannot be made ({_reason(error)}). {remedy}") from error
    return folder


def _unwritten(path: Path, what: str, error: OSError, remedy: str) -> StoreError:
    return StoreError(f"{path}: {what + ' ' if what else ''}cannot be written ({_reason(error)}). {remedy}")


def _reason(error: OSError) -> str:
    return re.sub(r" \(os error \d+\)$", "", error.strerror or str(error))  # as polars words it


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
