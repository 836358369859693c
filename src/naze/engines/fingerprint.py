"""A model file goes in; its SHA-256 comes out, computed once as long as the file does not change."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from naze.configuration import cache_folder
from naze.errors import StoreError
from naze.tables.aside import write_whole

_CHUNK_BYTES = 1 << 22


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, remembered in naze's cache by path, size and time of change.

    Args:
        path: an existing file.

    Returns:
        64 hexadecimal digits.
    """
    resolved = path.resolve()
    stat = resolved.stat()
    key = f"{resolved} {stat.st_size} {stat.st_mtime_ns}"
    store = cache_folder() / "sha256.json"
    known = recall(store, key)
    if known is not None:
        return known
    digest = hashlib.sha256()
    with resolved.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    remember(store, key, digest.hexdigest())
    return digest.hexdigest()


def _remembered(store: Path) -> dict[str, str]:
    try:
        found = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # nothing remembered yet, or damaged: it is computed again
        return {}
    return found if isinstance(found, dict) else {}


def recall(store: Path, key: str) -> str | None:
    """Look up what was remembered under a key; None: nothing was.

    Args:
        store: a JSON file in naze's cache.
        key: says all that the value depends on.
    """
    return _remembered(store).get(key)


def remember(store: Path, key: str, value: str) -> None:
    """Remember a value, whole or not at all; where nothing can be written, it is found out again the next time."""
    known = {**_remembered(store), key: value}
    with suppress(StoreError):  # a cache that may only be read, a full disk
        write_whole(store, json.dumps(known, indent=1))
