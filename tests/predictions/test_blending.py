"""Predictors of any kind blend; their weights come from votes that they did not see."""

import numpy as np
import pytest
from sklearn.model_selection import cross_val_predict, cross_val_score

from naze.errors import ConfigurationError, InputError
from naze.predictions import VotePredictor
from naze.predictions.blending import BlendedPredictor
from naze.predictions.scores import log_loss
from naze.records import Vote, Winner

WINNERS = (Winner.A, Winner.B, Winner.TIE)


def made(count=400, seed=0):
    random = np.random.default_rng(seed)
    truth = random.dirichlet([1, 1, 1], count)
    happened = np.array([random.choice(3, p=row) for row in truth])
    votes = [
        Vote(str(n), (f"q{n}",), ("a",), ("b",), WINNERS[happened[n]], extra={"truth": truth[n].tolist()})
        for n in range(count)
    ]
    return votes, happened


class Knows:
    """Was fine-tuned elsewhere: knows the truth, and is a little too sure of it."""

    def predict_proba(self, votes):
        told = np.array([vote.extra["truth"] for vote in votes]) ** 2
        return told / told.sum(axis=1, keepdims=True)


class Guesses:
    """Says nothing at all, loudly."""

    def predict_proba(self, votes):
        random = np.random.default_rng(3)
        return random.dirichlet([0.3, 0.3, 0.3], len(votes))


class Remembers:
    """Knows the votes that it was fitted on by heart, and nothing else."""

    def fit(self, votes, y=None):
        self.known = {vote.id: WINNERS.index(vote.winner) for vote in votes}
        return self

    def predict_proba(self, votes):
        told = np.full((len(votes), 3), 0.01)
        for row, vote in enumerate(votes):
            told[row, self.known.get(vote.id, hash(vote.id) % 3)] = 0.98
        return told


def test_who_knows_gets_the_weight_and_who_guesses_none():
    votes, _ = made()
    blend = BlendedPredictor([("knows", Knows()), ("guesses", Guesses())]).fit(votes)
    assert blend.weights_["knows"] > 0.35
    assert blend.weights_["guesses"] < 0.05
    fresh, result = made(400, seed=9)
    assert (
        log_loss(blend.predict_proba(fresh), result).mean()
        < log_loss(Knows().predict_proba(fresh), result).mean()
    )
    assert set(blend.predict(fresh)) <= {"a", "b", "tie"}


def test_learning_by_heart_earns_no_weight():
    votes, _ = made()
    blend = BlendedPredictor([("knows", Knows()), ("remembers", Remembers())]).fit(votes)
    assert blend.weights_["remembers"] < 0.1


def test_what_is_no_prediction_is_refused_by_name():
    votes, _ = made(40)

    class Wrong:
        def predict_proba(self, votes):
            return np.full((len(votes), 3), 0.5)

    class Flat:
        def predict_proba(self, votes):
            return np.full(len(votes), 0.5)

    with pytest.raises(InputError, match=r"'wrong' gave .* for vote 0"):
        BlendedPredictor([("wrong", Wrong())]).fit(votes)
    with pytest.raises(InputError, match=r"'flat' gave an array of the shape \(40,\)"):
        BlendedPredictor([("flat", Flat())]).fit(votes)
    with pytest.raises(InputError, match="each name once"):
        BlendedPredictor([("one", Knows()), ("one", Knows())]).fit(votes)


def test_a_blend_takes_the_numbers_that_scikit_learn_makes_of_labels(real_votes):
    votes = real_votes[::2]
    others = ("refusals", "language", "repetition", "wording", "overlap", "agreement", "prompt", "n-grams")
    blend = BlendedPredictor([("naze", VotePredictor(folds=0, trees=False, leave_out=others))], folds=2)
    labels = np.array(["tie" if vote.winner is Winner.BOTH_BAD else vote.winner.value for vote in votes])
    told = cross_val_predict(blend, votes, labels, cv=3, method="predict_proba")
    assert told.shape == (len(votes), 3) and np.isfinite(told).all()


def test_a_blend_is_scored_with_and_without_labels():
    votes, _ = made(120)
    blend = BlendedPredictor([("knows", Knows())], folds=2)
    assert cross_val_score(blend, votes, cv=3).mean() > 0.5
    labels = [vote.winner.value for vote in votes]
    right = (blend.fit(votes).predict(votes) == labels).mean()
    assert blend.score(votes) == blend.score(votes, labels) == pytest.approx(right)


@pytest.mark.parametrize("folds", [-1, 0, 1])
def test_a_blend_without_votes_held_out_is_refused(folds):
    with pytest.raises(ConfigurationError, match=f"folds of the blend is {folds}; expected at least 2"):
        BlendedPredictor([("remembers", Remembers())], folds=folds).fit(made(40)[0])


def test_fewer_prompts_than_folds_of_a_blend_are_refused():
    with pytest.raises(InputError, match="3 different prompts for 5 folds"):
        BlendedPredictor([("remembers", Remembers())]).fit(made(3)[0])
