"""Prices elsewhere come from a table that a person edits, and are never taken for truth."""

import pytest

from naze.errors import ConfigurationError
from naze.generations import Price, costs_of, read_prices
from naze.generations.prices import EXAMPLE

OWN = """
currency = "EUR"
[[models]]
name = "mine"
input = 2.0
output = 10.0
batch_discount = 0.25
as_of = 2026-11-25
"""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NAZE_PRICE_TABLE", raising=False)
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(tmp_path / "config"))
    return tmp_path


def test_the_example_says_of_every_price_when_and_where_it_was_read(desk):
    table = read_prices()
    assert table.example and len(table.models) >= 3
    assert all(price.as_of is not None and price.source.startswith("https://") for price in table.models)
    assert "EXAMPLES" in EXAMPLE.read_text() and "edit" in EXAMPLE.read_text()


def test_a_persons_own_table_wins_in_the_order_that_is_promised(desk, monkeypatch):
    (desk / "config").mkdir()
    (desk / "config" / "prices.toml").write_text(OWN)
    assert read_prices().path == desk / "config" / "prices.toml" and not read_prices().example
    (desk / "prices.toml").write_text(OWN.replace("mine", "here"))
    assert read_prices().models[0].name == "here"
    (desk / "other.toml").write_text(OWN.replace("mine", "other"))
    monkeypatch.setenv("NAZE_PRICE_TABLE", str(desk / "other.toml"))
    assert read_prices().models[0].name == "other"
    assert read_prices(desk / "prices.toml").models[0].name == "here"


def test_what_tokens_cost_is_reckoned_with_the_batch_discount(desk):
    (desk / "prices.toml").write_text(OWN)
    table = read_prices()
    [cost] = costs_of(1_000_000, 200_000, table.models, table.currency)
    assert (cost.name, cost.currency, cost.as_of) == ("mine", "EUR", "2026-11-25")
    assert cost.cost == pytest.approx(2.0 + 2.0)
    assert cost.batch_cost == pytest.approx(3.0)
    assert costs_of(10, 0, [Price(name="free", input=0, output=0)], "USD")[0].cost == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("output = 10.0", ""), "model 'mine': output"),
        (("input = 2.0", "input = -2.0"), "model 'mine': input is -2.0"),
        (("batch_discount = 0.25", "batch_discount = 50"), "batch_discount is 50"),
        (("currency", "curency"), "curency"),
        (('"EUR"', "EUR"), "Expected TOML"),
    ],
)
def test_a_broken_table_says_which_price_is_wrong(desk, change, said):
    (desk / "prices.toml").write_text(OWN.replace(*change))
    with pytest.raises(ConfigurationError, match=said):
        read_prices()


def test_a_table_that_is_named_and_not_there_is_said(desk):
    with pytest.raises(ConfigurationError, match=r"no\.toml"):
        read_prices(desk / "no.toml")
