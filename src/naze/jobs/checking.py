"""Texts that a model wrote for people go in as they come; marks of what is wrong, and how else to ask, come out.

The same watch stands over explanations in a person's own words, names and definitions of factors, analyses, and the points
of summaries. Explanations in naze's own form have more to be looked at: `naze.jobs.explaining.checking`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from typing import ClassVar

from naze.jobs.explaining.form import wording
from naze.jobs.faults import Mark, cut_off, ordered, text_marks
from naze.prompts import Template, language_name
from naze.records import Answer, FittedPrompt, Prompt, Sampling, Status

__all__ = ["LoopCheck", "TextCheck", "against_repeating", "texts_of", "what_was_wrong"]

SECOND_PENALTY = 0.07
"""Added to the repetition penalty when something is asked a second time."""
_MOST_SAME = 3
"""Texts of one answer of which so many are the same loop."""


@dataclass(frozen=True, slots=True)
class TextCheck:
    """Looks at texts that a model writes for people.

    Args:
        template: that asks for them.
        sampling: of the first way of asking.
        keys: of an answer in JSON, under which the texts stand; none: the whole answer is one.
        own: the template is naze's own: its words must not come back, and what was wrong is said when it is asked again.
    """

    asks_again: ClassVar[bool] = True
    template: Template
    sampling: Sampling
    keys: frozenset[str] = frozenset()
    own: bool = False

    def look(self, row: FittedPrompt, answer: Answer) -> Answer:
        """Mark what is wrong; JSON that cannot be read counts as cut off. See `naze.generations.Check`."""
        marks = list(self.marks(answer.text or "", row.prompt))
        unread = (
            bool(self.keys) and answer.status is Status.INVALID and not texts_of(answer.text or "", self.keys)
        )
        return replace(answer, marks=ordered([*marks, Mark.CUT_OFF] if cut_off(answer) or unread else marks))

    def marks(self, text: str, prompt: Prompt) -> Iterator[Mark]:
        """Find what is wrong with an answer, whether it is JSON that can be read or not."""
        told = (prompt.instruction, prompt.question) if self.own else ()
        texts = texts_of(text, self.keys) if self.keys else [text]
        for one in texts:
            yield from text_marks(one, self.template.language, instruction=told)
        if max(Counter(texts).values(), default=0) >= _MOST_SAME:
            yield Mark.LOOPING

    def again(self, row: FittedPrompt, answer: Answer) -> Prompt:
        """Ask the same, with more against repetition. See `naze.generations.Check`."""
        question = row.prompt.question
        if self.own:
            question += what_was_wrong(answer.marks, self.template.language, of="text")
        return replace(row.prompt, question=question, sampling=against_repeating(self.sampling))


@dataclass(frozen=True, slots=True)
class LoopCheck:
    """Looks at texts that a person's own question asks for: whether they loop or are cut off. It only marks.

    What language they should be in, and whether they may repeat the question, only the person knows.
    """

    asks_again: ClassVar[bool] = False

    def look(self, row: FittedPrompt, answer: Answer) -> Answer:
        """Mark a text; a choice and JSON under a schema have checks of their own. See `naze.generations.Check`."""
        if row.prompt.choices or row.prompt.schema is not None:
            return answer
        marks = list(text_marks(answer.text or "", ""))
        return replace(answer, marks=ordered([*marks, Mark.CUT_OFF] if cut_off(answer) else marks))

    def again(self, row: FittedPrompt, answer: Answer) -> Prompt:
        """Is never called; the prompt stays as it is."""
        return row.prompt


def against_repeating(sampling: Sampling) -> Sampling:
    """Return the sampling of the second way: tokens that stand there already become less likely."""
    return replace(sampling, repetition_penalty=sampling.repetition_penalty + SECOND_PENALTY)


def what_was_wrong(marks: Iterable[str], language: str, *, of: str = "") -> str:
    """Say in the words of a prompt what was wrong, a line for each fault.

    Args:
        marks: of the first answer.
        language: of the answers.
        of: `text` takes the words for any text where there are some; else those for an explanation of a vote.
    """
    words = wording(language, "again")
    lines = (words.get(f"{of}_{mark}", words[mark]) for mark in marks)
    return "".join(f"\n{line}" for line in lines).format(language=language_name(language))


def texts_of(answer: str, keys: Set[str]) -> list[str]:
    """Return the texts that stand under some keys anywhere in JSON, in order; none where it cannot be read.

    Example:
        >>> texts_of('{"claims": [{"text": "It is short.", "cases": ["f1"]}]}', {"text"})
        ['It is short.']
    """
    try:
        return list(_under(json.loads(answer), keys, wanted=False))
    except ValueError:
        return []


def _under(value: object, keys: Set[str], *, wanted: bool) -> Iterator[str]:
    if isinstance(value, str):
        if wanted:
            yield value
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield from _under(inside, keys, wanted=key in keys)
    elif isinstance(value, list):
        for inside in value:
            yield from _under(inside, keys, wanted=wanted)
