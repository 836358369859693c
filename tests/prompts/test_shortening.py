import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from naze.prompts import leave_middle_out, left_out_mark
from naze.prompts.shortening import Room, longest_room, shorten_vote, smallest_room
from naze.records import Vote, Winner

MARK = re.compile(r"\n\[… ([\d,]+) characters left out …\]\n")
FAMILY = "👩\u200d👩\u200d👧\u200d👦"
TEXTS = st.text(alphabet=st.characters(codec=None, exclude_characters="…"), max_size=400)


def parts_of(shortened):
    head, count, tail = MARK.split(shortened)
    return head, int(count.replace(",", "")), tail


@pytest.mark.parametrize(
    ("language", "mark"),
    [
        ("en", "[… 1,234 characters left out …]"),
        ("ja", "[……1,234文字省略……]"),
        ("de", "[… 1,234 characters left out …]"),
    ],
)
def test_the_mark_says_how_much_is_missing_in_the_language_of_the_template(language, mark):
    assert left_out_mark(1234, language) == mark


def test_the_middle_is_left_out_and_counted():
    head, count, tail = parts_of(leave_middle_out("a" * 500 + "b" * 500, 100, "en"))
    assert (head, count, tail) == ("a" * 50, 900, "b" * 50)


def test_a_text_that_would_not_become_shorter_stays():
    assert leave_middle_out("Hello, world", 6, "en") == "Hello, world"


@given(TEXTS, st.integers(0, 400))
@example("\ud83d" * 200, 21)
def test_head_count_and_tail_add_up_to_the_whole_text(text, keep):
    shortened = leave_middle_out(text, keep, "en")
    if shortened == text:
        return
    head, count, tail = parts_of(shortened)
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + count + len(tail) == len(text)
    assert len(head) + len(tail) <= keep
    assert len(shortened) < len(text)


@pytest.mark.parametrize(
    "cluster",
    [
        FAMILY,
        "🇯🇵",
        "👍🏽",
        "e\u0301\u0323",
        "각",
        "क्षि",
        "नी",
        "กำ",
        "\ud83d\ude00",
        "\r\n",
        "🏴\U000e0067\U000e007f",
    ],
    ids=lambda cluster: "-".join(f"{ord(character):x}" for character in cluster),
)
@pytest.mark.parametrize("keep", range(40, 60))
def test_what_a_reader_sees_as_one_character_is_never_cut(cluster, keep):
    text = cluster * 120
    head, count, tail = parts_of(leave_middle_out(text, keep, "en"))
    assert [len(part) % len(cluster) for part in (head, tail)] == [0, 0]
    assert count % len(cluster) == 0


@given(TEXTS, st.integers(0, 200))
def test_no_tail_begins_with_a_mark_that_belongs_to_the_letter_before(text, keep):
    shortened = leave_middle_out(text, keep, "en")
    if shortened != text:
        _, _, tail = parts_of(shortened)
        assert not tail or not unicodedata.combining(tail[0])


def vote_of(prompt, a, b):
    return Vote("1", prompt, a, b, Winner.A)


def test_the_whole_room_leaves_a_vote_as_it_is():
    vote = vote_of(("x" * 900, None), ("y" * 5000, ""), ("z" * 80, None))
    assert shorten_vote(vote, longest_room(vote), "en") == vote


def test_both_responses_keep_the_same_share():
    vote = vote_of(("x",), ("y" * 9000,), ("z" * 3000,))
    short = shorten_vote(vote, Room(responses=4000, prompt=1), "en")
    head_a, _, tail_a = parts_of(short.response_a[0])
    head_b, _, tail_b = parts_of(short.response_b[0])
    assert (len(head_a + tail_a), len(head_b + tail_b)) == (3000, 1000)
    assert short.prompt == vote.prompt


def test_the_longest_turns_of_a_side_give_way_first():
    vote = vote_of(("q", "q", "q"), ("a" * 4000, "short", "b" * 300), ("c", "c", "c"))
    short = shorten_vote(vote, Room(responses=1000, prompt=3), "en")
    assert MARK.search(short.response_a[0])
    assert short.response_a[1:] == vote.response_a[1:]
    assert short.response_b == vote.response_b


def test_null_and_empty_turns_stay_what_they_are():
    vote = vote_of((None, "q" * 3000), (None, "a" * 3000), ("", "b" * 3000))
    short = shorten_vote(vote, smallest_room(vote), "en")
    assert (short.prompt[0], short.response_a[0], short.response_b[0]) == (None, None, "")


def test_a_short_response_beside_a_long_one_stays_whole():
    vote = vote_of(("q",), ("a" * 20_000,), ("no",))
    assert shorten_vote(vote, smallest_room(vote), "en").response_b == ("no",)
