"""Numbers go in; the pieces of figures come out as SVG: scales, ticks, marks, text in both languages. No style stands in it."""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup, escape

from naze.report.wording import LANGUAGES, say

__all__ = ["Scale", "element", "figure", "linear", "logarithmic", "shortened", "text", "ticks", "worded"]

Scale = Callable[[float], float]
"""From a figure to a place in user units."""


def linear(domain: tuple[float, float], places: tuple[float, float]) -> Scale:
    """Return a scale from figures to places."""
    (low, high), (start, end) = domain, places
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def logarithmic(domain: tuple[float, float], places: tuple[float, float]) -> Scale:
    """Return a scale on which equal ratios are equally long."""
    scale = linear((math.log(domain[0]), math.log(domain[1])), places)
    return lambda value: scale(math.log(value))


def ticks(low: float, high: float, most: int = 6, *, whole: bool = False) -> list[float]:
    """Choose round figures that hold `low` and `high` between them; `whole` ones for counts.

    Example:
        >>> ticks(0, 37)
        [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    span = (high - low) or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    steps = [power * one for one in ((1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10))]
    step = next(one for one in steps if span / one <= most and not (whole and one < 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 10) for place in range(first, last + 1)]


def element(name: str, *children: str, **attributes: object) -> Markup:
    """Make an element; `class_` is `class`, and numbers are rounded to a tenth."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_shown(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{told}>{Markup('').join(children)}</{name}>")


def _shown(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def text(x: float, y: float, said: str, **attributes: object) -> Markup:
    """Place a text that is the same in every language."""
    return element("text", escape(said), x=x, y=y, **attributes)


def worded(
    x: float, y: float, key: str, values: Mapping[str, object] | None = None, **attributes: object
) -> Markup:
    """Place a text in every language; the page shows the one that it is in."""
    class_ = f"t {attributes.pop('class_', '')}".strip()
    return Markup("").join(
        text(x, y, say(language, key, **(values or {})), lang=language, class_=class_, **attributes)
        for language in LANGUAGES
    )


def figure(width: float, height: float, children: Sequence[str], *, label: str, class_: str = "") -> Markup:
    """Make the figure.

    Args:
        width: of the drawing, in user units.
        height: likewise.
        children: what is drawn.
        label: ids of the elements on the page that say what it shows, with spaces between.
        class_: how it is laid out.
    """
    return element(
        "svg", *children, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_labelledby=label,
        class_=f"figure {class_}".strip(),
    )  # fmt: skip


def shortened(said: str, width: float, size: float) -> str:
    """Cut a text that would be wider than `width` at letters of `size`; the cut is marked.

    Widths are estimated: a wide letter is as wide as it is high, any other 0.56 of that.
    """
    taken = 0.0
    for place, letter in enumerate(said):
        taken += size * (1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.56)
        if taken > width:
            return said[: max(place - 1, 1)].rstrip() + "…"
    return said
