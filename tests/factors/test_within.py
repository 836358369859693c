"""One run, its votes parted: by language, model, category, period; what differs between the parts."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency
from typer.testing import CliRunner

from made_factors import EXPLAINED, make_factors
from naze.cli import app
from naze.errors import InputError
from naze.factors import compare_within
from naze.factors.labels import labels_by, most_common, ways
from naze.factors.resampling import Estimates
from naze.factors.within import _chi_squared, _heterogeneity
from naze.records import Outcome, Vote, Winner


def vote(**extra):
    return Vote("1", ("p",), ("a",), ("b",), Winner.A, extra=extra)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The real explained votes, with models, a month and a score that are made up."""
    path = tmp_path_factory.mktemp("table") / "votes.parquet"
    frame = pl.read_parquet(EXPLAINED).with_row_index("row")
    models = [("big", "small"), ("small", "tiny"), ("tiny", "big")]
    frame.with_columns(
        model_a=pl.Series([models[row % 3][0] for row in frame["row"]]),
        model_b=pl.Series([models[row % 3][1] for row in frame["row"]]),
        day=pl.Series([date(2026, 1 + row % 3, 1 + row % 28) for row in frame["row"]]),
        score=pl.Series([row * 7 % 100 for row in frame["row"]]),
    ).drop("row").write_parquet(path)  # fmt: skip
    return path


@pytest.fixture(scope="module")
def wins(tmp_path_factory, table):
    return make_factors(tmp_path_factory.mktemp("made") / "win", Outcome.WIN, table=table)


@pytest.fixture(scope="module")
def ties(tmp_path_factory, table):
    return make_factors(tmp_path_factory.mktemp("made") / "tie", Outcome.TIE, table=table)


def test_parts_hold_every_vote_once_and_add_up_to_the_whole(wins):
    found = compare_within(wins, "language", resamples=200)
    assert found.figure == "kappa" and {part.value for part in found.parts} == {"en", "ja"}
    assert sum(part.judged for part in found.parts) + found.unknown >= len(wins.judged)
    assert sum(part.explained for part in found.parts) <= wins.about.counts["explained"]
    for row in found.rows:
        assert sum(one.named for one in row.parts) <= row.factor.vote_count
        assert all(one.share.value is None or 0 <= one.share.value <= 1 for one in row.parts)
    assert any(row.share_q is not None for row in found.rows)
    assert any(row.figure_q is not None for row in found.rows)


def test_by_model_a_vote_counts_for_the_model_that_was_preferred_and_a_fault_for_the_other(wins):
    found = compare_within(wins, "model", resamples=200)
    assert found.figure == "lean" and {part.value for part in found.parts} == {"big", "small", "tiny"}
    models = {one.id: (one.model_a, one.model_b, one.winner) for one in wins.votes}
    reasons = wins.reasons().filter(pl.col("factor_id").is_not_null()).unique(["vote_id", "factor_id"])
    for row in found.rows:
        named = reasons.filter(pl.col("factor_id") == row.factor.id)["vote_id"]
        for part, one in zip(found.parts, row.parts, strict=True):
            expected = sum(
                models[name][(models[name][2] is Winner.A) == row.factor.fault] == part.value
                for name in named
            )
            assert one.named == expected
        assert row.figure_q is None


def test_by_model_leans_cancel_out_where_two_models_meet(tmp_path, table):
    two = tmp_path / "two.parquet"
    pl.read_parquet(table).filter(
        pl.col("model_a").is_in(["big", "small"]) & pl.col("model_b").is_in(["big", "small"])
    ).write_parquet(two)
    found = compare_within(make_factors(tmp_path / "two", Outcome.WIN, table=two), "model", resamples=100)
    for row in found.rows:
        first, second = (one.figure.value for one in row.parts)
        assert (first is None and second is None) or first == pytest.approx(-second)


def test_ties_by_month_are_compared_by_lift(ties):
    found = compare_within(ties, "period", resamples=200)
    assert found.figure == "lift"
    assert {part.value for part in found.parts} == {"2026-01", "2026-02", "2026-03"}
    by_model = compare_within(ties, "model", resamples=50)
    assert all(row.share_q is None and row.figure_q is None for row in by_model.rows)


def test_what_cannot_be_parted_says_what_there_is(wins, tmp_path):
    with pytest.raises(InputError, match=r"by 'colour'; expected one of model, language, .*period.*score"):
        compare_within(wins, "colour")
    with pytest.raises(InputError, match="all votes have 'one'"):
        compare_within(make_factors(tmp_path / "plain", Outcome.WIN), "turns")


def test_numbers_are_parted_into_thirds_times_into_months_or_years():
    numbers = labels_by([vote(score=one) for one in range(30)], "score", most=8)
    assert [numbers.count(name) for name in sorted(set(numbers))] == [10, 10, 10]
    assert sorted(set(numbers)) == ["1: up to 9", "2: up to 19", "3: over 19"], "whole numbers stay whole"
    seconds = [vote(tstamp=1_700_000_000 + 86_400 * 31 * one) for one in range(3)]
    assert labels_by(seconds, "period", most=8) == ["2023-11", "2023-12", "2024-01"]
    years = [vote(date=f"{2000 + one}-0{1 + one % 9}-01") for one in range(14)]
    assert labels_by(years, "period", most=8)[0] == "2000"
    assert labels_by([vote(date="2026-11-25"), vote(date="2026-12-01")], "date", most=8) == [
        "2026-11",
        "2026-12",
    ]
    assert labels_by([vote(month="March"), vote(month="April")], "month", most=8) == ["March", "April"]
    with pytest.raises(InputError, match=r"column date: 'soon' is no time"):
        labels_by([vote(date="soon")], "period", most=8)
    assert "period" not in ways([vote(colour="red")]) and "colour" in ways([vote(colour="red")])


def test_rare_values_are_one_part():
    assert most_common(["a", "a", "b", None], 2) == ["a", "a", "b", None]
    assert most_common(["a", "a", "b", "c"], 2)[2:] == ["other (2 values)"] * 2


def test_shares_and_figures_are_tested_as_scipy_and_by_hand():
    counts, totals = np.array([[30.0, 0], [45.0, 1], [10.0, 0]]), np.array([[100.0, 3], [90.0, 3], [60.0, 3]])
    p_values = _chi_squared(counts, totals)
    table = np.stack([counts[:, 0], totals[:, 0] - counts[:, 0]])
    assert p_values[0] == pytest.approx(chi2_contingency(table, correction=False).pvalue)
    assert np.isnan(p_values[1])
    parts = [Estimates(*(np.array([x]) for x in (m, m - 0.2, m + 0.2))) for m in (0.1, 0.5)]
    # two parts: Cochran's Q is the squared difference over the sum of the squared standard errors
    assert _heterogeneity(parts, logarithms=False)[0] == pytest.approx(0.00557, abs=1e-4)
    assert np.isnan(_heterogeneity(parts[:1], logarithms=False)[0])


def test_the_command_line_compares_within_one_run(wins):
    shown = CliRunner().invoke(app, ["factors", "compare", str(wins.folder), "--by", "language"])
    assert shown.exit_code == 0 and "kappa" in shown.output and "Held-out votes judged" in shown.output
    told = CliRunner().invoke(app, ["factors", "compare", str(wins.folder), "--by", "model", "--json"])
    assert json.loads(told.stdout)["figure"] == "lean"
    neither = CliRunner().invoke(app, ["factors", "compare", str(wins.folder)])
    assert neither.exit_code == 1 and "--by language" in neither.output
