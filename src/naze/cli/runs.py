"""`naze runs`: list, show, export and retry runs."""

import json
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from naze.cli import EXIT_FAILED_ROWS
from naze.counting import counted
from naze.invocation import as_typed

if TYPE_CHECKING:
    from naze.generations import Row, Run, SetAside, Summary
    from naze.records import Status

app = typer.Typer(help="List, show, export and retry runs.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_RunFolder = Annotated[Path, typer.Argument(help="The run's folder.")]
_FAILURES_SHOWN = 10


@app.command("list")
def list_runs(
    folder: Annotated[Path | None, typer.Argument(help="Where runs lie; else as configured (runs).")] = None,
    as_json: _Json = False,
) -> None:
    """List what lies in a folder, newest first: runs, chains, summaries, factors, predictors, each with how far it is."""
    from naze.cli.listing import list_folders
    from naze.configuration import read_configuration
    from naze.errors import InputError

    place = folder or read_configuration().runs
    if folder is not None and not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; expected one in which runs lie.")
    found = list_folders(place)
    if as_json:
        typer.echo(json.dumps([dict(one.facts) for one in found], ensure_ascii=False))
        return
    if not found:
        typer.echo(f"No runs in {place}. `naze explain` makes one.")
    for one in found:
        typer.echo(str(one))


@app.command()
def show(
    run: _RunFolder,
    subject: Annotated[str | None, typer.Argument(help="A vote's id, to see its answer.")] = None,
    as_json: _Json = False,
) -> None:
    """Show how a run stands and why rows failed, or what came of one vote.

    Of a chain, summaries, factors or a predictor: how far it is, and the runs in which it asked.
    """
    from naze.errors import InputError
    from naze.generations import open_run

    if _show_parts(run, subject, as_json=as_json):
        return
    opened = open_run(run)
    if subject is not None:
        rows = opened.row(subject)
        if not rows:
            raise InputError(f"{run}: no row has the id {subject!r}. `naze runs export` writes all ids.")
        read_as = _as_people_read(opened)
        for row in rows:
            _show_row(row, read_as.get(row.position), as_json=as_json)
        return
    summary = opened.summary()
    failures = list(islice(opened.failures(), None if as_json else _FAILURES_SHOWN))
    opened.close()
    if as_json:
        typer.echo(
            json.dumps(
                {**_about(opened), **asdict(summary), "failures": [_values(row) for row in failures]},
                ensure_ascii=False,
            )
        )
        return
    _show_run(opened, summary, failures)


def _show_parts(folder: Path, subject: str | None, *, as_json: bool) -> bool:
    """Show what a folder is that holds runs and is none itself. Returns whether it is such a folder."""
    from naze.cli.listing import look_into
    from naze.errors import InputError
    from naze.generations.manifest import MANIFEST_NAME

    if (folder / MANIFEST_NAME).is_file():
        return False
    own, runs = look_into(folder)
    if own is None:
        return False
    if subject is not None:
        inside = ", ".join(str(one.folder) for one in runs) or "none yet"
        raise InputError(f"{folder} holds runs and is none itself; name the run with {subject!r}: {inside}.")
    if as_json:
        told = {**own.facts, "runs": [dict(one.facts) for one in runs]}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return True
    typer.echo(str(own))
    if runs:
        typer.echo("The runs in it:")
    for one in runs:
        typer.echo(f"  {one}")
    return True


@app.command()
def export(
    run: _RunFolder,
    to: Annotated[Path, typer.Option("--to", help="A .parquet, .csv or .jsonl file.")],
    stored: Annotated[
        bool,
        typer.Option("--stored", help="A row for each prompt, as stored: tokens, seconds, attempts."),
    ] = False,
    as_json: _Json = False,
) -> None:
    """Write the table that a run's or a chain's command wrote, from its folder alone, finished or not.

    Of naze map, label, extract, … the rows with their new columns; of a chain its result; of an explanation the answers
    with the votes' own columns.
    """
    from naze.jobs import export_table

    _check_has_table(run)
    rows = export_table(run, to, stored=stored)
    if as_json:
        typer.echo(json.dumps({"file": str(to), "rows": rows}, ensure_ascii=False))
    else:
        typer.echo(f"{rows:,} rows: {to}")


def _check_has_table(folder: Path) -> None:
    """See that a folder is none of those whose table another command writes."""
    from naze.cli.listing import look_into
    from naze.errors import InputError
    from naze.generations.manifest import MANIFEST_NAME

    if (folder / MANIFEST_NAME).is_file():
        return
    own, runs = look_into(folder)
    task = None if own is None else own.facts.get("task")
    commands = {
        "factors": as_typed("naze", "report", folder, "--out", "factors.csv"),
        "predictor": as_typed("naze", "predict", "apply", folder, "VOTES", "--out", "probabilities.csv"),
    }
    if task in commands:
        inside = (
            f" The runs in it can be exported: {', '.join(str(one.folder) for one in runs)}." if runs else ""
        )
        raise InputError(
            f"{folder}: {task}, no run; expected a run or a chain. `{commands[task]}` writes their table.{inside}"
        )


@app.command()
def retry(
    run: _RunFolder,
    status: Annotated[
        list[str] | None,
        typer.Option(help="invalid, overflow or error; may be given several times; else all."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Ask failed rows again. Resuming does not do that by itself; the failures stay in the journal.

    An explanation is asked at once, from its own folder. Of anything else (a table, a batch, a chain, summaries, factors,
    a predictor) the failures are set aside, so that the command that made it asks them again, and nothing else.
    """
    from naze.errors import ConfigurationError
    from naze.generations import FAILURES, set_failures_aside

    names = {failure.value: failure for failure in FAILURES}
    unknown = [name for name in status or () if name not in names]
    if unknown:
        raise ConfigurationError(f"--status is {unknown[0]!r}; expected {', '.join(names)}.")
    chosen = [names[name] for name in status] if status else list(FAILURES)
    if _is_explanation(run):
        _explain_again(run, chosen, as_json=as_json)
        return
    _show_set_aside(set_failures_aside(run, chosen), chosen, as_json=as_json)


def _is_explanation(folder: Path) -> bool:
    from naze.generations.manifest import MANIFEST_NAME, read_manifest
    from naze.jobs.explain import TASK

    return (folder / MANIFEST_NAME).is_file() and read_manifest(folder).task == TASK


def _explain_again(folder: Path, failures: "list[Status]", *, as_json: bool) -> None:
    """Ask the failures of an explanation again; without any, show how it ended."""
    from naze.cli.explain import show_summary, tell
    from naze.generations import choose_progress, open_run
    from naze.jobs import continue_run

    with closing(open_run(folder)) as kept:
        summary = kept.summary()
    if summary.open or any(getattr(summary, failure.value) for failure in failures):
        done = continue_run(folder, retry=failures, progress=choose_progress(), tell=tell)
    else:
        typer.echo(f"{folder}: no row ended as {' or '.join(failures)}; nothing to ask again.", err=True)
        done = open_run(folder)
    with closing(done):
        summary = show_summary(done, as_json=as_json)
    if summary.failed:
        raise typer.Exit(EXIT_FAILED_ROWS)


def _show_set_aside(done: "SetAside", failures: "list[Status]", *, as_json: bool) -> None:
    """Say what was set aside, and which command asks it again."""
    if as_json:
        commands = [asdict(again) for again in done.again]
        told = {"run": str(done.folder), "set_aside": done.count, "open": done.open, "again": commands}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    if not done.open:
        typer.echo(f"{done.folder}: no row ended as {' or '.join(failures)}; nothing to ask again.", err=True)
        return
    typer.echo(f"{counted(done.count, 'failure')} set aside: {done.folder}")
    if len(done.runs) > 1 or done.runs[0] != done.folder:
        typer.echo(f"  in {', '.join(map(str, done.runs))}")
    for again in done.again:
        if not again.command:
            typer.echo("The same command or call that made it asks them again, and nothing else.")
            continue
        elsewhere = "" if Path(again.folder) == Path.cwd() else f"   (in {again.folder})"
        typer.echo(f"This asks them again, and nothing else: {again.command}{elsewhere}")


def _about(run: "Run") -> dict[str, Any]:
    manifest = run.manifest
    names = (
        "task", "model", "engine", "language", "template", "address", "data_path", "created", "made_by", "made_in",
    )  # fmt: skip
    return {"run": str(run.folder), **{name: getattr(manifest, name) for name in names}}


def _values(row: "Row") -> dict[str, Any]:
    names = ("position", "subject_id", "question_id", "fit", "whole_tokens", "limit_tokens")
    values: dict[str, Any] = {name: getattr(row, name) for name in names if getattr(row, name) is not None}
    if row.answer is not None:
        values |= {name: value for name, value in asdict(row.answer).items() if value is not None}
    return values


def _name(row: "Row") -> str:
    return f"{row.subject_id}, {row.question_id}" if row.question_id else row.subject_id


def _as_people_read(run: "Run") -> dict[int, str | None]:
    """Lay the explanations of a run out, by their places; nothing where it has none."""
    from naze.jobs import explained_rows
    from naze.jobs.explain import TASK

    if run.manifest.task != TASK:
        return {}
    return {place: explained.text for place, explained in enumerate(explained_rows(run))}


def _show_row(row: "Row", read_as: str | None, *, as_json: bool) -> None:
    if as_json:
        laid_out = {} if read_as is None else {"explanation": read_as}
        typer.echo(json.dumps({**_values(row), **laid_out}, ensure_ascii=False))
        return
    answer = row.answer
    if answer is None:
        typer.echo(f"{_name(row)}: not asked yet.")
        return
    typer.echo(
        f"{_name(row)}: {answer.status.value}, {answer.prompt_tokens:,} tokens read, "
        f"{answer.generated_tokens:,} written in {answer.seconds:.1f} s, attempt {answer.attempts}, {row.fit.value}."
    )
    if answer.reason:
        typer.echo(f"Reason: {answer.reason}")
    for choice, probability in (answer.probabilities or {}).items():
        typer.echo(f"  {probability:6.1%}  {choice}")
    if answer.marks:
        typer.echo(f"Faults: {', '.join(answer.marks)}")
    if text := read_as or answer.text:
        typer.echo(f"\n{text.strip()}\n")


def _show_run(run: "Run", summary: "Summary", failures: "list[Row]") -> None:
    manifest = run.manifest
    typer.echo(
        f"{run.folder}: {manifest.task} with {manifest.model} ({manifest.engine}), begun {manifest.created}"
    )
    typer.echo(
        f"  data       {manifest.data_path or ('as the command says' if manifest.made_by else 'given in Python')}"
    )
    if manifest.made_by:
        typer.echo(f"  made by    {manifest.made_by}")
    typer.echo(
        f"  language   {manifest.language}, template {manifest.template} ({manifest.template_hash[:12]})"
    )
    if manifest.address:
        typer.echo(f"  sent to    {manifest.address}")
    typer.echo(
        f"  rows       {summary.rows:,}: {summary.answered:,} answered, {summary.invalid:,} invalid, "
        f"{summary.overflow:,} too long, {summary.error:,} failed, {summary.open:,} open"
    )
    typer.echo(f"  to fit     {summary.shortened:,} shortened, {summary.routed:,} routed")
    if summary.asked_again:
        typer.echo(
            f"  faults     {summary.asked_again:,} asked twice, {summary.mended:,} better; {summary.faulty:,} still with one"
        )
    typer.echo(f"  tokens     {summary.prompt_tokens:,} read, {summary.generated_tokens:,} written")
    for row in failures:
        answer = row.answer
        if answer is not None:
            typer.echo(f"  {_name(row)}: {answer.status.value}, attempts {answer.attempts}: {answer.reason}")
    if summary.failed > len(failures):
        typer.echo(f"  … {summary.failed - len(failures):,} more; --json lists all")
