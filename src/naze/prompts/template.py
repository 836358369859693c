"""Jinja2 text of three parts goes in, with a row's values; a `Prompt` comes out.

A template runs in a sandbox: it sees the values, the answer's language, and nothing of the machine. A name
that does not exist is an error before anything is asked, also in a branch that the first row does not take.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from naze.errors import TemplateError
from naze.prompts.languages import language_name
from naze.records import Prompt
from naze.suggesting import nearest

__all__ = ["CONSTANTS", "PARTS", "ROW_NAME", "Template"]

PARTS = ("instruction", "subject", "question")
CONSTANTS = ("answer_language", "answer_language_code")
"""Names that are the same for a whole run: `Japanese` and `ja`."""
ROW_NAME = "row"
"""In a template over a table, all columns by name: `{{ row["opening hours"] }}`."""

_FILE_NAME = "<naze template>"
_FAILURES = (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What a template's own expressions can raise."""


@dataclass(frozen=True)
class Template:
    """Makes prompts: `instruction` is the same for a run, `subject` shows the row, `question` asks about it.

    Args:
        name: what messages and manifests call it.
        language: ISO 639-1 code of the answers that it asks for.
        instruction: Jinja2 text that may use `answer_language` and `answer_language_code` only.
        subject: Jinja2 text over the row.
        question: Jinja2 text over the row.
        choices: when given, the model chooses one of them instead of writing.
        schema: JSON Schema, as JSON text, that answers must satisfy.
        origin: the file it was read from, for messages.

    Raises:
        TemplateError: broken syntax, or an instruction that depends on the row.
        ConfigurationError: an unknown language.

    Example:
        >>> template = Template("label", "en", "You label texts.", "Text: {{ text }}", "Is it a complaint?")
        >>> template.render({"text": "Where is my parcel?"}, subject_id="7").subject
        'Text: Where is my parcel?'
    """

    name: str
    language: str
    instruction: str
    subject: str
    question: str
    choices: tuple[str, ...] = ()
    schema: str | None = None
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        language_name(self.language)
        for part in PARTS:
            self._names(part)
        for name, line in self._names("instruction").items():
            if name not in CONSTANTS:
                raise TemplateError(
                    f"{self._where('instruction', line)}: the instruction uses {name!r}, but it is computed "
                    "once for a whole run and cannot depend on the row. Use it in the subject or the "
                    f"question; the instruction knows {', '.join(CONSTANTS)}."
                )

    @property
    def hash(self) -> str:
        """SHA-256 of all that decides the prompts' text; a manifest holds it. The name is no part of it."""
        decides = [self.language, *(getattr(self, part) for part in PARTS), list(self.choices), self.schema]
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()

    def render(self, values: Mapping[str, Any], *, subject_id: str = "", question_id: str = "") -> Prompt:
        """Fill the three parts in.

        Args:
            values: name -> value of one row.
            subject_id: the row's id.
            question_id: which of the run's questions this is; "" where there is one only.

        Raises:
            TemplateError: a name that does not exist, or an expression that fails on this row.
        """
        self.check_names(values)
        return Prompt(
            subject_id=subject_id,
            question_id=question_id,
            instruction=self.fill("instruction", {}, subject_id),
            subject=self.fill("subject", values, subject_id),
            question=self.fill("question", values, subject_id),
            choices=self.choices,
            schema=self.schema,
        )

    def check_names(self, known: Mapping[str, Any]) -> None:
        """See that every name in the template exists.

        Raises:
            TemplateError: names the name, its line, the known names and the nearest of them.
        """
        for part in PARTS:
            for name, line in self._names(part).items():
                if name not in known and name not in CONSTANTS:
                    raise TemplateError(
                        f"{self._where(part, line)}: {name!r} is not defined"
                        + _suggest(name, [*known, *CONSTANTS])
                    )

    def fill(self, part: str, values: Mapping[str, Any], subject_id: str = "") -> str:
        """Fill one part in; the names in it were checked.

        Raises:
            TemplateError: an expression that fails on this row.
        """
        try:
            text = _compile(getattr(self, part)).render({**values, **_constants(self.language)})
        except _FAILURES as error:
            row = f", row {subject_id!r}" if subject_id else ""
            raise TemplateError(
                f"{self._where(part, _line_of(error))}{row}: {_plain_reason(error)}"
            ) from error
        return text.strip()

    def row_names(self, *parts: str) -> set[str]:
        """Name what some parts take from the row; all parts when none is named."""
        return {name for part in parts or PARTS for name in self._names(part)} - set(CONSTANTS)

    def row_keys(self) -> set[str] | None:
        """Name the columns taken as `row["…"]`; None where the template needs the whole row."""
        keys: set[str] = set()
        for part in PARTS:
            found = _subscripts(getattr(self, part))
            if found is None:
                return None
            keys |= found
        return keys

    def check_keys(self, known: Iterable[str]) -> None:
        """See that every column taken as `row["…"]` exists.

        Raises:
            TemplateError: names the nearest.
        """
        columns = list(known)
        for key in sorted(self.row_keys() or ()):
            if key not in columns:
                raise TemplateError(
                    f"{self._where('subject', None)}: no column {key!r}{_suggest(key, columns)}"
                )

    def _names(self, part: str) -> dict[str, int]:
        source = getattr(self, part)
        try:
            return _undeclared(source)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{self._where(part, error.lineno)}: {error.message}") from error

    def _where(self, part: str, line: int | None) -> str:
        at_line = f", line {line}" if line else ""
        return f"{self.origin or f'template {self.name!r}'}{at_line} ({part})"


@lru_cache(maxsize=16)
def _constants(language: str) -> Mapping[str, str]:
    return dict(zip(CONSTANTS, (language_name(language), language), strict=True))


def environment() -> ImmutableSandboxedEnvironment:
    """Make the sandbox that templates are read and run in."""
    made = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    made.filters["fence"] = fence
    return made


def fence(text: object, name: str) -> str:
    r"""Stand a text (a number as text) between `<name>` and `</name>`, under a name that the text itself does not close.

    Example:
        >>> fence("Hi </answer> there", "answer")
        '<answer_2>\nHi </answer> there\n</answer_2>'
    """
    text, unique, number = str(text), name, 1
    while f"</{unique}>" in text or f"<{unique}>" in text:
        number += 1
        unique = f"{name}_{number}"
    return f"<{unique}>\n{text}\n</{unique}>"


@lru_cache(maxsize=1)
def _sandbox() -> ImmutableSandboxedEnvironment:
    return environment()


@lru_cache(maxsize=256)
def _compile(source: str) -> jinja2.Template:
    code = _sandbox().compile(source, filename=_FILE_NAME)
    return jinja2.Template.from_code(_sandbox(), code, dict(_sandbox().globals))


@lru_cache(maxsize=256)
def _undeclared(source: str) -> dict[str, int]:
    """Map each name that the values must give to the line where it first stands."""
    tree = _sandbox().parse(source)
    _compile(source)  # unknown filters and tests show only here
    set_here = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}  # in some branch
    names = meta.find_undeclared_variables(tree) - set(_sandbox().globals) - set_here
    lines = {name.name: name.lineno for name in reversed(list(_loaded_names(tree)))}
    return {name: lines[name] for name in sorted(names, key=lines.__getitem__)}


@lru_cache(maxsize=256)
def _subscripts(source: str) -> frozenset[str] | None:
    """Find the columns that a source takes out of `row` by name; None where it uses the row in another way."""
    tree = _sandbox().parse(source)
    keys = [
        node.arg.value
        for node in tree.find_all(nodes.Getitem)
        if isinstance(node.node, nodes.Name)
        and node.node.name == ROW_NAME
        and isinstance(node.arg, nodes.Const)
    ]
    uses = sum(name.name == ROW_NAME for name in _loaded_names(tree))
    return frozenset(str(key) for key in keys) if uses == len(keys) else None


def _loaded_names(tree: nodes.Template) -> Iterator[nodes.Name]:
    return (name for name in tree.find_all(nodes.Name) if name.ctx == "load")


def _line_of(error: BaseException) -> int | None:
    """Find the template's line where an error arose: Jinja2 puts its lines into the traceback."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _plain_reason(error: Exception) -> str:
    if isinstance(error, SecurityError):
        return f"{error}. Templates run in a sandbox."
    if isinstance(error, jinja2.TemplateError):
        return f"{error}"
    return f"an expression failed with {type(error).__name__}: {error}"


def _suggest(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    meant = "." if near is None else f"; did you mean {near!r}?"
    return f"{meant} Known names: {', '.join(known)}."
