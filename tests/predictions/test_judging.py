"""A model judges votes without knowing their winners; what it says is calibrated where winners are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from naze.engines.protocol import EngineOptions
from naze.engines.states import DEPTHS, encode_states
from naze.errors import ConfigurationError, EngineCrashError, InputError, ManifestMismatchError
from naze.jobs.asking import Worker, opened_worker
from naze.predictions import VotePredictor
from naze.predictions.asking import probe_columns
from naze.predictions.calibrating import calibrate_judge, calibrated_out_of_fold, cascade_curve
from naze.predictions.judged import JudgeSettings, judge_file
from naze.predictions.judging import Verdicts, judge_votes
from naze.predictions.models.ties import probabilities
from naze.predictions.predictor import outcomes_of
from naze.predictions.scores import class_numbers, log_loss
from naze.records import Answer, FinishReason, Status, Vote, Winner
from naze.votes import Votes, read_votes, write_votes
from scripted import ScriptedEngine

EXAMPLES = Path(__file__).parents[2] / "examples"


class Judging(ScriptedEngine):
    """Prefers the longer response, and the first place a little."""

    bias = 0.4
    refuses: frozenset[str] = frozenset()

    def answer(self, prompts, sampling):
        for prompt in prompts:
            self.seen = [*getattr(self, "seen", []), prompt]
            yield prompt, self.reply(prompt)

    def reply(self, prompt):
        if prompt.subject_id in self.refuses:
            return Answer(Status.ERROR, reason="not today")
        a = prompt.subject.split("<response_a>")[1].split("</response_a>")[0]
        b = prompt.subject.split("<response_b>")[1].split("</response_b>")[0]
        lean = self.bias + 0.8 * np.log((1 + len(a)) / (1 + len(b)))
        odds = np.exp([lean / 2, -lean / 2, -0.5])
        told = dict(zip("ABC", (odds / odds.sum()).tolist(), strict=True))
        return Answer(Status.ANSWERED, max(told, key=told.get), told, 0.9, finish_reason=FinishReason.CHOICE)


class Minded(Judging):
    """Has something in mind, too: the lengths as they stand, its own lean, and what place means to it."""

    def read_states(self, prompts):
        for prompt in prompts:
            self.seen = [*getattr(self, "seen", []), prompt]
            if self.dies_on(prompt):
                raise EngineCrashError("gone")
            answer = self.reply(prompt)
            if answer.status is not Status.ANSWERED:
                yield prompt, answer
                continue
            lengths = [
                len(prompt.subject.split(f"<response_{side}>")[1].split(f"</response_{side}>")[0])
                for side in "ab"
            ]
            mind = np.log([[lengths[0], lengths[1], np.exp(answer.probabilities["C"]), 20.0]] * len(DEPTHS))
            yield prompt, replace(answer, states=encode_states(np.asarray(mind, np.float32)))


def made(count=200, seed=0):
    """Votes where the longer response tends to win, and equal ones to tie."""
    random = np.random.default_rng(seed)
    votes = []
    for number in range(count):
        sizes = random.integers(5, 120, 2)
        lean = np.log(sizes[0] / sizes[1])
        odds = np.exp([lean, -lean, 0.3])
        winner = (Winner.A, Winner.B, Winner.TIE)[random.choice(3, p=odds / odds.sum())]
        texts = [f"word {number} " + "yes " * size for size in sizes]
        votes.append(Vote(f"v{number}", (f"question {number}",), (texts[0],), (texts[1],), winner))
    return votes


def judged(votes, tmp_path, kind=Judging, **options):
    engine = kind()
    engine.refuses = options.pop("refuses", frozenset())
    return engine, judge_votes(
        Votes.from_votes(votes), Worker("s", lambda: engine), tmp_path / "judge", **options
    )


def test_the_winner_is_never_told_and_both_orders_are_asked(tmp_path):
    votes = made(4)
    engine, verdicts = judged(votes, tmp_path)
    turned = [replace(vote, winner=Winner.TIE, model_a="x", model_b="y") for vote in votes]
    other, again = judged(turned, tmp_path / "again")
    assert [one.subject for one in engine.seen] == [one.subject for one in other.seen]
    assert len(engine.seen) == 8
    np.testing.assert_array_equal(verdicts.shown, again.shown)


def test_exchanging_the_sides_exchanges_the_verdict(tmp_path):
    votes = made(6)
    turned = [replace(one, response_a=one.response_b, response_b=one.response_a) for one in votes]
    _, verdicts = judged(votes, tmp_path)
    _, others = judged(turned, tmp_path / "turned")
    np.testing.assert_allclose(verdicts.probabilities, others.probabilities[:, [1, 0, 2]], atol=1e-12)
    np.testing.assert_allclose(verdicts.group().odd, -others.group().odd, atol=1e-12)
    np.testing.assert_allclose(verdicts.group().even, others.group().even, atol=1e-12)
    assert 0.05 < verdicts.position_bias < 0.4


def test_a_vote_without_an_answer_is_missing_and_the_others_are_not(tmp_path):
    _, verdicts = judged(made(5), tmp_path, refuses=frozenset({"v1", "v3~swapped"}))
    assert verdicts.answered.tolist() == [True, False, True, False, True]
    assert np.isnan(verdicts.probabilities[1]).all()


def test_examples_are_shown_once_and_may_hold_what_a_template_would_read(tmp_path):
    examples = [
        Vote("e1", ("{{ secret }} {% raw %}",), ("good" * 400,), ("}} {# bad",), Winner.A),
        Vote("e2", ("q",), ("x",), ("y",), Winner.BOTH_BAD),
    ]
    engine, _ = judged(made(2), tmp_path, examples=examples)
    told = engine.seen[0].instruction
    assert "{{ secret }} {% raw %}" in told and "}} {# bad" in told and "[…]" in told
    assert told.index("[Decision] A") < told.index("[Decision] C")


def test_an_example_that_is_judged_itself_or_has_no_winner_is_refused(tmp_path):
    votes = made(3)
    with pytest.raises(ConfigurationError, match="among the votes to judge"):
        judged(votes, tmp_path, examples=votes[:1])
    with pytest.raises(ConfigurationError, match="has no winner"):
        judged(votes, tmp_path, examples=[replace(votes[0], id="z", winner=None)])


def test_ids_that_repeat_and_no_votes_are_refused(tmp_path):
    with pytest.raises(InputError, match="stands 2 times"):
        judged(made(1) * 2, tmp_path)
    with pytest.raises(InputError, match="no votes"):
        judge_votes(Votes.from_votes(made(1))[:0], Worker("s", Judging), tmp_path / "none")


def test_states_are_swapped_as_the_vote_is(tmp_path):
    votes = made(12)
    turned = [replace(one, response_a=one.response_b, response_b=one.response_a) for one in votes]
    _, verdicts = judged(votes, tmp_path, Minded, states=True)
    _, others = judged(turned, tmp_path / "turned", Minded, states=True)
    assert verdicts.states.shape == (12, 2, len(DEPTHS), 4)
    one, other = probe_columns(verdicts.states), probe_columns(others.states)
    np.testing.assert_array_equal(one.odd, -other.odd)
    np.testing.assert_array_equal(one.even, other.even)
    assert one.take(np.array([3, 1])).odd.tolist() == one.odd[[3, 1]].tolist()
    given, turned_given = ([verdicts.group(), one], [others.group(), other])
    predictor = VotePredictor(folds=0, leave_out=["n-grams"])
    more = made(60, 2)
    _, taught = judged(more, tmp_path / "more", Minded, states=True)
    predictor.fit(more, given=[taught.group(), probe_columns(taught.states)])
    told, exchanged = (
        predictor.predict_proba(votes, given=given),
        predictor.predict_proba(turned, given=turned_given),
    )
    np.testing.assert_allclose(told, exchanged[:, [1, 0, 2]], atol=1e-9)
    assert "probe" in predictor.group_names_
    same = VotePredictor.load(predictor.save(tmp_path / "model"))
    np.testing.assert_allclose(same.predict_proba(votes, given=given), told, atol=1e-12)
    with pytest.raises(InputError, match="fitted with probe, which these votes come without"):
        predictor.predict_proba(votes, given=given[:1])


def test_states_are_kept_and_no_vote_is_read_twice_after_a_crash(tmp_path):
    votes, engines = Votes.from_votes(made(6)), []

    def fresh():
        engines.append(Minded(dies_on=lambda prompt: len(engines) == 1 and prompt.subject_id == "v3"))
        return engines[-1]

    first = judge_votes(votes, Worker("s", fresh), tmp_path / "judge", states=True)
    assert len(engines) > 1
    seen = [prompt.subject_id for engine in engines for prompt in getattr(engine, "seen", [])]
    assert sorted(set(seen)) == sorted(f"v{n}{mark}" for n in range(6) for mark in ("", "~swapped"))
    assert [one for one in seen if seen.count(one) > 1] == ["v3"] * 2
    silent = Minded()
    again = judge_votes(votes, Worker("s", lambda: silent), tmp_path / "judge", states=True)
    assert not hasattr(silent, "seen")
    np.testing.assert_array_equal(again.states, first.states)
    more = judge_votes(
        Votes.from_votes(made(8)), Worker("s", lambda: silent), tmp_path / "judge", states=True
    )
    assert len(silent.seen) == 4 and more.states.shape[0] == 8
    np.testing.assert_array_equal(more.states[:6], first.states)


def test_what_did_not_fit_is_asked_when_there_is_more_room(tmp_path):
    votes = Votes.from_votes(made(3))

    def told(tokens):
        engine = Minded()
        engine.context_tokens = tokens
        worker = Worker("s", lambda: engine, options=EngineOptions(context_tokens=tokens))
        return judge_votes(votes, worker, tmp_path / "judge", states=True)

    assert not told(40).answered.any()
    assert told(8192).answered.all()


def test_a_vote_without_states_is_missing_or_taken_as_the_mean(tmp_path):
    _, verdicts = judged(made(5), tmp_path, Minded, refuses=frozenset({"v1"}), states=True)
    told = probe_columns(verdicts.states)
    assert np.isnan(told.odd[1]).all() and np.isfinite(told.odd[[0, 2, 3, 4]]).all()
    neutral = probe_columns(verdicts.states, neutral=True)
    assert not neutral.odd[1].any()
    np.testing.assert_allclose(neutral.even[1], told.even[[0, 2, 3, 4]].mean(axis=0), rtol=1e-6)


def test_a_run_with_states_and_one_without_are_not_mixed_up(tmp_path):
    judged(made(2), tmp_path, Minded)
    with pytest.raises(ManifestMismatchError, match="fingerprint"):
        judged(made(2), tmp_path, Minded, states=True)


def test_an_engine_without_states_is_refused_before_it_is_asked(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot tell the hidden states"):
        judged(made(2), tmp_path, states=True)
    assert not (tmp_path / "judge" / "manifest.json").exists()


def planted(count=600, seed=1):
    """A judge whose lean is right in sign and far too sure."""
    random = np.random.default_rng(seed)
    lean = random.normal(0, 1, count)
    odds = np.exp(np.column_stack([lean / 2, -lean / 2, np.full(count, -0.4) - 0.5 * np.abs(lean)]))
    happened = np.array([random.choice(3, p=row / row.sum()) for row in odds])
    loud = np.exp(np.column_stack([3 * lean, -3 * lean, np.zeros(count)]))
    shown = loud / loud.sum(axis=1, keepdims=True)
    verdicts = Verdicts(tuple(str(n) for n in range(count)), shown, shown[:, [1, 0, 2]])
    outcomes = np.select([happened == 0, happened == 1], [1.0, -1.0], 0.0)
    return verdicts, outcomes, happened


def test_calibration_makes_an_overconfident_judge_better_than_the_prior():
    verdicts, outcomes, happened = planted()
    prompts = np.arange(len(outcomes))
    counts = np.bincount(happened, minlength=3) / len(happened)
    prior = -np.log(counts[happened]).mean()
    raw = log_loss(verdicts.probabilities, happened).mean()
    told = calibrated_out_of_fold(verdicts.group(), outcomes, prompts)
    assert raw > prior + 0.3
    assert log_loss(told, happened).mean() < prior - 0.02
    np.testing.assert_allclose(told.sum(axis=1), 1.0)


def test_beside_a_predictor_a_judge_adds_what_it_knows_and_one_that_knows_nothing_adds_nothing():
    verdicts, outcomes, happened = planted()
    prompts, count = np.arange(len(outcomes)), len(outcomes)
    share = (happened == 2).mean()
    cheap = np.zeros(count), np.full(count, np.log(share / (1 - share)))
    alone = log_loss(probabilities(*cheap), happened)
    told = calibrated_out_of_fold(verdicts.group(), outcomes, prompts, cheap=cheap)
    assert log_loss(told, happened).mean() < alone.mean() - 0.02
    order = np.random.default_rng(5).permutation(count)
    silent = calibrated_out_of_fold(verdicts.take(order).group(), outcomes, prompts, cheap=cheap)
    np.testing.assert_allclose(log_loss(silent, happened).mean(), alone.mean(), atol=5e-3)


def test_the_winning_half_of_a_calibration_is_logistic_regression_without_intercept():
    verdicts, outcomes, _ = planted()
    group = verdicts.group()
    fitted = calibrate_judge(group, outcomes, np.arange(len(outcomes)))
    rows = outcomes != 0
    scaled = fitted.win.scaled(group.odd[rows])
    shrinkage = min(
        (0.01, 0.1, 1.0),
        key=lambda one: np.abs(_plain(scaled, outcomes[rows], one) - fitted.win.weights).max(),
    )
    np.testing.assert_allclose(_plain(scaled, outcomes[rows], shrinkage), fitted.win.weights, atol=1e-3)


def _plain(columns, outcomes, shrinkage):
    model = LogisticRegression(C=1 / (shrinkage * len(columns)), fit_intercept=False, tol=1e-6)
    return model.fit(columns, outcomes > 0).coef_[0]


def test_a_cascade_begins_at_the_cheap_loss_and_ends_at_the_judges():
    random = np.random.default_rng(0)
    cheap, better = random.dirichlet([2, 2, 2], 300), random.dirichlet([2, 2, 2], 300)
    happened = random.integers(0, 3, 300)
    points = cascade_curve(cheap, better, happened, (0, 0.5, 1))
    assert [one.judged for one in points] == [0, 150, 300]
    assert points[0].loss == pytest.approx(log_loss(cheap, happened).mean())
    assert points[-1].loss == pytest.approx(log_loss(better, happened).mean())
    middle = (points[0].loss + points[-1].loss) / 2
    assert points[1].loss_at_random == pytest.approx(middle)


@pytest.fixture
def scripted_judge(monkeypatch):
    from contextlib import contextmanager

    @contextmanager
    def opened(model, *, engine=None, options=None, begun=None):
        yield Worker(model, Judging)

    monkeypatch.setattr("naze.predictions.judged.opened_worker", opened)


def test_a_file_is_judged_scored_and_written(tmp_path, scripted_judge):
    path = tmp_path / "votes.parquet"
    write_votes(Votes.from_votes(made(120)), path)
    found = judge_file(path, JudgeSettings(model="s", out=tmp_path / "out"))
    assert (found.votes, found.judged, found.unanswered) == (120, 120, 0)
    assert set(found.scores) == {"prior", "one order", "both orders", "calibrated"}
    assert found.scores["calibrated"]["log_loss"].value < found.scores["prior"]["log_loss"].value
    assert found.kept == "calibrated" and found.added == found.gains["calibrated"]
    assert found.agreement.votes == 120
    assert found.agreement.strict.value <= found.agreement.one_order.value
    frame = pl.read_parquet(found.file)
    assert frame.columns == [
        "id", "p_a", "p_b", "p_tie", "calibrated_a", "calibrated_b", "calibrated_tie", "judged",
    ]  # fmt: skip
    assert frame["judged"].all() and frame.null_count().sum_horizontal().item() == 0


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two predictors that learnt from one file of votes, one of them without holding any out."""
    folder, votes = tmp_path_factory.mktemp("models"), made(90)
    for folds in (3, 0):
        predictor = VotePredictor(folds=folds, trees=False, leave_out=["n-grams"]).fit(votes)
        predictor.save(folder / str(folds))
    return folder, votes


def test_a_predictor_is_asked_out_of_fold_about_votes_it_learnt_from_whatever_their_ids(
    tmp_path, scripted_judge, models
):
    folder, votes = models
    fitted = VotePredictor.load(folder / "3")
    renamed = [replace(vote, id=f"other {number}") for number, vote in enumerate(votes)]
    colliding = [replace(vote, id=votes[number].id) for number, vote in enumerate(made(20, seed=9))]
    colliding = [replace(vote, prompt=(f"new {vote.id}",)) for vote in colliding]
    for name, own, expected in (
        ("renamed", renamed, fitted.report_.out_of_fold),
        ("colliding", colliding, fitted.predict_proba(colliding)),
    ):
        path = tmp_path / f"{name}.parquet"
        write_votes(Votes.from_votes([replace(vote, winner=None) for vote in own]), path)
        found = judge_file(path, JudgeSettings(model="s", out=tmp_path / name, predictor=folder / "3"))
        told = pl.read_parquet(found.file).select("^calibrated_.*$").to_numpy()
        np.testing.assert_allclose(told, expected, atol=1e-9)


def test_a_predictor_that_learnt_from_the_votes_and_held_none_out_is_refused(
    tmp_path, scripted_judge, models
):
    folder, votes = models
    path = tmp_path / "votes.parquet"
    write_votes(Votes.from_votes([*made(5, seed=4), replace(votes[3], id="again")]), path)
    with pytest.raises(InputError, match=r"learnt from 1 of these 6 votes \(again is the first\).*--folds 5"):
        judge_file(path, JudgeSettings(model="s", out=tmp_path / "out", predictor=folder / "0"))
    assert not (tmp_path / "out").exists()


def test_verdicts_that_say_nothing_leave_the_shares_or_the_predictor_in_the_calibrated_columns(
    tmp_path, scripted_judge, models
):
    folder, votes = models
    order = np.random.default_rng(1).permutation(len(votes))
    chance = [
        replace(vote, winner=votes[other].winner, prompt=(f"chance {vote.id}",))
        for vote, other in zip(votes, order, strict=True)
    ]
    for name, own, predictor in (("prior", chance, None), ("predictor", votes, folder / "3")):
        path = tmp_path / f"{name}.parquet"
        write_votes(Votes.from_votes(own), path)
        settings = JudgeSettings(model="s", out=tmp_path / name, predictor=predictor)
        found = judge_file(path, settings)
        told = pl.read_parquet(found.file).select("^calibrated_.*$").to_numpy()
        assert found.kept == name and found.added.high >= 0
        np.testing.assert_allclose(
            log_loss(told, class_numbers(outcomes_of(own))).mean(), found.scores[name]["log_loss"].value
        )


def test_examples_are_drawn_from_the_file_and_their_prompts_are_not_judged(tmp_path, scripted_judge):
    path = tmp_path / "votes.parquet"
    votes = made(60)
    votes += [replace(vote, id=vote.id + "'") for vote in votes]
    write_votes(Votes.from_votes(votes), path)
    found = judge_file(path, JudgeSettings(model="s", out=tmp_path / "out", examples=3))
    assert found.votes == 114


def test_without_winners_nothing_is_scored(tmp_path, scripted_judge):
    path = tmp_path / "votes.parquet"
    write_votes(Votes.from_votes([replace(vote, winner=None) for vote in made(40)]), path)
    found = judge_file(path, JudgeSettings(model="s", out=tmp_path / "out"))
    assert not found.scores and found.judged == 40 and found.agreement is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (JudgeSettings(model="s", unsure=0.3), "needs --predictor"),
        (JudgeSettings(model="s", unsure=0.0), "expected a share"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, told):
    with pytest.raises(ConfigurationError, match=told):
        judge_file(EXAMPLES / "votes.csv", settings)


def test_a_real_model_judges_and_a_second_call_asks_nothing(tmp_path, smollm2_path):
    votes = read_votes(EXAMPLES / "votes.csv", limit=2)
    with opened_worker("smollm2:135m") as worker:
        verdicts = judge_votes(votes, worker, tmp_path / "judge", language="ja")
        again = judge_votes(votes, worker, tmp_path / "judge", language="ja")
    np.testing.assert_allclose(verdicts.probabilities.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(again.shown, verdicts.shown)
