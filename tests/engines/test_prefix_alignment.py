"""Subjects that several questions are asked about end with a block of the cache; nothing else of a prompt changes."""

from dataclasses import replace

import numpy as np
import pytest

from naze.engines.prefix_alignment import PrefixAlignment, Upcoming
from naze.records import Prompt

ASKED = Prompt("v1", "f1", "Compare.", "one two three four five", "Which is longer?", choices=("A", "B"))
BLOCK = 8
LINE = 7


def encode(prompt):
    """A word is a token, behind a frame of three."""
    words = f"{prompt.instruction} {prompt.subject} {prompt.question}".split()
    return np.array([1, 2, 3, *(100 + sum(map(ord, word)) for word in words), 9], np.int64)


@pytest.fixture
def alignment():
    return PrefixAlignment(BLOCK, encode, LINE)


def test_a_shared_subject_ends_with_a_block_and_all_its_questions_get_the_same_lines(alignment):
    second = replace(ASKED, question_id="f2", question="Is it right, and why is that so?")
    count = alignment.blanks(ASKED, second)
    assert (len(encode(replace(ASKED, question=""))) - 1 + count) % BLOCK == 0
    assert alignment.blanks(second, None) == count
    one, other = (alignment.with_blanks(prompt, encode(prompt), count) for prompt in (ASKED, second))
    shared = int(np.flatnonzero(one[: len(one)] != other[: len(one)])[0])
    assert shared % BLOCK == 0
    assert one[:4].tolist() == encode(ASKED)[:4].tolist(), "frame and instruction stay where they are"
    assert (one[4 : 4 + count] == LINE).all()
    assert one[4 + count :].tolist() == encode(ASKED)[4:].tolist()


@pytest.mark.parametrize(
    ("prompt", "following"),
    [
        (ASKED, None),
        (ASKED, replace(ASKED, subject_id="v2")),
        (replace(ASKED, choices=()), replace(ASKED, choices=(), question_id="f2")),
        (replace(ASKED, plain=True), replace(ASKED, plain=True, question_id="f2")),
        (replace(ASKED, question=""), replace(ASKED, question_id="f2", question="")),
    ],
)
def test_a_question_alone_and_a_text_to_write_stay_as_they_are(alignment, prompt, following):
    assert alignment.blanks(prompt, following) == 0
    assert alignment.with_blanks(prompt, encode(prompt), 0).tolist() == encode(prompt).tolist()


def test_the_first_question_decides_for_its_subject(alignment):
    second = replace(ASKED, question_id="f2")
    assert alignment.blanks(ASKED, None) == 0
    assert alignment.blanks(second, replace(ASKED, question_id="f3")) == 0
    assert alignment.blanks(replace(ASKED, subject="one"), replace(second, subject="one")) > 0


def test_without_a_token_of_a_line_end_nothing_is_aligned():
    none = PrefixAlignment(BLOCK, encode, None)
    assert none.blanks(ASKED, replace(ASKED, question_id="f2")) == 0


def test_what_comes_next_can_be_looked_at_and_comes_all_the_same():
    upcoming = Upcoming(iter([ASKED, replace(ASKED, question_id="f2")]))
    assert next(upcoming).question_id == "f1"
    assert upcoming.peek() is upcoming.peek()
    assert [one.question_id for one in upcoming] == ["f2"]
    assert upcoming.peek() is None and next(upcoming, None) is None
