"""`naze tidy`: rewrite the cells of a column."""

from typing import Annotated

import typer

from naze.cli.table_options import Table, TableChoices, over_table, run_and_show

app = typer.Typer(help="Rewrite every cell of a column as an instruction says.")


@app.command()
@over_table
def tidy(
    file: Table,
    column: Annotated[str, typer.Option(help="Whose cells are tidied; it stays as it is.")],
    instruction: Annotated[str, typer.Option(help='Such as "Write the official company name".')],
    add: Annotated[str | None, typer.Option(help="The new column; else COLUMN_tidy.")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest cell, in tokens.")] = 96,
    *,
    chosen: TableChoices,
) -> None:
    """Rewrite every cell of a column as an instruction says. Equal cells are asked about once."""
    from naze.jobs.tidy import tidy_job

    options = chosen.options(max_tokens=max_tokens)
    job = tidy_job(file, column=column, instruction=instruction, add=add, **options)
    run_and_show(job, options, as_json=chosen.as_json)
