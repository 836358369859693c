"""What an embedding model is: texts go in, one vector of length 1 for each comes out."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Embedder", "Vectors", "length_buckets", "normalized"]

Vectors = NDArray[np.float32]
"""Float32 array (n_texts, dimensions)."""
BATCH_CHARACTERS = 8_192
"""Of a batch, padding counted: the longest text of a batch times their number."""
BATCH_TEXTS = 128


class Embedder(Protocol):
    """Turns texts into vectors whose products are cosines."""

    @property
    def identity(self) -> str:
        """Changes when the same text would get another vector; part of every key of the cache."""
        ...

    @property
    def address(self) -> str | None:
        """Where texts are sent; None when they are computed in this process."""
        ...

    @property
    def context_tokens(self) -> int | None:
        """Tokens of a text that are seen; what is longer counts with its beginning. None where it is not known."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens as the model sees it, special ones included; an estimate where nobody tells."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts.

        Returns:
            Float32 array (n_texts, dimensions), each row of length 1, in the order of the texts; (0, 0) for no text.
        """
        ...

    def close(self) -> None:
        """Free memory and connections. May be called twice."""
        ...


def length_buckets(texts: Sequence[str]) -> Iterator[list[int]]:
    """Group texts of like length, so that little of a batch is padding.

    Returns:
        Positions of the texts of each batch, the shortest texts first.
    """
    batch: list[int] = []
    for position in sorted(range(len(texts)), key=lambda place: len(texts[place])):
        longest = max(1, len(texts[position]))  # sorted: this one is the longest so far
        if batch and (len(batch) == BATCH_TEXTS or longest * (len(batch) + 1) > BATCH_CHARACTERS):
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def normalized(vectors: Vectors) -> Vectors:
    """Return the rows scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
