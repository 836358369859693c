"""Every text of the page of a predictor, in Japanese and English; the form is that of `factor_texts`.

Notes are made in English where a predictor is fitted, and stored so; their words tell which text says the same.
"""

__all__ = ["GROUPS", "NOTE_WORDS", "TEXTS"]

_EN = {
    "p_title": "What will the next vote be? {votes:vote/votes}",
    "p_lead": "How well votes are predicted by models that did not see their prompt, and which votes surprised them.",
    "p_summary": "Summary",
    "p_better": "naze predicts better than guessing the shares of the outcomes: **{gain}** nats a vote {interval}.",
    "p_not_better": "It is not sure that naze predicts better than guessing the shares of the outcomes: {gain} nats a vote "
    "{interval}.",
    "p_than_length": "Beside length alone the gain is {gain} {interval}.",
    "p_who": "Of two responses to a decided vote it finds the preferred one {share} of the time (AUC {auc} {interval}; 0.5 is "
    "chance).",
    "p_ties": "Ties are told from decisions with an AUC of {auc} {interval}; {recall} of the ties are called a tie.",
    "p_sure": "Its probabilities are off by {error} on average (expected calibration error).",
    "p_limits": "The figures hold for votes like these: other people, prompts and models need votes of their own.",
    "p_comparison": "Side by side",
    "p_loss": "log loss",
    "p_gain": "naze is better by",
    "p_win_auc": "AUC, a against b",
    "p_tie_auc": "AUC, ties",
    "p_accuracy": "accuracy",
    "p_prior": "the shares of the outcomes",
    "p_length alone": "length alone",
    "p_Davidson": "Davidson: one number for ties",
    "p_Rao-Kupper": "Rao-Kupper: one number for ties",
    "p_naze": "naze",
    "p_note": "{votes:vote/votes} on {prompts:prompt/prompts}, {folds} folds by prompt. Log loss in nats, lower is better; "
    "95 % intervals of a bootstrap over prompts; differences vote by vote.",
    "p_reliability": "When it says 60 %, how often is it so?",
    "p_reliability_note": "Each dot is a tenth of the votes: the mean probability (across) and how often it came out so "
    "(up). On the line, probabilities mean what they say.",
    "p_class_a": "A is preferred",
    "p_class_b": "B is preferred",
    "p_class_tie": "a tie",
    "p_predicted": "predicted",
    "p_happened": "happened",
    "p_confusion": "What was voted, and what was likeliest",
    "p_voted": "voted",
    "p_class_loss": "log loss",
    "p_chosen": "What was chosen, and how",
    "p_blend": "{linear} linear model, {forest} random forest, {boosted} boosted trees",
    "p_who_wins": "Who wins",
    "p_is_tie": "Tie or decision",
    "p_calibrated": "calibrated out of fold",
    "p_not_calibrated": "calibration does not help",
    "p_groups": "Groups of features",
    "p_group_names": "{names}",
    "p_learnt": "Learnt from",
    "p_learnt_value": "{votes:vote/votes}, {extra} from elsewhere",
    "p_surprising": "The most surprising votes",
    "p_surprising_note": "Votes that came out as was thought least likely. What moved the prediction is "
    "that of the final model, which has seen them.",
    "p_no_report": "This predictor was fitted without cross-validation (--folds 0), so that there is nothing to show.",
    "p_prompt": "Prompt",
    "p_response_a": "Response A",
    "p_response_b": "Response B",
    "p_moved": "What moved the prediction",
    "p_more_in": "{name}: more in {side}",
    "p_differ_more": "{name}: the responses differ more than usual",
    "p_differ_less": "{name}: the responses differ less than usual",
    "p_both_more": "{name}: more than usual in both together",
    "p_both_less": "{name}: less than usual in both together",
    "p_more_usual": "{name}: more than usual",
    "p_less_usual": "{name}: less than usual",
    "p_moved_a": "{feature}; the odds of A rise by {share}",
    "p_moved_b": "{feature}; the odds of B rise by {share}",
    "p_moved_tie": "{feature}; the odds of a tie rise by {share}",
    "p_moved_decision": "{feature}; the odds of a decision rise by {share}",
    "p_won_a": "A was preferred",
    "p_won_b": "B was preferred",
    "p_won_tie": "called a tie",
    "p_won_both_bad": "both were called bad",
    "p_empty": "(empty)",
    "p_more": "all of it",
}

_JA = {
    "p_title": "次の一票はどうなるか({votes}票)",
    "p_lead": "そのプロンプトを見ていないモデルが票をどれだけ当てられるか、そしてどの票が予想外だったか。",
    "p_summary": "要約",
    "p_better": "結果の割合を答えるだけの予測よりも、一票あたり**{gain}**ナット良い予測です {interval}。",
    "p_not_better": "結果の割合を答えるだけの予測より良いとは言い切れません。差は一票あたり{gain}ナットです {interval}。",
    "p_than_length": "長さだけを使う予測との差は{gain}です {interval}。",
    "p_who": "優劣のついた票で、好まれた回答を当てる割合は{share}です(AUC {auc} {interval}、0.5は偶然と同じ)。",
    "p_ties": "引き分けを見分けるAUCは{auc} {interval}で、引き分けの{recall}を引き分けと予測しました。",
    "p_sure": "確率は平均で{error}ずれています(期待較正誤差)。",
    "p_limits": "これらの数値は、学習に使ったような票についてのものです。"
    "別の人、別のプロンプト、別のモデルには、それぞれの票が必要です。",
    "p_comparison": "比較",
    "p_loss": "対数損失",
    "p_gain": "nazeとの差",
    "p_win_auc": "AUC(AかBか)",
    "p_tie_auc": "AUC(引き分け)",
    "p_accuracy": "正解率",
    "p_prior": "結果の割合のみ",
    "p_length alone": "長さのみ",
    "p_Davidson": "Davidson(引き分けは定数一つ)",
    "p_Rao-Kupper": "Rao-Kupper(引き分けは定数一つ)",
    "p_naze": "naze",
    "p_note": "{prompts}個のプロンプトへの{votes}票、プロンプト単位の{folds}分割。対数損失はナット単位で、小さいほど良い。"
    "区間はプロンプト単位のブートストラップによる95 %区間、差は票ごとの差。",
    "p_reliability": "60 %と言うとき、実際には何度そうなるか",
    "p_reliability_note": "点は票の一割ずつ。横が予測確率の平均、縦が実際の割合です。線の上なら、確率は言葉どおりです。",
    "p_class_a": "Aが好まれる",
    "p_class_b": "Bが好まれる",
    "p_class_tie": "引き分け",
    "p_predicted": "予測",
    "p_happened": "実際",
    "p_confusion": "実際の票と、最も確からしいとした結果",
    "p_voted": "実際の票",
    "p_class_loss": "対数損失",
    "p_chosen": "何がどう選ばれたか",
    "p_blend": "線形モデル{linear}、ランダムフォレスト{forest}、ブースティング{boosted}",
    "p_who_wins": "どちらが好まれるか",
    "p_is_tie": "引き分けか否か",
    "p_calibrated": "学習外の票で較正",
    "p_not_calibrated": "較正は役に立たない",
    "p_groups": "特徴のグループ",
    "p_group_names": "{names}",
    "p_learnt": "学習に使った票",
    "p_learnt_value": "{votes}票、ほかに他所の{extra}票",
    "p_surprising": "最も予想外だった票",
    "p_surprising_note": "最もありそうにないとした結果になった票です。"
    "予測を動かしたものは、これらの票も見た最終モデルによります。",
    "p_no_report": "この予測器は交差検証なし(--folds 0)で学習したため、示すものがありません。",
    "p_prompt": "プロンプト",
    "p_response_a": "回答A",
    "p_response_b": "回答B",
    "p_moved": "予測を動かしたもの",
    "p_more_in": "{name}: {side}の方が多い",
    "p_differ_more": "{name}: 回答間の差がふつうより大きい",
    "p_differ_less": "{name}: 回答間の差がふつうより小さい",
    "p_both_more": "{name}: 両方あわせてふつうより多い",
    "p_both_less": "{name}: 両方あわせてふつうより少ない",
    "p_more_usual": "{name}: ふつうより大きい",
    "p_less_usual": "{name}: ふつうより小さい",
    "p_moved_a": "{feature}。Aのオッズが{share}上がる",
    "p_moved_b": "{feature}。Bのオッズが{share}上がる",
    "p_moved_tie": "{feature}。引き分けのオッズが{share}上がる",
    "p_moved_decision": "{feature}。決着のオッズが{share}上がる",
    "p_won_a": "Aが好まれた",
    "p_won_b": "Bが好まれた",
    "p_won_tie": "引き分けとされた",
    "p_won_both_bad": "どちらも悪いとされた",
    "p_empty": "(空)",
    "p_more": "全文",
}

GROUPS = {
    "length": "長さ",
    "markdown": "Markdown",
    "refusals": "断り",
    "language": "言語と文字体系",
    "repetition": "繰り返し",
    "wording": "言い回し",
    "overlap": "プロンプトとの重なり",
    "agreement": "回答どうしの一致",
    "prompt": "プロンプト",
    "n-grams": "文字と語の連なり",
    "embeddings": "埋め込み",
    "similarity": "意味の近さ",
    "judge": "判定者",
    "probe": "判定者の内部状態",
    "factors": "要因",
}
"""Groups of features -> what they are called in Japanese; in English they bear their own names."""

_NOTES = (
    (
        "p_noted_without_trees",
        r"the linear model alone, without trees: LightGBM cannot be loaded \((?P<why>.*)\); its wheel needs .*",
        "the linear model alone, without trees: LightGBM cannot be loaded ({why}); its wheel needs the system's OpenMP library "
        "(Debian and Ubuntu: apt install libgomp1; macOS: brew install libomp)",
        "決定木を使わず、線形モデルのみです。LightGBMを読み込めません({why})。システムのOpenMPライブラリーが必要です"
        "(DebianとUbuntu: apt install libgomp1、macOS: brew install libomp)",
    ),
    (
        "p_noted_few_decided",
        r"only (?P<decided>[\d,]+) of (?P<all>[\d,]+) votes are decided: who wins is learnt from (?P<least>\d+) or more, .*",
        "only {decided} of {all} votes are decided: who wins is learnt from {least} or more, so that A and B are held equally "
        "likely",
        "{all}票のうち優劣のついた票は{decided}票だけです。どちらが好まれるかは{least}票以上ないと学習しないため、"
        "AとBは同じ確率とします",
    ),
    (
        "p_noted_contradictions",
        r"votes on the same two responses contradict each other \(prompts: (?P<n>[\d,]+)\); all are kept, .*",
        "votes on the same two responses contradict each other (prompts: {n}); all are kept, since people differ",
        "{n}個のプロンプトでは、同じ二つの回答への票が食い違っています。人によって違うものなので、すべて残しました",
    ),
)
"""What `fit` notes: key, the words that are told by, English, Japanese."""

NOTE_WORDS = {key: words for key, words, _, _ in _NOTES}
"""Key of a text -> the expression that a whole note matches; its named groups fill the gaps."""

TEXTS = {
    "en": _EN
    | {f"p_group_{name}": name for name in GROUPS}
    | {key: english for key, _, english, _ in _NOTES},
    "ja": _JA
    | {f"p_group_{name}": japanese for name, japanese in GROUPS.items()}
    | {key: japanese for key, _, _, japanese in _NOTES},
}
