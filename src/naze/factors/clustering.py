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
"""Kept of the vectors: three quarters of the variance of real reasons; the rest hinders more than it helps."""
_FEW_TEXTS = 5.0
"""A language of so few texts takes half of its mean from all languages together."""
_FINER = (3, 5, 8)
"""Fine clusters for each one wanted; the next is tried when too few are left after merging."""
_NO_CLUSTER = -1


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
        far: cosine to the nearest centre below which a text is in no cluster.
        least_votes: clusters with fewer are dissolved.
    """
    points = _reduced(center_languages(vectors, languages), seed)
    weight = np.sqrt(np.bincount(texts, minlength=len(points))).astype(np.float32)
    centers = np.empty((0, points.shape[1]), np.float32)
    for finer in _FINER:
        fine = min(len(points), finer * count)
        tried = _centers(points, weight, fine, seed, near)
        tried = _with_votes(points, tried, texts, votes, far, least_votes)
        if len(tried) > len(centers):
            centers = tried
        if len(centers) >= count or fine == len(points):
            break
    labels, closeness = _assigned(points, centers, far)
    return Clustering(labels, closeness, centers, points)


def _reduced(vectors: Vectors, seed: int) -> Vectors:
    """Keep the directions in which the texts differ most."""
    if min(vectors.shape) <= DIMENSIONS:
        return vectors
    from sklearn.decomposition import PCA

    reduced = PCA(DIMENSIONS, svd_solver="covariance_eigh", random_state=seed).fit_transform(vectors)
    return normalized(reduced.astype(np.float32))


def _centers(points: Vectors, weight: NDArray[np.float32], fine: int, seed: int, near: float) -> Vectors:
    """Cluster finely, and merge clusters whose centres are near."""
    from sklearn.cluster import AgglomerativeClustering, KMeans

    if fine >= len(points):
        labels = np.arange(len(points))
    else:
        labels = KMeans(fine, n_init=1, max_iter=50, random_state=seed).fit(points, sample_weight=weight).labels_
    centers = _means(points, weight, labels)
    if len(centers) < 2:
        return centers
    joined = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - near
    ).fit_predict(centers)
    return _means(points, weight, joined[labels])


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
) -> Vectors:
    """Dissolve clusters that too few votes name, the rest in order of their votes."""
    while len(centers):
        labels, _ = _assigned(points, centers, far)
        voted = _votes_of(labels[texts], votes, len(centers))
        order = np.argsort(-voted, kind="stable")
        kept = order[voted[order] >= least_votes]
        if len(kept) == len(centers):
            return centers[order]
        centers = centers[kept]
    return centers


def _votes_of(labels: Labels, votes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Count the different votes of each cluster."""
    named = labels >= 0
    if not named.any():
        return np.zeros(count, np.int64)
    base = int(votes.max()) + 1
    pairs = np.unique(labels[named] * base + votes[named])
    return np.bincount(pairs // base, minlength=count)
