"""What a person is told while a run goes on."""

import io
import json
import random

import pytest

from naze.engines.working import Working
from naze.generations.progress import JsonProgress, Meter, describe, span
from naze.records import Answer, Status

GOOD = Answer(Status.ANSWERED, "x", prompt_tokens=90, generated_tokens=10)
BAD = Answer(Status.ERROR, reason="no")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_is_rows_left_by_the_speed_so_far():
    clock = Clock()
    meter = Meter(clock)
    meter.start(done=10, failed=1, total=100)
    for _ in range(30):
        clock.now += 2.0
        meter.advance(GOOD, 1)
    reading = meter.reading()
    assert (reading.done, reading.total, reading.failed) == (40, 100, 1)
    assert reading.seconds_left == pytest.approx(120)
    assert reading.tokens_per_second == pytest.approx(50)
    assert reading.seconds_left_low == pytest.approx(120) == reading.seconds_left_high, (
        "the speed never varied"
    )


def test_a_speed_that_varies_widens_the_interval():
    clock = Clock()
    meter = Meter(clock)
    meter.start(0, 0, 100)
    for number in range(40):
        clock.now += 1.0 if number % 2 else 9.0
        meter.advance(GOOD, 1)
    reading = meter.reading()
    assert reading.seconds_left_low < reading.seconds_left < reading.seconds_left_high


def test_the_interval_tightens_while_the_run_goes_on_and_holds_what_comes():
    looks = (10, 50, 200, 390)
    widths, held = dict.fromkeys(looks, 0.0), dict.fromkeys(looks, 0)
    for seed in range(100):
        chance, clock = random.Random(seed), Clock()
        meter = Meter(clock)
        meter.start(0, 0, 400)
        seconds = [chance.uniform(0.5, 3.5) for _ in range(400)]
        for place, took in enumerate(seconds, start=1):
            clock.now += took
            meter.advance(GOOD, 1)
            if place in looks:
                reading = meter.reading()
                widths[place] += reading.seconds_left_high - reading.seconds_left_low
                held[place] += reading.seconds_left_low <= sum(seconds[place:]) <= reading.seconds_left_high
    narrowing = list(widths.values())
    assert narrowing == sorted(narrowing, reverse=True) and narrowing[0] > 4 * narrowing[2]
    assert all(80 <= count <= 98 for count in held.values()), f"a 90 % interval holds 90 of 100: {held}"


def test_nothing_is_said_about_the_time_before_anything_finished():
    meter = Meter()
    meter.start(0, 0, 5)
    assert meter.reading().seconds_left is None


def worked(meter, clock, times, **told):
    for _ in range(times):
        clock.now += 0.25
        meter.work(Working(**told))


def test_the_time_left_is_told_by_tokens_before_the_first_answer_is_whole():
    clock = Clock()
    meter = Meter(clock)
    meter.start(0, 0, 10)
    worked(meter, clock, 4, prompts_read=1, tokens_read=100)
    worked(meter, clock, 100, tokens_written=4)
    reading = meter.reading()
    assert (reading.done, reading.tokens_read, reading.tokens_written) == (0, 400, 400)
    by_reading, by_writing = 6 * 100 * 0.25 / 100, (10 * 200 - 400) * 0.25 / 4
    assert reading.seconds_left == pytest.approx(by_reading + by_writing)
    assert 0 < reading.seconds_left_low < reading.seconds_left < reading.seconds_left_high


def test_the_time_left_is_not_nothing_while_long_answers_are_not_whole():
    clock = Clock()
    meter = Meter(clock)
    meter.start(0, 0, 5)
    worked(meter, clock, 1, prompts_read=5, tokens_read=2289)
    worked(meter, clock, 60, tokens_written=20)
    assert meter.reading().seconds_left == pytest.approx(15, rel=0.1), "as much again as was written"
    meter.advance(GOOD, 1)
    assert meter.reading().seconds_left > 0


def test_what_is_asked_for_once_more_takes_its_time_and_is_no_further_row():
    clock = Clock()
    meter = Meter(clock)
    meter.start(0, 0, 4)
    for _ in range(4):
        clock.now += 1
        meter.advance(GOOD, 1)
    assert meter.reading().seconds_left == 0
    meter.again(2)
    assert meter.reading().seconds_left == pytest.approx(2)
    assert "2 with a fault asked for once more, 2 s left" in describe(meter.reading())
    clock.now += 1
    meter.advance(BAD, 0)
    reading = meter.reading()
    assert (reading.done, reading.failed, reading.again) == (4, 0, 1)
    assert reading.seconds_left == pytest.approx(1)


def test_a_meter_does_not_grow_with_the_time_that_a_run_takes():
    clock = Clock()
    meter = Meter(clock)
    meter.start(0, 0, 5)
    worked(meter, clock, 5000, prompts_read=1, tokens_read=7, tokens_written=3)
    held = [value for value in vars(meter).values() if hasattr(value, "__len__")]
    assert all(len(value) < 1000 for value in held)


def test_failures_and_rows_that_share_an_answer_are_counted():
    meter = Meter()
    meter.start(0, 0, 10)
    meter.advance(BAD, 1)
    meter.advance(GOOD, 3)
    reading = meter.reading()
    assert (reading.done, reading.failed) == (4, 1)
    assert "1 failed" in describe(reading)


def test_lines_of_json_are_for_programs():
    stream = io.StringIO()
    progress = JsonProgress(stream, every_seconds=0)
    progress.start(0, 0, 2)
    progress.advance(GOOD, 1)
    progress.advance(BAD, 1)
    progress.finish()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["done"] for line in lines] == [0, 1, 2, 2]
    assert lines[-1]["failed"] == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (5940, "99 min"), (7200, "2.0 h"), (3.6e7, "10,000.0 h")],
)
def test_a_time_is_said_in_a_persons_unit(seconds, said):
    assert span(seconds) == said
