"""A resolved model goes in; the fingerprint that its engine told when it was last opened here comes out, unopened.

To open a model takes seconds and gigabytes. Who only wants to know whether it is still the same one (were these rows made
by it?) need not: as long as its files, naze's engines and the packages beneath them are the same, so is the fingerprint.
"""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from naze.configuration import cache_folder, read_configuration
from naze.engines.fingerprint import recall, remember
from naze.engines.machine import llama_program
from naze.engines.resolution import Resolution

__all__ = ["known_fact", "known_fingerprint", "remember_fact", "remember_fingerprint"]

_COMPUTE_HERE = ("openvino", "llamacpp")
"""Engines whose answers are decided by what lies on this machine. A server may have changed its model meanwhile."""
_FINGERPRINT = "fingerprint"
_PACKAGES = ("naze", "openvino", "openvino-genai", "xllamacpp")


def known_fingerprint(resolution: Resolution) -> str | None:
    """Tell a model's fingerprint without opening it; None: it was never opened here as it is now, or asks a server."""
    return known_fact(resolution, _FINGERPRINT)


def remember_fingerprint(resolution: Resolution, fingerprint: str) -> None:
    """Note what an engine told when it was opened."""
    remember_fact(resolution, _FINGERPRINT, fingerprint)


def known_fact(resolution: Resolution, fact: str) -> str | None:
    """Tell what was found out about a model as it is now, without opening it; None: nothing was, or it asks a server.

    Args:
        resolution: the model.
        fact: what is to be known, e.g. `tells apart ["yes", "no"]`.
    """
    key = _key(resolution, fact)
    return None if key is None else recall(_store(), key)


def remember_fact(resolution: Resolution, fact: str, value: str) -> None:
    """Note what was found out about an opened model."""
    key = _key(resolution, fact)
    if key is not None and recall(_store(), key) != value:
        remember(_store(), key, value)


def _store() -> Path:
    return cache_folder() / "fingerprints.json"


def _key(resolution: Resolution, fact: str) -> str | None:
    """Put together all that decides a fact about a model; None where that is not on this machine."""
    if resolution.engine not in _COMPUTE_HERE or resolution.model.path is None:
        return None
    path = resolution.model.path.resolve()
    program = llama_program(read_configuration().llama_server) if resolution.engine == "llamacpp" else None
    decides = [
        fact,
        resolution.engine,
        *map(_state, sorted(path.iterdir()) if path.is_dir() else [path]),
        *map(_state, sorted(Path(__file__).parent.glob("*.py"))),
        *([] if program is None else [_state(program)]),
        *map(_version, _PACKAGES),
    ]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


def _state(path: Path) -> list[str | int]:
    stat = path.stat()
    return [str(path), stat.st_size, stat.st_mtime_ns]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
