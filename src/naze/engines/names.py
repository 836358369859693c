"""A model as people name it goes in; what kind of thing is meant comes out.

`gemma2`, `gemma2:9b` (the catalogue), `path/to/model.gguf`, a folder with `openvino_model.xml`,
`hf:owner/repo`, `hf:owner/repo/file.gguf`, `ollama:gemma2`, `http://127.0.0.1:1234/v1#model`.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from naze.engines.catalogue import CatalogueModel, HubSource, find, unknown_model
from naze.errors import ModelFileError, UnknownModelError

__all__ = ["OLLAMA_ADDRESS", "Named", "ServerModel", "ollama_address", "parse_name"]

OLLAMA_ADDRESS = "http://127.0.0.1:11434"
IR_FILE = "openvino_model.xml"

_HUB_NAME = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?:/(?P<file>[\w./-]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServerModel:
    """A model that a server holds."""

    address: str
    """Base URL: of an OpenAI-compatible API, or of Ollama without a path."""
    remote_name: str | None
    """What the server calls it; None: the one that it has."""


Named = CatalogueModel | HubSource | ServerModel | Path
"""What a name can mean; a path is a GGUF file or a folder with OpenVINO files, and exists."""


def parse_name(name: str) -> Named:
    """Say what a name means, without looking further than this machine's files.

    Raises:
        UnknownModelError: nothing goes by this name; the nearest names are suggested.
        ModelFileError: a path that is not there, or a folder without a model.

    Example:
        >>> parse_name("http://127.0.0.1:1234/v1#gemma").remote_name
        'gemma'
    """
    scheme, _, rest = name.partition(":")
    if scheme.lower() in ("http", "https"):
        return _server(name)
    if scheme == "ollama":
        if not rest:
            raise UnknownModelError(f"{name!r} names no model. Expected ollama:name, such as ollama:gemma2.")
        return ServerModel(ollama_address(), rest)
    if scheme == "hf":
        return _hub(name, rest)
    model = find(name)
    if model is not None and not _looks_like_a_path(name):
        return model
    return _path(name)


def ollama_address() -> str:
    """Return where Ollama listens: `OLLAMA_HOST` as Ollama itself reads it, or its usual address."""
    host = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/")
    if not host:
        return OLLAMA_ADDRESS
    parts = urlsplit(host if "://" in host else f"http://{host}")
    hostname = parts.hostname or "127.0.0.1"
    if hostname in ("0.0.0.0", "::"):  # where it listens, not where it is reached
        hostname = "127.0.0.1"
    hostname = f"[{hostname}]" if ":" in hostname else hostname
    port = parts.port or {"https": 443}.get(parts.scheme, 80 if "://" in host else 11434)
    return f"{parts.scheme}://{hostname}:{port}"


def _server(name: str) -> ServerModel:
    address, _, remote_name = name.partition("#")
    try:
        parts = urlsplit(address)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise UnknownModelError(
            f"{name!r} is no address. Expected one such as http://127.0.0.1:1234/v1#model."
        )
    return ServerModel(address.rstrip("/"), remote_name or None)


def _hub(name: str, rest: str) -> HubSource:
    found = _HUB_NAME.fullmatch(rest)
    if found is None or ".." in rest:
        raise UnknownModelError(
            f"{name!r} is no name of the hub. Expected hf:owner/repo or hf:owner/repo/file.gguf."
        )
    return HubSource(found["repository"], found["file"])


def _looks_like_a_path(name: str) -> bool:
    return name.endswith(".gguf") or "/" in name or "\\" in name or name.startswith(("~", "."))


def _path(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_dir():
        if (path / IR_FILE).is_file():
            return path
        if _looks_like_a_path(name):
            ggufs = sorted(file.name for file in path.glob("*.gguf"))
            inside = f" It holds {', '.join(ggufs)}: name the file." if ggufs else ""
            raise ModelFileError(f"{path}: expected {IR_FILE} in this folder; there is none.{inside}")
        raise unknown_model(name)
    if path.is_file():
        return path
    if name.endswith(".gguf") or path.is_absolute() or name.startswith((".", "~")):
        raise ModelFileError(f"{path}: there is no such model file. Check the path, or see `naze models`.")
    raise unknown_model(name)
