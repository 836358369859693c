"""What a job would take, as every command says it that can: with --dry-run, or behind `naze estimate`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from naze.generations import Cost, Estimate, PriceTable
    from naze.jobs.chains import ChainEstimate, StepEstimate

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Rows, tokens, time here and price elsewhere; a few rows are asked, nothing is kept.",
    ),
]
PriceInput = Annotated[
    float | None, typer.Option(min=0.0, help="For a million tokens read; else from prices.toml.")
]
PriceOutput = Annotated[float | None, typer.Option(min=0.0, help="For a million tokens written.")]


def choose_prices(price_input: float | None = None, price_output: float | None = None) -> "PriceTable":
    """Take the prices of the command line, else of `naze.toml`, else the table that the person edits."""
    from naze.configuration import Prices, read_configuration
    from naze.errors import ConfigurationError
    from naze.generations import PriceTable, given_price, read_prices

    if (price_input is None) != (price_output is None):
        raise ConfigurationError("--price-input and --price-output belong together; one of them is missing.")
    configuration = read_configuration()
    given = configuration.prices
    if price_input is not None and price_output is not None:
        currency = "" if given is None else given.currency
        given = Prices(input=price_input, output=price_output, currency=currency)
    if given is None:
        return read_prices()
    return PriceTable(currency=given.currency, models=(given_price(given),))


def show_estimate(estimate: "Estimate", prices: "PriceTable", *, of: str = "rows", as_json: bool) -> None:
    """Say what a job would take.

    Args:
        estimate: measured here.
        prices: of models elsewhere.
        of: what the rows are called.
        as_json: print one JSON object.
    """
    from naze.generations import costs_of, span

    tokens = estimate.prompt_tokens, estimate.generated_tokens
    costs = costs_of(*tokens, prices.models, prices.currency)
    if as_json:
        typer.echo(json.dumps({**estimate.to_dict(), "costs": [cost.to_dict() for cost in costs]}))
        return
    kinds = (("shortened", estimate.shortened), ("routed", estimate.routed), ("not asked", estimate.overflow))
    told = ", ".join(f"{count:,} {name}" for name, count in kinds if count)
    typer.echo(f"Rows:    {estimate.rows:,} {of}" + (f" ({told})" if told else ""))
    typer.echo(f"Tokens:  {estimate.prompt_tokens:,} to read, about {estimate.generated_tokens:,} to write")
    low, high = span(estimate.seconds_low), span(estimate.seconds_high)
    typer.echo(
        f"Here:    {span(estimate.seconds)} (90 % interval {low} to {high}), from {estimate.sample_rows} {of} asked now"
    )
    _show_costs(costs, prices)


def show_chain_estimate(estimate: "ChainEstimate", prices: "PriceTable", *, as_json: bool) -> None:
    """Say what a chain would take, step by step, and what of it is known and what assumed."""
    from naze.generations import costs_of, span

    costs = costs_of(estimate.prompt_tokens, estimate.generated_tokens, prices.models, prices.currency)
    if as_json:
        typer.echo(json.dumps({**estimate.to_dict(), "costs": [cost.to_dict() for cost in costs]}))
        return
    typer.echo(
        f"Rows:    {estimate.rows:,}, of which {estimate.sample_rows} went through the whole chain now"
    )
    for step in estimate.steps:
        typer.echo(
            f"  {step.name} ({step.kind}): {_rows_of(step, estimate.sample_rows)}; about {step.prompt_tokens:,} tokens to "
            f"read, {step.generated_tokens:,} to write, {span(step.seconds)}"
        )
    typer.echo(
        f"Tokens:  about {estimate.prompt_tokens:,} to read, {estimate.generated_tokens:,} to write, if the other rows are "
        "like the sample"
    )
    low, high = span(estimate.seconds_low), span(estimate.seconds_high)
    typer.echo(
        f"Here:    {span(estimate.seconds)} (90 % interval {low} to {high}), or less: more rows at once are quicker"
    )
    _show_costs(costs, prices)


def _rows_of(step: "StepEstimate", sample_rows: int) -> str:
    if step.exact:
        return f"{step.rows:,} rows, each of the data"
    bound = "a list or a function may make more" if step.most is None else f"at most {step.most:,}"
    return f"about {step.rows:,} rows ({step.sampled} came of {sample_rows} sampled; {bound})"


def _show_costs(costs: "Sequence[Cost]", prices: "PriceTable") -> None:
    for number, cost in enumerate(costs):
        typer.echo(f"{'Price:' if number == 0 else '':<8} {_describe(cost)}")
    if prices.example and costs:
        typer.echo(
            "         These prices are examples that come with naze. Put today's into a prices.toml of your own:\n"
            "         naze estimate --write-prices prices.toml"
        )


def _describe(cost: "Cost") -> str:
    """Say one price with what it is made of."""
    currency = f" {cost.currency}" if cost.currency else ""
    batch = f", {_money(cost.batch_cost)} as a batch" if cost.batch_discount else ""
    day = f", read {cost.as_of}" if cost.as_of else ""
    made_of = f"{cost.input:g} and {cost.output:g} a million tokens{day}"
    return f"{_money(cost.cost)}{currency} with {cost.name}{batch} ({made_of})"


def _money(cost: float) -> str:
    """Write a sum of money; small ones with two digits that count."""
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.2g}"
