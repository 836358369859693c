"""Little is in flight: what may join depends on what was spent and on how fast the machine reads."""

from naze.engines.admission import LEAST_SECONDS, MOST_SECONDS, SPENT_SHARE, Admission


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def begun(speed):
    clock = Clock()
    admission = Admission(clock)
    admission.begin()
    clock.now = 1.0
    admission.note_read(speed)
    return clock, admission


def test_the_first_prompt_goes_alone_until_the_speed_is_known():
    admission = Admission(Clock())
    admission.begin()
    assert admission.admits(0) and not admission.admits(1)


def test_at_the_start_a_few_seconds_of_work_may_be_under_way():
    _, admission = begun(100)
    assert admission.admits(int(100 * LEAST_SECONDS) - 1) and not admission.admits(int(100 * LEAST_SECONDS))


def test_later_as_much_as_a_share_of_what_was_spent_and_never_more_than_a_minute():
    clock, admission = begun(100)
    clock.now = 40.0
    assert admission.admits(int(100 * 40 * SPENT_SHARE) - 1) and not admission.admits(
        int(100 * 40 * SPENT_SHARE)
    )
    clock.now = 1e6
    assert not admission.admits(int(100 * MOST_SECONDS))


def test_a_prompt_that_takes_longer_than_a_minute_goes_alone():
    clock, admission = begun(10)
    clock.now = 1e6
    assert admission.admits(0)
    assert not admission.admits(10_000)


def test_prompts_read_in_one_step_count_together():
    clock, admission = begun(100)
    clock.now = 2.0
    admission.note_read(0)
    admission.note_read(100)
    assert admission.tokens_per_second == 100
