"""What is wrong with a text that a model wrote, in Japanese and English: the words for each `naze.jobs.faults.Mark`."""

from collections.abc import Sequence

__all__ = ["TEXTS", "look_twice"]

_EN = {
    "faults": "Look twice: {faults}.",
    "faults_lead": "Look twice:",
    "fault_looping": "it says the same again and again",
    "fault_alike": "it says the same of both responses",
    "fault_cut_off": "it ends before its end",
    "fault_language": "it is in another language than was asked for",
    "fault_letters": "it has letters or words of another language",
    "fault_copied": "it repeats the words of the instruction",
    "fault_against_winner": "its reason speaks for the response that was not chosen",
    "fault_only_name": "its definition only says the name again",
    "fault_long_name": "its name is a sentence",
    "fault_says_nothing": "its reason only repeats the result",
    "fault_unverified": "none of its quotes is in the response that it names",
}

_JA = {
    "faults": "要確認: {faults}。",
    "faults_lead": "要確認:",
    "fault_looping": "同じ言葉を繰り返しています",
    "fault_alike": "二つの回答について同じことを述べています",
    "fault_cut_off": "途中で終わっています",
    "fault_language": "指定とは違う言語で書かれています",
    "fault_letters": "日本語にない字や語が混じっています",
    "fault_copied": "指示文の言葉を写しています",
    "fault_against_winner": "選ばれなかった回答を支持する理由になっています",
    "fault_only_name": "定義が名前の言い換えにすぎません",
    "fault_long_name": "名前が文になっています",
    "fault_says_nothing": "理由が結果の言い換えにすぎません",
    "fault_unverified": "引用がどれも回答の中に見つかりません",
}

TEXTS: dict[str, dict[str, str]] = {"en": _EN, "ja": _JA}


def look_twice(marks: Sequence[str], language: str = "en") -> str:
    """Say what is wrong with a text.

    Args:
        marks: names of faults.
        language: `ja` or `en`.

    Example:
        >>> look_twice(["looping", "cut_off"])
        'Look twice: it says the same again and again; it ends before its end.'
    """
    texts = TEXTS["ja" if language == "ja" else "en"]
    between = "、" if language == "ja" else "; "
    return texts["faults"].format(faults=between.join(texts[f"fault_{mark}"] for mark in marks))
