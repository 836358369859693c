import re
from dataclasses import replace

import pytest

from naze.factors.resampling import Estimate
from naze.factors.tie_rates import RateBin
from naze.records import Outcome
from naze.report.factor_rows import factor_rows
from naze.report.figures import bin_name, saturation_figure, tie_rate_figure
from naze.report.forest import forest_plot
from naze.report.numbers import decimal, duration, interval, percent, q_value, signed
from naze.report.svg import linear, logarithmic, shortened, ticks


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 37, False, [0, 10, 20, 30, 40]),
        (-0.12, 0.31, False, [-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4]),
        (0, 3, True, [0, 1, 2, 3]),
        (0, 11, True, [0, 2, 4, 6, 8, 10, 12]),
        (0, 0, True, [0]),
    ],
)
def test_ticks_are_round_and_hold_both_ends(low, high, whole, expected):
    assert ticks(low, high, 6, whole=whole) == expected


def test_equal_ratios_are_equally_long_on_a_logarithmic_scale():
    scale = logarithmic((0.5, 2), (0, 100))
    assert scale(1) == pytest.approx(50)
    assert linear((0, 4), (0, 100))(1) == 25


def test_a_text_that_is_too_wide_is_cut_and_marked():
    assert shortened("short", 100, 10) == "short"
    assert shortened("rather a long name", 60, 10).endswith("…")
    assert len(shortened("長い名前の要因です", 60, 10)) < len(shortened("a long name of a factor", 60, 10))


def test_a_forest_plot_has_a_row_a_factor_with_interval_and_mark(win_factors):
    rows = factor_rows(win_factors)
    drawn = forest_plot(rows, Outcome.WIN, label="x")
    assert len(re.findall(r'class="row (\w+)"', drawn)) == len(rows)
    tested = [row for row in rows if row.state != "untested"]
    assert drawn.count('class="mark"') == len(tested)
    assert drawn.count("style=") == 0
    narrow = forest_plot(rows, Outcome.WIN, label="x", narrow=True)
    assert 'viewBox="0 0 350' in narrow


def test_an_interval_beyond_the_scale_ends_in_an_arrow(tie_factors):
    rows = list(factor_rows(tie_factors))
    test = replace(rows[0].test, lift=Estimate(2.0, 0.0, 40.0))
    drawn = forest_plot([replace(rows[0], test=test)], Outcome.TIE, label="x")
    assert drawn.count('class="arrow"') == 2
    assert "nan" not in drawn
    places = [float(place) for place in re.findall(r'x[12]="([\d.]+)"', drawn)]
    assert min(places) >= 290
    assert max(places) <= 770


def test_an_effect_beyond_the_scale_is_an_arrow_alone(tie_factors):
    rows = list(factor_rows(tie_factors))
    test = replace(rows[0].test, lift=Estimate(0.0, 0.0, 0.0))
    drawn = forest_plot([replace(rows[0], test=test)], Outcome.TIE, label="x")
    assert drawn.count('class="arrow"') == 1
    assert drawn.count('class="mark"') == drawn.count('class="interval"') == 0


def test_an_effect_without_interval_is_a_mark_alone(win_factors):
    row = factor_rows(win_factors)[0]
    test = replace(row.test, kappa=Estimate(0.4))
    drawn = forest_plot([replace(row, test=test)], Outcome.WIN, label="x")
    assert 'class="interval"' not in drawn
    assert 'class="mark"' in drawn


def test_the_curve_ends_at_all_explanations(win_factors):
    drawn = saturation_figure(win_factors.about.saturation, label="x")
    assert drawn.count('class="curve-end"') == 1
    assert "nan" not in drawn


def test_a_bin_without_interval_is_drawn_without_one():
    bins = [
        RateBin(0.0, 0.2, 40, 10, Estimate(0.25, 0.15, 0.4)),
        RateBin(3.0, float("inf"), 3, 3, Estimate(1.0)),
    ]
    drawn = tie_rate_figure(bins, "length", 0.3, label="x")
    assert drawn.count('class="point"') == 2
    assert drawn.count('class="interval"') == 3
    assert [bin_name(one) for one in bins] == ["0–0.2", "≥3"]


def test_figures_are_told_alike_everywhere():
    assert percent(0.614) == "61%"
    assert percent(None) == "–"
    assert decimal(-0.004) == "0.00"
    assert decimal(-1.25) == "\N{MINUS SIGN}1.25"
    assert signed(0.31) == "+0.3"
    assert signed(-1e-16) == "0.0"
    assert interval(Estimate(1, None, 2)) == ""
    assert q_value(0.0004) == "<0.001"
    assert duration(41.5) == "0:42"
    assert duration(3_725) == "1:02:05"
