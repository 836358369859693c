"""A cascade is drawn: for a page as SVG, for a terminal as text."""

import xml.etree.ElementTree as ET

import pytest

from naze.predictions.calibrating import CascadePoint
from naze.report import write_cascade_figure
from naze.report.cascade_figure import cascade_marks

# The cascade of qwen2.5-coder:1.5b in docs/prediction.md.
QWEN = [
    CascadePoint(share, judged, loss, at_random)
    for share, judged, loss, at_random in (
        (0.0, 0, 1.0573, 1.0573),
        (0.1, 17, 1.0580, 1.0588),
        (0.2, 34, 1.0574, 1.0604),
        (0.3, 50, 1.0634, 1.0618),
        (0.5, 84, 1.0598, 1.0649),
        (0.7, 118, 1.0606, 1.0680),
        (1.0, 168, 1.0725, 1.0725),
    )
]
SVG = "{http://www.w3.org/2000/svg}"


def test_the_drawing_stands_alone_and_has_a_point_for_each_share(tmp_path):
    write_cascade_figure(QWEN, tmp_path / "cascade.svg")
    drawn = ET.parse(tmp_path / "cascade.svg").getroot()
    assert drawn.tag == f"{SVG}svg"
    curve, _ = (one.get("d") for one in drawn.iter(f"{SVG}path") if one.get("class") == "curve")
    heights = [float(pair.split()[1]) for pair in curve.lstrip("M").split("L")]
    losses = [point.loss for point in QWEN]
    assert len(heights) == len(QWEN)
    assert sorted(range(7), key=lambda one: -heights[one]) == sorted(range(7), key=losses.__getitem__)
    told = [one.text for one in drawn.iter(f"{SVG}text")]
    assert "as many at random (expected)" in told and "1.060" in told and "100%" in told


def test_in_a_terminal_each_share_is_a_line_from_the_lowest_loss_to_the_highest():
    lines = cascade_marks(QWEN, 32)
    assert {len(line) for line in lines} == {32}
    assert lines[0].index("◆") == 0 and lines[-1].index("◆") == 31
    assert lines[4].index("●") < lines[4].index("○"), "the least sure half costs less than half at random"


@pytest.mark.parametrize("count", [1, 3])
def test_a_judge_that_changes_nothing_is_drawn_too(tmp_path, count):
    flat = [CascadePoint(one / 2, one, 1.0, 1.0) for one in range(count)]
    write_cascade_figure(flat, tmp_path / "flat.svg")
    ET.parse(tmp_path / "flat.svg")
    assert cascade_marks(flat, 8) == ["◆·······"] * count
