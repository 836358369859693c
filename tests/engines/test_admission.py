"""Little is in flight: what may join depends on how many answers are whole and on how many come in a minute."""

from naze.engines.admission import FIRST, FOR_EACH_ANSWER, MOST_SECONDS, Admission


class Machine:
    """Answers every prompt a fixed time after it joined, whatever else is under way."""

    def __init__(self, seconds):
        self.now = 0.0
        self.seconds = seconds
        self.admission = Admission(lambda: self.now)
        self.admission.begin()
        self.ends = {}
        self.joined = 0

    def fill(self):
        while self.admission.admits():
            self.joined += 1
            self.admission.join(self.joined)
            self.ends[self.joined] = self.now + self.seconds
        return len(self.ends)

    def finish_next(self):
        prompt = min(self.ends, key=self.ends.get)
        self.now = self.ends.pop(prompt)
        self.admission.leave(prompt)


def test_a_few_go_first_and_each_answer_lets_more_join():
    machine = Machine(seconds=1.0)
    assert machine.fill() == FIRST
    machine.finish_next()
    assert machine.fill() == FIRST + FOR_EACH_ANSWER


class Sharing(Machine):
    """Shares its time between all that are under way: as many answers come in a minute, however many those are."""

    def fill(self):
        while self.admission.admits():
            self.joined += 1
            self.admission.join(self.joined)
            self.ends[self.joined] = self.seconds
        return len(self.ends)

    def finish_next(self):
        prompt = min(self.ends, key=self.ends.get)
        work = self.ends.pop(prompt)
        self.now += work * (len(self.ends) + 1)
        self.ends = {other: left - work for other, left in self.ends.items()}
        self.admission.leave(prompt)


def test_no_more_are_under_way_than_are_answered_in_a_minute():
    machine = Sharing(seconds=6.0)
    for _ in range(50):
        machine.fill()
        machine.finish_next()
    assert abs(machine.fill() - MOST_SECONDS / 6.0) <= 1


def test_a_prompt_that_takes_longer_than_a_minute_goes_alone():
    machine = Machine(seconds=1.0)
    machine.admission.join("slow")
    machine.now = 2 * MOST_SECONDS
    machine.admission.leave("slow")
    assert machine.fill() == 1


def test_a_new_sitting_begins_with_a_few_again_and_knows_the_rate():
    machine = Machine(seconds=1.0)
    for _ in range(3):
        machine.fill()
        machine.finish_next()
    machine.admission.begin()
    machine.ends.clear()
    assert machine.fill() == FIRST


def test_what_never_joined_counts_for_nothing():
    machine = Machine(seconds=1.0)
    machine.admission.leave("refused")
    assert machine.admission.limit == FIRST
