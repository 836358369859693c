"""Values and assets go in; one HTML file comes out that needs nothing else, loads nothing, and runs no other script."""

import base64
import hashlib
import json
import re
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TextIO

import jinja2

from naze.tables.aside import text_aside

__all__ = ["embed", "page_aside", "render_page", "whole_characters"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def page_aside(path: str | Path) -> AbstractContextManager[TextIO]:
    """Give a page to write to that takes its name at the end only. See `naze.tables.aside`."""
    return text_aside(path, "the page", remedy="Choose another --out, or free some space.")


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


def whole_characters(text: str) -> str:
    """Put U+FFFD where half a surrogate pair stands alone: UTF-8 has no bytes for it."""
    return _SURROGATE.sub("\ufffd", text)


def render_page(name: str, **values: object) -> str:
    """Render a page around its style and script, which it names by their hashes so that nothing else runs.

    Args:
        name: of the assets: `name.html.j2`; its style and script stand behind those that all pages share.
        values: what the page shows; escaped unless the page says `safe`.
    """
    style, script = (_asset(f"base.{kind}") + _asset(f"{name}.{kind}") for kind in ("css", "js"))
    return _page_template(name).render(
        style=style, script=script, style_hash=_source_hash(style), script_hash=_source_hash(script), **values
    )


@lru_cache(maxsize=4)
def _page_template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset(f"{name}.html.j2"))


def _asset(name: str) -> str:
    return resources.files("naze.report").joinpath("assets", name).read_text("utf-8")


def _source_hash(text: str) -> str:
    """Name a script or style for the page's Content Security Policy, which lets nothing else run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
