"""One engine for the steps of a job: handed on where all went well, opened anew where it did not."""

from itertools import count

import pytest

from naze.jobs.asking import Step, Worker
from naze.prompts import Template
from naze.records import Fit, FittedPrompt, Prompt, Sampling, Status
from scripted import ScriptedEngine

SAMPLING = Sampling(max_tokens=10)
TEMPLATE = Template("test", "en", "Answer.", "", "What?")


def prompts(*names, choices=()):
    for name in names:
        prompt = Prompt(name, "", instruction="Answer.", subject=name, question="What?")
        yield FittedPrompt(prompt, Fit.WHOLE, 3, 3, 100)


class Opened:
    """Opens engines, and keeps them."""

    def __init__(self, **settings):
        self.settings = settings
        self.engines = []

    def __call__(self):
        self.engines.append(ScriptedEngine(**self.settings))
        return self.engines[-1]


def ask(worker, folder, *names, fit="fail"):
    step = Step("test", TEMPLATE, SAMPLING, " ".join(names), fit=fit)
    run = worker.ask(folder, step, lambda limit: prompts(*names))
    told = [row.answer.status for row in run.rows()]
    run.close()
    return told


def test_the_steps_of_a_job_share_one_engine(tmp_path):
    opened = Opened()
    worker = Worker("scripted", opened)
    for step in ("one", "two", "three"):
        assert ask(worker, tmp_path / step, "a", "b") == [Status.ANSWERED] * 2
    assert len(opened.engines) == 1 and not opened.engines[0].closed
    worker.close()
    assert opened.engines[0].closed


def test_an_engine_that_died_is_not_handed_on(tmp_path):
    opened = Opened(dies_on=lambda prompt: prompt.subject == "bad")
    worker = Worker("scripted", opened)
    assert ask(worker, tmp_path / "one", "a", "bad", "b").count(Status.ANSWERED) == 2
    dead = [engine for engine in opened.engines if "bad" in engine.asked]
    assert all(engine.closed for engine in dead)
    assert ask(worker, tmp_path / "two", "c") == [Status.ANSWERED]
    assert opened.engines[-1] not in dead


def test_an_engine_that_was_stopped_in_the_middle_is_not_handed_on(tmp_path):
    opened = Opened()
    worker = Worker("scripted", opened)
    told = count()

    class Stops:
        def start(self, *_):
            pass

        def advance(self, *_):
            if next(told) == 1:
                raise KeyboardInterrupt

        def finish(self):
            pass

    step = Step("test", TEMPLATE, SAMPLING, "a b c d")
    with pytest.raises(KeyboardInterrupt):
        worker.ask(tmp_path / "one", step, lambda limit: prompts(*"abcd"), progress=Stops())
    assert opened.engines[0].closed
    assert ask(worker, tmp_path / "two", "e") == [Status.ANSWERED]
    assert len(opened.engines) == 2


def test_an_engine_is_freed_before_another_model_takes_its_place(tmp_path):
    opened, seen = Opened(), []

    def open_long():
        seen.append([engine.closed for engine in opened.engines])
        return ScriptedEngine(fingerprint="long 1")

    worker = Worker("scripted", opened, long_model="long", open_long=open_long)

    def routed(limit):
        yield from prompts("a")
        prompt = Prompt("b", "", instruction="Answer.", subject="b", question="What?")
        yield FittedPrompt(prompt, Fit.ROUTED, 300, 300, 100)

    run = worker.ask(tmp_path / "one", Step("test", TEMPLATE, SAMPLING, "a b", fit="route"), routed)
    assert [row.answer.status for row in run.rows()] == [Status.ANSWERED] * 2
    run.close()
    assert seen[-1] == [True]
