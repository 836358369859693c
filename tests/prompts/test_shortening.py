"""Where a text may be cut, how much of each turn stays, and that every gap is marked."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.prompts.shortening import (
    LEAST_CHARACTERS,
    Room,
    leave_middle_out,
    left_out_mark,
    longest_room,
    shorten_vote,
    smallest_room,
)
from naze.records import Vote

CLUSTERS = [
    "e\u0301",
    "👩\u200d👩\u200d👧\u200d👦",
    "🇯🇵",
    "👍🏽",
    "が",
    "ก\u0e33",
    "क\u094dष",
    "각",
    "\ud83d\ude00",
    "1\ufe0f\u20e3",
    "\r\n",
]
MARK = re.compile(r"\n\[… ([\d,]+) characters left out …\]\n")


def parts_of(shortened):
    """The kept beginning, the count in the mark, the kept end."""
    found = MARK.search(shortened)
    return shortened[: found.start()], int(found[1].replace(",", "")), shortened[found.end() :]


def test_the_mark_counts_in_the_templates_language():
    assert left_out_mark(1234, "en") == "[… 1,234 characters left out …]"
    assert left_out_mark(1234, "ja") == "[……1,234文字省略……]"
    assert left_out_mark(1234, "de") == "[… 1,234 characters left out …]"


@given(st.text(min_size=100, max_size=400), st.integers(0, 120))
def test_what_stays_is_the_beginning_and_the_end_and_the_rest_is_counted(text, keep):
    shortened = leave_middle_out(text, keep, "en")
    if shortened == text:
        return
    head, count, tail = parts_of(shortened)
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + count + len(tail) == len(text)
    assert len(head) + len(tail) <= keep
    assert len(shortened) < len(text)


@given(st.text(max_size=300), st.integers(0, 300))
def test_a_text_with_room_enough_stays_as_it_is(text, more):
    assert leave_middle_out(text, len(text) + more, "en") == text


@pytest.mark.parametrize("cluster", CLUSTERS, ids=ascii)
@pytest.mark.parametrize("keep", range(60, 90))
def test_no_character_that_a_reader_sees_as_one_is_cut(cluster, keep):
    text = cluster * 200
    head, count, tail = parts_of(leave_middle_out(text, keep, "en"))
    assert head == cluster * (len(head) // len(cluster))
    assert tail == cluster * (len(tail) // len(cluster))
    assert count % len(cluster) == 0


def test_a_text_of_nothing_but_combining_marks_is_left_out_whole():
    text = "a" + "\u0301" * 500
    assert all(unicodedata.combining(character) for character in text[1:])
    assert leave_middle_out(text, 100, "en") == "\n[… 501 characters left out …]\n"


def vote_of(prompt, a, b):
    return Vote("1", tuple(prompt), tuple(a), tuple(b))


def test_both_responses_keep_the_same_share():
    vote = vote_of(["?"], ["a" * 8000], ["b" * 2000])
    shortened = shorten_vote(vote, Room(5000, 1), "en")
    assert shortened.response_a[0].count("a") == pytest.approx(4000, abs=10)
    assert shortened.response_b[0].count("b") == pytest.approx(1000, abs=10)
    assert shortened.prompt == vote.prompt


def test_the_longest_turn_of_a_response_gives_way_first():
    vote = vote_of(["?"] * 3, ["short", "x" * 3000, "y" * 600], ["b"] * 3)
    shortened = shorten_vote(vote, Room(1500, 3), "en")
    assert shortened.response_a[0] == "short"
    assert "left out" in shortened.response_a[1]
    assert shortened.response_a[2] == "y" * 600


def test_null_and_empty_turns_stay_what_they_are():
    vote = vote_of(["?", None], [None, "x" * 3000], ["", "y" * 3000])
    shortened = shorten_vote(vote, Room(600, 1), "en")
    assert (shortened.response_a[0], shortened.response_b[0], shortened.prompt[1]) == (None, "", None)


def test_a_short_response_is_not_cut_to_nothing_for_a_long_one():
    vote = vote_of(["?"], ["x" * 100_000], ["y" * 150])
    shortened = shorten_vote(vote, Room(1000, 1), "en")
    assert shortened.response_b == vote.response_b


def test_the_longest_room_leaves_a_vote_as_it_is():
    vote = vote_of(["p" * 900], ["x" * 3000, None], ["y" * 500, ""])
    assert shorten_vote(vote, longest_room(vote), "en") == vote


def test_the_smallest_room_keeps_something_of_everything():
    vote = vote_of(["p" * 900], ["x" * 3000], ["y" * 50])
    assert smallest_room(vote) == Room(LEAST_CHARACTERS + 50, LEAST_CHARACTERS)
    shortened = shorten_vote(vote, smallest_room(vote), "en")
    assert shortened.prompt[0].count("p") == LEAST_CHARACTERS
    assert shortened.response_a[0].count("x") == LEAST_CHARACTERS
    assert shortened.response_b == vote.response_b
