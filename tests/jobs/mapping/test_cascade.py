"""A bigger model answers where the own one is unsure; the threshold holds what it promises."""

import random

import polars as pl
import pytest

from answering import AnsweringEngine, workers
from naze.errors import ConfigurationError
from naze.generations import spent_in
from naze.jobs.chains import Flow, run_chain
from naze.jobs.mapping.cascade import Cascade
from naze.jobs.mapping.thresholds import choose_threshold, least_sample, lowest_share
from naze.tables import open_table

ROWS = pl.DataFrame({"text": [f"text {number}" for number in range(120)]})


def number_of(prompt):
    return int(prompt.subject.split("text ")[1].split()[0].removesuffix("</text>"))


def small(prompt):
    """Is sure of even numbers, unsure of odd ones, and silent about the first."""
    number = number_of(prompt) if "text " in prompt.subject else 0
    if prompt.subject_id == "1":
        return None
    return {"yes": 0.95, "no": 0.05} if number % 2 == 0 else {"yes": 0.55, "no": 0.45}


def big(prompt):
    """Says no to all odd numbers."""
    number = number_of(prompt) if "text " in prompt.subject else 0
    return {"yes": 0.99, "no": 0.01} if number % 2 == 0 else {"yes": 0.02, "no": 0.98}


@pytest.fixture
def cascade(tmp_path):
    engines = {"small": AnsweringEngine(small, "small"), "big": AnsweringEngine(big, "big")}

    def go(**unsure):
        step = {"prompt": "Is it? {{ text }}", "choices": ["yes", "no"], "unsure": {"model": "big", **unsure}}
        found = run_chain(
            Flow({"odd": step}), open_table(ROWS), model="small", run=tmp_path / "run", make_worker=workers(**engines)
        )  # fmt: skip
        return found.rows.frame()

    return go, engines, tmp_path / "run"


def test_unsure_and_unanswered_rows_go_to_the_bigger_model(cascade):
    go, engines, folder = cascade
    frame = go(below=0.6)
    assert frame["odd"].to_list() == ["yes" if number % 2 == 0 else "no" for number in range(120)]
    assert frame["odd_model"].to_list()[:4] == ["big", "big", "small", "big"]
    assert len(engines["big"].prompts) == 61
    spent = {one.model: one.answers for one in spent_in(folder)}
    assert spent == {"small": 120, "big": 61}, "how many went where is counted"


def test_another_threshold_asks_only_what_is_new(cascade):
    go, engines, _ = cascade
    go(below=0.5)
    assert [prompt.subject_id for prompt in engines["big"].prompts] == ["1"]
    go(below=0.6)
    assert len(engines["big"].prompts) == 61
    assert len(engines["small"].prompts) == 120


def test_where_the_bigger_model_fails_the_own_answer_stays_with_a_reason(cascade):
    go, engines, _ = cascade
    engines["big"].say = lambda prompt: None
    frame = go(below=0.6)
    assert frame["odd"].to_list()[1] == "yes"
    assert frame["odd_reason"].to_list()[1] == "big: would not say"
    assert frame["odd_model"].to_list()[1] == "small"


def test_a_threshold_is_found_for_a_stated_agreement(cascade):
    go, engines, _ = cascade
    frame = go(agreement=0.9, sample=80)
    assert frame["odd"].to_list() == ["yes" if number % 2 == 0 else "no" for number in range(120)]
    assert len(engines["big"].prompts) < 120, (
        "what the own model is sure of is not asked again, the sample aside"
    )


def test_a_question_without_choices_cannot_be_unsure(tmp_path):
    step = {"prompt": "Is it? {{ text }}", "unsure": {"model": "big", "below": 0.5}}
    engine = AnsweringEngine(lambda prompt: "x")
    with pytest.raises(ConfigurationError, match="question 'odd' has no choices"):
        run_chain(
            Flow({"odd": step}), open_table(ROWS), model="small", run=tmp_path / "run",
            make_worker=workers(small=engine, big=engine),
        )  # fmt: skip


def test_when_the_bigger_model_is_asked_is_said_once():
    with pytest.raises(ConfigurationError, match="not said"):
        Cascade("big")
    with pytest.raises(ConfigurationError, match="said twice"):
        Cascade("big", 0.5, 0.9)


def test_the_bound_is_the_exact_one_of_clopper_and_pearson():
    assert lowest_share(59, 59) == pytest.approx(0.05 ** (1 / 59))
    assert lowest_share(95, 100) == pytest.approx(
        0.8977, abs=1e-4
    )  # R: binom.test(95, 100, alternative="greater")
    assert lowest_share(0, 10) == 0


def test_a_sample_that_cannot_show_the_agreement_is_refused():
    assert least_sample(0.95) == 59
    with pytest.raises(ConfigurationError, match=r"a sample of 58 rows cannot show an agreement of 0\.95"):
        choose_threshold([0.9] * 58, [True] * 58, 0.95)
    assert choose_threshold([0.9] * 59, [True] * 59, 0.95).below == 0.9


def test_where_the_models_differ_everywhere_all_rows_go_to_the_bigger():
    found = choose_threshold([0.9] * 100, [False] * 100, 0.9)
    assert found.below == float("inf")
    assert found.kept == 0
    assert found.to_dict()["below"] is None


def test_the_promise_is_kept_in_nineteen_of_twenty_samples():
    """Disagreement falls with sureness; the true agreement of a threshold is known here."""
    chance, target, trials, broken = random.Random(1), 0.9, 400, 0
    for _ in range(trials):
        sure = [chance.random() for _ in range(300)]
        agrees = [chance.random() > 0.5 * (1 - one) for one in sure]
        below = min(1.0, choose_threshold(sure, agrees, target).below)
        broken += 1 - 0.25 * (1 - below) ** 2 < target
    assert broken / trials <= 0.05 + 2 * (0.05 * 0.95 / trials) ** 0.5
