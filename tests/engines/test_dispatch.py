"""Prompts are kept where their beginning is known, pulled late, and never lost when an engine fails."""

import asyncio
from collections.abc import Iterator

import pytest

from naze.engines.background import BackgroundLoop
from naze.engines.dispatch import Ask, Dispatcher
from naze.errors import EngineCrashError
from naze.records import Answer, Prompt, Status


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop()
    yield loop
    loop.close()
    loop.close()


class Diary:
    """Answers after a moment, and writes down which prompt ran on which lane, and beside which others."""

    def __init__(self) -> None:
        self.lanes: dict[str, set[int]] = {}
        self.most = 0
        self.order: list[str] = []
        self._running = 0

    async def ask(self, prompt: Prompt, lane: int) -> Answer:
        self.lanes.setdefault(prompt.subject_id, set()).add(lane)
        self._running += 1
        self.most = max(self.most, self._running)
        await asyncio.sleep(0.02)
        self._running -= 1
        self.order.append(f"{prompt.subject_id}.{prompt.question_id}")
        return Answer(Status.ANSWERED, text="yes")


def matrix(subjects: int, questions: int, choices: tuple[str, ...] = ("A", "B")) -> list[Prompt]:
    return [
        Prompt(str(subject), str(question), "Judge.", f"Vote {subject}.", f"{question}?", choices=choices)
        for subject in range(subjects)
        for question in range(questions)
    ]


def run(
    loop: BackgroundLoop, ask: Ask, prompts: list[Prompt], lanes: int = 4, *, shared: bool = False
) -> list[Prompt]:
    dispatcher = Dispatcher(loop, ask, lanes=lanes, lanes_share_cache=shared)
    return [prompt for prompt, _ in dispatcher.run(prompts)]


def test_choices_about_one_subject_stay_on_one_lane(loop: BackgroundLoop):
    diary, prompts = Diary(), matrix(6, 3)
    answered = run(loop, diary.ask, prompts)
    assert sorted(map(str, answered)) == sorted(map(str, prompts))
    assert {len(lanes) for lanes in diary.lanes.values()} == {1}
    assert diary.most > 1


def test_texts_about_one_subject_take_free_lanes_too(loop: BackgroundLoop):
    diary = Diary()
    run(loop, diary.ask, matrix(1, 8, choices=()))
    assert len(diary.lanes["0"]) == 4


def test_where_a_cache_is_shared_the_first_question_goes_ahead_of_the_others(loop: BackgroundLoop):
    diary = Diary()
    run(loop, diary.ask, matrix(1, 5), shared=True)
    assert diary.order[0] == "0.0"
    assert diary.most == 4


def test_prompts_without_a_subject_wait_for_nobody(loop: BackgroundLoop):
    diary = Diary()
    run(loop, diary.ask, [Prompt(str(number), "", "", "", "?") for number in range(8)])
    assert diary.most == 4


def test_one_lane_takes_prompts_in_their_order_and_pulls_none_ahead(loop: BackgroundLoop):
    diary, pulled = Diary(), 0

    def source() -> Iterator[Prompt]:
        nonlocal pulled
        for prompt in matrix(3, 2):
            pulled += 1
            yield prompt

    for number, _ in enumerate(
        Dispatcher(loop, diary.ask, lanes=1, lanes_share_cache=False).run(source()), 1
    ):
        assert pulled == number
    assert diary.order == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"]


def test_answers_that_have_come_are_given_out_before_a_failure_is_raised(loop: BackgroundLoop):
    async def ask(prompt: Prompt, lane: int) -> Answer:
        if prompt.subject_id == "0":
            raise EngineCrashError("died")
        return Answer(Status.ANSWERED, text="yes")

    answers = Dispatcher(loop, ask, lanes=3, lanes_share_cache=False).run(matrix(3, 1))
    loop.wait(asyncio.sleep(0))
    came = []
    with pytest.raises(EngineCrashError, match="died"):
        for prompt, _ in answers:
            came.append(prompt.subject_id)
    assert "0" not in came


def test_closing_cancels_what_is_under_way(loop: BackgroundLoop):
    cancelled = []

    async def ask(prompt: Prompt, lane: int) -> Answer:
        if prompt.subject_id == "0":
            return Answer(Status.ANSWERED, text="yes")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(prompt.subject_id)
            raise
        return Answer(Status.ANSWERED, text="late")

    answers = Dispatcher(loop, ask, lanes=3, lanes_share_cache=False).run(matrix(9, 1))
    next(answers)
    answers.close()
    loop.close()
    assert sorted(cancelled) == ["1", "2"]


def test_a_source_that_breaks_is_heard(loop: BackgroundLoop):
    def source() -> Iterator[Prompt]:
        yield from matrix(2, 1)
        raise OSError("the disk is gone")

    dispatcher = Dispatcher(loop, Diary().ask, lanes=4, lanes_share_cache=False)
    with pytest.raises(OSError, match="the disk is gone"):
        list(dispatcher.run(source()))
