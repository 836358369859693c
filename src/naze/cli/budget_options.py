"""The options of a budget, and what a person is told of what was spent."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.errors import ConfigurationError

if TYPE_CHECKING:
    from naze.generations import Budget as BudgetRecord
    from naze.generations import Price as PriceRecord
    from naze.generations import Spent

Budget = Annotated[
    str | None,
    typer.Option(help="Stop before more is spent: 200k (tokens, read and written) or 2.50USD."),
]
Price = Annotated[
    list[str] | None,
    typer.Option(help='What a model costs for a million tokens: "MODEL=INPUT,OUTPUT".'),
]
_PRICE = re.compile(r"(?P<model>.+)=(?P<input>[\d.]+),(?P<output>[\d.]+)(?P<currency>[A-Z]{3})?")


def read_prices(prices: Sequence[str] | None) -> "dict[str, PriceRecord]":
    """Read what models cost.

    Raises:
        ConfigurationError: something else than a model with two numbers.
    """
    from naze.generations import Price

    found: dict[str, PriceRecord] = {}
    for text in prices or ():
        read = _PRICE.fullmatch(text.strip())
        if read is None:
            raise ConfigurationError(
                f"--price is {text!r}; expected MODEL=INPUT,OUTPUT for a million tokens, such as "
                "http://127.0.0.1:1234/v1#big=0.15,0.60 (in USD; another currency stands behind: 20,80JPY)."
            )
        found[read["model"]] = Price(float(read["input"]), float(read["output"]), read["currency"] or "USD")
    return found


def read_budget(budget: str | None, prices: "dict[str, PriceRecord]") -> "BudgetRecord | None":
    """Read the budget; None when there is none."""
    from naze.generations import read_budget as read

    return None if budget is None else read(budget, prices)


def spending(folder: Path, prices: "dict[str, PriceRecord]") -> "list[dict[str, object]]":
    """Count what was asked of which model in a folder, and what that cost where a price is known."""
    from naze.generations import spent_in

    return [
        {
            "model": one.model,
            "answers": one.answers,
            "prompt_tokens": one.prompt_tokens,
            "generated_tokens": one.generated_tokens,
            **_cost(one, prices.get(one.model)),
        }
        for one in spent_in(folder)
    ]


def say_spending(folder: Path, prices: "dict[str, PriceRecord]") -> None:
    """Say how many prompts went to which model."""
    for one in spending(folder, prices):
        cost = f", {one['cost']:,.4f} {one['currency']}" if "cost" in one else ""
        typer.echo(
            f"  {one['model']}: {one['answers']:,} prompts, {one['prompt_tokens']:,} tokens read, "
            f"{one['generated_tokens']:,} written{cost}"
        )


def _cost(spent: "Spent", price: "PriceRecord | None") -> dict[str, object]:
    if price is None:
        return {}
    cost = (spent.prompt_tokens * price.input + spent.generated_tokens * price.output) / 1e6
    return {"cost": cost, "currency": price.currency}
