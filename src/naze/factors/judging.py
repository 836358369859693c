"""A clause of an explanation goes in; whether it judges a response, and whether it says anything, comes out.

Rules for Japanese and English. A clause that judges names a quality, a fault or a comparison; one that retells
the prompt, the score or what a response says does not. A vacuous one judges but names nothing: "both are equal".
"""

import re

__all__ = ["is_echo", "is_vacuous", "judges", "qualities", "says_nothing", "without_names"]

_JUDGES_EN = re.compile(
    r"\b(?:more|less|fewer|better|best|worse|worst|most(?:ly)?|least|too|enough|lack\w*|fail\w*|miss(?:es|ed|ing)|omit\w*"
    r"|in?correct\w*|correct\w*|in?accura\w+|right|wrong\w*|error\w*|mistak\w+|typos?|false|factual\w*|hallucinat\w+|truthful\w*"
    r"|un?clear\w*|clear\w*|clarity|concise\w*|succinct\w*|brief\w*|short\w*|long\w*|lengthy|wordy|verbos\w+|detail\w*"
    r"|comprehens\w+|in?complete\w*|complete\w*|thorough\w*|extensive\w*|(?:in-)?depth|deep\w*|superficial\w*|shallow|ir?relevan\w+"
    r"|relevan\w+|off-topic|on topic|(?:un)?helpful\w*|use(?:ful|less)\w*|informative|insight\w*|creativ\w+|original\w*|unique\w*"
    r"|engag\w+|interesting\w*|boring|vivid\w*|compelling|persuasive\w*|immersive|emotion\w*|humou?r\w*|funn\w+|well|good|poor\w*|great|bad(?:ly)?"
    r"|excellent\w*|strong\w*|weak\w*|(?:in)?effective\w*|(?:in)?efficien\w+|easy|easier|easily|simpl\w+|difficult|hard\w*|complex|direct\w*"
    r"|(?:un)?specific\w*|vague\w*|generic|general|precis\w+|imprecise|concrete\w*|practical\w*|actionable|repet\w+|redundan\w+"
    r"|repeat\w*|format\w*|structur\w+|(?:dis|un)?organi[sz]ed?\w*|readab\w+|bullet\w*|tone|polite\w*|rude|friendly|formal\w*|informal\w*|professional\w*"
    r"|natural\w*|fluent\w*|gramma\w+|spelling|punctuation|syntax|(?:in)?coheren\w+|(?:in)?consisten\w+|contradict\w*|(?:il)?logical\w*|nonsens\w+|makes? (?:no )?sense"
    r"|(?:in)?valid\w*|(?:in)?appropriate\w*|suitable|same|similar\w*|identical\w*|equal\w*|equivalent\w*|alike|compar\w+|neither|differen\w+|only|just|merely|not|no|never|cannot"
    r"|\w+n't|without|unnecessar\w+|superfluous|extraneous|confus\w+|ambigu\w+|mislead\w+|bias\w*|neutral\w*|objectiv\w+|balanced|nuance\w*|varied|variety|diverse|wide|broad\w*"
    r"|instruct\w+|requirement\w*|constraint\w*|on point|to the point|unrelated|implement\w*|works?|compil\w+|executab\w+"
    r"|additional\w*|adds|extra|also|examples?|evidence|step-by-step|understand\w*|meaningful\w*|reasonable|plausible|realistic\w*|unrealistic|(?:in)?sufficient\w*|adequate\w*|safe\w*|harmful\w*|respectful\w*|offensive\w*)\b",
    re.I,
)
_JUDGES_JA = re.compile(
    "より|優れ|劣|詳し|詳細|具体|抽象|正確|正し|正解|誤|間違|簡潔|簡単|端的|冗長|長い|長く|長す|短|分かりやす|わかりやす|分かりにく|明確|明瞭|曖昧|あいまい|不明"
    "|関連|無関係|有用|役立|役に立|適切|的確|適合|包括|網羅|幅広|深く|深い|深さ|浅|広範|多様|多角|豊富|多く|欠け|欠い|不足|足り|ません|ない|なか|なく|できて|満た|従|沿っ|応え"
    "|創造|独創|独自|面白|興味|丁寧|親切|自然|論理|矛盾|一貫|構造|整理|読みやす|読みづら|書式|形式|口調|文法|文章力|表現|完全|完璧|十分|繰り返|重複|同じ|同様|似て|等し|同等|共通"
    "|違い|異な|どちら|両方|両者|いずれ|良い|良く|良か|よい|悪|魅力|説得|実用|実行|動作|効率|最適|バランス|偏|中立|客観|情報量|例を|例が|例え|理解|誤解|混乱|意味|根拠|信頼|現実的"
    "|段階的|ステップ|答えて|直接|逸|脱線|無駄|余計|不要|安全|倫理|共感|配慮|質の高|高い|低い|問題|改善|貧弱|乏し"
)

_NAME_EN = re.compile(
    r"(?:\b(?:the|both|in|by|of|from|than|to|while|unlike|compared (?:to|with))\s+)*?"
    r"\**\b(?:the\s+)?(?:responses?|answers?|assistants?|outputs?|models?|option|AI|chatbot)\s*[\"“”'*(#]*(?:[AB]|[12]|one|two)\b"
    r"[\"“”)*]*(?:['’]s?)?(?:\s*(?:,|and|&|or)\s*(?:(?:response|answer|assistant|model)\s*)?\**(?:[AB]|[12])\b\**(?:['’]s?)?)?"
    r"(?:\s+(?:answers?|responses?|outputs?|feedback|code|version))?",
    re.I,
)
_NAME_JA = re.compile(
    "(?:(?:アシスタント|回答|応答|返答|レスポンス|モデル|答え)\\s*\\**[ABＡＢ12１２]\\**(?:(?:の)?(?:回答|応答|返答|答え|方|ほう))?(?:と|も|、|・|および|及び)?){1,2}"
    "(?:[ABＡＢ]\\**)?(?:の(?:両方|両者|回答|応答|返答|答え|方|ほう))*"
)
_LEAD_EN = re.compile(
    r"^(?:\W*(?:overall|in (?:conclusion|summary|contrast|addition|general|this case)|on the other hand|however|therefore|thus|hence|additionally|furthermore"
    r"|moreover|also|as a result|for example|for instance|while|although|but|and|so|because|since)\b[\s,]*)*"
    r"(?:(?:it|they|this|that|which|who|(?:this|the) (?:response|answer|assistant))\s+(?:also\s+|both\s+)?)?",
    re.I,
)
_LEAD_JA = re.compile(
    "^(?:\\s*(?:一方(?:で|、)|これに対し(?:て)?|それに対し(?:て)?|対照的に|しかし(?:ながら)?|また|さらに|加えて|具体的には|例えば|たとえば|特に|したがって|よって|そのため|このため|つまり"
    "|総合的に|全体として|全体的に|その結果|これにより|これは|それは|それが|ただし|なお|その上|このように|以上から|どちらかというと)[、,\\s]*)+"
)
_LABEL = re.compile(
    r"^[\s>#*_\-–—•・+]*(?:\(?\d{1,2}[.)．、]\s+)?[*_]*(?:(?:response|assistant|answer)\s+[AB12]\b['’s]*(?:\s+feedback)?|(?:回答|アシスタント)\s*[ABＡＢ12]"
    r"|strengths?|weakness(?:es)?|pros?|cons?|suggestions? for improvement|feedback|reason(?:ing|s)?|overall|verdict|explanation"
    r"|(?:良|好|悪|悩|長|短|弱|強)(?:い)?(?:点|所|み)|正確さ|正確性|網羅性|分かりやすさ|わかりやすさ|長さ|書式|口調|理解性|理由|総評|結論|評価"
    r"|correctness|completeness|clarity|length|format|tone)[*_]*\s*[:：]\s*[*_]*\s*",
    re.I,
)

_VACUOUS_EN = frozenset(
    "a ability about accordingly all also alike an and answer answers any are as assistant assistants at be because best better between both by case choice chosen chose close comparison "
    "comparable considered could decided decision deserve deserved deserves did difference differences different discernible do does each either equal equally equals equivalent even evenly fact fair "
    "favor favored favoured fine for from given good had has have hence here high higher highly i identical if in is it its just liked made makes making matched may might more much neither no "
    "nor not of on one only or other others over overall par part people person perform performed person's performance preferred prefer preferable quality quite rate rated rating reason received receives result response responses same score "
    "scored scores settled similar similarly significant significantly slight slightly so some someone superior task tasks terms than that the their them there therefore these they this thus tie tied to two up users user "
    "very vote votes voted was were well which while who why winner with won work would".split()
)
_VACUOUS_JA = re.compile(
    "どちら(?:か|も|の)?|両方|両者|両(?=回答)|双方|いずれ|お互い|互い|二つ|2つ|ふたつ|アシスタント|回答|応答|返答|答え|結果|評価|判断|結論|点数|スコア|品質|質|勝者|勝敗|優劣|引き分け|投票|人々|ユーザー|全体|最終|総合|私|この|その|これ|それ|場合|以上|理由|選択|結論|至り|至る|ラウンド|アシスト|という|いう|である|であり|提供|満足|対し|おい|つい|持ち|持つ|持って"
    "|同じ(?:よう|くらい|程度|ぐらい)?|同様|同等|同程度|同点|等し[いく]|互角|ほぼ|ほとんど|大きな?|明確|明らか|顕著|差異|差|違い|優れ|劣[っる]|良[いく]|よ[いく]|好[まき]|高[いく]|選ば|決め|つけ|付け|難し[いく]|より|比べ|比較|もう一方|一方|[ABＡＢC12]"
    "|とても|非常|特|十分|的|思[いわっう]|考え|感じ|見られ|見え|言え|いえ|書か|あり|なっ|され|せん|ませ|ない|なく|なか|くらい|ぐらい|程度|ため|ので|から|よう|しか|また|なる|いる|する|した|して|です|ます|まし|でき|られ|れ|方|ほう|こと|もの|点|面|上|他|いま|おり|たが|って"
)
_LEFT_JA = re.compile("[\u4e00-\u9fff\u30a0-\u30ffA-Za-z]|[\u3041-\u309f]{4,}")

_EMPTY_EN = (
    r"\b(?:provid\w+|giv\w+|gave|offer\w*|includ\w+|list\w*|mention\w*|us(?:es|ed|ing)|mak(?:es|ing)|made|describ\w+|explain\w*|discuss\w*|cover\w*"
    r"|address\w*|contain\w*|stat(?:es|ed|ing)|focus\w*|suggest\w*|show\w*|present\w*|creat(?:es|ed|ing)|only|just|into|information|question|point|points"
    r"|some|any|how|what|when|where|most|least|an?|may|can|could|did|does|such|like|during|including|word|work|works)\b"
)
_QUALITY_EN = (
    r"(?:(?:more|less|very|well|highly|equally|quite|slightly|not)[ -])*(?:accurate|correct|clear|concise|brief|detailed|comprehensive|complete|thorough|relevant|helpful|useful|informative"
    r"|insightful|creative|original|unique|engaging|interesting|vivid|compelling|persuasive|immersive|coherent|consistent|logical|structured|well-structured"
    r"|organi[sz]ed|well-organi[sz]ed|readable|appropriate|specific|precise|concrete|practical|actionable|balanced|nuanced|diverse|natural|fluent|grammatical"
    r"|polite|friendly|formal|professional|respectful|simple|direct|easy to (?:understand|follow|read)|reasonable|realistic|efficient|effective|in-depth|written|valid|factual)"
)
_LIST_EN = re.compile(rf"\b{_QUALITY_EN}(?:(?:, (?:and )?| and ){_QUALITY_EN})+\b", re.I)
_AND_EN = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")
_QUALITY_JA = (
    "(?:(?:具体|包括|直接|一般|抽象|実用|実践|創造|独創|論理|現実|魅力|効果|効率|専門|体系|段階|網羅)的|詳細|有用|有益|正確|適切|的確|明確|明瞭|簡潔|自然|丁寧|親切|広範|多様|豊富|曖昧|冗長|不正確|不適切|不明確"
    "|(?:関連性|一貫性|説得力|信頼性|正確性|有用性)[がも](?:高い|高く|あり|ある|あって)|(?:分かり|わかり|理解し|読み)(?:やす|にく)[いく]|詳し[いく]|深[いく]|長[いく]|短[いく])"
)
_AND_JA = re.compile("(?:で(?:あり)?(?:、|かつ|)|、|かつ、?|(?<=[くり])、?|(?<=あって)、?)(?=.)")
_LIST_JA = re.compile(f"{_QUALITY_JA}(?:(?:で(?:あり)?、?(?:かつ)?|、|かつ、?|(?<=[くり])、?|(?<=あって)、?){_QUALITY_JA})+")
_CRITERIA = re.compile(
    "正確さ|正確性|網羅性|羅性|分かりやすさ|わかりやすさ|長さ|書式|口調|correctness|completeness|clarity|length|format|tone",
    re.I,
)


def judges(text: str, language: str | None) -> bool:
    """Tell whether a clause judges. In a language without rules everything counts as judging."""
    if language == "ja":
        return _JUDGES_JA.search(text) is not None
    return language != "en" or _JUDGES_EN.search(text) is not None


def is_echo(text: str) -> bool:
    """Tell whether a clause only repeats the template's list of criteria (three of them or more, no verdict on any)."""
    if len(_CRITERIA.findall(text)) < 3:
        return False
    rest = _CRITERIA.sub("", text)
    return (
        len(re.sub(r"[\W\d_]+|and|strengths|weaknesses|its|良い点|悪い点|同じように書きます|と|の", "", rest))
        <= 4
    )


def is_vacuous(text: str, language: str | None) -> bool:
    """Tell whether a reason says no more than that one is better, or that both are equal.

    It is vacuous when nothing is left after taking out the words that only state a result. Rules exist for
    Japanese and English; in another language nothing is called vacuous.

    Example:
        >>> is_vacuous("Both answers are equally good.", "en"), is_vacuous("どちらの回答も同じくらい良いです。", "ja")
        (True, True)
        >>> is_vacuous("Both answers are equally short.", "en")
        False
    """
    bare = without_names(text, language)
    if language == "ja":
        return _LEFT_JA.search(_VACUOUS_JA.sub(" ", bare)) is None
    if language == "en":
        return all(word in _VACUOUS_EN for word in re.findall(r"[a-z]+(?:['’][a-z]+)?", bare.lower()))
    return not bare.strip()


def qualities(text: str, language: str | None) -> list[str]:
    """Cut a list of qualities into as many reasons; any other text stays as it is.

    Example:
        >>> qualities("gave helpful, relevant, and accurate answers", "en")
        ['gave helpful answers', 'gave relevant answers', 'gave accurate answers']
        >>> qualities("より具体的で詳細です", "ja")
        ['より具体的です', 'より詳細です']
    """
    of_list, between = {"en": (_LIST_EN, _AND_EN), "ja": (_LIST_JA, _AND_JA)}.get(language or "", (None, None))
    found = of_list.search(text) if of_list else None
    if found is None or between is None:
        return [text]
    words = [word for word in between.split(found[0]) if word]
    return [_with_quality(text[: found.start()], word, text[found.end() :]) for word in words]


def _with_quality(before: str, word: str, after: str) -> str:
    """Put one quality where the list stood; a Japanese form that only lists can have becomes a final one."""
    for listed, final in (("く", "い"), ("あり", "ある"), ("あって", "ある")):
        if word.endswith(listed):
            return before + word.removesuffix(listed) + final
    return before + word + after


def without_names(text: str, language: str | None) -> str:
    """Take the responses' names and leading labels out: which of them it was is no part of a reason.

    Example:
        >>> without_names("**Response A**: it is shorter than Response B", "en")
        'it is shorter than the other'
    """
    while (bare := _LABEL.sub("", text, count=1)) != text:
        text = bare
    text = text.replace("**", "").replace("__", "").replace("`", "")
    if language == "ja":
        return _without_names_ja(text)
    if language == "en":
        return _without_names_en(text)
    return text.strip()


def _without_names_ja(text: str) -> str:
    text = _LEAD_JA.sub("", text)
    if found := _NAME_JA.match(text):
        both = "両方とも" if re.search("両|[ABＡＢ12]\\**[とも]", found[0]) else ""
        text = both + re.sub(r"^(?:[はがもの、，\s]|とも)+", "", text[found.end() :])
    return _NAME_JA.sub("もう一方", text).strip(" 　、,。．.")


def _without_names_en(text: str) -> str:
    text = _LEAD_EN.sub("", text)
    if found := _NAME_EN.match(text):
        both = "both " if re.search(r"\b(?:both|and)\b", found[0], re.I) else ""
        text = both + text[found.end() :].lstrip(" ,:")
    return _LEAD_EN.sub("", _NAME_EN.sub(_other, text)).strip(" ,;:.-–—")


def _other(found: re.Match[str]) -> str:
    lead = re.match(r"(?:(?:in|by|of|from|than|to|while|unlike|compared (?:to|with))\s+)+", found[0], re.I)
    return (lead[0] if lead else "") + "the other"


def says_nothing(text: str, language: str | None) -> bool:
    """Tell whether a text whose subject matter was taken out names no quality any more: "provides more …"."""
    if language == "ja":
        text = re.sub("それ|その|これ|この|説明|内容|方法|情報|質問|要求|述べ|触れ|示し|挙げ|含ま|含み|行っ|試み", " ", text)
        return is_vacuous(text, language)
    if language == "en":
        text = re.sub(_EMPTY_EN, " ", text.lower().replace("…", " "))
    return is_vacuous(text, language)
