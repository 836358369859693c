"""Vectors of texts in several languages go in; clusters of them come out, the one with most votes first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.engines.embeddings import Vectors
from naze.engines.embeddings.protocol import normalized

__all__ = ["Clustering", "center_languages", "cluster"]

Labels = NDArray[np.int64]

DIMENSIONS = 64
"""Kept of the vectors; the rest hinders more than it helps (docs/factors.md has the measurement)."""
_FEW_TEXTS = 2.0
"""A language of so few texts takes half of its mean from all languages together."""
_FINER = (3, 5, 8)
"""Fine clusters for each one wanted; the next is tried when too few are left after merging."""
_NO_CLUSTER = -1
_ONE_LANGUAGE = 0.9
"""Share of a cluster's weight from which on it counts as one of that language."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """Clusters, the one with most votes first."""

    labels: Labels
    """Int array (n_texts,): the cluster; -1: in none."""
    closeness: NDArray[np.float32]
    """Float array (n_texts,): cosine to the nearest cluster's centre."""
    centers: Vectors
    """Float array (n_clusters, dimensions), rows of length 1."""
    points: Vectors
    """Float array (n_texts, dimensions): the vectors as they were clustered, rows of length 1."""
    once: int
    """Clusters that one vote alone names; dissolved."""
    twice: int
    """Clusters that two votes name; dissolved where more are asked for."""


def center_languages(vectors: Vectors, languages: Sequence[str]) -> Vectors:
    """Take each language's mean out of its vectors, so that they lie by what they say and not by their language.

    Small multilingual models put the language first: a text lies nearer to any text of its own language than to its
    translation. A language of few texts takes part of its mean from all of them.

    Args:
        vectors: float array (n_texts, dimensions), rows of length 1.
        languages: of each text.

    Returns:
        Float array of the same shape, rows of length 1.

    Source: Libovický, Rosa and Fraser 2020, "On the Language Neutrality of Pre-trained Multilingual
    Representations", section 3 (centering).
    """
    overall = vectors.mean(0)
    names = np.array(languages)
    centered = np.empty_like(vectors)
    for language in np.unique(names):
        rows = names == language
        size = float(rows.sum())
        mean = (vectors[rows].sum(0) + _FEW_TEXTS * overall) / (size + _FEW_TEXTS)
        centered[rows] = vectors[rows] - mean
    return normalized(centered)


def cluster(
    vectors: Vectors,
    languages: Sequence[str],
    texts: NDArray[np.int64],
    votes: NDArray[np.int64],
    *,
    count: int,
    seed: int,
    near: float,
    across: float,
    far: float,
    least_votes: int,
) -> Clustering:
    """Cluster distinct texts: finely by k-means, then merged where two clusters' centres are near.

    Args:
        vectors: float array (n_texts, dimensions), rows of length 1.
        languages: of each text.
        texts: int array (n_reasons,): the text of each reason.
        votes: int array (n_reasons,): the vote of each reason, numbered from 0.
        count: how many clusters are wanted. More may be returned; fewer only where there are no more.
        seed: decides everything that is left to chance.
        near: cosine of two centres from which on their clusters are one.
        across: the same for two clusters of different languages, each the other's nearest in its language.
        far: cosine to the nearest centre below which a text is in no cluster.
        least_votes: clusters with fewer are dissolved.
    """
    points = _reduced(center_languages(vectors, languages))
    weight = np.sqrt(np.bincount(texts, minlength=len(points))).astype(np.float32)
    centers, rare = np.empty((0, points.shape[1]), np.float32), (0, 0)
    for finer in _FINER:
        fine = min(len(points), finer * count)
        joined = _join_languages(
            points, weight, _fine_labels(points, weight, fine, seed, near), languages, across
        )
        tried = _means(points, weight, joined)
        tried, tried_rare = _with_votes(points, tried, texts, votes, far, least_votes)
        if len(tried) > len(centers):
            centers, rare = tried, tried_rare
        if len(centers) >= count or fine == len(points):
            break
    labels, closeness = _assigned(points, centers, far)
    return Clustering(labels, closeness, centers, points, *rare)


def _reduced(vectors: Vectors) -> Vectors:
    """Keep the directions in which the texts differ most, and lessen the lead of the first ones.

    Each direction is divided by the square root of its standard deviation: half of a whitening. Few directions hold
    what all reasons share (their grammar, their length); whole whitening would lift noise to their level.

    Source: Su et al. 2021, "Whitening Sentence Representations for Better Semantics and Faster Retrieval", section 3.
    """
    if min(vectors.shape) <= DIMENSIONS:
        return vectors
    around = vectors - vectors.mean(0)
    variances, directions = np.linalg.eigh(around.T @ around / len(around))
    kept = slice(None, -DIMENSIONS - 1, -1)  # the largest last: from the end
    scaled = directions[:, kept] / np.sqrt(np.sqrt(np.maximum(variances[kept], 1e-12)))
    return normalized(around @ scaled.astype(np.float32))


def _fine_labels(points: Vectors, weight: NDArray[np.float32], fine: int, seed: int, near: float) -> Labels:
    """Cluster finely, and merge clusters whose centres are near."""
    from sklearn.cluster import AgglomerativeClustering, KMeans

    if fine >= len(points):
        labels = np.arange(len(points))
    else:
        labels = (
            KMeans(fine, n_init=1, max_iter=50, random_state=seed).fit(points, sample_weight=weight).labels_
        )
    centers = _means(points, weight, labels)
    if len(centers) < 2:
        return np.asarray(labels, np.int64)
    joined = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - near
    ).fit_predict(centers)
    return np.asarray(joined[labels], np.int64)


def _join_languages(
    points: Vectors, weight: NDArray[np.float32], labels: Labels, languages: Sequence[str], across: float
) -> Labels:
    """Merge clusters of two languages that are each other's nearest.

    What is the same in two languages still lies farther apart than within one; being each other's nearest says more
    than the distance does.

    Source: Conneau et al. 2018, "Word Translation Without Parallel Data", section 2.3 (mutual nearest neighbours).
    """
    names, codes = np.unique(np.array(languages), return_inverse=True)
    weights = np.zeros((int(labels.max()) + 1, len(names)), np.float32)
    np.add.at(weights, (labels, codes), weight)
    shares = weights / weights.sum(1, keepdims=True)
    centers = _means(points, weight, labels)
    partner = np.arange(len(centers))
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            left = np.flatnonzero(shares[:, one] >= _ONE_LANGUAGE)
            right = np.flatnonzero(shares[:, other] >= _ONE_LANGUAGE)
            if not len(left) or not len(right):
                continue
            cosines = centers[left] @ centers[right].T
            best = cosines.argmax(1)
            mutual = cosines.argmax(0)[best] == np.arange(len(left))
            chosen = mutual & (cosines[np.arange(len(left)), best] >= across)
            partner[right[best[chosen]]] = partner[left[chosen]]
    return np.asarray(np.unique(partner[labels], return_inverse=True)[1], np.int64)


def _means(points: Vectors, weight: NDArray[np.float32], labels: Labels) -> Vectors:
    """Return each label's weighted mean, at length 1."""
    sums = np.zeros((int(labels.max()) + 1, points.shape[1]), np.float32)
    np.add.at(sums, labels, points * weight[:, None])
    return normalized(sums)


def _assigned(points: Vectors, centers: Vectors, far: float) -> tuple[Labels, NDArray[np.float32]]:
    """Give each point to its nearest centre, unless even that is far."""
    if not len(centers):
        return np.full(len(points), _NO_CLUSTER), np.zeros(len(points), np.float32)
    labels = np.empty(len(points), np.int64)
    closeness = np.empty(len(points), np.float32)
    step = max(1, 20_000_000 // len(centers))
    for start in range(0, len(points), step):
        cosines = points[start : start + step] @ centers.T
        nearest = cosines.argmax(1)
        labels[start : start + step] = nearest
        closeness[start : start + step] = cosines[np.arange(len(nearest)), nearest]
    return np.where(closeness >= far, labels, _NO_CLUSTER), closeness


def _with_votes(
    points: Vectors,
    centers: Vectors,
    texts: NDArray[np.int64],
    votes: NDArray[np.int64],
    far: float,
    least_votes: int,
) -> tuple[Vectors, tuple[int, int]]:
    """Dissolve clusters that too few votes name, the rest in order of their votes.

    Returns:
        The centres left, and how many clusters one vote and two votes named before.
    """
    rare: tuple[int, int] | None = None
    while len(centers):
        labels, _ = _assigned(points, centers, far)
        voted = _votes_of(labels[texts], votes, len(centers))
        rare = rare or (int((voted == 1).sum()), int((voted == 2).sum()))
        order = np.argsort(-voted, kind="stable")
        kept = order[voted[order] >= least_votes]
        if len(kept) == len(centers):
            return centers[order], rare
        centers = centers[kept]
    return centers, rare or (0, 0)


def _votes_of(labels: Labels, votes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Count the different votes of each cluster."""
    named = labels >= 0
    if not named.any():
        return np.zeros(count, np.int64)
    base = int(votes.max()) + 1
    pairs = np.unique(labels[named] * base + votes[named])
    return np.bincount(pairs // base, minlength=count)
