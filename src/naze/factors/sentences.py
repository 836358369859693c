"""A sentence goes in; where its clauses stand comes out, as spans, in Japanese and English.

Spans and not texts, so that what is quoted is always the source's own characters.
"""

import re

from naze.factors.words import rules
from naze.prompts.sentences import Span, sentences, trimmed

__all__ = ["Span", "clauses", "script_language", "sentences"]

_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9d]")
_HAN = re.compile("[\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z]")
_CLAUSE_JA = re.compile(
    r"(?<=[すいたるだ])が、|一方(?:で)?、|(?<=[るた])のに対し(?:て)?、|のに対し(?:て)?、|ものの、|(?<=ており)、|(?<=であり)、"
    r"|(?<=[ただるい])(?:ため|ので|から)(?:、|、より)|(?<=し)、(?=また|さらに|かつ|より)|(?<=[いれせきしりみび])、また、?"
    r"|(?<=で)、(?=[^、。]{1,9}(?:で、|です|で[あし]|性[がも]))|(?<=[がも]あり)、"
    r"|しかし(?:ながら)?、|ただし、|したがって、|そのため、"
)


def script_language(text: str, otherwise: str | None) -> str | None:
    """Tell a piece's language from its script alone: kana is Japanese, Latin letters without any are English.

    Args:
        text: a sentence or less.
        otherwise: what the whole text is in; kept for every other script and every other Latin language.
    """
    if _KANA.search(text):
        return "ja"
    if otherwise in ("ja", None) and not _HAN.search(text) and len(_LATIN.findall(text)) >= 3:
        return "en"
    return otherwise


def clauses(text: str, span: Span, language: str | None) -> list[Span]:
    """Cut a sentence into the clauses that each say one thing.

    Args:
        text: the whole text.
        span: the sentence.
        language: `ja` cuts at Japanese conjunctions, `en` at English ones; any other is not cut.
    """
    if language not in ("ja", "en"):
        return [span]
    pattern = _CLAUSE_JA if language == "ja" else rules().clause_en
    found: list[Span] = []
    begin = span[0]
    for cut in pattern.finditer(text, *span):
        if piece := trimmed(text, begin, cut.start()):
            found.append(piece)
        begin = cut.end()
    if piece := trimmed(text, begin, span[1]):
        found.append(piece)
    return found
