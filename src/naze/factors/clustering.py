"""Vectors of texts in several languages go in; clusters of them come out, the one with most votes first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naze.engines.embeddings import Vectors
from naze.engines.embeddings.protocol import normalized

__all__ = ["ClusterSettings", "Clustering", "center_languages", "cluster"]

Labels = NDArray[np.int64]

DIMENSIONS = 64
"""Kept of the vectors; the rest hinders more than it helps (docs/factors.md has the measurement)."""
_FEW_TEXTS = 2.0
"""A language of so few texts takes half of its mean from all languages together."""
_FINER = (5, 8, 12)
"""Fine clusters for each one wanted; the next is tried when too few are left after merging."""
_NO_CLUSTER = -1
_TYPICAL = 0.6
"""Cosine to its cluster's centre from which on a text stands for its cluster."""
_ONE_LANGUAGE, _MOSTLY = 0.9, 0.7
"""Share of a cluster's weight from which on it is one of that language, and mostly one."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """How many clusters are wanted, and what counts as the same. docs/factors.md has the measurements."""

    count: int = 50
    """How many are wanted. More may be found; fewer only where there are no more."""
    seed: int = 0
    """Decides everything that is left to chance."""
    least_votes: int = 3
    """A cluster that fewer votes name is dissolved."""
    near: float = 0.65
    """Cosine of two centres from which on their clusters are one."""
    across: float = 0.4
    """The same for two clusters of different languages, each the other's nearest in its language."""
    far: float = 0.4
    """Cosine to the nearest centre below which a text is in no cluster."""


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
    settings: ClusterSettings,
    same: Sequence[tuple[int, int]] = (),
) -> Clustering:
    """Cluster distinct texts: finely by k-means, then merged where two clusters' centres are near.

    Args:
        vectors: float array (n_texts, dimensions), rows of length 1.
        languages: of each text.
        texts: int array (n_reasons,): the text of each reason.
        votes: int array (n_reasons,): the vote of each reason, numbered from 0.
        settings: how many clusters, and what counts as the same.
        same: texts of two languages that are known to say the same; the clusters that they stand for are one.
    """
    points = _reduced(center_languages(vectors, languages))
    weight = np.sqrt(np.bincount(texts, minlength=len(points))).astype(np.float32)
    centers, rare = np.empty((0, points.shape[1]), np.float32), (0, 0)
    for finer in _FINER:
        fine = min(len(points), finer * settings.count)
        labels = _fine_labels(points, weight, fine, settings)
        labels = _join_languages(points, weight, labels, languages, settings.across, same)
        tried, tried_rare = _with_votes(points, _means(points, weight, labels), texts, votes, settings)
        if len(tried) > len(centers):
            centers, rare = tried, tried_rare
        if len(centers) >= settings.count or fine == len(points):
            break
    labels, closeness = _assigned(points, centers, settings.far)
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


def _fine_labels(
    points: Vectors, weight: NDArray[np.float32], fine: int, settings: ClusterSettings
) -> Labels:
    """Cluster finely, and merge clusters whose centres are near."""
    from sklearn.cluster import AgglomerativeClustering, KMeans

    if fine >= len(points):
        labels = np.arange(len(points))
    else:
        labels = (
            KMeans(fine, n_init=1, max_iter=50, random_state=settings.seed)
            .fit(points, sample_weight=weight)
            .labels_
        )
    centers = _means(points, weight, labels)
    if len(centers) < 2:
        return np.asarray(labels, np.int64)
    joined = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - settings.near
    ).fit_predict(centers)
    return np.asarray(joined[labels], np.int64)


def _join_languages(
    points: Vectors,
    weight: NDArray[np.float32],
    labels: Labels,
    languages: Sequence[str],
    across: float,
    same: Sequence[tuple[int, int]],
) -> Labels:
    """Merge clusters of two languages that are each other's nearest, or that texts known to say the same stand for.

    A cluster is joined to one other at most. What is the same in two languages still lies farther apart than within
    one; being each other's nearest says more than the distance does.

    Source: Conneau et al. 2018, "Word Translation Without Parallel Data", section 2.3 (mutual nearest neighbours).
    """
    names, codes = np.unique(np.array(languages), return_inverse=True)
    weights = np.zeros((int(labels.max()) + 1, len(names)), np.float32)
    np.add.at(weights, (labels, codes), weight)
    shares = weights / weights.sum(1, keepdims=True)
    centers = _means(points, weight, labels)
    known = _known(points, labels, centers, same)
    pairs = [pair for pair in known if (shares[list(pair)].max(1) >= _MOSTLY).all()]
    pure = shares >= _ONE_LANGUAGE
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            left, right = np.flatnonzero(pure[:, one]), np.flatnonzero(pure[:, other])
            pairs += _mutual(centers, left, right, across)
    partner = np.arange(len(centers))
    joined: set[int] = set()
    for first, second in pairs:
        if first != second and not joined & {first, second}:
            partner[second] = first
            joined |= {first, second}
    return np.asarray(np.unique(partner[labels], return_inverse=True)[1], np.int64)


def _known(
    points: Vectors, labels: Labels, centers: Vectors, same: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Pair the clusters that texts known to say the same stand for, the most typical texts first."""
    ranked = []
    for pair in same:
        typical = min(float(points[text] @ centers[labels[text]]) for text in pair)
        if typical >= _TYPICAL:
            ranked.append((-typical, int(labels[pair[0]]), int(labels[pair[1]])))
    return [(first, second) for _, first, second in sorted(ranked)]


def _mutual(
    centers: Vectors, left: NDArray[np.int64], right: NDArray[np.int64], across: float
) -> list[tuple[int, int]]:
    """Pair the clusters that are each other's nearest and not too far apart."""
    if not len(left) or not len(right):
        return []
    cosines = centers[left] @ centers[right].T
    best = cosines.argmax(1)
    rows = np.arange(len(left))
    chosen = (cosines.argmax(0)[best] == rows) & (cosines[rows, best] >= across)
    return list(zip(left[chosen].tolist(), right[best[chosen]].tolist(), strict=True))


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
    settings: ClusterSettings,
) -> tuple[Vectors, tuple[int, int]]:
    """Dissolve clusters that too few votes name, the rest in order of their votes.

    Returns:
        The centres left, and how many clusters one vote and two votes named before.
    """
    rare: tuple[int, int] | None = None
    while len(centers):
        labels, _ = _assigned(points, centers, settings.far)
        voted = _votes_of(labels[texts], votes, len(centers))
        rare = rare or (int((voted == 1).sum()), int((voted == 2).sum()))
        order = np.argsort(-voted, kind="stable")
        kept = order[voted[order] >= settings.least_votes]
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
