"""`naze generate`: ask a model one thing."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from naze.engines.working import Working

app = typer.Typer(help="Ask a model one thing.")


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What is asked; - reads it from standard input.")],
    model: Annotated[str | None, typer.Option(help="As `naze models` lists it, a file, or a server.")] = None,
    system: Annotated[str, typer.Option(help="The instruction that goes before the prompt.")] = "",
    choices: Annotated[
        str | None, typer.Option(help="Choices with commas between: their probabilities, no text.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="A file with the JSON Schema of the answer.")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest answer, in tokens.")] = 512,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: always the likeliest token.")] = 0.0,
    seed: Annotated[int, typer.Option(help="For a temperature above 0.")] = 0,
    stop: Annotated[list[str] | None, typer.Option(help="A text that ends the answer.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")
    ] = None,
    context: Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let the prompt leave this machine, to the model's server.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole answer as one JSON object.")
    ] = False,
) -> None:
    """Ask a model one thing.

    With --choices nothing is written: the probability of each choice comes from the model's own distribution.
    """
    from naze.configuration import read_configuration
    from naze.engines.working import watched_by
    from naze.errors import ConfigurationError
    from naze.jobs import generate as ask
    from naze.jobs.schemas import as_schema

    name = model or read_configuration().model
    if name is None:
        raise ConfigurationError("no model is named. Give --model; `naze models` shows what there is.")
    options: dict[str, Any] = {"num_predict": max_tokens, "temperature": temperature, "seed": seed}
    options |= {"stop": stop or (), "allow_remote": allow_remote}
    if context is not None:
        options["num_ctx"] = context
    written = _Written()
    with watched_by(None if as_json else written.show):
        response = ask(
            name,
            sys.stdin.read() if prompt == "-" else prompt,
            system=system,
            format=None if schema is None else as_schema(schema),
            choices=[] if choices is None else [choice.strip() for choice in choices.split(",")],
            options=options,
            engine=engine,
        )
    if as_json:
        typer.echo(json.dumps(response.to_dict(), ensure_ascii=False))
    elif response.probabilities is not None:
        for choice, probability in sorted(response.probabilities.items(), key=lambda pair: -pair[1]):
            typer.echo(f"{probability:7.1%}  {choice}")
    else:
        written.finish(response.response.strip())
        if response.done_reason == "length":
            typer.echo(f"naze: cut after {response.eval_count} tokens; --max-tokens allows more.", err=True)


class _Written:
    """Prints an answer as it grows."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, working: "Working") -> None:
        """Print what is new; half a letter and white space at the end wait for what follows them."""
        text = working.text.strip().rstrip("\ufffd").rstrip()
        if text.startswith(self._shown):
            typer.echo(text[len(self._shown) :], nl=False)
            self._shown = text

    def finish(self, text: str) -> None:
        """Print the rest; the whole where it became another text than what was shown."""
        if not text.startswith(self._shown):
            typer.echo()
            self._shown = ""
        typer.echo(text[len(self._shown) :])
