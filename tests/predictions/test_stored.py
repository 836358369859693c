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
