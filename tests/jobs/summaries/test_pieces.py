"""Documents are cut where a reader would cut, and every sentence keeps its place."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from naze.jobs.summaries.pieces import cut_document, document_sentences


def shown(text):
    return [text[start:end] for start, end in (one.span for one in document_sentences(text))]


def test_japanese_sentences_are_told_apart():
    text = "売上は四割伸びた。一方で「これでよい。」と言う人は少ない。費用は減った。"
    assert shown(text) == ["売上は四割伸びた。", "一方で「これでよい。」と言う人は少ない。", "費用は減った。"]


def test_lines_broken_at_a_width_are_read_as_one_sentence():
    text = "The committee met on Tuesday and discussed\nthe budget for the coming year. It adjourned."
    assert shown(text) == [
        "The committee met on Tuesday and discussed\nthe budget for the coming year.",
        "It adjourned.",
    ]


def test_items_of_a_list_and_short_lines_stay_lines():
    assert shown("Agenda\n- budget\n- dates") == ["Agenda", "- budget", "- dates"]


def test_headings_and_paragraphs_are_known():
    found = document_sentences("# One\n\nText here. More.\n\nNext paragraph.")
    assert [(one.heading, one.paragraph) for one in found] == [
        (True, True), (False, True), (False, False), (False, True),
    ]  # fmt: skip


def test_a_piece_ends_before_a_heading_that_is_near():
    text = "One. Two. Three.\n\n## Next\n\nFour. Five. Six. Seven."
    found = document_sentences(text)
    pieces = cut_document(found, [10] * len(found), 50, 0)
    assert [text[piece.sentences[0].span[0] :][:7] for piece in pieces] == ["One. Tw", "## Next"]


def test_the_next_piece_begins_with_the_end_of_the_one_before():
    text = " ".join(f"Sentence number {number}." for number in range(20))
    found = document_sentences(text)
    pieces = cut_document(found, [10] * len(found), 80, 1)
    for one, other in pairwise(pieces):
        assert one.sentences[-1] == other.sentences[0]


def test_a_text_without_a_single_full_stop_is_cut_all_the_same():
    found = document_sentences("あ" * 5_000)
    assert len(found) == 5
    assert sum(end - start for start, end in (one.span for one in found)) == 5_000


@given(st.text(alphabet="ab。. \nあ#-1", max_size=300), st.integers(1, 60), st.integers(0, 2))
def test_no_sentence_is_lost_whatever_the_text(text, room, overlap):
    found = document_sentences(text)
    left = [character for character in text if not character.isspace()]
    kept = [character for one in found for character in text[slice(*one.span)] if not character.isspace()]
    assert kept == left, "every character that is no space stands in one sentence"
    pieces = cut_document(found, [7] * len(found), room, overlap)
    seen = dict.fromkeys(one for piece in pieces for one in piece.sentences)
    assert list(seen) == found, "every sentence stands in a piece, in order"
