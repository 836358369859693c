"""The notes of a factors run, in Japanese and English.

English is where the notes are made (`naze.factors.notes`); Japanese stands here. Engines say of themselves what they do
in words of their own; those that are known are told by their words (`told_texts.py`).
"""

from naze.factors.notes import NOTES
from naze.report.told_texts import ENGINE

__all__ = ["ENGINE_WORDS", "TEXTS"]

_JA = {
    "votes_unexplained": "実行のうち{n}件の投票には説明がありません（未処理または失敗）",
    "faulty_left_out": "説明{n}件は、繰り返し・別の言語・指示の写し・敗者の擁護のいずれかに当たるため、使っていません",
    "rows_unexplained": "{n}行には説明がありません",
    "rows_aside": "{n}行を除外しました。最初の行：{first}",
    "shared_prompts": "検証用の投票{all}件のうち{n}件は、説明のある投票とプロンプトが同じなので除外しました",
    "test_limit": "取り分けた投票{all}件のうち{n}件をモデルに尋ねました（--test-limit）",
    "known_votes": "検証用の投票{all}件のうち{n}件は、すでに判定済みか、説明のある投票とプロンプトが同じなので除外しました",
    "verdicts_taken_over": "投票{all}件のうち{earlier}件の判定は、以前に{model}が行ったもの（{source}）を引き継ぎました。"
    "{n}件はここで判定しました",
    "other_engine": "引き継いだ判定は、同じモデルを別のエンジン（{earlier}）で動かしたものです（ここでは{engine}）",
    "quotes_rejected": "モデルの引用{n}件は説明の中に見つからず、採用しませんでした",
    "unsupported": "モデルの理由{n}件は自身の引用と共通する語がなく、採用しませんでした",
    "rules_stood_in": "説明{all}件のうち{n}件は、モデルの答えが使えなかったため、規則で理由に分けました",
    "echoed": "理由{n}件は説明者への指示を繰り返しただけで、採用しませんでした",
    "silent": "説明{all}件のうち{n}件には理由がありません",
    "vacuous": "理由{all}件のうち{n}件は結果を述べただけで、採用しませんでした",
    "few_kinds": "理由の種類は{count}ではなく{n}です。"
    "異なる理由{distinct}件には、{least}件以上の投票が挙げる種類がこれ以上ありません",
    "few_reasons": "理由の種類は{count}ではなく{n}です。異なる理由が{distinct}件しかありません",
    "further_kinds": "挙げた投票の少ない{n}種類（理由{reasons}件）は除きました。--countを大きくすると含まれます",
    "no_kind": "理由{all}件のうち{n}件は、似た理由が少なく、どの種類にも入りませんでした",
    "unnamed": "{n}種類にはモデルが使える名前を付けられず、最も中心的な理由の言葉を名前にしました",
    "names_asked_again": "欠点のあった名前や定義{n}件をもう一度付けさせ、{better}件が改善しました",
    "names_faulty": "名前や定義{n}件には欠点が残っています（印を付けました）",
    "names_refused": "名前に内容のない{empty}種類を採用せず、{same}種類は他と同じ名前でした",
    "few_factors": "要因は{count}ではなく{n}です。残った種類からはこれ以上得られません",
}

TEXTS: dict[str, dict[str, str]] = {
    "en": {f"note_{key}": text.replace(":,}", "}") for key, text in NOTES.items()}
    | {f"note_{key}": english for key, _, english, _ in ENGINE}
    | {"note_of": "{of}: "},
    "ja": {f"note_{key}": text for key, text in _JA.items()}
    | {f"note_{key}": japanese for key, _, _, japanese in ENGINE}
    | {"note_of": "{of}："},
}

ENGINE_WORDS = {f"note_{key}": known for key, known, _, _ in ENGINE}
"""Key of a text -> the expression that an engine's whole note matches; its named groups fill the gaps."""
