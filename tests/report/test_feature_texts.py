"""Features are named in Japanese on a Japanese page."""

import numpy as np

from naze.predictions.features.counted import measure_votes
from naze.predictions.judging import Verdicts
from naze.report.feature_texts import feature_name
from naze.votes import read_votes

EXPLAINED = "examples/explained.parquet"


def bare(name):
    return name.removesuffix(", difference").removesuffix(", both")


def names_of(group):
    return {bare(name) for name in (*group.odd_names, *group.even_names)}


def test_every_feature_that_is_counted_has_a_japanese_name():
    features = measure_votes(read_votes(EXPLAINED)[:5])
    names = set().union(*(names_of(group) for group in features.groups))
    assert len(names) > 100
    unnamed = {name for name in names if feature_name("ja", name) == name}
    assert not unnamed
    assert "prompt's unfinished end" in names and "prompt's an unfinished end" not in names
    assert len({feature_name("ja", name) for name in names}) == len(names), "no two bear the same name"
    assert all(feature_name("en", name) == name for name in names)


def test_what_a_judge_says_has_japanese_names():
    said = np.array([[0.5, 0.3, 0.2]])
    names = names_of(Verdicts(("1",), said, said).group())
    assert names and all(feature_name("ja", name) != name for name in names)


def test_directions_are_numbered_and_factors_keep_the_name_that_they_were_given():
    assert feature_name("ja", "the meaning of the texts (direction 3)") == "意味の軸3"
    assert feature_name("ja", "the judge's hidden states (direction 12)") == "判定者の内部状態の軸12"
    assert feature_name("ja", "f01 具体的") == "f01 具体的"
