"""A model file goes in; its SHA-256 comes out, computed once as long as the file does not change."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from naze.configuration import cache_folder

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
    known = _remembered(store)
    if key in known:
        return known[key]
    digest = hashlib.sha256()
    with resolved.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    _remember(store, key, digest.hexdigest())
    return digest.hexdigest()


def _remembered(store: Path) -> dict[str, str]:
    try:
        found = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # nothing remembered yet, or damaged: it is computed again
        return {}
    return found if isinstance(found, dict) else {}


def _remember(store: Path, key: str, sha256: str) -> None:
    """Write aside and rename, so that two processes never leave half a file."""
    store.parent.mkdir(parents=True, exist_ok=True)
    known = {**_remembered(store), key: sha256}
    handle, aside = tempfile.mkstemp(dir=store.parent, prefix=".sha256-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1)
    Path(aside).replace(store)
