"""Labels of a table: held against people's, corrected, left out where unsure, the least sure named first."""

import json
import math

import polars as pl
import pytest

import naze
from full_disk import needs_limits, no_room
from naze.engines.choices import distribution
from naze.errors import ConfigurationError, InputError, StoreError
from naze.jobs import export_table, label_job, label_to_file
from naze.jobs.labels import job
from naze.jobs.labels.held import FIGURES_NAME
from naze.jobs.mapping.cascade import Cascade
from naze.tables.aside import write_whole
from scripted import ScriptedEngine

LABELS = {"complaint": "unhappy", "praise": "happy", "praise of delivery": ""}
TEXTS = ["bad tea", "good tea", "so-so tea", "quick and good", None]
SHARES = {
    "bad": (0.9, 0.05, 0.05),
    "good": (0.1, 0.8, 0.1),
    "so-so": (0.4, 0.35, 0.25),
    "quick": (0.1, 0.2, 0.7),
}


class Engine(ScriptedEngine):
    """Knows four words."""

    def reply(self, prompt):
        [shares] = [shares for word, shares in SHARES.items() if f"\n{word}" in prompt.subject]
        logs = {choice: math.log(share) for choice, share in zip(prompt.choices, shares, strict=True)}
        return distribution(logs, 10, 0.0)


@pytest.fixture(autouse=True)
def scripted(monkeypatch):
    """Open the scripted engine by name, as a stranger's engine is opened."""
    from naze.engines.resolve import Resolution
    from naze.jobs import asking

    monkeypatch.setattr(asking, "open_engine", lambda *_, **__: Engine())
    monkeypatch.setattr(asking, "resolve", lambda *_, **__: Resolution)
    monkeypatch.setattr(Resolution, "notes", (), raising=False)


def labelled(tmp_path, table, **options):
    options = {"model": "scripted", "run": tmp_path / "run", **options}
    chosen = {
        name: options.pop(name)
        for name in ("examples", "gold_column", "abstain", "even_out")
        if name in options
    }
    done = label_to_file(label_job(table, LABELS, **chosen, **options), **options)
    frame = pl.concat(list(done.batches()))
    done.close()
    return done, frame


def test_every_label_has_its_probability_and_the_least_sure_row_is_named_first(tmp_path):
    done, frame = labelled(tmp_path, pl.DataFrame({"text": TEXTS}))
    assert frame["label"].to_list() == ["complaint", "praise", "complaint", "praise of delivery", None]
    assert frame["label_probabilities"][3]["praise of delivery"] == pytest.approx(0.7)
    assert [check.row for check in done.check_first] == [3, 4, 2, 1]


def test_an_unsure_row_is_left_to_a_person_with_what_is_known(tmp_path):
    done, frame = labelled(tmp_path, pl.DataFrame({"text": TEXTS}), abstain=0.75)
    assert frame["label"].to_list() == ["complaint", "praise", None, None, None]
    assert frame["label_status"].to_list() == ["answered", "answered", "abstained", "abstained", "invalid"]
    assert "'complaint', has probability 0.40; expected at least 0.75" in frame["label_reason"][2]
    assert frame["label_probability"][2] == pytest.approx(0.4)
    assert done.abstained == 2 and done.mapped.summary.failed == 1


def test_labels_are_held_against_peoples(tmp_path):
    people = ["complaint", "praise", "praise", "praise of delivery", ""]
    gold = pl.DataFrame({"text": TEXTS, "said": people})
    done, _ = labelled(tmp_path, pl.DataFrame({"text": TEXTS}), examples=gold, gold_column="said")
    assert done.figures.rows == 4 and done.figures.accuracy.value == 0.75
    assert not done.calibrated, "four rows teach nothing"
    [wrong] = done.confidently_wrong
    assert (wrong.row, wrong.people, wrong.model) == (3, "praise", "complaint")
    kept = json.loads((tmp_path / "run" / "labels.json").read_text())
    assert kept["gold"]["kappa"]["value"] == pytest.approx(done.figures.kappa.value)


def test_what_people_said_corrects_the_probabilities_of_the_table(tmp_path):
    texts = ["bad tea", "good tea", "so-so tea", "quick tea"] * 20
    gold = pl.DataFrame(
        {"text": texts, "label": ["complaint", "praise", "praise", "praise of delivery"] * 20}
    )
    done, frame = labelled(tmp_path, pl.DataFrame({"text": TEXTS}), examples=gold)
    assert done.calibrated and done.calibrated_figures.accuracy.value > done.figures.accuracy.value
    assert frame["label"][2] == "praise", "as people call so-so tea"
    assert sum(frame["label_probabilities"][2].values()) == pytest.approx(1)


SO_SO = ["complaint", "praise", "praise", "praise of delivery"] * 20
FOUR = ["bad tea", "good tea", "so-so tea", "quick tea"] * 20


def test_what_people_said_stays_when_the_examples_are_not_given_again(tmp_path):
    table, gold = pl.DataFrame({"text": TEXTS}), pl.DataFrame({"text": FOUR, "label": SO_SO})
    first, _ = labelled(tmp_path, table, examples=gold)
    again, frame = labelled(tmp_path, table, abstain=0.2)
    assert again.held == first.held and again.held_before and not first.held_before
    assert frame["label"][2] == "praise", "corrected as before"
    kept = json.loads((tmp_path / "run" / "labels.json").read_text())
    assert kept["gold"]["rows"] == 80 and kept["calibrated"] and kept["abstain"] == 0.2


def test_other_examples_take_the_place_of_the_earlier_ones(tmp_path):
    table, gold = pl.DataFrame({"text": TEXTS}), pl.DataFrame({"text": FOUR, "label": SO_SO})
    labelled(tmp_path, table, examples=gold)
    done, _ = labelled(tmp_path, table, examples=gold.head(4))
    assert done.figures.rows == 4 and not done.held_before


def test_a_correction_of_one_model_is_kept_and_not_applied_where_a_bigger_one_stands_in(tmp_path):
    table, gold = pl.DataFrame({"text": TEXTS}), pl.DataFrame({"text": FOUR, "label": SO_SO})
    labelled(tmp_path, table, examples=gold)
    bigger = naze.MapSettings(unsure=Cascade("bigger", below=0.6))
    done, _ = labelled(tmp_path, table, settings=bigger)
    assert not done.calibrated and done.held.helps
    done, _ = labelled(tmp_path, table)
    assert done.calibrated


@needs_limits
def test_figures_that_cannot_be_read_are_not_overwritten(tmp_path):
    table = pl.DataFrame({"text": TEXTS})
    labelled(tmp_path, table)
    (tmp_path / "run" / "labels.json").write_text('{"gold": {"rows": 3')
    with pytest.raises(StoreError, match="Give --examples again"):
        labelled(tmp_path, table)


def test_a_gold_label_that_is_none_is_named_with_its_row(tmp_path):
    gold = pl.DataFrame({"text": ["x", "y"], "label": ["praise", "prase"]})
    with pytest.raises(InputError, match=r"row 2: label is 'prase'.*Did you mean 'praise'\?"):
        label_job(pl.DataFrame({"text": TEXTS}), LABELS, examples=gold, model="scripted", run=tmp_path)


def test_a_column_that_is_there_already_is_told_before_the_gold_rows_are_asked_about(tmp_path):
    table = pl.DataFrame({"text": TEXTS[:2], "label": ["praise", "complaint"]})
    with pytest.raises(InputError, match="'label' would be added"):
        labelled(tmp_path, table, examples=table)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("abstain", [0, 1, 7])
def test_a_threshold_that_is_no_probability_is_refused(tmp_path, abstain):
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        label_job(pl.DataFrame({"text": TEXTS}), LABELS, abstain=abstain, model="scripted", run=tmp_path)


def test_the_same_kind_of_table_comes_back(tmp_path):
    result = naze.label(
        pl.DataFrame({"text": TEXTS}), LABELS, model="scripted", run=tmp_path / "run", abstain=0.75
    )
    assert result["label"].to_list() == ["complaint", "praise", None, None, None]


def test_gold_rows_measure_one_model_so_that_a_bigger_one_beside_it_is_refused(tmp_path):
    gold = pl.DataFrame({"text": ["good tea", "bad tea"], "label": ["praise", "complaint"]})
    settings = naze.MapSettings(unsure=Cascade("bigger", below=0.6))
    with pytest.raises(ConfigurationError, match="gold rows measure and calibrate one model"):
        labelled(tmp_path, pl.DataFrame({"text": TEXTS}), examples=gold, settings=settings)


def test_what_the_model_says_of_every_row_alike_is_taken_off(tmp_path):
    table = pl.DataFrame({"text": ["so-so tea", "bad tea", "good tea"] * 10 + [None]})
    done, frame = labelled(tmp_path, table, even_out=True)
    # The means are 0.467, 0.4 and 0.133: of the last row of each kind the rare label gains most.
    assert frame["label"].to_list()[:3] == ["praise of delivery", "complaint", "praise"]
    assert frame["label"][30] is None
    weights = [0.4 / (1.4 / 3), 0.35 / (1.2 / 3), 0.25 / (0.4 / 3)]
    assert frame["label_probabilities"][0]["praise"] == pytest.approx(weights[1] / sum(weights))
    assert not done.calibrated
    kept = json.loads((tmp_path / "run" / "labels.json").read_text("utf-8"))
    assert kept["evened"]["offsets"] == pytest.approx([-math.log(one / 3) for one in (1.4, 1.2, 0.4)])
    export_table(tmp_path / "run", tmp_path / "again.csv")
    assert pl.read_csv(tmp_path / "again.csv")["label"].to_list()[:30] == frame["label"].to_list()[:30]


def test_too_few_rows_are_not_evened_out(tmp_path):
    done, frame = labelled(tmp_path, pl.DataFrame({"text": TEXTS}), even_out=True)
    assert done.evened is None
    assert frame["label"].to_list() == ["complaint", "praise", "complaint", "praise of delivery", None]


def test_what_people_said_teaches_more_than_evening_out(tmp_path):
    gold = pl.DataFrame({"text": TEXTS[:4], "label": ["complaint", "praise", "praise", "praise of delivery"]})
    with pytest.raises(ConfigurationError, match="leave --even-out away"):
        labelled(tmp_path, pl.DataFrame({"text": TEXTS}), examples=gold, even_out=True)
    labelled(tmp_path, pl.DataFrame({"text": TEXTS}), examples=gold)
    with pytest.raises(ConfigurationError, match="keeps what"):
        labelled(tmp_path, pl.DataFrame({"text": TEXTS}), even_out=True)


@needs_limits
def test_figures_that_cannot_be_written_are_told_and_every_answer_is_kept(tmp_path, monkeypatch):
    table = pl.DataFrame({"text": TEXTS})

    def without_room(*arguments, **settings):
        with no_room():
            write_whole(*arguments, **settings)

    with monkeypatch.context() as patched, pytest.raises(StoreError) as caught:
        patched.setattr(job, "write_whole", without_room)
        labelled(tmp_path, table)
    assert "figures cannot be written (File too large). Every answer is stored; free some" in str(
        caught.value
    )
    assert not [file for file in (tmp_path / "run").iterdir() if FIGURES_NAME in file.name]
    labelled(tmp_path, table)
    assert json.loads((tmp_path / "run" / FIGURES_NAME).read_text("utf-8"))
