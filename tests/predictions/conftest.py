"""One predictor, fitted once on real votes that come with naze."""

from pathlib import Path

import pytest

from naze.predictions import VotePredictor
from naze.votes import read_votes

EXPLAINED = Path(__file__).parents[2] / "examples" / "explained.parquet"


@pytest.fixture(scope="session")
def real_votes():
    return list(read_votes(EXPLAINED))


@pytest.fixture(scope="session")
def fitted(real_votes):
    return VotePredictor(folds=2).fit(real_votes)
