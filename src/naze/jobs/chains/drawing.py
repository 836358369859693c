"""A flow goes in; a drawing of its steps comes out: plain text, Mermaid or SVG."""

from html import escape

from naze.jobs.chains.definition import (
    DATA,
    FanInStep,
    FanOutStep,
    FilterStep,
    FunctionStep,
    GroupStep,
    JoinStep,
    PromptStep,
    Step,
)
from naze.jobs.chains.flow import Flow, kind_of

__all__ = ["as_mermaid", "as_svg", "as_text"]

_MOST_CHARACTERS = 44
_BOX = 300, 46
_GAP = 60, 34


def as_text(flow: Flow) -> str:
    """Draw a flow as plain text: a line for each step, with what it comes from.

    Example:
        >>> print(as_text(Flow({"long": {"filter": "length(text) > 20"}})))
        data
        └─ long  filter: length(text) > 20  (the result)
    """
    lines = [DATA, *_branch(flow, DATA, "")]
    return "\n".join(lines)


def _branch(flow: Flow, name: str, indent: str) -> list[str]:
    below = [step for step in flow.order if flow.source_of(step) == name]
    lines: list[str] = []
    for place, step in enumerate(below):
        last = place == len(below) - 1
        also = "".join(f", with {other}" for other in flow.inputs(step)[1:])
        ends = "  (the result)" if step.name == flow.result_name else ""
        lines.append(
            f"{indent}{'└─' if last else '├─'} {step.name}  {_kind(step)}: {_about(step)}{also}{ends}"
        )
        lines += _branch(flow, step.name, indent + ("   " if last else "│  "))
    return lines


def as_mermaid(flow: Flow) -> str:
    """Draw a flow as a Mermaid diagram, which many editors and pages show."""
    number = {name: f"s{place}" for place, name in enumerate([DATA, *(step.name for step in flow.order)])}
    lines = ["flowchart TD", f'  {number[DATA]}[("{DATA}")]']
    for step in flow.order:
        opening, closing = ("{{", "}}") if isinstance(step, FilterStep) else ("[", "]")
        text = f"<b>{_quoted(step.name)}</b><br>{_kind(step)}: {_quoted(_about(step))}"
        lines.append(f'  {number[step.name]}{opening}"{text}"{closing}')
        for place, source in enumerate(flow.inputs(step)):
            lines.append(f"  {number[source]} {'-->' if place == 0 else '-.->'} {number[step.name]}")
    lines.append(f"  style {number[flow.result_name]} stroke-width:3px")
    return "\n".join(lines)


def as_svg(flow: Flow) -> str:
    """Draw a flow as a picture: a row for each depth, arrows from what a step needs."""
    depth = {DATA: 0}
    for step in flow.order:
        depth[step.name] = 1 + max(depth[name] for name in flow.inputs(step))
    columns: dict[int, int] = {}
    place: dict[str, tuple[float, float]] = {}
    for name, row in depth.items():
        column = columns.get(row, 0)
        columns[row] = column + 1
        place[name] = 10 + column * (_BOX[0] + _GAP[0]), 10 + row * (_BOX[1] + _GAP[1])
    width = max(x for x, _ in place.values()) + _BOX[0] + 10
    height = max(y for _, y in place.values()) + _BOX[1] + 10
    arrows = [_arrow(place[name], place[step.name]) for step in flow.order for name in flow.inputs(step)]
    boxes = [_box(place[DATA], DATA, "the table", False)]
    boxes += [
        _box(place[step.name], step.name, f"{_kind(step)}: {_about(step)}", step.name == flow.result_name)
        for step in flow.order
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        'font-family="system-ui, sans-serif" font-size="13">\n'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#666"/></marker></defs>\n'
        + "\n".join([*arrows, *boxes])
        + "\n</svg>\n"
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    x1, y1, x2 = x1 + _BOX[0] / 2, y1 + _BOX[1], x2 + _BOX[0] / 2
    middle = (y1 + y2) / 2
    return (
        f'<path d="M{x1:g} {y1:g} C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}" fill="none" stroke="#666" '
        'marker-end="url(#head)"/>'
    )


def _box(at: tuple[float, float], name: str, text: str, result: bool) -> str:
    x, y = at
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{_BOX[0]}" height="{_BOX[1]}" rx="6" fill="#f6f8fa" stroke="#333" '
        f'stroke-width="{3 if result else 1}"/>'
        f'<text x="{x + 10:g}" y="{y + 19:g}" font-weight="bold" fill="#111">{escape(name)}</text>'
        f'<text x="{x + 10:g}" y="{y + 37:g}" fill="#444">{escape(text[:_MOST_CHARACTERS])}</text>'
    )


def _kind(step: Step) -> str:
    return kind_of(step).replace("_", " ")


def _about(step: Step) -> str:
    """Say in a few words what a step does."""
    match step:
        case PromptStep():
            choices = f" [{', '.join(step.choices)}]" if step.choices else ""
            return _short(step.prompt) + choices
        case GroupStep():
            return f"{', '.join(step.group) or 'all'}; {_short(step.prompt)}"
        case FilterStep():
            return _short(step.filter)
        case FunctionStep():
            return step.function if isinstance(step.function, str) else step.function.__qualname__
        case FanOutStep():
            return step.fan_out + ("" if step.split == "list" else f" by {step.split}")
        case FanInStep():
            return f"{', '.join(step.collect)} to {step.fan_in}"
        case JoinStep():
            return f"{step.join} on {', '.join(step.on) or 'the same rows'}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"


def _quoted(text: str) -> str:
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")
