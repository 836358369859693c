"""A budget is never passed, and what was spent is known."""

from pathlib import Path

import pytest

from answering import AnsweringEngine
from naze.errors import BudgetError, ConfigurationError
from naze.generations import Account, Budget, PriceTable, read_budget, spent_in, write_run
from naze.generations.prices import EXAMPLE, Price, read_prices
from naze.records import Sampling
from scripted import MANIFEST, rows

PRICES = PriceTable(currency="USD", models=(Price(name="big", input=1.0, output=4.0),))


def run(folder, count, budget):
    engine = AnsweringEngine(lambda prompt: "four words of answer")
    source = rows(f"question {number} of some words" for number in range(count))
    account = Account(budget, folder)
    with write_run(folder, MANIFEST) as opened:
        if not opened.is_planned_from("1"):
            opened.plan(source, "1")
        spender = account.spender("scripted", local=True, count=engine.count_tokens)
        opened.execute(source, lambda: engine, spender=spender)
    return engine


@pytest.mark.parametrize("limit", [20, 57, 100, 333])
def test_a_budget_of_tokens_is_never_passed(tmp_path, limit):
    with pytest.raises(BudgetError, match=f"the budget of {limit} tokens would be passed"):
        run(tmp_path / "run", 50, Budget(limit))
    [spent] = spent_in(tmp_path)
    total = spent.prompt_tokens + spent.generated_tokens
    assert total <= limit
    assert total > limit - 25, "and used as far as the next prompt surely fits"


def test_a_larger_budget_goes_on_and_asks_nothing_twice(tmp_path):
    with pytest.raises(BudgetError):
        run(tmp_path / "run", 30, Budget(150))
    [before] = spent_in(tmp_path)
    engine = run(tmp_path / "run", 30, Budget(10_000))
    assert before.answers + len(engine.prompts) == 30


def test_what_was_spent_before_counts(tmp_path):
    with pytest.raises(BudgetError):
        run(tmp_path / "run", 30, Budget(150))
    with pytest.raises(BudgetError, match="are spent"):
        run(tmp_path / "run", 30, Budget(150))
    [spent] = spent_in(tmp_path)
    assert spent.prompt_tokens + spent.generated_tokens <= 150


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("20000", 20_000, "tokens"),
        ("200k", 200_000, "tokens"),
        ("2M", 2_000_000, "tokens"),
        ("50000 tokens", 50_000, "tokens"),
        ("1,500", 1_500, "tokens"),
        ("2.50USD", 2.5, "USD"),
        ("$2.50", 2.5, "USD"),
    ],
)
def test_budgets_are_read_as_people_write_them(text, amount, unit):
    budget = read_budget(text, PRICES)
    assert (budget.amount, budget.unit) == (amount, unit)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0", "the budget is 0 tokens: nothing could be asked"),
        ("-5", "nothing could be asked"),
        ("much", "expected an amount"),
        ("5 apples", "expected tokens"),
        ("300円", "the budget is in JPY and the prices in USD"),
    ],
)
def test_a_budget_that_is_none_is_told(text, told):
    with pytest.raises(ConfigurationError, match=told):
        read_budget(text, PRICES)


def test_money_needs_prices_of_the_persons_own():
    with pytest.raises(ConfigurationError, match="there are no prices of yours"):
        read_budget("2USD", read_prices(EXAMPLE))
    budget = read_budget("2USD", PRICES)
    assert budget.rates("http://127.0.0.1:1/v1#big", local=False) == (1e-6, 4e-6)
    assert budget.rates("smollm2:135m", local=True) == (0.0, 0.0)
    with pytest.raises(ConfigurationError, match="has no price"):
        budget.rates("http://example.org/v1#other", local=False)


def test_the_longest_answer_is_set_aside_before_it_is_asked():
    engine = AnsweringEngine(lambda prompt: "x")
    account = Account(Budget(100), Path("nowhere"))
    spender = account.spender("scripted", local=True, count=engine.count_tokens)
    prompts = [row.prompt for row in rows(["a b c"] * 9)()]
    rounds = spender.rounds(prompts, Sampling(max_tokens=40))
    assert len(list(next(rounds))) == 2, "two answers of 40 tokens and their prompts fit into 100"
