"""Texts go to a server's `/v1/embeddings`; vectors come back. A server elsewhere is refused unless allowed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from naze.engines.background import BackgroundLoop
from naze.engines.embeddings.protocol import Vectors, length_buckets, normalized
from naze.engines.http_address import Address
from naze.engines.http_client import HttpClient
from naze.engines.token_estimate import most_tokens
from naze.errors import EngineReplyError

__all__ = ["ServerEmbedder"]


class ServerEmbedder:
    """An embedding model behind an OpenAI-compatible interface: llama-server, LM Studio, Ollama, vLLM.

    Args:
        address: e.g. `http://127.0.0.1:1234/v1`.
        model: what the server calls the model.
        allow_remote: speak to an address that is not this machine's own.
        api_key: sent as a bearer token.

    Raises:
        RemoteRefusedError: the address is not loopback and not allowed.
        ConfigurationError: not an address.
    """

    def __init__(
        self, address: str, model: str | None, *, allow_remote: bool = False, api_key: str | None = None
    ) -> None:
        parsed = Address.parse(address)
        parsed.check_allowed(allow_remote=allow_remote)
        self.address: str | None = parsed.text
        self.identity = f"http {parsed.text} {model or ''}".strip()
        self._model = model
        self._path = f"{parsed.path or '/v1'}/embeddings"
        self._loop = BackgroundLoop()
        self._client = self._loop.wait(_client(parsed, api_key))
        self._closed = False

    @property
    def context_tokens(self) -> int | None:
        """Not told: a server refuses by itself what is too long for its model."""
        return None

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Estimate each text's tokens on the high side: servers do not count without embedding."""
        return [most_tokens([{"role": "user", "content": text}]) for text in texts]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, one request a batch. See `Embedder.embed`.

        Raises:
            EngineUnavailableError: the server cannot be reached or refuses.
            EngineReplyError: the reply holds no vectors, or not one for each text.
        """
        if not texts:
            return np.empty((0, 0), np.float32)
        vectors: Vectors | None = None
        for batch in length_buckets(texts):
            body: dict[str, Any] = {"input": [texts[place] for place in batch], "encoding_format": "float"}
            if self._model:
                body["model"] = self._model
            found = self._read(self._loop.wait(self._client.post(self._path, body)).body, len(batch))
            if vectors is None:
                vectors = np.empty((len(texts), found.shape[1]), np.float32)
            if found.shape[1] != vectors.shape[1]:
                raise EngineReplyError(
                    f"{self.address}: vectors of {vectors.shape[1]} and of {found.shape[1]} numbers; expected one length."
                )
            vectors[batch] = found
        assert vectors is not None
        return normalized(vectors)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        if not self._closed:
            self._closed = True
            self._loop.wait(self._client.close())
            self._loop.close()

    def _read(self, body: Mapping[str, Any], count: int) -> Vectors:
        try:
            rows = sorted(body["data"], key=lambda row: row["index"])
            found = np.array([row["embedding"] for row in rows], np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise EngineReplyError(
                f"{self.address}: the reply holds no vectors ({type(error).__name__}: {error}); expected "
                '{"data": [{"index": 0, "embedding": […]}, …]}. Is it an embedding model?'
            ) from error
        if found.ndim != 2 or len(found) != count or not np.isfinite(found).all():
            raise EngineReplyError(
                f"{self.address}: vectors of shape {found.shape} for {count} texts; expected one finite vector each."
            )
        return found


async def _client(address: Address, api_key: str | None) -> HttpClient:
    return HttpClient(address, api_key=api_key)
