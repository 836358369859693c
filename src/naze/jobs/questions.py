"""A question as a person asks it goes in; the template that asks it, and what its answers mean, come out."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from naze.errors import ConfigurationError, FormatError
from naze.prompts import Template, row_instruction, split_prompt
from naze.prompts.offering import lettered, list_letters, offer_letters, offer_words
from naze.suggesting import did_you_mean
from naze.tables import read_yaml

__all__ = ["Asked", "Question", "as_asked", "language_of", "read_questions"]

_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
NO_DEFINITIONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each row. Each question makes one column."""

    name: str
    """Of the column."""
    prompt: str | Template
    """Jinja2 text over the columns: `Is this review about delivery? {{ text }}` (see `split_prompt`), or a whole
    template with an instruction of its own."""
    choices: tuple[str, ...] = ()
    """When given, the model chooses one of them instead of writing, and each gets a probability."""
    definitions: Mapping[str, str] = field(default_factory=lambda: NO_DEFINITIONS)
    """Choice -> what it means, shown to the model."""
    values: Mapping[str, str] = field(default_factory=lambda: NO_DEFINITIONS)
    """Choice -> what the column holds; the choice itself where nothing is given."""
    lettered: bool = False
    """List the choices under letters even where the model could choose between their words."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer must satisfy."""
    leads: bool = False
    """Of a template: the question means the same before the row. (Of a text, naze sees that for itself.)"""
    fields_prefix: str | None = None
    """With a schema: each of its properties becomes a column of its own, behind this prefix; None: one column."""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConfigurationError("a question has no name; expected one, which becomes the column's name.")
        if self.choices and self.schema is not None:
            raise ConfigurationError(
                f"question {self.name!r} has choices and a schema; expected one of them."
            )
        if len(set(self.choices)) < len(self.choices) or not all(choice.strip() for choice in self.choices):
            raise ConfigurationError(
                f"question {self.name!r} has the choices {list(self.choices)}; expected different, not empty ones."
            )
        if len(self.choices) == 1:
            raise ConfigurationError(f"question {self.name!r} has one choice; expected at least two.")
        if unknown := [name for name in self.definitions if name not in self.choices]:
            raise ConfigurationError(
                f"question {self.name!r} defines {unknown[0]!r}; expected only its choices: {', '.join(self.choices)}."
            )


@dataclass(frozen=True, slots=True)
class Asked:
    """A question made concrete for one model."""

    question: Question
    template: Template
    meanings: Mapping[str, str]
    """What the model chooses -> the choice that it stands for."""

    @property
    def name(self) -> str:
        """Of the column."""
        return self.question.name


_KEYS = ("prompt", "choices", "definitions", "schema")


def read_questions(path: str | Path) -> tuple[Question, ...]:
    """Read questions from a YAML file: for each column's name its `prompt`, and `choices` or a `schema` where wanted.

    `choices` is a list, or maps each choice to what it means. A prompt alone may stand as plain text.

    Raises:
        FormatError: broken YAML, or something else than questions.
    """
    found = read_yaml(path)
    if not isinstance(found, dict) or not found:
        raise FormatError(
            f"{path}: expected column names with their questions, such as `delivery: {{prompt: …}}`."
        )
    return tuple(_read_question(path, str(name), body) for name, body in found.items())


def _read_question(path: str | Path, name: str, body: object) -> Question:
    if isinstance(body, str):
        return Question(name, body)
    if not isinstance(body, dict) or not isinstance(body.get("prompt"), str):
        raise FormatError(f"{path}: question {name!r} has no prompt; expected `prompt:` and a text.")
    for key in body:
        if key not in _KEYS:
            raise FormatError(
                f"{path}: question {name!r} has {key!r}; expected {', '.join(_KEYS)}."
                f"{did_you_mean(str(key), _KEYS, used=body)}"
            )
    choices, schema = body.get("choices", ()), body.get("schema")
    if not isinstance(choices, list | dict | tuple) or not isinstance(schema, dict | None):
        raise FormatError(f"{path}: question {name!r}: choices are a list or a mapping, schema is an object.")
    definitions = {str(name): str(meaning) for name, meaning in (body.get("definitions") or {}).items()}
    if isinstance(choices, dict):
        definitions |= {
            str(choice): str(meaning) for choice, meaning in choices.items() if meaning is not None
        }
    return Question(
        name, body["prompt"], tuple(str(choice) for choice in choices), definitions, schema=schema
    )


def as_asked(
    question: Question,
    language: str,
    instruction: str | None,
    tells_apart: Callable[[Sequence[str]], bool],
    *,
    first: bool = False,
) -> Asked:
    """Make a question's template.

    Choices are asked for by their words where the model tells them apart by their first token; otherwise, and
    where they have definitions, they are listed under letters.

    The row stands before the question: several questions about it read it once, and small models answer better so
    (docs/performance.md). Where wanted, a question that the person wrote before the row goes to the end of the instruction with
    its list of choices, and is read once for all rows.

    Args:
        question: as the person asks it.
        language: of naze's own words in the prompt.
        instruction: stands before every row; None: naze's own.
        tells_apart: whether the model can choose between some texts.
        first: the question is to stand before the row.

    Raises:
        TemplateError: broken syntax.
    """
    template, leads = _template(question, language, instruction, first=first)
    leads = leads and bool(template.subject.strip()) and not template.row_names("question")
    listed, order, meanings = _choices(question, template.language, tells_apart, apart=leads)
    if leads:
        instruction = _joined(template.instruction, template.question, listed)
        template = replace(template, instruction=instruction, question=order)
    else:
        template = replace(template, question=_joined(template.question, listed, order))
    template = replace(
        template,
        choices=tuple(meanings),
        schema=None if question.schema is None else json.dumps(question.schema, ensure_ascii=False),
    )
    values = {letter: question.values.get(choice, choice) for letter, choice in meanings.items()}
    return Asked(question, template, values)


def _choices(
    question: Question, language: str, tells_apart: Callable[[Sequence[str]], bool], *, apart: bool
) -> tuple[str, str, dict[str, str]]:
    """Return the list of the choices, how to answer, and what each answer means.

    Args:
        question: as the person asks it.
        language: of naze's own words.
        tells_apart: whether the model can choose between some texts.
        apart: the list and how to answer stand in different places.
    """
    if not question.choices:
        return "", "", {}
    by_words = not (question.lettered or question.definitions)
    if by_words and _differ_at_once(question.choices) and tells_apart(question.choices):
        return "", offer_words(question.choices, language), {choice: choice for choice in question.choices}
    definitions = {choice: question.definitions.get(choice, "") for choice in question.choices}
    listed, order = (
        list_letters(definitions, language) if apart else ("", offer_letters(definitions, language))
    )
    return listed, order, lettered(question.choices)


def _template(
    question: Question, language: str, instruction: str | None, *, first: bool
) -> tuple[Template, bool]:
    """Return the question's template, the row first, and whether the question is to lead."""
    if isinstance(question.prompt, Template):
        own = question.prompt.instruction if instruction is None else instruction
        return replace(question.prompt, name=question.name, instruction=own), first and question.leads
    split = split_prompt(question.prompt)
    leads = first and split.moved
    template = Template(
        name=question.name,
        language=language,
        instruction=row_instruction(language, question_first=leads) if instruction is None else instruction,
        subject=split.subject,
        question=split.question,
        origin=f"question {question.name!r}",
    )
    return template, leads


def _joined(*parts: str) -> str:
    """Join the parts of a prompt that are not empty, an empty line between them."""
    written = [part.strip() for part in parts if part.strip()]
    # Jinja2 takes the line end right behind a block away, so that there it is written once more.
    return (
        "".join(part + ("\n\n\n" if part.endswith("%}") else "\n\n") for part in written[:-1]) + written[-1]
    )


def language_of(prompts: Sequence[str], default: str) -> str:
    """Tell the language of naze's own words from a person's prompts: Japanese where they are Japanese."""
    return "ja" if any(_JAPANESE.search(prompt) for prompt in prompts) else default


def _differ_at_once(choices: Sequence[str]) -> bool:
    """Tell whether no two choices begin with the same letter: a server shows no more than its likeliest tokens."""
    firsts = [choice.strip()[0].casefold() for choice in choices]
    return len(set(firsts)) == len(firsts)
