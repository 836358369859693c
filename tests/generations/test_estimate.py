"""What a job will take, before it is run."""

import pytest

from naze.errors import ConfigurationError
from naze.generations import estimate
from naze.records import Fit, FittedPrompt, Prompt, Sampling
from scripted import ScriptedEngine


def rows(count: int, **rest):
    made = [
        FittedPrompt(Prompt(f"{number}", "", "", "", "one two three"), tokens=10, **rest)
        for number in range(count)
    ]
    return lambda: made


def test_rows_tokens_time_and_price_come_from_a_few_rows_really_asked():
    engine = ScriptedEngine(seconds=0.01)
    found = estimate(rows(1000), engine, Sampling(), sample_rows=8, prices={"input": 2.0, "output": 10.0})
    assert found.rows == 1000
    assert found.sample_rows == 8 == len(engine.asked)
    assert found.prompt_tokens == 10_000
    assert found.generated_tokens == 3000
    assert 8 < found.seconds < 30, "10 ms a row, one after another"
    assert found.seconds_low <= found.seconds <= found.seconds_high
    assert found.cost == pytest.approx(10_000 * 2e-6 + 3000 * 10e-6)
    assert found.batch_cost == pytest.approx(found.cost / 2)


def test_the_sample_is_spread_over_the_input():
    engine = ScriptedEngine()
    estimate(rows(1000), engine, Sampling(), sample_rows=4)
    asked = sorted(int(number) for number in engine.asked)
    assert asked[0] < 300 and asked[-1] > 600


def test_rows_that_do_not_fit_are_counted_and_not_asked():
    engine = ScriptedEngine()
    found = estimate(rows(5, fit=Fit.OVERFLOW), engine, Sampling())
    assert (found.rows, found.overflow, found.sample_rows, found.seconds) == (5, 5, 0, 0.0)
    assert engine.asked == []


def test_without_prices_no_cost_is_told():
    found = estimate(rows(3), ScriptedEngine(), Sampling())
    assert found.cost is None and found.batch_cost is None


@pytest.mark.parametrize("prices", [{"input": 1.0}, {"input": -1.0, "output": 1.0}, {"in": 1.0, "out": 2.0}])
def test_prices_that_make_no_sense_are_refused(prices):
    with pytest.raises(ConfigurationError, match="prices are"):
        estimate(rows(3), ScriptedEngine(), Sampling(), prices=prices)
