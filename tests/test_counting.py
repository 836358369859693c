"""One vote is no votes."""

import pytest

from naze.counting import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 rows are"), (1, "1 row is"), (2, "2 rows are"), (1234, "1,234 rows are")]
)
def test_noun_and_verb_take_the_number(number, said):
    assert counted(number, "row", "is") == said
    assert counted(number, "row") == said.rpartition(" ")[0]
