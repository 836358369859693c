"""Explanations go in as they come; what is wrong with each, and how else to ask for it, comes out.

Of explanations in naze's own form, whose fields and quotes are looked at one by one. Those in free text that a person's
own template asks for are looked at as any text is: `naze.jobs.checking`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from naze.jobs.checking import against_repeating, what_was_wrong
from naze.jobs.explaining.explanation import Explanation, read_explanation
from naze.jobs.explaining.form import Form, wording
from naze.jobs.faults import Mark, are_alike, cut_off, ordered, text_marks
from naze.prompts import Template, written_in
from naze.records import Answer, FittedPrompt, Prompt, Sampling, Status, Vote, Winner

__all__ = ["FormCheck"]


@dataclass(frozen=True, slots=True)
class FormCheck:
    """Looks at explanations in naze's own form.

    Args:
        form: that they are asked for in.
        template: that asks for them; its words must not come back.
        sampling: of the first way of asking.
    """

    asks_again: ClassVar[bool] = True
    form: Form
    template: Template
    sampling: Sampling

    def look(self, row: FittedPrompt, answer: Answer) -> Answer:
        """Mark what is wrong; an explanation that was cut off counts as far as it goes. See `naze.generations.Check`."""
        vote: Vote = row.about
        explanation = read_explanation(answer.text, vote, self.form)
        if explanation is None:
            return replace(answer, marks=ordered([Mark.CUT_OFF]))
        told = (self.template.instruction, row.prompt.question)
        marks = list(_explanation_marks(explanation, vote, self.form, told))
        if answer.status is Status.ANSWERED and not cut_off(answer):
            return replace(answer, marks=ordered(marks))
        marks.append(Mark.CUT_OFF)
        return replace(answer, status=Status.ANSWERED, reason=None, marks=ordered(marks))

    def again(self, row: FittedPrompt, answer: Answer) -> Prompt:
        """Ask with what was wrong, and more against repetition. See `naze.generations.Check`."""
        schema = row.prompt.schema
        return replace(
            row.prompt,
            question=row.prompt.question + what_was_wrong(answer.marks, self.form.language),
            schema=self.form.as_contrast(schema) if schema and Mark.ALIKE in answer.marks else schema,
            sampling=against_repeating(self.sampling),
        )


def _explanation_marks(
    explanation: Explanation, vote: Vote, form: Form, told: tuple[str, ...]
) -> Iterator[Mark]:
    texts = list(explanation.texts())
    for text in (*texts, "\n".join(texts)):
        yield from text_marks(text, form.language, instruction=told)
    of_a, of_b = (
        " ".join(_without_opening(point.text, form) for point in explanation.of(side)) for side in ("a", "b")
    )
    if of_a.strip() and are_alike(of_a, of_b):
        yield Mark.ALIKE
    reason = _without_opening(explanation.reason, form)
    if vote.winner in (Winner.A, Winner.B) and speaks_for_loser(
        explanation.reason, vote.winner, form.language
    ):
        yield Mark.AGAINST_WINNER
    if explanation.reason and _only_repeats_result(reason, form.language):
        yield Mark.SAYS_NOTHING
    if explanation.quoted and not explanation.verified:
        yield Mark.UNVERIFIED


def _without_opening(text: str, form: Form) -> str:
    """Take off the words that the grammar wrote."""
    openings = sorted(wording(form.language, "openings").values(), key=len, reverse=True)
    for opening in openings:
        if opening and text.startswith(opening):
            return text.removeprefix(opening)
    return text


_PRAISE = (
    "accurate|appropriate|clear|clearer|complete|comprehensive|concise|correct|creative|detailed|direct|engaging|factual|helpful|"
    "informative|logical|natural|organi[sz]ed|precise|readable|relevant|reliable|specific|structured|thorough|useful"
)
_DENIED = (
    "(?:い|り)?(?:で)?(?:が|は|も|の)?(?:な[いくし]|少な|ありませ|せず|を(?:指摘|訂正|正し|避け|防|含ま?な))"
)
"""Behind a fault in Japanese: that it is not there after all."""
_LOSER_BETTER = {
    "ja": (
        "回答{loser}(?:のほう|の方)が",
        "回答{loser}(?:は|が)(?:より|もっと|最も)?(?:優れて|正確で|正しい|良い|適切)",
        "回答{winner}(?:のほう|の方)?[はが][^。、]{{0,20}}(?:誤り|誤って|間違|不正確|劣って|不適切|わかりにく|分かりにく)"
        f"(?!{_DENIED})",
    ),
    "en": (
        r"[Rr]esponse {loser} (?:is|was) (?:the )?(?:better|best|correct|preferred|chosen|superior|"
        rf"more (?:{_PRAISE}))\b",
        r"prefer(?:red)? (?:response )?{loser}\b",
        r"[Rr]esponse {winner} (?:was chosen because it )?"
        r"(?:is|was|gives|gave|provides|provided|contains|contained|has|had|makes|made)"
        r" (?:(?:an?|the|some|many|more|completely|factually|very) ){{0,2}}"
        r"(?:incorrect|wrong|inaccurate|nonsensical|worse|irrelevant)",
    ),
}
_RESULT_ONLY = {
    "ja": re.compile(
        r"投票|人々|多くの(?:人|投票)|選(?:ばれ|択|び)|回答[AB]?|質問|要件|満たし|適切|要求|理由|結果|です|ます|である|ました|とされて|いる|ため|が|を|に|は|の|と|で|も|へ|[、。\s]"
    ),
    "en": re.compile(
        r"\b(?:was|were|is|it|the|by|chosen|people|person|preferred|selected|received|more|most|votes?|majority|of|response|"
        r"responses|a|b|best|better|answer|to|that|and|than|only|one|they|both)\b|[^\w]",
        re.I,
    ),
}
_LEAST_SAID = {"ja": 2, "en": 4}


def speaks_for_loser(reason: str, winner: Winner, language: str) -> bool:
    """Tell whether a reason calls the response better that was not preferred, or the preferred one wrong.

    Rules for Japanese and English.

    Example:
        >>> speaks_for_loser("Response A was chosen because response B is more detailed.", Winner.A, "en")
        True
    """
    names = {"winner": winner.value.upper(), "loser": "B" if winner is Winner.A else "A"}
    return any(re.search(pattern.format(**names), reason) for pattern in _LOSER_BETTER.get(language, ()))


def _only_repeats_result(reason: str, language: str) -> bool:
    """Tell whether nothing is left of a reason when the words of the result are taken out."""
    pattern = _RESULT_ONLY.get(written_in(language)) if written_in(language) == language else None
    return pattern is not None and len(pattern.sub("", reason)) < _LEAST_SAID[language]
