"""A person's prompt goes in; a subject and a question come out, so that everything before the question is shared.

`Is this review about delivery? {{ text }}` becomes the subject `{{ text }}` and the question `Is this review
about delivery?`: the model reads the row first. Five questions about one row then read the row once.
"""

import re
from dataclasses import dataclass

import jinja2

from naze.errors import TemplateError
from naze.prompts.template import environment

__all__ = ["Split", "split_prompt"]

_TOKENS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
_ALONE = re.compile(r"\{\{-?\s*([^\W\d]\w*)\s*-?\}\}")
_WORD = re.compile(r"\w")
_LABEL = re.compile(r"[::]\s*$|^\s*<[^<>]+>\s*$")
"""A line that only introduces what follows it: `Review:` or `<review>`."""


@dataclass(frozen=True, slots=True)
class Split:
    """A prompt in the order in which it is asked."""

    subject: str
    question: str
    moved: bool = False
    """The question stood before the row, as the person wrote it."""


def split_prompt(prompt: str) -> Split:
    """Split a prompt where the row ends and the question begins.

    1. Words after the last placeholder are the question; everything before them is the subject, as written.
    2. Without such words, the words before the first placeholder are the question and move behind the row; a line
       that only introduces the row (`Review:`) stays with it. A placeholder that then stands alone is put between
       tags named after its column.
    3. A prompt without a placeholder is a question without a subject.

    Raises:
        TemplateError: broken syntax.

    Example:
        >>> split_prompt("Is this about delivery? {{ text }}")
        Split(subject='{{ text | fence("text") }}', question='Is this about delivery?', moved=True)
        >>> split_prompt("Review: {{ text }} Is it about delivery?").question
        'Is it about delivery?'
    """
    try:
        environment().parse(prompt)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"the prompt, line {error.lineno}: {error.message}") from error
    marks = list(_TOKENS.finditer(prompt))
    if not marks:
        return Split("", prompt.strip())
    last = marks[-1].end()
    question = prompt[last:]
    if _WORD.search(question):
        return _after_row(prompt, last)
    before, row = prompt[: marks[0].start()], prompt[marks[0].start() :]
    before, introduction = _take_introduction(before)
    if not _WORD.search(before):
        return Split("", prompt.strip())
    alone = _ALONE.fullmatch(row.strip())
    if alone is not None and not introduction:
        row = f'{{{{ {alone[1]} | fence("{alone[1]}") }}}}'
    return Split((introduction + row).strip(), before.strip(), moved=True)


def _after_row(prompt: str, last: int) -> Split:
    """Leave closing marks (a quote, a tag, a full stop) with the row."""
    closing = re.match(r"(?:</[^<>]*>|[^\w\s<(\[「『])*", prompt[last:])
    end = last + (closing.end() if closing else 0)
    return Split(prompt[:end].strip(), prompt[end:].strip())


def _take_introduction(before: str) -> tuple[str, str]:
    """Take the last line off where it only introduces the row and there are words above it."""
    above, line_end, line = before.rpartition("\n")
    if not line.strip() and above:
        above, line_end, line = above.rpartition("\n")[0], "\n", above.rpartition("\n")[2] + "\n"
    if line_end and _LABEL.search(line) and _WORD.search(above):
        return above, line
    return before, ""
