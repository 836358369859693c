"""What every way of fetching a model shares: progress, a look at the disk, one process at a time.

Enters: a folder and a size. Leaves: the right to write there, or a `DownloadError` that says what is missing.
"""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from naze.errors import DownloadError

__all__ = [
    "Progress",
    "PullProgress",
    "check_disk_space",
    "hold_lock",
    "no_progress",
    "say_size",
    "writing",
]

MARGIN_BYTES = 256 << 20
"""Left free on the disk: a full disk breaks more than a download."""


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is."""

    name: str
    """The model, as the person named it."""
    done_bytes: int
    total_bytes: int | None
    """None: not known yet."""
    note: str = ""
    """What is going on, in plain words; said once, "" while nothing changed."""


Progress = Callable[[PullProgress], None]


def no_progress(_: PullProgress) -> None:
    """Tell nobody."""


def say_size(size_bytes: float) -> str:
    """Write a size for reading: `98 MB`, `5.25 GB`."""
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.2f} GB"
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{size_bytes / 1e3:.0f} kB"


def check_disk_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise `DownloadError` unless the disk of `folder` has room for `needed_bytes` and a margin."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + MARGIN_BYTES:
        raise DownloadError(
            f"{folder}: {say_size(free)} free; {what} needs {say_size(needed_bytes)} and "
            f"{say_size(MARGIN_BYTES)} to spare. Free some space, or set NAZE_CACHE to another disk."
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a failed write under this block into a `DownloadError` that names the file."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        remedy = (
            "Free some space, or set NAZE_CACHE to another disk" if full else "Check the folder's permissions"
        )
        raise DownloadError(
            f"{path}: cannot be written: {error.strerror or error}. {remedy}, and pull again: "
            "it goes on from there."
        ) from error


@contextmanager
def hold_lock(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock file; `waiting` is called when another process holds it."""
    lock = FileLock(path)
    with writing(path):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
