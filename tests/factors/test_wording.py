"""What reasons are compared by: their verdict, not the subject matter of their vote."""

from naze.factors.wording import wordings
from naze.records import Reason


def reason(number, text, language="en"):
    return Reason(f"v{number}#1", f"v{number}", text, text, language)


def test_the_subject_matter_is_taken_out_and_the_verdict_stays():
    topics = [
        "the Black Death",
        "quantum dots",
        "Spike Lee",
        "tax returns",
        "sourdough bread",
        "chess openings",
    ]
    reasons = [reason(n, f"provides a more detailed analysis of {topic}") for n, topic in enumerate(topics)]
    assert set(wordings(reasons)) == {"detailed analysis"}


def test_the_same_in_japanese():
    topics = ["黒死病", "量子ドット", "スパイク・リー", "確定申告", "天然酵母", "将棋"]
    reasons = [reason(n, f"{topic}についてより詳しく説明しています", "ja") for n, topic in enumerate(topics)]
    assert len(set(wordings(reasons))) == 1
    assert "詳しく" in wordings(reasons)[0]


def test_words_of_the_prompt_are_no_part_of_the_verdict():
    reasons = [reason(n, "gives a longer history of jazz music") for n in range(9)]
    asked = {f"v{n}": f"Tell me about the history of jazz music, please. {n}" for n in range(9)}
    assert set(wordings(reasons)) == {"longer history of jazz music"}
    assert all("jazz" not in one and "longer" in one for one in wordings(reasons, asked))


def test_a_negation_and_a_fault_stay():
    assert wordings([reason(0, "does not answer the question")]) == ["does not answer the question"]
    assert wordings([reason(0, "質問に正確に答えていません", "ja")]) == ["正確に答えていません"]


def test_nothing_left_means_the_whole_text():
    assert wordings([reason(0, "provides more apples")]) == ["provides more apples"]
    assert wordings([]) == []
