"""Factors and their tests go in; a forest plot comes out: an effect and its interval a row, against no effect."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from naze.factors.resampling import Estimate
from naze.records import Outcome
from naze.report.factor_rows import Row, effect_of
from naze.report.numbers import decimal, interval
from naze.report.svg import Scale, element, figure, linear, logarithmic, shortened, text, ticks, worded

__all__ = ["forest_plot"]

_LIFT_TICKS = (0.25, 1 / 3, 0.5, 2 / 3, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_SIZE = 13.0


@dataclass(frozen=True)
class _Layout:
    """Where things stand, in user units."""

    width: float
    names: float
    """Width of the names; 0: they stand above their intervals."""
    figures: float
    """Width of the figures to the right."""
    row: float
    top: float = 30.0
    bottom: float = 48.0

    @property
    def plot(self) -> tuple[float, float]:
        """From where to where intervals are drawn."""
        return self.names + 14.0, self.width - self.figures - 10.0


_WIDE = _Layout(width=920.0, names=290.0, figures=150.0, row=28.0)
_NARROW = _Layout(width=350.0, names=0.0, figures=0.0, row=46.0)


def forest_plot(rows: Sequence[Row], outcome: Outcome, *, label: str, narrow: bool = False) -> Markup:
    """Draw the effects in the order of the rows.

    Args:
        rows: of `factor_rows`.
        outcome: wins have kappa around 0, ties lift around 1 on a logarithmic scale.
        label: ids of what describes the figure.
        narrow: for a phone; names stand above their intervals.
    """
    layout = _NARROW if narrow else _WIDE
    marks = _kappa_ticks(rows) if outcome is Outcome.WIN else _lift_ticks(rows)
    scale = (linear if outcome is Outcome.WIN else logarithmic)((marks[0], marks[-1]), layout.plot)
    none = 0.0 if outcome is Outcome.WIN else 1.0
    height = layout.top + layout.row * len(rows) + layout.bottom
    drawn = [_axis(marks, scale, layout, height, none)]
    drawn += [
        _row(row, layout, layout.top + layout.row * place, scale, (marks[0], marks[-1]))
        for place, row in enumerate(rows)
    ]
    drawn.append(
        worded(
            sum(layout.plot) / 2,
            height - 8,
            f"forest_{outcome.value}",
            class_="axis-name",
            text_anchor="middle",
        )
    )
    return figure(layout.width, height, drawn, label=label, class_="narrow" if narrow else "wide")


def _kappa_ticks(rows: Sequence[Row]) -> list[float]:
    ends = [end for row in rows for end in _ends(effect_of(row.test))]
    return ticks(max(-1.0, min([-0.1, *ends])), min(1.0, max([0.1, *ends])), 7)


def _lift_ticks(rows: Sequence[Row]) -> list[float]:
    """Choose ratios; what lies beyond them is drawn as an arrow."""
    ends = [end for row in rows for end in _ends(effect_of(row.test))]
    low, high = min([0.8, *ends]), max([1.25, *ends])
    first = max([0, *(place for place, tick in enumerate(_LIFT_TICKS) if tick <= low)])
    last = min([len(_LIFT_TICKS) - 1, *(place for place, tick in enumerate(_LIFT_TICKS) if tick >= high)])
    return list(_LIFT_TICKS[first : last + 1])


def _ends(estimate: Estimate) -> list[float]:
    return [
        end for end in (estimate.low, estimate.value, estimate.high) if end is not None and math.isfinite(end)
    ]


def _axis(marks: Sequence[float], scale: Scale, layout: _Layout, height: float, none: float) -> Markup:
    """Draw the lines behind the rows, their figures below, and the line of no effect."""
    end = height - layout.bottom + 4
    drawn = []
    for mark in marks:
        here = scale(mark)
        kind = "zero" if mark == none else "grid"
        drawn.append(element("line", x1=here, x2=here, y1=layout.top - 6, y2=end, class_=kind))
        drawn.append(text(here, end + 16, decimal(mark, 2), class_="tick", text_anchor="middle"))
    drawn.append(worded(scale(none), layout.top - 13, "no_effect", class_="tick", text_anchor="middle"))
    return element("g", *drawn)


def _row(row: Row, layout: _Layout, top: float, scale: Scale, domain: tuple[float, float]) -> Markup:
    """Draw one factor: name, interval, mark, figures."""
    middle = top + (layout.row / 2 if layout.names else layout.row - 13)
    told = f"{row.factor.id} {row.factor.name}"
    room = (layout.names or layout.width - 80) - 6
    baseline = middle + 4.5 if layout.names else top + 16
    drawn = [
        element("title", Markup.escape(told)),
        text(layout.names or 0.0, baseline, shortened(row.factor.name, room, _SIZE), class_="name",
             text_anchor="end" if layout.names else "start"),
    ]  # fmt: skip
    effect = effect_of(row.test)
    right = layout.width if not layout.names else layout.width - layout.figures
    if effect.value is None or row.state == "untested":
        drawn.append(
            worded(
                sum(layout.plot) / 2,
                middle + 4,
                f"why_{row.test.why.value}",
                class_="tick halo",
                text_anchor="middle",
            )
        )
    else:
        if _within(effect.value, domain) == effect.value:
            drawn += _interval(effect, middle, scale, domain)
            drawn.append(_mark(row.state, scale(effect.value), middle))
        else:
            drawn.append(_arrow(scale(_within(effect.value, domain)), middle, effect.value > domain[1], 11))
        figures = f"{decimal(effect.value)} {interval(effect) if layout.names else ''}".strip()
        drawn.append(
            text(right, baseline, figures, class_="value", text_anchor="start" if layout.names else "end")
        )
    return element("g", *drawn, class_=f"row {row.state}")


def _within(value: float, domain: tuple[float, float]) -> float:
    return min(max(value, domain[0]), domain[1])


def _interval(effect: Estimate, middle: float, scale: Scale, domain: tuple[float, float]) -> list[Markup]:
    """Draw the interval; an end beyond the scale is an arrow."""
    if effect.low is None or effect.high is None:
        return []
    ends = [(effect.low, -1), (effect.high, 1)]
    places = [scale(_within(end, domain)) for end, _ in ends]
    drawn = [element("line", x1=places[0], x2=places[1], y1=middle, y2=middle, class_="interval")]
    for (end, side), place in zip(ends, places, strict=True):
        if _within(end, domain) == end:
            drawn.append(element("line", x1=place, x2=place, y1=middle - 4, y2=middle + 4, class_="interval"))
        else:
            drawn.append(_arrow(place, middle, side > 0, 7))
    return drawn


def _arrow(x: float, y: float, rising: bool, length: float) -> Markup:
    """Draw where the scale ends and the figure does not."""
    back = x - length if rising else x + length
    half = 0.64 * length
    return element("path", d=f"M{x:.1f} {y:.1f}L{back:.1f} {y - half:.1f}V{y + half:.1f}Z", class_="arrow")


def _mark(state: str, x: float, y: float) -> Markup:
    """Draw a filled diamond for passed, a triangle for the other way, an open circle for failed."""
    if state == "passed":
        return element("path", d=f"M{x:.1f} {y - 7:.1f}l7 7l-7 7l-7 -7Z", class_="mark")
    if state == "against":
        return element("path", d=f"M{x - 6.5:.1f} {y - 5:.1f}h13l-6.5 11Z", class_="mark")
    return element("circle", cx=x, cy=y, r=5, class_="mark")
