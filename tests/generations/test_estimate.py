"""What a job will take, before it is run."""

import json
from dataclasses import replace

from naze.generations import estimate
from naze.records import Fit, FittedPrompt, Prompt, Sampling
from scripted import ScriptedEngine


def rows(count: int, **rest):
    made = [
        FittedPrompt(Prompt(f"{number}", "", "", "", "one two three"), tokens=10, **rest)
        for number in range(count)
    ]
    return lambda: made


def test_rows_tokens_and_time_come_from_a_few_rows_really_asked():
    engine = ScriptedEngine(seconds=0.01)
    found = estimate(rows(1000), engine, Sampling(), sample_rows=8)
    assert found.rows == 1000
    assert found.sample_rows == 8 == len(engine.asked)
    assert found.prompt_tokens == 10_000
    assert found.generated_tokens == 3000
    assert 8 < found.seconds < 30, "10 ms a row, one after another"
    assert found.seconds_low <= found.seconds <= found.seconds_high


def test_the_sample_is_drawn_from_the_whole_input_and_follows_no_pattern():
    engine = ScriptedEngine()
    estimate(rows(1000), engine, Sampling(), sample_rows=16)
    asked = sorted(int(number) for number in engine.asked)
    assert asked[0] < 300 and asked[-1] > 600
    assert {number % 2 for number in asked} == {0, 1}
    again = ScriptedEngine()
    estimate(rows(1000), again, Sampling(), sample_rows=16)
    assert again.asked == engine.asked


def test_rows_that_do_not_fit_are_counted_and_not_asked():
    engine = ScriptedEngine()
    found = estimate(rows(5, fit=Fit.OVERFLOW), engine, Sampling())
    assert (found.rows, found.overflow, found.sample_rows, found.seconds) == (5, 5, 0, 0.0)
    assert engine.asked == []


def test_rows_that_take_different_times_widen_the_interval():
    class Uneven(ScriptedEngine):
        def reply(self, prompt):
            return replace(super().reply(prompt), seconds=1.0 + 5.0 * (int(prompt.subject_id) % 2))

    even = estimate(rows(99), ScriptedEngine(seconds=0.01), Sampling(), sample_rows=9)
    uneven = estimate(rows(99), Uneven(seconds=0.01), Sampling(), sample_rows=10)
    assert even.seconds_high - even.seconds_low < 0.2 * even.seconds
    assert uneven.seconds_high - uneven.seconds_low > 0.4 * uneven.seconds


def test_a_job_that_was_asked_whole_has_no_sampling_error():
    found = estimate(rows(4), ScriptedEngine(seconds=0.01), Sampling(), sample_rows=16)
    assert found.sample_rows == 4
    assert found.seconds_low == found.seconds == found.seconds_high
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["rows"] == 4


def test_one_row_alone_tells_little():
    found = estimate(rows(100), ScriptedEngine(seconds=0.01), Sampling(), sample_rows=1)
    assert found.seconds_low < 0.1 * found.seconds and found.seconds_high > 1.9 * found.seconds
