"""`naze pull`: fetch a model, and show how far it is."""

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from naze.engines.downloads import PullProgress, say_size
from naze.engines.pull import SOURCES
from naze.engines.pull import pull as fetch

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
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Fetch a model: resumable, verified by SHA-256.

    A pull that was broken goes on where it stopped when the same command is called again.
    """
    show = _Bar() if sys.stderr.isatty() else _Lines()
    try:
        path = fetch(name, engine=engine, source=source, progress=show)
    finally:
        show.close()
    size = sum(
        file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()
    )
    if as_json:
        typer.echo(json.dumps({"model": name, "path": str(path), "size_bytes": size}, ensure_ascii=False))
    else:
        typer.echo(f"{name} is here: {path} ({say_size(size)}).")


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
