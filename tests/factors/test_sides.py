"""Of which response a reason speaks, and whether it is a fault."""

import pytest

from naze.factors.sides import is_fault, named_side
from naze.records import Reason, Winner


def reason(text, quote, winner=None):
    return Reason("1#1", "1", text, quote, None, winner)


@pytest.mark.parametrize(
    ("text", "quote", "side"),
    [
        ("is clear", "Response A is clear, while Response B repeats itself.", "a"),
        ("repeats itself", "Response A is clear, while Response B repeats itself.", "b"),
        ("lacked depth", "Assistant 2's response was short, and it lacked depth.", "b"),
        ("is more relevant than the other", "**Response 1** is more relevant than Response 2.", "a"),
        ("lacked detail", "However, the answer lacked detail.", None),
        ("Both responses are incorrect", "Both Response 1 and Response 2 are incorrect.", None),
        ("gave helpful answers", "Assistant 1 and Assistant 2 gave helpful answers.", None),
        ("より詳細です", "回答Aは簡潔ですが、回答Bはより詳細です。", "b"),
        ("誤りがあります", "アシスタント１の回答には誤りがあります。", "a"),
        ("どちらも正確", "アシスタント1もアシスタント2もどちらも正確です。", None),
    ],
)
def test_a_reason_speaks_of_the_response_whose_name_stands_before_it(text, quote, side):
    assert named_side(reason(text, quote)) == side


def test_what_is_said_of_the_response_that_lost_is_a_fault():
    lost = [reason("lacks detail", "Response A lacks detail.", Winner.B)] * 5
    won = [reason("lacks detail", "Response A lacks detail.", Winner.A)] * 3
    assert is_fault(lost) and is_fault(lost + won)
    assert not is_fault(won * 2)


def test_with_few_reasons_or_ties_alone_nothing_is_called_a_fault():
    lost = [reason("lacks detail", "Response A lacks detail.", Winner.B)]
    ties = [reason("lacks detail", "Response A lacks detail.", Winner.TIE)]
    assert not is_fault(lost * 4)
    assert not is_fault(ties * 9)
    assert not is_fault([])
