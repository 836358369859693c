"""What is measured of two responses before a word is read, and how alike their texts are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.factors.similarity import text_similarity
from naze.factors.style import style
from naze.records import Vote, Winner

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


def vote(a, b):
    return Vote("v", ("p",), (a,) if isinstance(a, str) else a, (b,) if isinstance(b, str) else b, Winner.A)


def counted(text):
    """What `style` counts in one response, by name."""
    found = style([vote(text, "")])
    return {
        name: round(float(np.expm1(value)), 6)
        for name, value in zip(found.names, found.differences[0], strict=True)
    }


MARKED = """# Title
Some **bold** and __also bold__ text.

- one
- two
1. three
・四つ目

| a | b |
|---|---|

```python
# not a heading
- not a list
```
"""


def test_marks_are_counted_outside_code_blocks():
    found = counted(MARKED)
    assert found["characters"] == len(MARKED)
    assert found["headings"] == 1
    assert found["list_items"] == 4
    assert found["bold"] == 2
    assert found["table_rows"] == 2
    assert found["code_blocks"] == 1


def test_a_code_block_without_an_end_reaches_to_the_end():
    assert counted("```\n# a\n# b")["headings"] == 0
    assert counted("```\n# a\n# b")["code_blocks"] == 1


def test_turns_are_taken_together_and_missing_turns_are_nothing():
    assert style([vote(("# a", None, "# b"), ("",))]).differences[0][1] == pytest.approx(np.log(3))


@given(TEXTS, TEXTS)
def test_exchanging_the_responses_changes_signs_alone(a, b):
    there, back = style([vote(a, b)]), style([vote(b, a)])
    assert np.array_equal(there.antisymmetric, -back.antisymmetric)
    assert np.array_equal(there.symmetric, back.symmetric)


@given(TEXTS, TEXTS)
def test_similarity_is_symmetric_between_0_and_1_and_1_for_equal_texts(a, b):
    there, back, same = text_similarity([vote(a, b), vote(b, a), vote(a, a)]).jaccard
    assert 0 <= there <= 1
    assert there == pytest.approx(back)
    assert same == 1


def runs(text):
    return {text[at : at + 3] for at in range(len(text) - 2)}


def test_similarity_is_the_share_of_common_runs_of_three_characters():
    a, b = "the cat sat on the mat", "the cat lay on the mat"
    padded_a, padded_b = runs(f"\2\2{a}\2\2"), runs(f"\2\2{b}\2\2")
    found = text_similarity([vote(a, b)])
    assert found.jaccard[0] == pytest.approx(len(padded_a & padded_b) / len(padded_a | padded_b))
    assert found.containment[0] == pytest.approx(len(runs(a) & runs(b)) / len(runs(a)))
    assert found.shorter[0] == 22


@pytest.mark.parametrize(
    ("short", "long", "contained"),
    [
        ("42", "The answer is 42.", 1),
        ("42.", "The answer is 42", 1),
        ("Paris", "It is **Paris**.", 1),
        ("はい", "はい、そうです。", 1),
        ("いいえ", "はい、そうです。", 0),
        ("", "Something", 0),
        ("", "", 1),
        ("7", "8", 0),
    ],
)
def test_a_short_answer_stands_in_a_longer_one_or_does_not(short, long, contained):
    assert text_similarity([vote(short, long), vote(long, short)]).containment.tolist() == [contained] * 2


def test_case_and_spacing_do_not_count_and_japanese_is_compared_as_well():
    spaced, japanese, other = text_similarity(
        [vote("One  two\nTHREE", "one two three"), vote("東京です。", "東京です。"), vote("東京", "大阪")]
    ).jaccard
    assert spaced == japanese == 1
    assert other < 0.2


def test_no_votes_are_no_figures():
    assert text_similarity([]).jaccard.shape == (0,)
