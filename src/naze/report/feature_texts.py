"""What a predictor's features are called in Japanese; in English they bear their own names."""

import re

__all__ = ["feature_name"]

_JAPANESE = {
    "Cyrillic letters": "キリル文字",
    "Han characters": "漢字",
    "Latin letters": "ラテン文字",
    "a polite opening": "丁寧な書き出し",
    "an unfinished end": "途中で終わる文末",
    "bold": "太字",
    "capital letters": "大文字",
    "characters": "文字数",
    "closing phrases": "結びの言葉",
    "code blocks": "コードブロック",
    "colons": "コロン",
    "different lines": "異なる行の割合",
    "different words": "異なる語の割合",
    "digits": "数字(桁)",
    "emoji": "絵文字",
    "emptiness": "空の回答",
    "exclamations": "感嘆符",
    "first person": "一人称",
    "formulas": "数式",
    "headings": "見出し",
    "hedging words": "断定を避ける語",
    "identical responses": "同一の回答",
    "inline code": "文中のコード",
    "kana": "仮名",
    "length of the shorter one": "短い方の長さ",
    "length of words": "語の長さ",
    "letters of other scripts": "その他の文字",
    "likeness of the responses": "回答どうしの似かた",
    "lines": "行数",
    "links": "リンク",
    "list items": "箇条書き",
    "match with the prompt's language": "プロンプトと同じ言語",
    "match with the prompt's script": "プロンプトと同じ文字体系",
    "names in both": "両方にある固有名",
    "names in common": "共通の固有名",
    "near lengths": "近い長さ",
    "numbers": "数値",
    "numbers in both": "両方にある数値",
    "numbers in common": "共通の数値",
    "one response within the other": "一方が他方を含む度合い",
    "own wording from the prompt": "プロンプトから取られた語句の割合",
    "paragraphs": "段落数",
    "parentheses": "括弧",
    "prompt's wording taken up": "プロンプトの語句を取り入れた割合",
    "punctuation": "句読点",
    "questions": "疑問文",
    "quotes": "引用符",
    "refusals": "断り",
    "same beginning": "同じ書き出し",
    "second person": "二人称",
    "sentences": "文の数",
    "share of code": "コードの割合",
    "squared difference of lengths": "長さの差の二乗",
    "table rows": "表の行",
    "turns": "発言の回数",
    "very near lengths": "とても近い長さ",
    "white space": "空白",
    "words": "語数",
    "words in common": "共通の語",
    "words of example": "例を示す語",
    "words of reason": "理由を示す語",
    "nearness to the prompt": "プロンプトとの意味の近さ",
    "nearness of the responses": "回答どうしの意味の近さ",
    "strength of the wording": "言い回しの強さ",
    "how unequal the responses look": "回答の優劣の開き",
    "judge's lean": "判定者の傾き",
    "judge's odds of a tie": "判定者の引き分けのオッズ",
    "judge's difference": "判定者の確率の差",
    "judge's distance": "判定者の差の大きさ",
    "judge's orders disagree": "判定者の順序による食い違い",
    "judge's entropy": "判定者の迷い",
}
_NUMBERED = {"the meaning of the texts": "意味の軸", "the judge's hidden states": "判定者の内部状態の軸"}
_OF_PROMPT = "prompt's "
_NUMBER = re.compile(r"(.+) \(direction (\d+)\)")


def feature_name(language: str, name: str) -> str:
    """Return what a feature is called; one that has no name of its own in this language (a factor) as it is.

    Example:
        >>> feature_name("ja", "prompt's list items")
        'プロンプトの箇条書き'
    """
    if language != "ja" or name in _JAPANESE:
        return _JAPANESE[name] if language == "ja" else name
    if name.startswith(_OF_PROMPT):
        rest = name.removeprefix(_OF_PROMPT)
        for own in (rest, f"a {rest}", f"an {rest}"):
            if own in _JAPANESE:
                return f"プロンプトの{_JAPANESE[own]}"
    if (found := _NUMBER.fullmatch(name)) and found[1] in _NUMBERED:
        return f"{_NUMBERED[found[1]]}{found[2]}"
    return name
