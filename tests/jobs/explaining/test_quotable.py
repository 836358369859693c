"""What can be quoted of a response stands in it, character by character."""

from hypothesis import given
from hypothesis import strategies as st

from naze.jobs.explaining.quotable import LONGEST, MOST_QUOTES, distinctive, quotable
from naze.prompts import leave_middle_out

PIECES = st.sampled_from(
    [
        "Hello there.",
        "これは文です。",
        "\n",
        "```python\nx = 1\n```",
        "- item ",
        "**bold**",
        "１．番号",
        " ",
        "\t",
        "é",
        "🙂",
        "|a|b|",
        '"q"',
        "\\",
    ]
)
TURNS = st.lists(st.none() | st.lists(PIECES | st.text(max_size=12), max_size=12).map("".join), max_size=3)


@given(TURNS)
def test_every_passage_stands_in_a_turn_and_none_is_long(turns):
    passages = quotable(tuple(turns))
    assert len(passages) == len(set(passages)) <= MOST_QUOTES
    for passage in passages:
        assert any(passage in (turn or "") for turn in turns)
        assert 0 < len(passage) <= LONGEST
        assert passage == passage.strip()


@given(TURNS, TURNS)
def test_distinctive_passages_are_some_of_those_that_can_be_quoted(turns, others):
    passages = quotable(tuple(turns))
    chosen = distinctive(tuple(turns), others=tuple(others))
    assert set(chosen) <= set(passages)
    assert len(chosen) == min(len(passages), max(2, len(passages) // 2))


def test_code_is_quoted_by_the_line_and_lists_without_their_marks():
    text = "Sure!\n```python\ndef add(a, b):\n    return a + b\n```\n1. First step\n- **Second** step"
    assert quotable((text,)) == ("Sure!", "def add(a, b):", "return a + b", "First step", "Second** step")


def test_what_only_one_response_says_is_preferred():
    own = ("Here is the film. The film is Elysium. It was made in 2013. Enjoy!",)
    others = ("Which film?", "Here is the film. The film is The Martian. Enjoy!")
    assert "It was made in 2013." in distinctive(own, others=others)
    assert "Enjoy!" not in distinctive(own, others=others)


def test_a_long_sentence_is_quoted_by_its_beginning_cut_between_words():
    [passage] = quotable(("word " * 60,))
    assert passage.endswith("word") and len(passage) <= LONGEST
    [japanese] = quotable(("長い文" * 60,))
    assert len(japanese) == LONGEST // 2


@given(st.text(min_size=1, max_size=400), st.integers(0, 300), st.sampled_from(["en", "ja"]))
def test_what_a_shortened_response_says_of_its_gap_is_never_quoted(text, keep, language):
    shortened = leave_middle_out(text, keep, language)
    for passage in quotable((shortened,)):
        assert passage in text


def test_both_sides_of_a_gap_can_be_quoted():
    text = "It begins here.\n" + "filler " * 100 + "\nIt ends here."
    assert quotable((leave_middle_out(text, 30, "en"),)) == ("It begins here.", "It ends here.")


def test_nothing_can_be_quoted_of_a_response_that_says_nothing():
    assert quotable((None, "", "  \n", "---", "```\n```", "🍄", ".")) == ()
