"""`naze map`: ask a model about every row of a table, durably."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.cli import table_options as options
from naze.cli.generate import read_schema
from naze.errors import ConfigurationError

if TYPE_CHECKING:
    from naze.jobs import Question

app = typer.Typer(help="Ask a model about every row of a table: a new column for each question.")


@app.command()
def map(
    file: options.Table,
    prompt: Annotated[
        str | None, typer.Option(help='Over the columns: "Is this review about delivery? {{text}}".')
    ] = None,
    choices: Annotated[
        str | None, typer.Option(help="Choices with commas between: one is chosen, each gets a probability.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="A file with the JSON Schema of the answer.")] = None,
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
    model: options.Model = None,
    out: options.Out = None,
    run: options.RunFolder = None,
    where: options.Where = None,
    sample: options.Sample = None,
    seed: options.Seed = 0,
    language: options.Language = None,
    max_tokens: options.MaxTokens = 256,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: always the likeliest token.")] = 0.0,
    fit: options.Fit = "shorten",
    long_model: options.LongModel = None,
    engine: options.Engine = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    allow_remote: options.AllowRemote = False,
    as_json: options.Json = False,
) -> None:
    """Ask a model about every row of a table: a new column for each question.

    Rows keep their order; one that fails stays, without a value and with its reason. The run is durable: stop it,
    kill it, run the same command again, and it goes on; nothing is asked twice.
    """
    from naze.jobs import map_job

    chosen = options.settings(
        language=language,
        instruction=instruction,
        max_tokens=max_tokens,
        temperature=temperature,
        fit=fit,
        long_model=long_model,
        seed=seed,
        engine=engine,
        context=context,
        concurrency=concurrency,
        allow_remote=allow_remote,
    )
    asked = [
        *_prompted(prompt, add, choices, schema),
        *_further(ask or [], choices, schema),
        *_read(questions),
    ]
    if not asked:
        raise ConfigurationError(
            "there is no question; give --prompt, --ask NAME=PROMPT or --questions FILE."
        )
    job = map_job(file, asked, model=model, run=run, where=where, sample=sample, settings=chosen)
    options.run_and_show(job, out, as_json=as_json)


def _prompted(prompt: str | None, add: str, choices: str | None, schema: Path | None) -> "list[Question]":
    return [] if prompt is None else [_question(add, prompt, choices, schema)]


def _further(asked: list[str], choices: str | None, schema: Path | None) -> "list[Question]":
    made = []
    for one in asked:
        name, separator, prompt = one.partition("=")
        if not separator or not name.strip():
            raise ConfigurationError(
                f"--ask is {one!r}; expected NAME=PROMPT, the name being the new column's."
            )
        made.append(_question(name.strip(), prompt, choices, schema))
    return made


def _question(name: str, prompt: str, choices: str | None, schema: Path | None) -> "Question":
    from naze.jobs import Question

    words = () if choices is None else tuple(choice.strip() for choice in choices.split(","))
    return Question(name, prompt, words, schema=None if schema is None else read_schema(schema))


def _read(path: Path | None) -> "tuple[Question, ...]":
    from naze.jobs import read_questions

    return () if path is None else read_questions(path)
