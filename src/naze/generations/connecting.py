"""How a run's SQLite file is opened, and how what SQLite says is told."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

from naze.errors import StoreError

__all__ = ["connect", "each_row", "opened_to_read", "opened_to_write", "storable", "told_by_sqlite"]

_BUSY_MILLISECONDS = 60_000
_CACHE_KIBIBYTES = 65_536
_CHECKPOINT_PAGES = 4_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plan (
    position INTEGER PRIMARY KEY,
    subject_id TEXT NOT NULL,
    question_id TEXT NOT NULL,
    key BLOB NOT NULL,
    fit TEXT NOT NULL,
    tokens INTEGER,
    whole_tokens INTEGER,
    limit_tokens INTEGER
);
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    status TEXT NOT NULL,
    text TEXT,
    probabilities TEXT,
    choice_mass REAL,
    reason TEXT,
    finish_reason TEXT,
    prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    generated_tokens INTEGER NOT NULL,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    finished_at REAL NOT NULL,
    marks TEXT,
    second INTEGER NOT NULL DEFAULT 0,
    superseded INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS one_answer ON answers (key) WHERE superseded = 0;
CREATE INDEX IF NOT EXISTS faulty_answers ON answers (key) WHERE marks IS NOT NULL;
CREATE INDEX IF NOT EXISTS second_answers ON answers (key) WHERE second = 1;
CREATE TABLE IF NOT EXISTS states (key BLOB PRIMARY KEY, states BLOB NOT NULL);
"""


@contextmanager
def told_by_sqlite(path: Path) -> Iterator[None]:
    """Turn what SQLite says into what a person can do about it."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"{path}: the store cannot be read or written ({error}). Nothing that was stored is lost: "
            "free some disk space or repair the file, and run the same command again."
        ) from error


def opened_to_write(path: Path) -> sqlite3.Connection:
    """Open for writing; tables that are not there are made."""
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        connection.execute("SELECT count(*) FROM facts").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def opened_to_read(path: Path) -> sqlite3.Connection:
    """Open for reading, also where SQLite cannot make the small file beside that readers and a writer share."""
    address = path.resolve().as_uri()
    try:
        return _reading(f"{address}?mode=ro")
    except sqlite3.OperationalError:
        journal = path.with_name(f"{path.name}-wal")
        if journal.is_file() and journal.stat().st_size:
            raise
    return _reading(
        f"{address}?immutable=1"
    )  # nothing can be written there: a full disk, a medium for reading


def _reading(address: str) -> sqlite3.Connection:
    # a table writer may read rows from a thread of its own
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        connection.execute("SELECT count(*) FROM facts").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing. A commit is on the disk before it is said to be: a power cut loses none either."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return connection


def each_row(rows: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
    """Give rows. Who stops midway may close the store first: `yield from` a cursor would then close it a second time."""
    for row in rows:  # noqa: UP028 - that is the point
        yield row


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """Lone surrogates cannot be stored as UTF-8; each becomes the replacement character."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
