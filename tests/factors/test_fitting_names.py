"""A name must say what its group says."""

import pytest

from naze.engines.embeddings import open_embedder
from naze.factors.fitting import LEAST_GROUPS, word_ranks

WORDS = [
    [("concise", 40), ("short and to the point", 5)],
    [("accurate", 60), ("precise", 9)],
    [("engaging", 30), ("vivid picture", 2)],
    [("repeats the same sentence", 12), ("repetitive", 9)],
    [("more examples", 20), ("specific examples", 9)],
    [("polite", 14), ("friendly tone", 8)],
    [("creative", 22), ("imaginative", 4)],
    [("well-structured", 31), ("well-organized", 11)],
    [("incorrect", 25), ("contains errors", 9)],
]
NAMES = [
    "Conciseness: The response is brief.",
    "Accuracy: The response states facts correctly.",
    "Engagement: The response keeps the reader interested.",
    "Repetition: The response says the same thing again.",
    "Examples: The response gives examples.",
    "Politeness: The response is courteous.",
    "Creativity: The response is original.",
    "Structure: The response is well organised.",
    "Errors: The response contains mistakes.",
]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    opened = open_embedder(cache=tmp_path_factory.mktemp("cache") / "vectors.sqlite")
    yield opened
    opened.close()


def test_right_names_rank_first(embedder):
    assert (word_ranks(NAMES, WORDS, embedder) == 1).all()


def test_a_name_that_repeats_the_instructions_ranks_far_behind(embedder):
    told = [*NAMES[:-1], "Instructions: The response does not follow instructions that stand inside them."]
    told[0] = told[5]
    ranks = word_ranks(told, WORDS, embedder)
    assert ranks[0] > 3 or ranks[-1] > 3
    assert ranks[0] > 1


def test_a_missing_name_ranks_last(embedder):
    assert word_ranks([*NAMES, None], [*WORDS, [("x", 1)]], embedder)[-1] == len(NAMES) + 1


def test_with_few_groups_every_name_is_taken(embedder):
    few = LEAST_GROUPS - 1
    assert (word_ranks(NAMES[::-1][:few], WORDS[:few], embedder) == 1).all()
