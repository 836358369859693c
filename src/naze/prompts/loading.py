"""A built-in name or a file goes in; a checked `Template` comes out.

A template file is one Jinja2 file with three blocks named `instruction`, `subject` and `question`. What
stands outside them (comments, macros, `{% set %}`) is shared by all three; text does not belong there.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import jinja2
from jinja2 import nodes

from naze.errors import TemplateError
from naze.prompts.languages import language_name, written_in
from naze.prompts.offering import verbatim
from naze.prompts.template import PARTS, Template, environment
from naze.suggesting import nearest

__all__ = ["BUILT_IN", "column_template", "explain_template", "load_template", "parse_template"]

BUILT_IN = (
    "explain",
    "verdict",
    "judge",
    "name_factor",
    "extract_reasons",
    "collect_reasons",
    "analyse_factor",
    "label",
    "sentiment",
    "tidy",
    "extract",
    "summarize_part",
    "combine_points",
)
"""Templates that come with naze, each in Japanese and English."""

_SHAPE = (
    "A template file holds " + ", ".join(f"{{% block {part} %}}…{{% endblock %}}" for part in PARTS) + "."
)
_TASK = "{{ task }}"
_FOREIGN = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
_BLOCK = re.compile(r"\{%[-+]?\s*block\s+(?P<name>\w+)[^%]*%\}(?P<body>.*?)\{%[-+]?\s*endblock[^%]*%\}", re.S)


def explain_template(language: str) -> Template:
    """Return the built-in three-step explanation: summary, analysis of each response, why people decided so.

    Args:
        language: ISO 639-1 code of the explanations. Japanese and English have texts of their own; for any
            other language the English text tells the model to write in it.

    Raises:
        ConfigurationError: an unknown language.
    """
    return load_template("explain", language)


def column_template(name: str, language: str, column: str, *, task: str | None = None) -> Template:
    """Return a built-in template over one column of a table.

    Args:
        name: `label`, `sentiment`, `tidy` or `extract`.
        language: of the template.
        column: the texts' column; the template knows it as `text`.
        task: what `tidy` and `extract` are to do, the same for every row.
    """
    template = load_template(name, language)
    question = _bare(template.question)
    if task is not None:
        question = question.replace(_TASK, verbatim(task))
    column_set = f"{{% set text = row[{json.dumps(column, ensure_ascii=False)}] %}}"
    return replace(template, subject=column_set + _bare(template.subject), question=question)


def _bare(part: str) -> str:
    """Take the comments off, and the white space that they leave at the ends."""
    return re.sub(r"\{#.*?#\}", "", part, flags=re.DOTALL).strip()


def load_template(name_or_path: str | Path, language: str) -> Template:
    """Return a built-in template by its name, or read one from a file.

    Args:
        name_or_path: `explain`, or the path of a Jinja2 file.
        language: ISO 639-1 code of the answers asked for.

    Raises:
        TemplateError: no such template or file, broken syntax, a part missing.
        ConfigurationError: an unknown language.
    """
    language_name(language)
    if str(name_or_path) in BUILT_IN:
        file = resources.files("naze.prompts").joinpath(
            "templates", f"{name_or_path}.{written_in(language)}.j2"
        )
        return parse_template(file.read_text("utf-8"), str(name_or_path), language)
    path = Path(name_or_path)
    return parse_template(_read(path), path.stem, language, origin=str(path))


def parse_template(text: str, name: str, language: str, *, origin: str = "") -> Template:
    """Take a template file's text apart into its three parts.

    Raises:
        TemplateError: broken syntax, a part missing, twice or unknown, or text outside the parts.
    """
    where = origin or f"template {name!r}"
    try:
        tree = environment().parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{where}, line {error.lineno}: {error.message}") from error
    _check_parts(tree, where)
    _check_outside(tree, where)
    blocks = list(_BLOCK.finditer(text))
    if sorted(block["name"] for block in blocks) != sorted(PARTS):
        raise TemplateError(
            f"{where}: a part also stands in a comment or in raw text. Take {{% block … %}} out of there."
        )
    sources = {block["name"]: _leave_alone(text, block, blocks) for block in blocks}
    return Template(
        name, language, sources["instruction"], sources["subject"], sources["question"], origin=origin
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        near = nearest(str(path), BUILT_IN)
        meant = "." if near is None else f"; did you mean {near!r}?"
        raise TemplateError(
            f"template {str(path)!r}: neither a built-in template nor a file{meant} "
            f"Built in: {', '.join(BUILT_IN)}. {_SHAPE}"
        ) from error
    except UnicodeDecodeError as error:
        raise TemplateError(
            f"template {str(path)!r}: byte {error.start} is not UTF-8. Save the file as UTF-8."
        ) from error
    except OSError as error:
        raise TemplateError(f"template {str(path)!r} cannot be read: {error.strerror}.") from error


def _check_parts(tree: nodes.Template, where: str) -> None:
    for foreign in tree.find_all(_FOREIGN):
        kind = type(foreign).__name__.lower()
        raise TemplateError(
            f"{where}, line {foreign.lineno}: {kind} is not possible; a template is one file."
        )
    found: dict[str, int] = {}
    for block in tree.find_all(nodes.Block):
        if block.name in found:
            raise TemplateError(
                f"{where}, line {block.lineno}: part {block.name!r} stands twice, first in line {found[block.name]}."
            )
        found[block.name] = block.lineno
        if block.name not in PARTS:
            near = nearest(block.name, PARTS)
            meant = "." if near is None else f"; did you mean {near!r}?"
            raise TemplateError(f"{where}, line {block.lineno}: unknown part {block.name!r}{meant} {_SHAPE}")
        if any(block.find_all(nodes.Block)):
            raise TemplateError(
                f"{where}, line {block.lineno}: part {block.name!r} holds another part. {_SHAPE}"
            )
    missing = [part for part in PARTS if part not in found]
    if missing:
        raise TemplateError(f"{where}: the part {' and '.join(map(repr, missing))} is missing. {_SHAPE}")


def _check_outside(tree: nodes.Template, where: str) -> None:
    for node in tree.body:
        if isinstance(node, nodes.Output):
            for text in node.nodes:
                if not isinstance(text, nodes.TemplateData) or text.data.strip():
                    shown = text.data.strip()[:60] if isinstance(text, nodes.TemplateData) else "{{ … }}"
                    raise TemplateError(
                        f"{where}, line {text.lineno}: {shown!r} stands outside the three parts and would "
                        f"never be asked. Move it into one of them. {_SHAPE}"
                    )


def _leave_alone(text: str, wanted: re.Match[str], blocks: Iterable[re.Match[str]]) -> str:
    """Keep one block's body and what stands outside all blocks; of the rest only the line ends.

    So every line keeps its number, and messages name the line of the file.
    """
    kept, end = [], 0
    for block in blocks:
        kept.append(text[end : block.start()])
        if block is wanted:
            head, tail = text[block.start() : block.start("body")], text[block.end("body") : block.end()]
            kept += ["\n" * head.count("\n"), block["body"], "\n" * tail.count("\n")]
        else:
            kept.append("\n" * block[0].count("\n"))
        end = block.end()
    return "".join([*kept, text[end:]])
