"""A saturation curve, tie rates, shares go in; their figures come out as SVG."""

from collections.abc import Sequence

from markupsafe import Markup

from naze.factors.saturation import Saturation
from naze.factors.tie_rates import RateBin
from naze.report.numbers import percent
from naze.report.svg import Scale, element, figure, linear, text, ticks, worded

__all__ = ["legend_mark", "saturation_figure", "share_bar", "tie_rate_figure"]

_WIDTH, _HEIGHT = 440.0, 290.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 14.0, 30.0, 52.0


def saturation_figure(curve: Saturation, *, label: str) -> Markup:
    """Draw how many kinds were found in how many explanations, with the band over resamples."""
    marks_x, marks_y = ticks(0, curve.sizes[-1], 5, whole=True), ticks(0, max(curve.high), 5, whole=True)
    x = linear((0, max(marks_x[-1], curve.sizes[-1])), (_LEFT, _WIDTH - _RIGHT))
    y = linear((0, marks_y[-1]), (_HEIGHT - _BOTTOM, _TOP))
    upper = [(x(size), y(high)) for size, high in zip(curve.sizes, curve.high, strict=True)]
    lower = [(x(size), y(low)) for size, low in zip(curve.sizes, curve.low, strict=True)]
    line = [(x(size), y(found)) for size, found in zip(curve.sizes, curve.found, strict=True)]
    drawn = [
        _frame(marks_y, y, lambda mark: f"{mark:,g}"),
        *(
            text(x(mark), _HEIGHT - _BOTTOM + 18, f"{mark:,.0f}", class_="tick", text_anchor="middle")
            for mark in marks_x
        ),
        element("path", d=_path(upper + lower[::-1]) + "Z", class_="band"),
        element("path", d=_path(line), class_="curve"),
        element("circle", cx=line[-1][0], cy=line[-1][1], r=4, class_="curve-end"),
        _names("sat_x", "sat_y"),
    ]
    return figure(_WIDTH, _HEIGHT, drawn, label=label)


def tie_rate_figure(bins: Sequence[RateBin], by: str, overall: float, *, label: str) -> Markup:
    """Draw the share of ties in each bin with its interval, against the share in all.

    Args:
        bins: from left to right.
        by: `similarity` or `length`, which names the axis.
        overall: share of ties in all votes, 0 to 1.
        label: ids of what describes the figure.
    """
    highest = max(
        [overall, *(end for one in bins for end in (one.rate.value, one.rate.high) if end is not None)]
    )
    marks = ticks(0, min(1.0, highest), 5)
    y = linear((0, marks[-1]), (_HEIGHT - _BOTTOM, _TOP))
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(bins), 1)
    drawn = [
        _frame(marks, y, percent),
        worded(_LEFT - 8, _TOP - 12, "ties_n", class_="tick", text_anchor="end"),
        element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y(overall), y2=y(overall), class_="overall"),
    ]
    named = "tick" if len(bins) < 6 else "tick tight"
    for place, one in enumerate(bins):
        here = _LEFT + step * (place + 0.5)
        drawn.append(text(here, _HEIGHT - _BOTTOM + 18, bin_name(one), class_=named, text_anchor="middle"))
        drawn.append(text(here, _TOP - 12, f"{one.votes:,}", class_="tick", text_anchor="middle"))
        if one.rate.value is None:
            continue
        if one.rate.low is not None and one.rate.high is not None:
            low, high = y(one.rate.low), y(one.rate.high)
            drawn.append(element("path", d=f"M{here:.1f} {low:.1f}V{high:.1f}", class_="interval"))
            drawn += [
                element("path", d=f"M{here - 5:.1f} {end:.1f}h10", class_="interval") for end in (low, high)
            ]
        drawn.append(element("circle", cx=here, cy=y(one.rate.value), r=5, class_="point"))
    return figure(_WIDTH, _HEIGHT, [*drawn, _names(f"ties_{by}_x", "")], label=label)


def bin_name(one: RateBin) -> str:
    """Name a bin by its ends; the last of ratios has none above."""
    return f"≥{one.low:g}" if one.high == float("inf") else f"{one.low:g}–{one.high:g}"


def share_bar(share: float) -> Markup:
    """Draw a share as a bar; it says nothing that does not stand beside it in words."""
    bar = element("rect", x=0, y=0, width=round(200 * share, 1), height=10, rx=2, class_="part")
    return element(
        "svg", bar, viewBox="0 0 200 10", aria_hidden="true", class_="share", preserveAspectRatio="none"
    )


def legend_mark(state: str) -> Markup:
    """Draw the mark of a state as the forest plot does, to stand in a line of text."""
    shapes = {
        "passed": element("path", d="M8 1l7 7l-7 7l-7 -7Z", class_="mark"),
        "against": element("path", d="M1.5 3h13l-6.5 11Z", class_="mark"),
        "failed": element("circle", cx=8, cy=8, r=5, class_="mark"),
        "untested": element("path", d="M3 8h10", class_="mark"),
    }
    return element("svg", shapes[state], viewBox="0 0 16 16", aria_hidden="true", class_=f"sign row {state}")


def _frame(marks: Sequence[float], y: Scale, shown: object) -> Markup:
    """Draw the lines behind a figure and their figures at the left."""
    drawn = []
    for mark in marks:
        here = y(mark)
        kind = "zero" if mark == marks[0] else "grid"
        drawn.append(element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=here, y2=here, class_=kind))
        said = shown(mark) if callable(shown) else ""
        drawn.append(text(_LEFT - 8, here + 4, str(said), class_="tick", text_anchor="end"))
    return element("g", *drawn)


def _names(below: str, above: str) -> Markup:
    """Name the axes."""
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    drawn = [worded(middle, _HEIGHT - 8, below, class_="axis-name", text_anchor="middle")]
    if above:
        drawn.append(worded(4.0, 14.0, above, class_="axis-name"))
    return element("g", *drawn)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
