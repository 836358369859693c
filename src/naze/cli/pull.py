"""`naze pull`: fetch a model, show how far it is, and measure which engine is the fastest with it here."""

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from naze.cli.models import say_speed
from naze.engines.downloads import PullProgress, say_size
from naze.engines.measuring import Measured, measure_model
from naze.engines.pull import SOURCES
from naze.engines.pull import pull as fetch
from naze.engines.resolve import resolve
from naze.engines.speeds import listed_speed
from naze.errors import NazeError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

app = typer.Typer(help="Fetch a model: resumable, verified by SHA-256.")

_LINE_SECONDS = 5.0
"""Between two lines where there is no terminal to draw a bar on."""


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="As `naze models` lists it, or hf:owner/repo[/file.gguf].")],
    engine: Annotated[
        str | None, typer.Option(help="Fetch the form for this engine: openvino or llamacpp.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help=f"Where from: {' or '.join(SOURCES)}; else wherever it is.")
    ] = None,
    measure: Annotated[
        bool | None,
        typer.Option(
            "--measure/--no-measure",
            help="Measure the engines again, or not at all; else those that were not measured here.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Fetch a model: resumable, verified by SHA-256; measure which engine is the fastest with it here.

    A pull that was broken goes on where it stopped when the same command is called again. Measuring takes half a
    minute at most, beside loading the model in each engine; from then on the fastest answers.
    """
    show = _Bar() if sys.stderr.isatty() else _Lines()
    try:
        path = fetch(name, engine=engine, source=source, progress=show)
    finally:
        show.close()
    size = sum(
        file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()
    )
    if not as_json:
        typer.echo(f"{name} is here: {path} ({say_size(size)}).")
    measured = () if measure is False else measure_model(name, again=bool(measure), tell=_say_measuring)
    chosen = _chosen(name)
    if as_json:
        told = {"model": name, "path": str(path), "size_bytes": size, "engine": chosen}
        typer.echo(json.dumps(told | {"speeds": [*map(_fields, measured)]}, ensure_ascii=False))
        return
    for result in measured:
        typer.echo(f"  {result.resolution.engine:<10} {_say_result(result)}")
    if chosen is not None and any(result.speed is not None for result in measured):
        typer.echo(f"{chosen} answers from now on; --engine chooses another.")


def _say_result(result: Measured) -> str:
    return (
        f"not measured: {result.problem}"
        if result.speed is None
        else say_speed(listed_speed(result.resolution, result.speed))
    )


def _fields(result: Measured) -> dict[str, object]:
    if result.speed is None:
        return {
            "engine": result.resolution.engine,
            "path": str(result.resolution.model.path),
            "problem": result.problem,
        }
    return asdict(listed_speed(result.resolution, result.speed))


def _say_measuring(engine: str) -> None:
    typer.echo(f"measuring how fast {engine} is with it here (--no-measure leaves that out) ...", err=True)


def _chosen(name: str) -> str | None:
    """Tell which engine will answer; None where nothing here can (what `naze pull` fetched may be for another machine)."""
    try:
        return resolve(name).engine
    except NazeError:
        return None


class _Lines:
    """Shows progress as lines, for logs: notes at once, figures now and then."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, progress: PullProgress) -> None:
        if progress.note:
            typer.echo(f"{progress.name}: {progress.note}", err=True)
        elif time.monotonic() - self._told >= _LINE_SECONDS:
            self._told = time.monotonic()
            whole = f" of {say_size(progress.total_bytes)}" if progress.total_bytes else ""
            typer.echo(f"{progress.name}: {say_size(progress.done_bytes)}{whole}", err=True)

    def close(self) -> None:
        """Nothing is open."""


class _Bar:
    """Shows progress as a bar on a terminal."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, progress: PullProgress) -> None:
        if self._progress is None or self._task is None:
            self._open()
        assert self._progress is not None and self._task is not None  # _open has set both
        if progress.note:
            self._progress.console.print(f"{progress.name}: {progress.note}", markup=False, highlight=False)
        self._progress.update(self._task, completed=progress.done_bytes, total=progress.total_bytes)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("", total=None)
        self._progress.start()

    def close(self) -> None:
        """Leave the bar as it is and give the terminal back."""
        if self._progress is not None:
            self._progress.stop()
