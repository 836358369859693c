"""What did not change is not done again; every row can be followed; a step that loses rows is told."""

import re

import polars as pl
import pytest

from answering import AnsweringEngine, workers
from naze.engines import Model, Resolution
from naze.errors import BudgetError, ConfigurationError, StepError
from naze.generations import Budget
from naze.jobs.chains import ChainSettings, Flow, row_path, run_chain
from naze.tables import open_table

ROWS = pl.DataFrame(
    {
        "text": ["Late parcel. Angry", "good tea", "Broken cup. Sad. Refund", "nice people", ""],
        "stars": [1, 5, 2, 5, 3],
    }
)
STEPS = {
    "about": {"prompt": "About? {{ text }}", "choices": ["delivery", "product"]},
    "low": {"filter": "stars < 4 and about is not null"},
    "parts": {"fan_out": "text", "split": "sentences"},
    "tone": {"prompt": "Tone? {{ parts }}"},
    "back": {"fan_in": "parts", "collect": ["parts", "tone"]},
    "themes": {"from": "about", "group": ["about"], "each": "{{ text }}", "prompt": "Themes of {{ about }}?"},
    "joined": {"from": "back", "join": "themes", "on": ["about"]},
}


def question_of(prompt):
    """Return what a prompt asks; it stands at the end of the instruction or behind the row."""
    whole = re.sub(
        r"<(\w+)>.*?</\1>", "", f"{prompt.instruction}\n{prompt.subject}\n{prompt.question}", flags=re.DOTALL
    )
    return re.search(r"([^\n?]+)\?", whole)[1]


def say(prompt):
    if prompt.choices:
        product = "tea" in prompt.subject or "cup" in prompt.subject
        return {"delivery": 0.2, "product": 0.8} if product else {"delivery": 0.9, "product": 0.1}
    row = " ".join(re.findall(r"<\w+>(.*?)</\w+>", " ".join(prompt.subject.split())))
    return f"<{question_of(prompt)} of {row.strip()}>"


@pytest.fixture
def model():
    return AnsweringEngine(say)


@pytest.fixture
def run(tmp_path, model):
    def go(steps=STEPS, rows=ROWS, **settings):
        model.prompts.clear()
        told = []
        chained = run_chain(
            Flow(steps), open_table(rows), model="scripted", run=tmp_path / "chain",
            settings=ChainSettings(**settings), make_worker=workers(scripted=model), tell=told.append,
        )  # fmt: skip
        return chained.rows.frame(), {one.name: one for one in told}

    return go


def test_every_kind_of_step_does_its_work(run):
    frame, told = run()
    assert frame["text"].to_list() == ["Late parcel. Angry", "Broken cup. Sad. Refund"]
    assert frame["parts"].to_list() == [["Late parcel.", "Angry"], ["Broken cup.", "Sad.", "Refund"]]
    assert frame["tone"].to_list()[0] == ["<Tone of Late parcel.>", "<Tone of Angry>"]
    assert frame["themes_rows"].to_list() == [2, 2]
    assert told["about"].failed == 1, "the empty row was not asked"
    assert (told["low"].rows_in, told["low"].rows_out) == (5, 2)


def test_the_same_again_asks_nothing(run, model):
    first, _ = run()
    again, told = run()
    assert model.prompts == []
    assert all(one.kept for one in told.values())
    assert again.equals(first)


def test_an_edit_of_a_late_step_leaves_the_earlier_ones_paid_for(run, model):
    run()
    _, told = run({**STEPS, "tone": {"prompt": "Mood? {{ parts }}"}})
    assert {question_of(prompt) for prompt in model.prompts} == {"Mood"}
    assert [name for name, one in told.items() if not one.kept] == ["tone", "back", "joined"]


def test_an_edit_that_is_undone_costs_nothing(run, model):
    run()
    run({**STEPS, "tone": {"prompt": "Mood? {{ parts }}"}})
    run()
    assert model.prompts == []


def test_a_row_that_changed_is_asked_again_alone(run, model):
    run()
    changed = ROWS.with_columns(pl.Series("text", ["Late parcel. Calm", *ROWS["text"][1:]]))
    run(rows=changed)
    asked = sorted((question_of(prompt), prompt.subject) for prompt in model.prompts)
    assert [question for question, _ in asked] == ["About", "Themes of delivery", "Tone"]
    assert "Calm" in asked[-1][1]


def test_another_model_answers_anew(run, model):
    run()
    model.identity = AnsweringEngine(say, "other").identity
    run()
    assert len(model.prompts) == 4 + 5 + 2


def test_a_row_is_followed_through_every_step(run, tmp_path):
    run()
    stops = {stop.step: stop for stop in row_path(tmp_path / "chain", "3")}
    assert stops["about"].values[0]["about"] == "product"
    assert "Broken cup. Sad. Refund" in stops["about"].prompts[0]
    assert stops["parts"].ids == ("3.1", "3.2", "3.3")
    assert stops["themes"].note == "in the group about=product"
    assert stops["joined"].values[0]["themes_rows"] == 2
    dropped = {stop.step: stop for stop in row_path(tmp_path / "chain", "2")}
    assert dropped["low"].ids == ()
    assert "does not hold" in dropped["low"].note
    assert dropped["tone"].note == "did not come here"


def test_a_step_that_needs_a_missing_answer_does_not_ask(run, model):
    model.say = lambda prompt: None if "tea" in prompt.subject else say(prompt)
    frame, _ = run({"about": STEPS["about"], "next": {"prompt": "Why {{ about }}? {{ text }}"}})
    assert frame["next_status"].to_list() == ["answered", "invalid", "answered", "answered", "invalid"]
    assert "step 'about' has no answer: would not say" in frame["next_reason"][1]
    model.say = say
    frame, _ = run({"about": STEPS["about"], "next": {"prompt": "Why {{ about }}? {{ text }}"}}, retry=True)
    assert frame["next_status"].to_list() == ["answered", "answered", "answered", "answered", "invalid"]
    assert len(model.prompts) == 2, "what failed is asked again, and what had needed it"


def test_a_filter_that_leaves_nothing_leaves_a_table_without_rows(run):
    steps = {"none": {"filter": "stars > 9"}, **STEPS}
    frame, _ = run(steps)
    assert frame.height == 0
    assert "themes" in frame.columns


def test_a_group_that_does_not_fit_is_put_together_in_levels(run, model):
    model.context_tokens = 200
    rows = pl.DataFrame({"text": [f"word{number} " * 12 for number in range(30)]})
    steps = {"all": {"group": [], "each": "{{ text }}", "prompt": "Sum?", "max_tokens": 20}}
    model.say = lambda prompt: f"sum of {prompt.subject.count('</text_')}"
    frame, _ = run(steps, rows)
    assert frame["all_rows"].to_list() == [30]
    firsts = [prompt for prompt in model.prompts if prompt.question == "Sum?"]
    assert sum(prompt.subject.count("</text_") for prompt in firsts) == 30, "every row is read once"
    assert all(model.count_tokens([prompt])[0] <= 180 for prompt in model.prompts)
    assert len(model.prompts) > len(firsts) > 1


def test_a_group_of_which_a_part_failed_has_no_answer(run, model):
    model.context_tokens = 200
    rows = pl.DataFrame({"text": [f"word{number} " * 12 for number in range(30)]})
    model.say = lambda prompt: None if "word7 " in prompt.subject else "fine"
    frame, _ = run({"all": {"group": [], "each": "{{ text }}", "prompt": "Sum?", "max_tokens": 20}}, rows)
    assert frame["all"].to_list() == [None]
    assert "would not say" in frame["all_reason"][0]


def drop_rows(rows):
    return rows.filter(pl.col("stars") < 4)


def double_rows(rows):
    return pl.concat([rows, rows])


def add_words(rows):
    return rows.with_columns(pl.col("text").str.len_chars().alias("length"))


def test_a_function_that_returns_fewer_rows_is_told():
    with pytest.raises(StepError, match=r"step 'own'.*drop_rows returned 3 rows for 5; .*`rows: fewer`"):
        run_plain({"own": {"function": drop_rows}})


def test_a_function_that_says_so_may_drop_or_repeat_rows():
    assert run_plain({"own": {"function": drop_rows, "rows": "fewer"}})["naze id"].to_list() == [
        "1",
        "3",
        "5",
    ]
    doubled = run_plain({"own": {"function": double_rows, "rows": "more"}})
    assert doubled["naze id"].to_list()[:4] == ["1.1", "1.2", "2.1", "2.2"]


def test_a_function_announces_the_columns_that_it_adds():
    assert run_plain({"own": {"function": add_words, "adds": ["length"]}})["length"].to_list()[1] == 8
    with pytest.raises(StepError, match=r"a column 'length' that is not announced; say `adds: \[length\]`"):
        run_plain({"own": {"function": add_words}})
    with pytest.raises(StepError, match="returned no column 'size'"):
        run_plain({"own": {"function": lambda rows: rows, "adds": ["size"]}})


def test_a_function_that_fails_says_in_which_step():
    with pytest.raises(StepError, match=r"step 'own'.* failed with ZeroDivisionError"):
        run_plain({"own": {"function": lambda rows: 1 / 0}})


def run_plain(steps):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        return run_chain(Flow(steps), open_table(ROWS), run=Path(folder) / "chain").rows.frame()


def test_a_join_that_would_multiply_rows_is_refused():
    steps = {"a": {"from": "data", "filter": "stars > 0"}, "b": {"function": add_words, "adds": ["length"]}}
    with pytest.raises(StepError, match="several rows with stars = 5; joining would multiply rows"):
        run_plain({**steps, "c": {"from": "a", "join": "b", "on": ["stars"]}})


def test_without_columns_the_same_rows_are_joined():
    steps = {
        "few": {"filter": "stars < 3"},
        "sized": {"function": add_words, "adds": ["length"]},
        "all": {"from": "data", "join": "sized"},
    }
    assert run_plain(steps)["length"].to_list() == [18, None, 23, None, None]


def test_a_budget_stops_before_it_is_passed_and_a_larger_one_goes_on(run, model):
    with pytest.raises(BudgetError, match="the budget of 400 tokens would be passed"):
        run(budget=Budget(400))
    spent = sum(model.count_tokens([prompt])[0] for prompt in model.prompts)
    first = len(model.prompts)
    assert 0 < spent <= 400
    frame, _ = run(budget=Budget(100_000))
    assert frame.height == 2
    assert first + len(model.prompts) == 4 + 5 + 2, "nothing is paid for twice"


def test_a_budget_of_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="nothing could be asked"):
        Budget(0)


def test_a_chain_without_a_model_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="no model is named"):
        run_chain(Flow(STEPS), open_table(ROWS), run=tmp_path / "chain")


def test_a_chain_whose_rows_are_all_there_opens_no_model(tmp_path, monkeypatch):
    from naze.jobs import asking
    from naze.jobs.workers import worker_opener

    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"weights")
    opened = []

    def open_scripted(*_, **__):
        opened.append(1)
        return AnsweringEngine(say)

    resolution = Resolution("openvino", Model("scripted", path=gguf))
    monkeypatch.setattr(asking, "resolve", lambda *_, **__: resolution)
    monkeypatch.setattr(asking, "open_engine", open_scripted)
    monkeypatch.setenv("NAZE_CACHE", str(tmp_path / "cache"))

    def go(steps=STEPS):
        told = []
        run_chain(
            Flow(steps), open_table(ROWS), model="scripted", run=tmp_path / "chain", make_worker=worker_opener(),
            tell=told.append,
        )  # fmt: skip
        return {one.name for one in told if one.kept}

    go()
    assert opened
    opened.clear()
    assert go() == set(STEPS) and not opened
    gguf.write_bytes(b"other weights")
    assert "about" in go() and opened, (
        "the file changed: the engine is asked, and it says that it is the same"
    )
