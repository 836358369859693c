"""Names that a model gave groups of reasons go in; which of them say what their group says comes out.

A small model may repeat its instructions or speak of something else. A name with its definition must be nearer to
the words of its own group than to those of nearly all others.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from naze.engines.embeddings import Embedder, Vectors

__all__ = ["LEAST_GROUPS", "word_ranks"]

LEAST_GROUPS = 8
"""With fewer groups there is too little to compare with; every name then fits."""


def word_ranks(
    names: Sequence[str | None], words: Sequence[Sequence[tuple[str, int]]], embedder: Embedder
) -> NDArray[np.int64]:
    """Say how many groups' words are nearer to a name than those of its own group, plus one: 1 is best.

    Vectors are centred over the names and over the groups, since small embedding models put all short texts of one
    language close together.

    Args:
        names: a name with its definition for each group; None: there is none, and its rank is the number of groups.
        words: of each group the most common wordings, with how many reasons say so.
        embedder: compares them.

    Returns:
        Int array (groups,).
    """
    ranks = np.full(len(names), len(names), np.int64)
    places = [place for place, name in enumerate(names) if name is not None]
    if len(places) < LEAST_GROUPS:
        return np.ones(len(names), np.int64)
    groups = _centred(np.stack([_mean(of_group, embedder) for of_group in words]))
    told = _centred(embedder.embed([name for name in names if name is not None]))
    likeness = told @ groups.T
    own = likeness[np.arange(len(places)), places]
    ranks[places] = 1 + (likeness > own[:, None]).sum(axis=1)
    return ranks


def _mean(words: Sequence[tuple[str, int]], embedder: Embedder) -> Vectors:
    """Average a group's words; one that is said four times as often counts twice."""
    weights = np.sqrt(np.array([times for _, times in words], np.float32))
    mean: Vectors = (embedder.embed([text for text, _ in words]) * weights[:, None]).sum(
        axis=0
    ) / weights.sum()
    return mean


def _centred(vectors: Vectors) -> Vectors:
    centred: Vectors = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(lengths > 0, centred / np.maximum(lengths, 1e-12), 0.0).astype(np.float32)
