"""`naze label`: label every text, with numbers."""

import json
from dataclasses import asdict
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.cli import EXIT_FAILED_ROWS
from naze.cli.table_options import Column, Table, TableChoices, over_table, show_result

if TYPE_CHECKING:
    from naze.jobs.labels import Figure, GoldFigures, Labelled

app = typer.Typer(help="Label every text, with probabilities; hold the labels against people's.")

_SHOWN = 5


@app.command()
@over_table
def label(
    file: Table,
    labels: Annotated[Path, typer.Option(help="A YAML file: `name: definition` on each line.")],
    column: Column = None,
    examples: Annotated[
        Path | None, typer.Option(help="Texts that people labelled: accuracy, kappa, calibration.")
    ] = None,
    gold_column: Annotated[str, typer.Option(help="Of the examples: the label that people gave.")] = "label",
    abstain: Annotated[
        float | None, typer.Option(help="A label less likely than this (0 to 1) is left to a person.")
    ] = None,
    even_out: Annotated[
        bool,
        typer.Option(
            help="Without examples: take off what the model says of every row alike, where labels are about equally frequent."
        ),
    ] = False,
    add: Annotated[str, typer.Option(help="The name of the new column.")] = "label",
    *,
    chosen: TableChoices,
) -> None:
    """Label every text, with the probability of each label.

    With --examples the model's labels are held against people's, and its probabilities corrected where that helps.
    """
    from naze.jobs.labels import label_job, label_to_file

    options = chosen.options()
    job = label_job(
        file,
        labels,
        column=column,
        examples=examples,
        gold_column=gold_column,
        abstain=abstain,
        even_out=even_out,
        add=add,
        **options,
    )
    labelled = label_to_file(job, **options)
    labelled.close()
    if chosen.as_json:
        summary = asdict(labelled.mapped.summary)
        told = {
            "file": str(labelled.target),
            "run": str(labelled.mapped.folder),
            **summary,
            **labelled.to_dict(),
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        if labelled.mapped.summary.failed:
            raise typer.Exit(EXIT_FAILED_ROWS)
        return
    _show_gold(labelled)
    if even_out:
        _show_evened(labelled)
    _show_unsure(labelled, abstain)
    show_result(labelled.mapped, target=labelled.target, as_json=False)


def _show_gold(labelled: "Labelled") -> None:
    held = labelled.held
    if held is None:
        return
    figures, corrected = held.figures, held.calibrated_figures
    missing = f", {held.without_answer} more without an answer" if held.without_answer else ""
    before = f", earlier, in {held.examples}" if labelled.held_before else ""
    typer.echo(f"Held against {figures.rows} rows that people labelled{before}{missing} (95 % intervals):")
    kept = corrected if held.helps else figures
    for name, figure in (
        ("accuracy", kept.accuracy),
        ("kappa", kept.kappa),
        ("macro F1", kept.macro_f1),
        ("micro F1", kept.micro_f1),
    ):
        typer.echo(f"  {name:<10} {_told(figure)}")
    verdict = "kept" if held.helps else "not kept: it does not help beyond chance"
    if held.helps and not labelled.calibrated:
        verdict = "not applied here: it is of the one model, and a bigger one stands in for it"
    typer.echo(
        f"  log loss   {figures.log_loss.value:.3f}, calibrated {corrected.log_loss.value:.3f} ({verdict})"
    )
    _show_labels(kept)
    for wrong in held.confidently_wrong[:_SHOWN]:
        typer.echo(
            f"  row {wrong.row}: people {wrong.people}, model {wrong.model} ({wrong.probability:.0%}): {wrong.text}"
        )


def _show_evened(labelled: "Labelled") -> None:
    if labelled.evened is None:
        typer.echo(
            "Nothing was evened out: too few rows have probabilities to say what is told of every row alike."
        )
        return
    liked = ", ".join(
        f"{name} {exp(-offset):.0%}"
        for name, offset in zip(labelled.columns.labels, labelled.evened.offsets, strict=True)
    )
    typer.echo(f"Evened out: each label's probability was divided by its mean over all rows ({liked}).")


def _show_labels(figures: "GoldFigures") -> None:
    """Show each label's figures, and below them what was taken for what."""
    width = max(map(len, figures.labels))
    typer.echo(f"  {'':<{width}}  rows  precision  recall    F1")
    for name, own in figures.by_label.items():
        numbers = [_share(one) for one in (own.precision, own.recall, own.f1)]
        typer.echo(f"  {name:<{width}}  {own.rows:>4}  {numbers[0]:>9}  {numbers[1]:>6}  {numbers[2]:>4}")
    typer.echo("  People said (down), the model said (across):")
    typer.echo(f"  {'':<{width}}  " + "  ".join(figures.labels))
    for name, row in zip(figures.labels, figures.confusion, strict=True):
        cells = "  ".join(f"{cell:>{len(told)}}" for told, cell in zip(figures.labels, row, strict=True))
        typer.echo(f"  {name:<{width}}  {cells}")


def _show_unsure(labelled: "Labelled", abstain: float | None) -> None:
    if abstain is not None:
        typer.echo(f"{labelled.abstained:,} rows are left to a person: no label is as likely as {abstain:g}.")
    if labelled.check_first:
        typer.echo("Check these first, the model is least sure of them:")
    for check in labelled.check_first[:_SHOWN]:
        typer.echo(f"  row {check.row}: {check.label} ({check.probability:.0%}): {check.text}")


def _told(figure: "Figure") -> str:
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _share(figure: "Figure") -> str:
    return "-" if figure.value is None else f"{figure.value:.2f}"
