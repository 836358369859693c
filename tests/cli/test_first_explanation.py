"""The explanation that is begun first appears line by line while it is written, and no other does."""

import json

import pytest

from naze.cli.first_explanation import FirstExplanation
from naze.engines.working import Working
from naze.generations.progress import JsonProgress
from naze.jobs.explaining import Form
from naze.records import Answer, Prompt, Status, Vote, Winner

VOTES = [
    Vote(
        id=name,
        prompt=("How high is Mount Fuji?",),
        response_a=("3,776 metres.",),
        response_b=("Very high.",),
        winner=Winner.A,
    )
    for name in ("first", "second")
]
TEXT = json.dumps(
    {
        "what the person asked for": "The height of Mount Fuji.",
        "quote from A": "3,776 metres.",
        "feature of A": "It gives the number.",
        "quote from B": "Very high.",
        "feature of B": "It gives no number.",
        "what decided it": "Response A was chosen because it gives the number.",
    }
)


class Shown(JsonProgress):
    """Keeps what is said to the person."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def shown():
    return Shown()


@pytest.fixture
def first(shown):
    return FirstExplanation(shown, VOTES, Form("en"))


def written(vote, text):
    return Working(tokens_written=1, prompt=Prompt(vote, "", "", "", ""), text=text)


def test_lines_appear_while_the_text_grows_and_the_whole_of_it_at_the_end(first, shown):
    first.start(0, 0, 2)
    counts = []
    for end in range(0, len(TEXT), 20):
        first.work(written("first", TEXT[:end]))
        counts.append(len(shown.lines))
    assert counts[0] == 0 and 0 < counts[-1] and counts == sorted(counts) and len(set(counts)) > 2
    assert "gives no number" not in "\n".join(shown.lines[: counts[len(counts) // 2]])
    first.advance(Answer(Status.ANSWERED, TEXT), 1)
    text = "\n".join(shown.lines)
    assert "first: How high is Mount Fuji?" in text and text.count("## 2. Analysis of the responses") == 1
    assert "3,776 metres." in text and "Response A was chosen because it gives the number." in text


def test_others_are_not_mixed_in(first, shown):
    first.start(0, 0, 2)
    first.work(written("first", TEXT[:120]))
    before = list(shown.lines)
    first.work(written("second", TEXT))
    first.advance(Answer(Status.ANSWERED, "{}"), 1)
    assert shown.lines == before
    first.work(written("nobody", TEXT))
    assert shown.lines == before


def test_where_some_are_explained_already_or_asked_for_once_more_nothing_is_shown(first, shown):
    first.start(1, 0, 2)
    first.work(written("first", TEXT))
    first.start(0, 0, 2)
    first.again(1)
    first.work(written("second", TEXT))
    assert not shown.lines
