"""The points of a cascade go in; a drawing of what judging more and more votes costs and saves comes out: SVG, or text."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from naze.predictions.calibrating import CascadePoint
from naze.report.html import page_aside
from naze.report.svg import element, linear, text, ticks

__all__ = ["cascade_figure", "cascade_marks", "write_cascade_figure"]

_WIDTH, _HEIGHT = 560.0, 330.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 20.0, 56.0, 58.0
_STYLE = """
svg { background: #fffefc; font-family: system-ui, sans-serif; font-size: 12px; }
text { fill: #65676e; } .grid { stroke: #e3e0d8; } .zero { stroke: #65676e; }
.curve { fill: none; stroke: #34539c; stroke-width: 2.25; } .point { fill: #34539c; }
.overall { fill: none; stroke: #65676e; stroke-width: 1.5; stroke-dasharray: 5 4; }
@media (prefers-color-scheme: dark) {
  svg { background: #1e2024; } text { fill: #a0a3aa; } .grid { stroke: #33363c; } .zero, .overall { stroke: #a0a3aa; }
  .curve { stroke: #9db7f2; } .point { fill: #9db7f2; }
}
"""


def write_cascade_figure(points: Sequence[CascadePoint], out: str | Path) -> None:
    """Write the drawing of a cascade as an SVG file that needs nothing else.

    Args:
        points: of `Judged.cascade`, at least two.
        out: the file.

    Raises:
        StoreError: the file cannot be written.
    """
    with page_aside(out) as file:
        file.write(cascade_figure(points))


def cascade_figure(points: Sequence[CascadePoint]) -> Markup:
    """Draw the log loss over all votes by the share that is judged: the least sure first, and as many at random."""
    losses = [loss for point in points for loss in (point.loss, point.loss_at_random)]
    marks = ticks(min(losses), max(losses), 5)
    digits = max(len(f"{mark:g}".partition(".")[2]) for mark in marks)
    x = linear((0.0, 1.0), (_LEFT, _WIDTH - _RIGHT))
    y = linear((marks[0], marks[-1]), (_HEIGHT - _BOTTOM, _TOP))
    drawn = [element("style", Markup(_STYLE))]
    for mark in marks:
        kind = "zero" if mark == marks[0] else "grid"
        drawn.append(element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y(mark), y2=y(mark), class_=kind))
        drawn.append(text(_LEFT - 8, y(mark) + 4, f"{mark:.{digits}f}", text_anchor="end"))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawn.append(text(x(share), _HEIGHT - _BOTTOM + 18, f"{share:.0%}", text_anchor="middle"))
    drawn += [
        element("path", d=_path([(x(one.share), y(one.loss_at_random)) for one in points]), class_="overall"),
        element("path", d=_path([(x(one.share), y(one.loss)) for one in points]), class_="curve"),
        *(element("circle", cx=x(one.share), cy=y(one.loss), r=4.0, class_="point") for one in points),
        text(
            (_LEFT + _WIDTH - _RIGHT) / 2,
            _HEIGHT - 10,
            "votes judged; the others cost nothing",
            text_anchor="middle",
        ),
        text(8.0, _TOP - 14, "log loss over all votes, lower is better"),
        *_legend(),
    ]
    told = f"Log loss by votes judged: {losses[0]:.4f} where none is, {points[-1].loss:.4f} where all are."
    return element(
        "svg", element("title", told), *drawn, xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}", width=f"{_WIDTH:g}", height=f"{_HEIGHT:g}", role="img",
    )  # fmt: skip


def cascade_marks(points: Sequence[CascadePoint], width: int = 32) -> list[str]:
    """Draw the same for a terminal, a line for each point: ● the least sure, ○ as many at random, ◆ both in one place.

    Args:
        points: at least one.
        width: letters of a line; the lowest loss stands at the left, the highest at the right.
    """
    losses = [loss for point in points for loss in (point.loss, point.loss_at_random)]
    place = linear((min(losses), max(losses)), (0, width - 1))
    lines = []
    for point in points:
        line = ["·"] * width
        own, other = round(place(point.loss)), round(place(point.loss_at_random))
        line[other], line[own] = "○", "◆" if own == other else "●"
        lines.append("".join(line))
    return lines


def _legend() -> list[Markup]:
    """Name both lines, above the drawing."""
    left, right, here = _LEFT, _LEFT + 210, 20.0
    return [
        element("path", d=_path([(left, here), (left + 28, here)]), class_="curve"),
        element("circle", cx=left + 14, cy=here, r=4.0, class_="point"),
        text(left + 36, here + 4, "the least sure votes judged"),
        element("path", d=_path([(right, here), (right + 28, here)]), class_="overall"),
        text(right + 36, here + 4, "as many at random (expected)"),
    ]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
