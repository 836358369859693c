"""The options of a budget, and what a person is told of what was spent."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from naze.generations import Budget as BudgetRecord
    from naze.generations import PriceTable

Budget = Annotated[
    str | None, typer.Option(help="Stop before more is spent: 200k (tokens, read and written) or 2.50USD.")
]
Prices = Annotated[
    Path | None,
    typer.Option(help="A table of prices, for a budget of money; else prices.toml, as `naze estimate`."),
]


def read_table(path: Path | None) -> "PriceTable | None":
    """Read the prices that a person wrote; None where there are only naze's examples."""
    from naze.generations import read_prices

    table = read_prices(path)
    return None if table.example else table


def read_budget(budget: str | None, prices: "PriceTable | None") -> "BudgetRecord | None":
    """Read the budget; None when there is none."""
    from naze.generations import read_budget as read

    return None if budget is None else read(budget, prices)


def spending(folder: Path, prices: "PriceTable | None") -> list[dict[str, Any]]:
    """Count what was asked of which model in a folder, and what that cost where a price is known."""
    from naze.generations import costs_of, spent_in
    from naze.generations.budget import price_of

    found = []
    for one in spent_in(folder):
        told: dict[str, Any] = {
            "model": one.model,
            "prompts": one.answers,
            "prompt_tokens": one.prompt_tokens,
            "generated_tokens": one.generated_tokens,
        }
        price = price_of(prices, one.model)
        if prices is not None and price is not None:
            [cost] = costs_of(one.prompt_tokens, one.generated_tokens, [price], prices.currency)
            told |= {"cost": cost.cost, "currency": cost.currency}
        found.append(told)
    return found


def say_spending(folder: Path, prices: "PriceTable | None") -> None:
    """Say how many prompts went to which model."""
    for one in spending(folder, prices):
        cost = f", {one['cost']:,.4f} {one['currency']}" if "cost" in one else ""
        typer.echo(
            f"  {one['model']}: {one['prompts']:,} prompts, {one['prompt_tokens']:,} tokens read, "
            f"{one['generated_tokens']:,} written{cost}"
        )
