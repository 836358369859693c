"""`naze map`: ask a model about every row of a table, durably."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.cli.table_options import Table, TableChoices, over_table, run_and_show
from naze.errors import ConfigurationError

if TYPE_CHECKING:
    from naze.jobs import Question

app = typer.Typer(help="Ask a model about every row of a table: a new column for each question.")


@app.command()
@over_table
def map(
    file: Table,
    prompt: Annotated[
        str | None, typer.Option(help='Over the columns: "Is this review about delivery? {{text}}".')
    ] = None,
    choices: Annotated[
        str | None, typer.Option(help="Choices with commas between: one is chosen, each gets a probability.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option(help="A file of the answer's JSON Schema, or module:PydanticModel.")
    ] = None,
    add: Annotated[str, typer.Option(help="The name of the new column.")] = "answer",
    ask: Annotated[
        list[str] | None,
        typer.Option(help='A further question, NAME=PROMPT: delivery="Is it about delivery? {{text}}".'),
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="A YAML file of questions: name, then prompt, choices or schema.")
    ] = None,
    instruction: Annotated[
        str | None, typer.Option(help="Stands before every row, instead of naze's own.")
    ] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest answer, in tokens.")] = 256,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: always the likeliest token.")] = 0.0,
    *,
    chosen: TableChoices,
) -> None:
    """Ask a model about every row of a table: a new column for each question.

    Rows keep their order; one that fails stays, without a value and with its reason. The run is durable: stop it,
    kill it, run the same command again, and it goes on; nothing is asked twice.
    """
    from naze.jobs import map_job

    asked = [
        *_prompted(prompt, add, choices, schema),
        *_further(ask or [], choices, schema),
        *_read(questions),
    ]
    if not asked:
        raise ConfigurationError(
            "there is no question; give --prompt, --ask NAME=PROMPT or --questions FILE."
        )
    options = chosen.options(instruction=instruction, max_tokens=max_tokens, temperature=temperature)
    run_and_show(map_job(file, asked, **options), options, as_json=chosen.as_json)


def _prompted(prompt: str | None, add: str, choices: str | None, schema: str | None) -> "list[Question]":
    return [] if prompt is None else [_question(add, prompt, choices, schema)]


def _further(asked: list[str], choices: str | None, schema: str | None) -> "list[Question]":
    made = []
    for one in asked:
        name, separator, prompt = one.partition("=")
        if not separator or not name.strip():
            raise ConfigurationError(
                f"--ask is {one!r}; expected NAME=PROMPT, the name being the new column's."
            )
        made.append(_question(name.strip(), prompt, choices, schema))
    return made


def _question(name: str, prompt: str, choices: str | None, schema: str | None) -> "Question":
    from naze.jobs import Question
    from naze.jobs.schemas import as_schema

    words = () if choices is None else tuple(choice.strip() for choice in choices.split(","))
    return Question(name, prompt, words, schema=None if schema is None else as_schema(schema))


def _read(path: Path | None) -> "tuple[Question, ...]":
    from naze.jobs import read_questions

    return () if path is None else read_questions(path)
