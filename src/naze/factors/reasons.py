"""An explanation goes in; the single reasons that it names come out, each with a quote from it.

naze's own explanations have three steps (`prompts/templates/explain.*.j2`): the third is taken, and the
second's bullets. Any other text is taken whole. Of both only the sentences that judge are kept.
"""

import re
from collections.abc import Iterable, Iterator

from naze.factors.judging import is_echo, is_vacuous, judges, qualities
from naze.factors.names import without_names
from naze.factors.sentences import Span, clauses, script_language, sentences
from naze.jobs.explaining import Statement
from naze.jobs.quotes import check_quote
from naze.records import Reason, Winner

__all__ = ["MOST_REASONS", "split_reasons", "stated_reasons"]

MOST_REASONS = 24
"""Of one explanation; a model that loops gives no more than that."""
_LONGEST = 400
"""Characters of a reason; a longer "sentence" is a table, code or a loop without full stops."""
_SHORTEST = {"ja": 4, "en": 6}

_TITLES = (
    r"(?P<first>Summary of the prompt|プロンプトの要約)|(?P<second>Analysis of the responses?|回答の分析)"
    r"|(?P<third>Why people (?:decided|chose|preferred)|そう判断した理由)"
)
_HEADING = re.compile(
    rf"^[ \t]*(?:#{{1,6}}[ \t]*|\*\*[ \t]*)(?:(?P<number>[1-3])[ \t]*[.．、:)][^\n]*|[^\n]*?(?:{_TITLES})[^\n]*)$",
    re.M | re.I,
)
_RESULT = re.compile(
    r"^(?:the )?(?:result|final verdict|verdict|score|rating|winner)\b[^.]{0,40}[:：]"
    r"|^(?:\W*\d+(?:\.\d+)?(?:\s*/\s*10)?\W*){1,3}$|^\W*\[\[[ABC]\]\]\W*$"
    r"|^\W*(?:投票結果|最終的な判断|最終判断|判定|結果|スコア|評価)\W*[:：]"
    r"|\[(?:begin|end) \w+\]|result (?:of the vote )?(?:is|was) settled|people chose|人々は\W*回答\W*[AB]\W*を選",
    re.I,
)
_RETOLD = re.compile(
    r"^(?:the )?(?:user|person|prompt|question|instruction|task|input)(?:['’]s \w+)?\s+(?:was |is |has )?"
    r"(?:ask\w*|want\w*|request\w*|need\w*|requir\w*)\b"
    r"|^(?:ユーザー|質問|プロンプト|人)(?:が|は|の質問は).{0,80}(?:求めて|尋ねて|要求して|質問で)(?:いる|います|す)",
    re.I,
)
_VERDICT = re.compile(r"\s*(?:最終的な判断\W*)?\[\[[ABC]\]\]\s*")
_QUOTED = re.compile(r"""^\W*["“”'「『].*["“”'」』]\W*$""")


def split_reasons(
    vote_id: str, explanation: str, *, language: str | None = None, winner: Winner | None = None
) -> list[Reason]:
    """Cut an explanation into the single reasons that it names.

    Args:
        vote_id: the vote that is explained.
        explanation: as a model wrote it; headings may be missing and the text cut off.
        language: ISO 639-1 code of the explanation. Japanese and English have rules; in any other language
            sentences are not cut further, and all are taken to judge.
        winner: the result that the explainer was told.

    Returns:
        At most `MOST_REASONS`, in the order of the text, the third step first. What is said twice counts once.
        Every quote occurs in the explanation, character by character.

    Example:
        >>> reasons = split_reasons("7", "Response A is correct, while Response B repeats itself.", language="en")
        >>> [reason.text for reason in reasons]
        ['is correct', 'repeats itself']
    """
    found: dict[str, tuple[str, str, str | None]] = {}
    for sentence in _judged_sentences(explanation):
        for text, quote, spoken in _of_sentence(explanation, sentence, language):
            found.setdefault(re.sub(r"\W+", "", text).casefold(), (text, quote, spoken))
        if len(found) >= MOST_REASONS:
            break
    reasons = []
    for number, (text, quote, spoken) in enumerate(list(found.values())[:MOST_REASONS], 1):
        if not check_quote(quote, explanation):
            raise AssertionError(f"vote {vote_id!r}: the quote {quote!r} is not in its explanation")
        reasons.append(Reason(f"{vote_id}#{number}", vote_id, text, quote, spoken, winner))
    return reasons


def stated_reasons(
    vote_id: str,
    statements: Iterable[Statement],
    *,
    language: str | None = None,
    winner: Winner | None = None,
) -> list[Reason]:
    """Take what an explanation in naze's own form says as its reasons; nothing is cut, and what says nothing is left out.

    Args:
        vote_id: the vote that is explained.
        statements: the reason first; see `naze.jobs.explaining.Explanation.statements`.
        language: ISO 639-1 code of the explanation.
        winner: the result that the explainer was told.

    Returns:
        In the order of the statements; what is said twice counts once. Every quote occurs in the explanation.
    """
    found: dict[str, tuple[str, str, str | None]] = {}
    for statement in statements:
        spoken = script_language(statement.text, language)
        text = without_names(_CHOSEN.sub("", statement.text), spoken)
        if len(text) >= _SHORTEST.get(spoken or "", 6) and not is_vacuous(text, spoken):
            found.setdefault(re.sub(r"\W+", "", text).casefold(), (text, statement.shown, spoken))
    return [
        Reason(f"{vote_id}#{number}", vote_id, text, quote, spoken, winner)
        for number, (text, quote, spoken) in enumerate(found.values(), 1)
    ]


_CHOSEN = re.compile(
    r"^Response [AB] was chosen because it\s+|^Unlike response [AB],\s+|^回答Bは回答Aより(?:も、?)?|^回答[AB]のほうが、?"
    r"|^回答[AB]は、?|^どちら(?:の回答)?も、?"
)
"""What the grammar of an explanation writes at the beginning of a text."""


def _judged_sentences(text: str) -> Iterator[Span]:
    """Give the sentences in which a verdict may stand: the third step's, then the second's; or all."""
    headings = list(_HEADING.finditer(text))
    steps: dict[int, Span] = {}
    for place, heading in enumerate(headings):
        end = headings[place + 1].start() if place + 1 < len(headings) else len(text)
        steps.setdefault(_step(heading), (heading.end(), end))
    if not steps:
        yield from sentences(text)
        return
    if 1 not in steps and headings[0].start() > 0 and 2 not in steps:
        yield from sentences(text, 0, headings[0].start())
    for step in (3, 2):
        if step in steps:
            yield from sentences(text, *steps[step])


def _step(heading: re.Match[str]) -> int:
    if heading["number"]:
        return int(heading["number"])
    return 1 if heading["first"] else 2 if heading["second"] else 3


def _of_sentence(text: str, span: Span, language: str | None) -> list[tuple[str, str, str | None]]:
    """Return the reasons of one sentence: text, quote, language."""
    quote = _VERDICT.sub(" ", text[span[0] : span[1]]).strip()
    quote = text[span[0] : span[1]] if quote not in text else quote
    if len(quote) > _LONGEST or _RESULT.search(quote) or _RETOLD.match(quote) or is_echo(quote):
        return []
    spoken = script_language(quote, language)
    cleaned = [
        without_names(_VERDICT.sub(" ", text[start:end]).strip(), spoken)
        for start, end in clauses(text, span, spoken)
    ]
    worded = [
        clause
        for clause in cleaned
        if len(clause) >= _SHORTEST.get(spoken or "", 6)
        and not _QUOTED.match(clause)
        and not _RETOLD.match(clause)
    ]
    empty = [clause for clause in worded if is_vacuous(clause, spoken)]
    # "A is better because …": what stands beside a bare verdict is its reason, whatever its words.
    said = [clause for clause in worded if clause not in empty and (empty or judges(clause, spoken))]
    atoms = [atom for clause in said for atom in qualities(clause, spoken)] or empty[:1]
    return [(atom, quote, spoken) for atom in atoms]
