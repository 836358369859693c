"""A predictor comes back from its folder to the bit; a damaged one is refused with words."""

import json

import numpy as np
import pytest

from naze.errors import InputError
from naze.predictions import VotePredictor
from naze.predictions.asking import Questions
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
