"""A predictor learns from real votes, keeps its promises about sides, and follows scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from naze.errors import ConfigurationError, InputError
from naze.predictions import VotePredictor
from naze.predictions.asking import probe_columns
from naze.predictions.baselines import BASELINES, cross_validate, naze_learner
from naze.predictions.features.counted import measure_votes
from naze.predictions.features.groups import Group, joined
from naze.predictions.models.learnt import Taught, learn
from naze.predictions.predictor import outcomes_of, prompt_numbers
from naze.predictions.scores import class_numbers, difference, log_loss
from naze.records import Vote, Winner
from naze.votes import read_votes, swap_sides

ODD_TEXTS = [
    ("", "x"),
    (" \n\t", "🙂🙂👩‍👩‍👧"),
    ("同じ回答です。\n- はい\n- いいえ", "申し訳ありませんが、お答えできません。"),
    ("| a | b |\n|---|---|\n```python\n# no heading\n```", "a" * 60_000),
    ("\ud83d lone surrogate".encode("utf-8", "replace").decode(), "ＡＢＣ１２３"),
]


def made(count=240, seed=0, *, models=False):
    """Longer responses win; equally long ones tie."""
    random = np.random.default_rng(seed)
    votes = []
    for number in range(count):
        sizes = random.integers(3, 60, 2)
        lean = 2.5 * np.log(sizes[0] / sizes[1])
        odds = np.exp([lean / 2, -lean / 2, 0.8 - abs(lean)])
        winner = (Winner.A, Winner.B, Winner.TIE)[random.choice(3, p=odds / odds.sum())]
        texts = [" ".join(random.choice(["ja", "nein", "doch", "so"], size)) for size in sizes]
        names = ("m1", "m2") if models else (None, None)
        votes.append(
            Vote(f"{seed}.{number}", (f"q{seed}.{number}",), (texts[0],), (texts[1],), winner, *names)
        )
    return votes


def taught(*sets):
    together = [vote for one in sets for vote in one]
    return Taught(
        joined([measure_votes(one) for one in sets]),
        outcomes_of(together),
        prompt_numbers(together),
        [(vote.model_a, vote.model_b) for vote in together],
        np.concatenate([np.full(len(one), place) for place, one in enumerate(sets)]),
    )


class Vectors:
    """An embedder of letters, so that no model is needed."""

    def embed(self, texts):
        found = np.array([[text.count(letter) + 0.01 for letter in "aeiousnt"] for text in texts], np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("embedder", [None, Vectors()], ids=["plain", "vectors"])
def test_exchanging_the_sides_turns_odd_columns_and_keeps_even_ones(real_votes, embedder):
    votes = real_votes[:30] + [
        Vote(f"odd{n}", (None, "と"), (a, None), (b, ""), Winner.A) for n, (a, b) in enumerate(ODD_TEXTS)
    ]
    one = measure_votes(votes, embedder=embedder)
    other = measure_votes([swap_sides(vote) for vote in votes], embedder=embedder)
    np.testing.assert_allclose(one.odd()[1], -other.odd()[1], atol=1e-9)
    np.testing.assert_allclose(one.even()[1], other.even()[1], atol=1e-9)
    assert np.isfinite(one.odd()[1]).all() and np.isfinite(one.even()[1]).all()


@pytest.mark.parametrize("trees", [True, False])
def test_exchanging_the_sides_exchanges_the_prediction(real_votes, trees):
    given = np.linspace(-1, 1, len(real_votes))[:, None]
    group = Group("lean", ("lean",), given, ("strength",), np.abs(given))
    turned = replace(group, odd=-given)
    predictor = VotePredictor(folds=0, trees=trees).fit(real_votes, given=[group])
    told = predictor.predict_proba(real_votes, given=[group])
    other = predictor.predict_proba([swap_sides(vote) for vote in real_votes], given=[turned])
    np.testing.assert_allclose(told, other[:, [1, 0, 2]], atol=1e-9)
    np.testing.assert_allclose(told.sum(axis=1), 1.0)


def test_what_decides_is_found_and_told():
    told = taught(made())
    happened = class_numbers(told.outcomes)
    own, prior = (cross_validate(told, one, 4) for one in (naze_learner(), BASELINES["prior"]))
    gain = difference(log_loss(prior, happened), log_loss(own, happened), told.prompts)
    assert gain.low > 0.1
    predictor = VotePredictor(folds=0).fit(made())
    [why] = predictor.explain([Vote("n", ("q",), ("ja " * 50,), ("ja",))])
    assert why.probabilities[0] > 0.6
    assert why.winner[0].towards == "a" and "the odds of A rise" in why.winner[0].words


def test_what_makes_a_tie_likelier_is_told_with_its_direction():
    predictor = VotePredictor(folds=0, trees=False, leave_out=("n-grams",)).fit(made())
    near, far = (Vote("n", ("q",), ("ja " * 50,), (f"ja {'so ' * more}",)) for more in (48, 2))
    for vote, towards, told in ((near, "tie", "differ_less"), (far, "decision", "differ_more")):
        [why] = predictor.explain([vote], most=100)
        moved = {(one.towards, one.than_usual) for one in why.tie if one.feature == "characters"}
        assert moved == {(towards, told)}, vote
        assert all(one.than_usual is not None and one.more_in is None for one in why.tie)
        assert not any("by 0%" in one.words for one in (*why.winner, *why.tie))
    words = next(one.words for one in why.tie if one.feature == "characters")
    assert words.startswith(
        "characters: the responses differ more than usual; the odds of a decision rise by "
    )


def test_directions_of_hidden_states_are_named_as_such_and_have_no_more_or_less(real_votes):
    random = np.random.default_rng(0)
    states = random.normal(size=(len(real_votes), 2, 1, 8)).astype(np.float16)
    predictor = VotePredictor(folds=0, trees=False, leave_out=("n-grams",))
    given = [probe_columns(states)]
    told = predictor.fit(real_votes, given=given).explain(real_votes, given=given, most=200)
    movers = [one for why in told for one in (*why.winner, *why.tie) if "hidden" in one.feature]
    assert movers and all(one.more_in is None and one.than_usual is None for one in movers)
    assert any(one.words.startswith("the judge's hidden states (direction 1); the odds of") for one in movers)


def test_nothing_leaks_where_there_is_nothing_to_learn():
    random = np.random.default_rng(1)
    votes = made(models=True)
    winners = random.permutation([vote.winner.value for vote in votes])
    told = taught([replace(vote, winner=Winner(one)) for vote, one in zip(votes, winners, strict=True)])
    happened = class_numbers(told.outcomes)
    own, prior = (cross_validate(told, one, 4) for one in (naze_learner(), BASELINES["prior"]))
    gain = difference(log_loss(prior, happened), log_loss(own, happened), told.prompts)
    assert gain.low < 0 < 0.03 + gain.value + 0.06
    assert gain.value < 0.02


def test_votes_on_one_prompt_are_held_out_together():
    votes = made(60)
    copied = [replace(vote, id=f"{vote.id}'") for vote in votes for _ in range(1)]
    told = taught([*votes, *copied])
    seen = []

    def learner(known, asked):
        seen.append((set(known.prompts.tolist()), asked.count))
        return np.full((asked.count, 3), 1 / 3)

    cross_validate(told, learner, 3)
    assert sum(count for _, count in seen) == 120
    assert all(len(prompts) <= 60 - 1 for prompts, _ in seen)


def test_good_extra_votes_count_and_flipped_ones_do_not():
    own = made(80, seed=3)
    good = made(400, seed=4)
    flip = {Winner.A: Winner.B, Winner.B: Winner.A, Winner.TIE: Winner.TIE}
    bad = [replace(vote, id=f"b{vote.id}", winner=flip[vote.winner]) for vote in made(400, seed=5)]
    learnt = learn(taught(own, good, bad), with_trees=False)
    helpful, harmful = learnt.win.choices.extra_weights
    assert helpful > 0 and harmful == 0


def test_the_names_of_models_are_not_looked_at_when_votes_are_predicted(real_votes, fitted):
    named = [replace(vote, model_a="x", model_b="y", winner=None) for vote in real_votes[:20]]
    bare = [replace(vote, model_a=None, model_b=None) for vote in real_votes[:20]]
    np.testing.assert_array_equal(fitted.predict_proba(named), fitted.predict_proba(bare))


def test_the_report_says_how_well_unseen_votes_are_predicted(fitted, real_votes):
    report = fitted.report_
    assert report.score.votes == len(real_votes) == len(report.vote_ids)
    assert report.score["log_loss"].value < report.baselines["prior"]["log_loss"].value
    assert report.gains["prior"].low > 0
    assert set(report.baselines) == set(BASELINES)
    np.testing.assert_allclose(report.out_of_fold.sum(axis=1), 1.0)
    losses = [one.loss for one in fitted.surprising_]
    assert len(losses) == 12 and losses == sorted(losses, reverse=True)


def test_votes_learnt_from_are_known_by_what_they_show_and_come_out_of_fold(fitted, real_votes):
    renamed = [replace(vote, id=f"new {row}", winner=None) for row, vote in enumerate(real_votes)]
    known, told = fitted.out_of_fold_of(renamed)
    assert known.all()
    np.testing.assert_array_equal(told, fitted.report_.out_of_fold)
    _, turned = fitted.out_of_fold_of([swap_sides(vote) for vote in real_votes])
    np.testing.assert_allclose(turned, told[:, [1, 0, 2]], atol=1e-12)
    same_id = replace(real_votes[0], response_a=("another answer",))
    known, told = fitted.out_of_fold_of([same_id, real_votes[1]])
    assert known.tolist() == [False, True] and np.isnan(told).all(axis=1).tolist() == [True, False]


def test_extra_votes_and_votes_of_which_none_was_held_out_are_known_without_predictions(real_votes):
    predictor = VotePredictor(folds=0, trees=False, leave_out=("n-grams",))
    predictor.fit(real_votes[:60], extra=[real_votes[60:90]])
    known, told = predictor.out_of_fold_of(real_votes[:91])
    assert known.tolist() == [True] * 90 + [False] and np.isnan(told).all()


def test_it_follows_scikit_learn(real_votes):
    votes = real_votes[:120]
    predictor = VotePredictor(folds=0, trees=False, leave_out=("n-grams",))
    assert clone(predictor).get_params() == predictor.get_params()
    line = Pipeline([("as is", FunctionTransformer()), ("votes", predictor)])
    labels = np.array(["tie" if vote.winner is Winner.BOTH_BAD else vote.winner.value for vote in votes])
    assert line.fit(votes, labels).predict_proba(votes[:3]).shape == (3, 3)
    assert set(line.predict(votes)) <= {"a", "b", "tie"}
    losses = cross_val_score(predictor, votes, labels, cv=2, scoring="neg_log_loss")
    assert np.isfinite(losses).all()


@pytest.fixture
def quick():
    others = ("refusals", "language", "repetition", "wording", "overlap", "agreement", "prompt", "n-grams")
    return VotePredictor(folds=0, trees=False, leave_out=others)


def labels_of(votes):
    return np.array(["tie" if vote.winner is Winner.BOTH_BAD else vote.winner.value for vote in votes])


def test_labels_that_scikit_learn_numbers_are_a_b_and_tie(real_votes, quick):
    votes, labels = real_votes[::3], labels_of(real_votes[::3])
    groups, folds = prompt_numbers(votes), GroupKFold(3)
    told = cross_val_predict(quick, votes, labels, groups=groups, cv=folds, method="predict_proba")
    by_hand = np.empty_like(told)
    for rest, own in folds.split(votes, labels, groups):
        named = clone(quick).fit([votes[row] for row in rest])
        by_hand[own] = named.predict_proba([votes[row] for row in own])
    np.testing.assert_allclose(told, by_hand)
    line = Pipeline([("as is", FunctionTransformer()), ("votes", quick)])
    in_line = cross_val_predict(line, votes, labels, groups=groups, cv=folds, method="predict_proba")
    np.testing.assert_array_equal(in_line, told)


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_predictors_vote_in_scikit_learns_own_classifier(real_votes, quick, voting):
    votes, labels = real_votes[::3], labels_of(real_votes[::3])
    both = VotingClassifier([("one", quick), ("other", clone(quick))], voting=voting).fit(votes, labels)
    np.testing.assert_array_equal(both.predict(votes), clone(quick).fit(votes, labels).predict(votes))


def test_numbers_come_back_where_numbers_were_given(real_votes, quick):
    votes, numbers = real_votes[::4], class_numbers(outcomes_of(real_votes[::4]))
    quick.fit(votes, numbers)
    assert quick.classes_.tolist() == [0, 1, 2] and set(quick.predict(votes)) <= {0, 1, 2}
    for wrong in (3, -1, True):
        with pytest.raises(
            InputError, match=f"vote 1: the winner is {wrong}; expected .* 0, 1, 2 for a, b, tie"
        ):
            quick.fit(votes, [wrong, *numbers[1:].tolist()])


def test_a_score_is_the_accuracy_on_the_votes_own_winners(real_votes, quick):
    bad = {Winner.TIE: Winner.BOTH_BAD}
    votes = [replace(vote, winner=bad.get(vote.winner, vote.winner)) for vote in real_votes[::3]]
    labels = labels_of(votes)
    quick.fit(votes)
    right, weights = quick.predict(votes) == labels, np.arange(len(votes))
    assert quick.score(votes) == quick.score(votes, labels) == pytest.approx(right.mean())
    assert quick.score(votes, [vote.winner for vote in votes]) == pytest.approx(right.mean())
    weighted = quick.score(votes, sample_weight=weights)
    assert weighted == pytest.approx(np.average(right, weights=weights))
    assert np.isfinite(cross_val_score(quick, votes, cv=2)).all()
    with pytest.raises(InputError, match="0 votes; expected at least one to score"):
        quick.score([])


def test_an_outcome_that_was_never_seen_is_unlikely_and_not_impossible():
    decided = [vote for vote in made(200) if vote.winner is not Winner.TIE]
    told = VotePredictor(folds=0).fit(decided).predict_proba(decided)
    assert 1e-4 < told[:, 2].min() and told[:, 2].max() < 0.05


@pytest.fixture(scope="module")
def one_to_a_prompt(shared_data):
    """Decided votes and ties of the Kaggle contest, all on different prompts."""
    votes = list(read_votes(shared_data / "arena_kaggle.parquet")[:300])
    _, first = np.unique(prompt_numbers(votes), return_index=True)
    alone = [votes[row] for row in first]
    return [vote for vote in alone if vote.winner in "ab"], [
        vote for vote in alone if vote.winner not in "ab"
    ]


@pytest.mark.parametrize("decided", [1, 4, 9])
def test_of_very_few_decided_votes_who_wins_is_left_open_and_that_is_told(one_to_a_prompt, quick, decided):
    won, tied = one_to_a_prompt
    votes = [*won[:decided], *tied[: 60 - decided]]
    fitted = quick.set_params(folds=5, trees=True).fit(votes)
    told = fitted.predict_proba(won[20:30])
    np.testing.assert_allclose(told[:, 0], told[:, 1])
    assert (told[:, 2] > 0.5).all()
    assert any(f"only {decided} of 60 votes are decided" in note for note in fitted.report_.notes)
    assert not fitted.explain(won[20:21])[0].winner


def test_ten_decided_votes_on_one_prompt_are_learnt_from(one_to_a_prompt, quick):
    won, tied = one_to_a_prompt
    votes = [*(replace(vote, prompt=("q",)) for vote in won[:12]), *tied[:50]]
    told = quick.set_params(trees=True).fit(votes).predict_proba(won[20:30])
    assert np.isfinite(told).all() and (told[:, 0] != told[:, 1]).any()


def test_no_votes_give_no_predictions(fitted):
    assert fitted.predict_proba([]).shape == (0, 3)


def test_languages_that_were_not_learnt_from_are_named(fitted, real_votes):
    foreign = [replace(real_votes[0], language="fr"), replace(real_votes[1], language=None)]
    assert fitted.unseen_languages(foreign) == ("fr",)


def test_votes_that_bring_no_language_are_told_by_their_prompts(one_to_a_prompt, quick):
    won, tied = one_to_a_prompt
    votes = [replace(vote, language=None) for vote in (*won[:80], *tied[:40])]
    question = "Pourrais-tu m'expliquer pourquoi le ciel est bleu le jour et rouge le soir ?"
    french = [replace(vote, prompt=(question,), language=None) for vote in votes[:10]]
    predictor = quick.fit(votes)
    assert predictor.languages_ == ["en"]
    assert predictor.unseen_languages(french) == ("fr",) and predictor.unseen_languages(votes) == ()
    predictor.languages_ = []  # as earlier versions wrote it
    assert predictor.unseen_languages(french) == ()


def test_contradicting_votes_are_kept_and_told(real_votes):
    twin = replace(swap_sides(real_votes[0]), id="twin", winner=Winner.A)
    first = replace(real_votes[0], winner=Winner.A)
    predictor = VotePredictor(folds=2, trees=False).fit([first, twin, *real_votes[1:100]])
    assert any("contradict each other (prompts: 1)" in note for note in predictor.report_.notes)


def one_class(votes):
    return [replace(vote, winner=Winner.A) for vote in votes]


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (one_class, {}, "ended as 'a'"),
        (lambda votes: votes[:12], {}, "12 votes; expected at least 30"),
        (
            lambda votes: [replace(vote, prompt=("q",)) for vote in votes],
            {},
            "1 different prompt for 5 folds",
        ),
        (lambda votes: [replace(votes[0], winner=None), *votes[1:]], {}, r"vote 1 \(.*\) has no winner"),
    ],
)
def test_votes_that_teach_nothing_are_refused(real_votes, change, options, told):
    with pytest.raises(InputError, match=told):
        VotePredictor(**options).fit(change(real_votes[:60]))


def test_settings_that_are_none_are_refused(real_votes):
    with pytest.raises(ConfigurationError, match=r"no group of features 'colour'; expected .*length"):
        VotePredictor(folds=0, leave_out=("colour",)).fit(real_votes)
    with pytest.raises(ConfigurationError, match="folds is 1"):
        VotePredictor(folds=1).fit(real_votes)
    with pytest.raises(InputError, match="the winner is 'c'"):
        VotePredictor(folds=0).fit(real_votes, ["c"] * len(real_votes))
    with pytest.raises(InputError, match="and 1 winner;"):
        VotePredictor(folds=0).fit(real_votes, ["a"])


def test_what_is_no_number_in_further_columns_is_refused(real_votes):
    values = np.zeros((len(real_votes), 1))
    values[7] = np.nan
    with pytest.raises(InputError, match=f"'lean' of vote {real_votes[7].id} is nan"):
        VotePredictor(folds=0).fit(real_votes, given=[Group("judge", ("lean",), values)])


def test_columns_that_were_there_in_the_fit_must_come_again(real_votes):
    group = Group("judge", ("lean",), np.zeros((len(real_votes), 1)))
    predictor = VotePredictor(folds=0, trees=False).fit(real_votes, given=[group])
    with pytest.raises(InputError, match="fitted with judge"):
        predictor.predict_proba(real_votes)


def test_without_lightgbm_the_linear_model_predicts_alone_and_says_so(
    real_votes, monkeypatch, fitted, tmp_path
):
    folder = fitted.save(tmp_path / "model")
    for room in ("predictor", "stored", "models.learnt"):
        monkeypatch.setattr(
            f"naze.predictions.{room}.trees_missing", lambda: "LightGBM cannot be loaded (why)"
        )
    predictor = VotePredictor(folds=2).fit(real_votes[:100])
    assert not predictor.learnt_.win.trees
    assert any("linear model alone" in note for note in predictor.report_.notes)
    if fitted.learnt_.win.trees or fitted.learnt_.tie.trees:
        with pytest.raises(InputError, match="has trees, and LightGBM cannot be loaded"):
            VotePredictor.load(folder)
