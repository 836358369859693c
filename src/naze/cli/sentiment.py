"""`naze sentiment`: what the writers of texts feel."""

from typing import Annotated

import typer

from naze.cli.table_options import Column, Table, TableChoices, over_table, run_and_show

app = typer.Typer(help="Judge the sentiment of every text, in Japanese and English.")


@app.command()
@over_table
def sentiment(
    file: Table,
    column: Column = None,
    add: Annotated[str, typer.Option(help="The name of the new column.")] = "sentiment",
    *,
    chosen: TableChoices,
) -> None:
    """Judge the sentiment of every text: positive, negative or neutral, each with its probability."""
    from naze.jobs.sentiment import sentiment_job

    options = chosen.options()
    run_and_show(sentiment_job(file, column=column, add=add, **options), options, as_json=chosen.as_json)
