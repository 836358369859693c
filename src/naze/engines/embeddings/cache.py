"""Texts go in; their vectors come out, computed once and kept in a file: a resumed run pays nothing twice."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from naze.engines.embeddings.protocol import Embedder, Vectors
from naze.errors import StoreError

__all__ = ["CachedEmbedder", "EmbeddingCache"]

_TOGETHER = 512
"""Texts that are embedded and stored at once; what an interruption may lose."""
_ASKED_TOGETHER = 500
_BUSY_SECONDS = 60.0


class EmbeddingCache:
    """Vectors by text and model, in one SQLite file.

    Args:
        path: the file; made when it is not there.

    Raises:
        StoreError: the file cannot be opened, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._guarded():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the vectors that are here, as bytes of float32."""
        found: dict[bytes, bytes] = {}
        with self._guarded():
            for start in range(0, len(keys), _ASKED_TOGETHER):
                some = keys[start : start + _ASKED_TOGETHER]
                marks = ",".join("?" * len(some))
                found.update(
                    self._connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some)
                )
        return found

    def put(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Keep vectors; they are on the disk when this returns."""
        with self._guarded(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{self.path}: the vectors cannot be read or kept ({error}). Free some space, or delete this file: "
                "what was in it is computed again."
            ) from error


class CachedEmbedder:
    """An embedder that asks another one each distinct text once, ever.

    Args:
        embedder: computes what is not known yet.
        cache: where vectors are kept.

    Attributes:
        asked: texts that the embedder was really asked.
    """

    def __init__(self, embedder: Embedder, cache: EmbeddingCache) -> None:
        self._embedder = embedder
        self._cache = cache
        self.asked = 0

    @property
    def identity(self) -> str:
        """The embedder's own."""
        return self._embedder.identity

    @property
    def address(self) -> str | None:
        """The embedder's own."""
        return self._embedder.address

    @property
    def context_tokens(self) -> int | None:
        """The embedder's own."""
        return self._embedder.context_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens. See `Embedder.count_tokens`."""
        return self._embedder.count_tokens(texts)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts. See `Embedder.embed`.

        Raises:
            StoreError: vectors cannot be read or kept.
        """
        if not texts:
            return np.empty((0, 0), np.float32)
        keys = [_key(self.identity, text) for text in texts]
        place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        distinct = list(dict(zip(keys, texts, strict=True)).values())
        known = self._cache.get(list(place))
        missing = ((key, text) for key, text in zip(place, distinct, strict=True) if key not in known)
        while some := list(islice(missing, _TOGETHER)):
            vectors = self._embedder.embed([text for _, text in some])
            self.asked += len(some)
            rows = [(key, vector.tobytes()) for (key, _), vector in zip(some, vectors, strict=True)]
            self._cache.put(rows)
            known.update(rows)
        table = np.frombuffer(b"".join(known[key] for key in place), np.float32).reshape(len(place), -1)
        return table[[place[key] for key in keys]]

    def close(self) -> None:
        """Close the embedder and the cache."""
        self._embedder.close()
        self._cache.close()


def _key(identity: str, text: str) -> bytes:
    return hashlib.blake2b(f"{identity}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
