"""`naze extract`: facts out of texts, under a schema."""

from typing import Annotated

import typer

from naze.cli.table_options import Column, Table, TableChoices, over_table, run_and_show

app = typer.Typer(help="Take facts out of texts, as a JSON Schema lays them down.")


@app.command()
@over_table
def extract(
    file: Table,
    schema: Annotated[str, typer.Option(help="A file of JSON Schema, or module:PydanticModel.")],
    column: Column = None,
    instruction: Annotated[
        str | None, typer.Option(help='What else the model should know: "Dates are in 2026".')
    ] = None,
    prefix: Annotated[str, typer.Option(help="Stands before the names of the new columns.")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest answer, in tokens.")] = 512,
    *,
    chosen: TableChoices,
) -> None:
    """Take facts out of every text: a column for each field of the schema.

    The schema is enforced while the model writes and checked after; what cannot be enforced is named at the start.
    """
    from naze.jobs.extract import extract_job

    options = chosen.options(max_tokens=max_tokens)
    job = extract_job(file, schema, column=column, instruction=instruction, prefix=prefix, **options)
    run_and_show(job, options, as_json=chosen.as_json)
