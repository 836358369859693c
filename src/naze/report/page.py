"""Explained votes go in; one HTML file comes out that needs nothing else and loads nothing.

The votes are embedded as JSON, one a line, and shown by the page's own script as text nodes, so that HTML in
a model's text stays text. Rows are written as they come: memory does not grow with their number.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TextIO

import jinja2

from naze.errors import ConfigurationError, StoreError
from naze.prompts import written_in
from naze.records import Answer, Fit, Vote
from naze.report.texts import TEXTS

__all__ = ["ExplainedVote", "write_explained_page"]

_ROWS_GO_HERE = "/*rows*/"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ExplainedVote:
    """A vote, and what came of asking about it."""

    vote: Vote
    answer: Answer | None = None
    """None: not asked yet."""
    fit: Fit = Fit.WHOLE
    """What was done so that the vote fits the context."""
    tokens: int | None = None
    """Tokens of the prompt that was asked, where they were counted."""
    whole_tokens: int | None = None
    limit_tokens: int | None = None


def write_explained_page(
    path: str | Path,
    rows: Iterable[ExplainedVote],
    *,
    title: str,
    language: str,
    answer_language: str | None = None,
    facts: Mapping[str, object] | Sequence[tuple[str, object]] = (),
) -> int:
    """Write the page of explained votes: one file, whole or not there.

    Args:
        path: the HTML file; an existing one is replaced.
        rows: read once, in the order in which they are shown.
        title: the page's heading.
        language: of the page's own words, `ja` or `en`; a reader can switch.
        answer_language: ISO 639-1 code of the explanations; None: the same.
        facts: how the explanations were made, shown on the page. Names that `texts.py` knows are translated.

    Returns:
        The number of votes written.

    Raises:
        ConfigurationError: a language that the page has no words in.
        StoreError: the file cannot be written.
    """
    if language not in TEXTS:
        raise ConfigurationError(f"the page's language is {language!r}; expected {' or '.join(TEXTS)}.")
    about = {
        "language": written_in(language),
        "answer_language": answer_language or language,
        "facts": list(facts.items() if isinstance(facts, Mapping) else facts),
    }
    head, tail = _frame(title, language, about)
    target = Path(path)
    aside = target.with_name(f".{target.name}.part")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(head)
            written = _write_rows(file, rows)
            file.write(tail)
        aside.replace(target)
    except OSError as error:
        raise StoreError(
            f"{target}: the page cannot be written ({error.strerror}). Choose another --out, or free some space."
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return written


def _write_rows(file: TextIO, rows: Iterable[ExplainedVote]) -> int:
    written = 0
    for row in rows:
        file.write((",\n" if written else "") + embed(_as_json(row)))
        written += 1
    return written


def _as_json(row: ExplainedVote) -> dict[str, Any]:
    """Name what the page's script reads; what is absent is left out."""
    vote, answer = row.vote, row.answer
    found: dict[str, Any] = {
        "id": vote.id,
        "prompt": vote.prompt,
        "a": vote.response_a,
        "b": vote.response_b,
        "winner": vote.winner,
        "model_a": vote.model_a,
        "model_b": vote.model_b,
        "language": vote.language,
        "source": vote.source,
        "fit": None if row.fit is Fit.WHOLE else row.fit,
        "tokens": row.tokens,
        "whole_tokens": row.whole_tokens,
        "limit_tokens": row.limit_tokens,
        "status": "open",
    }
    if answer is not None:
        found |= {
            "status": answer.status,
            "text": answer.text,
            "reason": answer.reason,
            "finish": answer.finish_reason,
            "prompt_tokens": answer.prompt_tokens,
            "generated_tokens": answer.generated_tokens,
            "seconds": round(answer.seconds, 3),
        }
    return {name: value for name, value in found.items() if value is not None}


def embed(value: object) -> str:
    r"""Write JSON that no text in it can leave: no `<`, `>`, `&` stands in it as such.

    Example:
        >>> embed("</script>")
        '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _SURROGATE.sub(lambda lone: f"\\u{ord(lone[0]):04x}", text)


def _frame(title: str, language: str, about: Mapping[str, object]) -> tuple[str, str]:
    """Render the page around its rows: what stands before them, and after."""
    style, script = _asset("page.css"), _asset("page.js")
    page = _page_template().render(
        language=language,
        title=_SURROGATE.sub("\ufffd", title),
        style=style,
        script=script,
        style_hash=_source_hash(style),
        script_hash=_source_hash(script),
        noscript=TEXTS[language]["noscript"],
        texts=embed(TEXTS),
        about=embed(about),
        rows_go_here=_ROWS_GO_HERE,
    )
    head, _, tail = page.partition(_ROWS_GO_HERE)
    return head, tail


@lru_cache(maxsize=1)
def _page_template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_asset("page.html.j2"))


def _asset(name: str) -> str:
    return resources.files("naze.report").joinpath("assets", name).read_text("utf-8")


def _source_hash(text: str) -> str:
    """Name a script or style for the page's Content Security Policy, which lets nothing else run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
