"""Texts go in; one vector for each comes out. One protocol, one file per way of computing it."""

from naze.engines.embeddings.answering import EmbeddingEngine, read_vector
from naze.engines.embeddings.cache import CachedEmbedder, EmbeddingCache
from naze.engines.embeddings.opening import DEFAULT_EMBEDDER, open_embedder
from naze.engines.embeddings.protocol import Embedder, Vectors

__all__ = [
    "DEFAULT_EMBEDDER",
    "CachedEmbedder",
    "Embedder",
    "EmbeddingCache",
    "EmbeddingEngine",
    "Vectors",
    "open_embedder",
    "read_vector",
]
