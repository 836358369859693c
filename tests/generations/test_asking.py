"""Engines that die, refuse, drop or repeat: every prompt still ends as one answer, or stays to be asked."""

import pytest

from naze.errors import EngineCrashError, EngineReplyError, EngineUnavailableError
from naze.generations.asking import MOST_LONE_CRASHES, Asker
from naze.records import Prompt, Sampling, Status
from scripted import ScriptedEngine


def prompts(letters):
    return [Prompt(letter, "", "", "", letter) for letter in letters]


def ask(open_engine, letters):
    asker = Asker(open_engine, Sampling())
    try:
        return {prompt.subject_id: answer for prompt, answer in asker.answers(prompts(letters))}
    finally:
        asker.close()


class Away(ScriptedEngine):
    """A server that cannot be reached any more after some answers."""

    def __init__(self, after: int, status: int | None = None) -> None:
        super().__init__()
        self.after, self.status = after, status

    def reply(self, prompt):
        self.after -= 1
        if self.after < 0:
            raise EngineUnavailableError("the server is away", status=self.status)
        return super().reply(prompt)


def test_a_server_that_was_away_for_a_moment_is_asked_again():
    engines = iter([Away(after=2), ScriptedEngine()])
    found = ask(lambda: next(engines), "abcdef")
    assert {answer.status for answer in found.values()} == {Status.ANSWERED}
    assert sorted(found) == list("abcdef")


def test_a_server_that_stays_away_stops_the_asking_and_fails_no_prompt():
    engines = iter([Away(after=2)])

    def open_engine():
        try:
            return next(engines)
        except StopIteration:
            raise EngineUnavailableError("no server there") from None

    asker = Asker(open_engine, Sampling())
    found = []
    with pytest.raises(EngineUnavailableError, match="no server there"):
        for prompt, answer in asker.answers(prompts("abcdef")):
            found.append((prompt.subject_id, answer.status))
    assert [status for _, status in found] == [Status.ANSWERED] * 2


def test_a_server_that_refuses_is_not_asked_again():
    opened = []

    def open_engine():
        opened.append(Away(after=0, status=401))
        return opened[-1]

    with pytest.raises(EngineUnavailableError):
        ask(open_engine, "abc")
    assert len(opened) == 1


def test_an_engine_that_dies_while_it_is_opened_blames_no_prompt():
    engines = iter([ScriptedEngine(dies_on=lambda prompt: True)])

    def open_engine():
        engine = next(engines, None)
        if engine is None:
            raise EngineCrashError("killed while loading")
        return engine

    with pytest.raises(EngineUnavailableError, match="while it was being opened: killed while loading"):
        ask(open_engine, "abc")


def test_two_prompts_that_kill_engines_fail_and_all_others_are_answered():
    def open_engine():
        return ScriptedEngine(dies_on=lambda prompt: prompt.question in "cd")

    found = ask(open_engine, "abcdefgh")
    assert sorted(name for name, answer in found.items() if answer.status is Status.ERROR) == ["c", "d"]
    assert len(found) == 8
    assert "died on this prompt alone: died on c" in found["c"].reason


def test_lone_deaths_count_as_the_engines_fault_only_when_nothing_is_answered_between():
    deadly = {str(number) for number in range(0, 4 * MOST_LONE_CRASHES, 2)}

    def open_engine():
        return ScriptedEngine(dies_on=lambda prompt: prompt.question in deadly, together=1)

    found = ask(open_engine, [str(number) for number in range(4 * MOST_LONE_CRASHES)])
    assert {name for name, answer in found.items() if answer.status is Status.ERROR} == deadly


class Forgetful(ScriptedEngine):
    """Ends without answering all that it took."""

    def answer(self, prompts, sampling):
        taken = list(prompts)
        yield taken[0], self.reply(taken[0])


class Idle(ScriptedEngine):
    """Ends without taking all there is."""

    def answer(self, prompts, sampling):
        prompt = next(iter(prompts))
        yield prompt, self.reply(prompt)


class Repeating(ScriptedEngine):
    """Answers the same prompt twice."""

    def answer(self, prompts, sampling):
        for prompt in prompts:
            yield prompt, self.reply(prompt)
            yield prompt, self.reply(prompt)


@pytest.mark.parametrize(
    ("engine", "said"),
    [(Forgetful, "2 prompts unanswered"), (Idle, "more to pull"), (Repeating, "for the second time")],
)
def test_an_engine_that_does_not_keep_to_the_protocol_is_an_error_and_never_a_lost_row(engine, said):
    with pytest.raises(EngineReplyError, match=said):
        ask(engine, "abc")


def test_a_source_that_fails_is_no_dead_engine_and_drops_no_row_in_silence():
    def source():
        yield from prompts("abcdef")
        raise EngineCrashError("died while counting tokens for the next prompts")

    asker = Asker(ScriptedEngine, Sampling())
    with pytest.raises(EngineCrashError, match="while counting"):
        list(asker.answers(source()))
