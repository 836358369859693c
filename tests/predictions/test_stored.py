"""A predictor comes back from its folder to the bit; a damaged one is refused with words."""

import json

import numpy as np
import pytest

from naze.engines.embeddings import DEFAULT_EMBEDDER
from naze.errors import InputError
from naze.predictions import VotePredictor
from naze.predictions.asking import Questions
from naze.predictions.features.groups import Group
from naze.predictions.stored import FORMAT, is_predictor_folder
from naze.records import Factor, Outcome


def test_it_comes_back_to_the_bit(fitted, real_votes, tmp_path):
    folder = fitted.save(tmp_path / "model")
    again = VotePredictor.load(folder)
    np.testing.assert_array_equal(again.predict_proba(real_votes), fitted.predict_proba(real_votes))
    assert again.report_.score == fitted.report_.score
    np.testing.assert_array_equal(again.out_of_fold_of(real_votes)[1], fitted.report_.out_of_fold)
    assert again.surprising_ == fitted.surprising_
    assert again.get_params() == fitted.get_params() | {"leave_out": ()}
    assert is_predictor_folder(folder) and not is_predictor_folder(tmp_path)
    for file in folder.iterdir():
        assert b"pickle" not in file.read_bytes() and file.suffix in (".json", ".npz", ".txt")


def test_saving_again_replaces_and_questions_are_kept(fitted, tmp_path):
    folder = fitted.save(tmp_path / "model")
    factors = (Factor("f01", "short", "It is short.", Outcome.TIE),)
    fitted.questions_ = Questions("m", "ja", 512, True, factors, "m", "ja")
    try:
        fitted.save(folder)
        assert VotePredictor.load(folder).questions_ == fitted.questions_
    finally:
        fitted.questions_ = None


@pytest.mark.parametrize("file", ["predictor.json", "arrays.npz", "surprising.json", "win.boosted.txt"])
def test_a_damaged_file_is_refused(fitted, tmp_path, file):
    folder = fitted.save(tmp_path / "model")
    if not (folder / file).exists():
        pytest.skip("this predictor has no such file")
    (folder / file).write_bytes((folder / file).read_bytes()[:40])
    with pytest.raises(InputError, match=r"Fit|damaged"):
        VotePredictor.load(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda about: [1], "does not hold what a predictor's does"),
        (lambda about: {}, "does not hold what a predictor's does"),
        (
            lambda about: about["win"]["calibration"].update(scale="large") or about,
            r"Expected `float`, got `str`",
        ),
        (
            lambda about: about["tie"]["choices"].update(loss_blend=[]) or about,
            r"\$\.tie\.choices\.loss_blend",
        ),
        (
            lambda about: about["win"].update(intercept=float("nan")) or about,
            r"\(nan, .*expected numbers",
        ),
        (lambda about: about | {"params": 1}, r"\$\.params"),
        (lambda about: about | {"languages": None}, r"\$\.languages"),
        (lambda about: about | {"digests": {}}, "arrays.npz is not the file that was saved"),
    ],
)
def test_what_a_predictor_cannot_say_is_refused(fitted, tmp_path, change, told):
    folder = fitted.save(tmp_path / "model")
    about = json.loads((folder / "predictor.json").read_text("utf-8"))
    (folder / "predictor.json").write_text(json.dumps(change(about)), encoding="utf-8")
    with pytest.raises(InputError, match=f"(?s)the predictor is damaged .*{told}.* Fit it again"):
        VotePredictor.load(folder)


@pytest.mark.parametrize("name", ["arrays.npz", "surprising.json"])
def test_a_part_of_another_predictor_is_refused(fitted, real_votes, tmp_path, name):
    folder = fitted.save(tmp_path / "model")
    other = VotePredictor(folds=2, trees=False).fit(real_votes[:60]).save(tmp_path / "other")
    (folder / name).write_bytes((other / name).read_bytes())
    with pytest.raises(
        InputError, match=f"damaged .*{name} is not the file that was saved with predictor.json"
    ):
        VotePredictor.load(folder)
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"damaged .*{name}"):
        VotePredictor.load(folder)


def test_saving_that_fails_leaves_the_predictor_that_was_there(fitted, real_votes, tmp_path, monkeypatch):
    folder = fitted.save(tmp_path / "model")
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    (folder / "asked").mkdir()
    other = VotePredictor(folds=0, trees=False).fit(real_votes[:60])
    other.questions_ = object()
    with pytest.raises(TypeError):
        other.save(folder)
    assert {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()} == before
    other.questions_ = None
    other.save(folder)
    assert not {"win.forest.txt", "win.boosted.txt", "tie.forest.txt"} & {
        one.name for one in folder.iterdir()
    }
    assert (folder / "asked").is_dir() and VotePredictor.load(folder).votes_ == 60


def test_another_format_is_refused_with_the_version_that_wrote_it(fitted, tmp_path):
    folder = fitted.save(tmp_path / "model")
    about = json.loads((folder / "predictor.json").read_text("utf-8"))
    (folder / "predictor.json").write_text(json.dumps({**about, "format": FORMAT + 1, "naze": "9.1"}))
    with pytest.raises(InputError, match=f"format {FORMAT + 1}, written by naze 9.1"):
        VotePredictor.load(folder)


def test_a_folder_without_a_predictor_is_no_place(fitted, tmp_path):
    with pytest.raises(InputError, match="no predictor is there"):
        VotePredictor.load(tmp_path / "nothing")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="other files are there"):
        fitted.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


NUMBERS = {"a": 0, "b": 1, "tie": 2, "both_bad": 2}


def labels_of(votes, kind):
    names = [vote.winner.value for vote in votes]
    made = {
        "the votes' own": None,
        "names": names,
        "numbers": [NUMBERS[name] for name in names],
        "an array of numbers": np.array([NUMBERS[name] for name in names]),
        "an array of names": np.array(names),
    }
    return made[kind]


@pytest.mark.parametrize(
    "kind", ["the votes' own", "names", "numbers", "an array of numbers", "an array of names"]
)
def test_it_calls_outcomes_as_it_was_taught_before_and_after(real_votes, tmp_path, kind):
    votes = real_votes[:80]
    predictor = VotePredictor(folds=0, trees=False, leave_out=("n-grams",)).fit(votes, labels_of(votes, kind))
    again = VotePredictor.load(predictor.save(tmp_path / "model"))
    told, before = again.predict(real_votes), predictor.predict(real_votes)
    np.testing.assert_array_equal(told, before)
    assert told.dtype == before.dtype and again.classes_.tolist() == predictor.classes_.tolist()
    assert again.score(real_votes, labels_of(real_votes, kind)) == predictor.score(
        real_votes, labels_of(real_votes, kind)
    )


def test_it_predicts_the_same_from_every_kind_of_feature(real_votes, fitted, tmp_path):
    votes, asked = real_votes[:80], real_votes[80:120]
    groups = [*fitted.group_names_, "n-grams", "embeddings"]
    for alone in groups:
        left_out = [name for name in groups if name not in (alone, "embeddings")]
        model = DEFAULT_EMBEDDER if alone == "embeddings" else None
        predictor = VotePredictor(folds=0, trees=False, leave_out=left_out, embedding_model=model).fit(votes)
        again = VotePredictor.load(predictor.save(tmp_path / alone.replace(" ", "-")))
        np.testing.assert_array_equal(again.predict_proba(asked), predictor.predict_proba(asked), alone)
        assert list(again.group_names_) == list(predictor.group_names_)


def test_it_predicts_the_same_from_given_numbers_extra_votes_and_trees(real_votes, tmp_path):
    votes, asked = real_votes[:100], real_votes[100:140]

    def given(rows):
        lean = np.array([[len(vote.response_a[0] or "")] for vote in rows], np.float64)
        return [Group("lean", ("lean",), lean, ("strength",), np.abs(lean))]

    predictor = VotePredictor(folds=2).fit(votes, labels_of(votes, "numbers"), given=given(votes))
    again = VotePredictor.load(predictor.save(tmp_path / "given"))
    np.testing.assert_array_equal(
        again.predict_proba(asked, given=given(asked)), predictor.predict_proba(asked, given=given(asked))
    )
    np.testing.assert_array_equal(
        again.predict(asked, given=given(asked)), predictor.predict(asked, given=given(asked))
    )
    with pytest.raises(InputError, match="lean"):
        again.predict(asked)
    pooled = VotePredictor(folds=0, trees=False).fit(votes, labels_of(votes, "numbers"), extra=[asked])
    loaded = VotePredictor.load(pooled.save(tmp_path / "extra"))
    np.testing.assert_array_equal(loaded.predict(real_votes), pooled.predict(real_votes))


def test_a_predictor_that_does_not_say_what_it_calls_outcomes_calls_them_by_name(fitted, tmp_path):
    folder = fitted.save(tmp_path / "model")
    about = json.loads((folder / "predictor.json").read_text("utf-8"))
    assert about.pop("classes") == ["a", "b", "tie"]
    (folder / "predictor.json").write_text(json.dumps(about), "utf-8")
    assert VotePredictor.load(folder).classes_.tolist() == ["a", "b", "tie"]
