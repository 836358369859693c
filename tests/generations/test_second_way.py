"""What is found faulty is asked once more in another way; order and failure are the subject, so the engine is scripted."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answering import AnsweringEngine
from naze.errors import BudgetError
from naze.generations import Account, Budget, export_run, open_run, spent_in, write_run
from naze.generations.second_way import is_better
from naze.generations.store import STORE_NAME
from naze.records import Answer, Fit, FittedPrompt, Prompt, Sampling, Status
from scripted import MANIFEST, rows

AGAIN = " (again)"


class FaultFinder:
    """Finds the faults that a text names: "x: looping alike" has two."""

    asks_again = True

    def __init__(self):
        self.looked_at = []

    def look(self, row, answer):
        self.looked_at.append(row.prompt.question)
        return replace(answer, marks=tuple((answer.text or "").partition(": ")[2].split()))

    def again(self, row, answer):
        assert answer.marks
        return replace(
            row.prompt, question=row.prompt.question + AGAIN, sampling=Sampling(10, repetition_penalty=1.2)
        )


class Engine(AnsweringEngine):
    """Answers a question with what a table says, or with "<question>: <faults>"; may stop or die on its way."""

    def __init__(self, said, *, stops_after=None, dies_on=lambda prompt: False):
        super().__init__(lambda prompt: said.get(prompt.question, prompt.question))
        self.stops_after = stops_after
        self.dies_on = dies_on

    def reply(self, prompt):
        if self.stops_after is not None and len(self.prompts) >= self.stops_after:
            raise KeyboardInterrupt
        return super().reply(prompt)

    @property
    def questions(self):
        return [prompt.question for prompt in self.prompts]


def ask(folder, source, engine, *, check=None, spender=None):
    with write_run(folder, MANIFEST) as run:
        if not run.is_planned_from("1"):
            run.plan(source, "1")
        return run.execute(source, lambda: engine, check=check or FaultFinder(), spender=spender)


def kept(folder):
    with closing(open_run(folder)) as run:
        return [(row.answer.text, row.answer.marks) for row in run.rows()]


def journal(folder):
    with closing(sqlite3.connect(folder / STORE_NAME)) as store:
        return store.execute("SELECT text, second, superseded FROM answers ORDER BY number").fetchall()


def counted(summary):
    return summary.faulty, summary.asked_again, summary.mended


def answered(*marks):
    return Answer(Status.ANSWERED, text="x", marks=marks)


def invalid(*marks):
    return Answer(Status.INVALID, text="x", reason="no JSON", marks=marks)


@pytest.mark.parametrize(
    ("second", "first", "better"),
    [
        (answered(), answered("looping"), True),
        (answered("alike"), answered("looping", "alike"), True),
        (answered("alike"), answered("looping"), False),
        (answered("looping", "alike"), answered("looping"), False),
        (answered("looping", "alike"), invalid("cut_off"), True),
        (invalid(), answered("looping"), False),
        (Answer(Status.ERROR, reason="no"), answered("looping", "alike"), False),
    ],
)
def test_the_second_answer_is_better_where_it_is_usable_or_has_fewer_faults(second, first, better):
    assert is_better(second, first) is better


def test_a_faulty_answer_is_asked_in_another_way_after_all_others_and_the_better_one_is_kept(tmp_path):
    engine = Engine({"b": "b: looping alike", f"b{AGAIN}": "b2: alike"})
    summary = ask(tmp_path, rows("abcdef"), engine)
    assert engine.questions[-1] == f"b{AGAIN}" and len(engine.questions) == 7
    assert engine.prompts[-1].sampling.repetition_penalty == 1.2
    assert kept(tmp_path)[1] == ("b2: alike", ("alike",))
    assert counted(summary) == (1, 1, 1)
    assert summary.answered == 6
    assert [entry for entry in journal(tmp_path) if entry[0][0] == "b"] == [
        ("b: looping alike", 0, 1),
        ("b2: alike", 1, 0),
    ]


def test_a_second_answer_that_is_no_better_stays_in_the_journal_alone(tmp_path):
    engine = Engine({"b": "b: looping", f"b{AGAIN}": "b2: alike"})
    assert counted(ask(tmp_path, rows("ab"), engine)) == (1, 1, 0)
    assert kept(tmp_path)[1] == ("b: looping", ("looping",))
    assert ("b2: alike", 1, 1) in journal(tmp_path)


@pytest.mark.parametrize("fails", ["with an error", "by dying"])
def test_a_second_way_that_fails_never_replaces_an_answer(tmp_path, fails):
    def dies(prompt):
        return fails == "by dying" and prompt.question == f"b{AGAIN}"

    summary = ask(tmp_path, rows("abc"), Engine({"b": "b: looping", f"b{AGAIN}": None}, dies_on=dies))
    assert (summary.answered, summary.error) == (3, 0)
    assert counted(summary) == (1, 1, 0)
    assert kept(tmp_path)[1] == ("b: looping", ("looping",))
    again = Engine({})
    ask(tmp_path, rows("abc"), again)
    assert again.questions == [], "a second way is gone once"


def test_rows_with_the_same_prompt_share_the_second_answer(tmp_path):
    engine = Engine({"b": "b: looping", f"b{AGAIN}": "b2"})
    summary = ask(tmp_path, rows("babb"), engine)
    assert engine.questions.count(f"b{AGAIN}") == 1
    assert kept(tmp_path) == [("b2", ()), ("a", ()), ("b2", ()), ("b2", ())]
    assert counted(summary) == (0, 1, 1)
    worse = Engine({"b": "b: looping", f"b{AGAIN}": "b2: looping alike"})
    assert counted(ask(tmp_path / "worse", rows("babb"), worse)) == (3, 1, 0), (
        "rows are faulty, prompts asked"
    )


def test_a_finished_run_opens_no_engine(tmp_path):
    ask(tmp_path, rows("ab"), Engine({"b": "b: looping", f"b{AGAIN}": "b2: looping"}))
    source = rows("ab")
    with write_run(tmp_path, MANIFEST) as run:
        assert run.is_finished_from("1", checked=True)
        summary = run.execute(source, lambda: pytest.fail("opened"), check=FaultFinder())
    assert counted(summary) == (1, 1, 0)


def test_where_nothing_is_faulty_no_prompt_is_made_again(tmp_path):
    made = []

    def source():
        made.append(1)
        return rows("ab")()

    with write_run(tmp_path, MANIFEST) as run:
        run.plan(source, "1")
        made.clear()
        run.execute(source, lambda: Engine({}), check=FaultFinder())
    assert len(made) == 1


def test_without_a_check_nobody_looks(tmp_path):
    engine = Engine({"b": "b: looping"})
    with write_run(tmp_path, MANIFEST) as run:
        run.plan(rows("ab"), "1")
        summary = run.execute(rows("ab"), lambda: engine)
    assert counted(summary) == (0, 0, 0) and sorted(engine.questions) == ["a", "b"]


@settings(max_examples=25)
@given(
    texts=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12),
    stops=st.lists(st.integers(0, 9), max_size=3),
)
def test_a_run_stopped_anywhere_and_resumed_equals_one_that_was_not(tmp_path_factory, texts, stops):
    said = {
        "b": "b: looping",
        f"b{AGAIN}": "b2",
        "c": "c: alike",
        f"c{AGAIN}": "c2: alike",
        "d": "d: looping",
    }
    whole, parts = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("parts")
    expected = ask(whole, rows(texts), Engine(said))
    asked = []
    for stop in [*stops, None]:
        engine = Engine(said, stops_after=stop)
        try:
            summary = ask(parts, rows(texts), engine)
        except KeyboardInterrupt:
            pass
        asked += engine.questions
    assert kept(parts) == kept(whole)
    assert counted(summary) == counted(expected)
    assert len(asked) == len(set(asked)), "neither way is gone twice"


def test_between_an_answer_and_its_second_way_a_run_is_not_finished(tmp_path):
    said = {"b": "b: looping", f"b{AGAIN}": "b2"}
    with pytest.raises(KeyboardInterrupt):
        ask(tmp_path, rows("ab"), Engine(said, stops_after=2))
    with closing(open_run(tmp_path)) as run:
        assert run.summary().open == 0
        assert run.is_finished_from("1") and not run.is_finished_from("1", checked=True)
    engine = Engine(said)
    assert counted(ask(tmp_path, rows("ab"), engine)) == (0, 1, 1)
    assert engine.questions == [f"b{AGAIN}"]


def test_a_budget_that_ends_within_the_second_way_keeps_the_first_answers(tmp_path):
    said = {"b": "b: looping", f"b{AGAIN}": "b2"}

    def within(tokens):
        engine = Engine(said)
        spender = Account(Budget(tokens), tmp_path).spender("scripted", local=True, count=engine.count_tokens)
        return ask(tmp_path / "run", rows("ab"), engine, spender=spender), engine

    with pytest.raises(BudgetError, match="a larger budget goes on"):
        within(16)  # 5 are spent, and the second way may cost 12
    assert [text for text, _ in kept(tmp_path / "run")] == ["a", "b: looping"]
    summary, engine = within(100)
    assert engine.questions == [f"b{AGAIN}"] and counted(summary) == (0, 1, 1)
    [spent] = spent_in(tmp_path)
    assert spent.answers == 3, "both answers were paid for"


def test_what_failed_both_ways_is_asked_both_ways_again_and_every_attempt_counts(tmp_path):
    class Invalid(FaultFinder):
        def look(self, row, answer):
            status = Status.INVALID if "no" in answer.text else answer.status
            reason = "says no" if status is Status.INVALID else None
            return replace(super().look(row, answer), status=status, reason=reason)

    failing = {"b": "b no: cut_off", f"b{AGAIN}": "b2 no: cut_off"}
    assert ask(tmp_path, rows("ab"), Engine(failing), check=Invalid()).invalid == 1
    for asked_before in (2, 4):
        with write_run(tmp_path) as run:
            assert run.reset_failures() == 1
        engine = Engine(failing)
        ask(tmp_path, rows("ab"), engine, check=Invalid())
        assert engine.questions == ["b", f"b{AGAIN}"]
        with closing(open_run(tmp_path)) as run:
            [failure] = run.failures()
        assert failure.answer.attempts == asked_before + 1
    with write_run(tmp_path) as run:
        run.reset_failures()
    summary = ask(tmp_path, rows("ab"), Engine({"b": "b: looping", f"b{AGAIN}": "b2"}), check=Invalid())
    assert (summary.answered, *counted(summary)) == (2, 0, 1, 1)
    with closing(open_run(tmp_path)) as run:
        assert [row.answer.attempts for row in run.rows()] == [1, 8]


def test_what_was_never_asked_is_not_looked_at(tmp_path):
    made = [
        *rows("a")(),
        FittedPrompt(Prompt("long", "", "", "", "b"), fit=Fit.OVERFLOW, whole_tokens=9, limit_tokens=8),
        FittedPrompt(Prompt("none", "", "", "", "c"), problem="no text"),
    ]
    check = FaultFinder()
    summary = ask(tmp_path, lambda: made, Engine({}), check=check)
    assert check.looked_at == ["a"]
    assert (summary.answered, summary.overflow, summary.invalid) == (1, 1, 1)


def test_a_routed_row_goes_the_second_way_to_its_own_engine(tmp_path):
    made = [rows("a")()[0], replace(rows("ab")()[1], fit=Fit.ROUTED)]
    said = {"a": "a: alike", f"a{AGAIN}": "a2", "b": "b: looping", f"b{AGAIN}": "b2"}
    short, long = Engine(said), Engine(said)
    with write_run(tmp_path, replace(MANIFEST, fit="route", long_fingerprint="long 1")) as run:
        run.plan(lambda: made, "1")
        summary = run.execute(lambda: made, lambda: short, open_long_engine=lambda: long, check=FaultFinder())
    assert (short.questions, long.questions) == (["a", f"a{AGAIN}"], ["b", f"b{AGAIN}"])
    assert counted(summary) == (0, 2, 2)


def test_an_export_names_the_faults_of_what_is_kept(tmp_path):
    said = {"b": "b: looping alike", f"b{AGAIN}": "b2: looping alike", "c": "c: alike", f"c{AGAIN}": "c2"}
    ask(tmp_path / "run", rows("abc"), Engine(said))
    with closing(open_run(tmp_path / "run")) as run:
        export_run(run, tmp_path / "out.csv")
    assert pl.read_csv(tmp_path / "out.csv")["marks"].to_list() == [None, "looping, alike", None]
