"""`naze judge`: a model's own verdicts on votes, as probabilities; calibrated where winners are known."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from naze.cli import EXIT_FAILED_ROWS
from naze.cli.votes import Columns, Limit
from naze.engines.protocol import EngineOptions

if TYPE_CHECKING:
    from naze.predictions.agreement import Agreement
    from naze.predictions.judged import Judged

_CURVE = "cascade.svg"
"""Lies in the run's folder, beside the verdicts."""

app = typer.Typer(help="Have a model judge votes: probabilities, both orders, calibrated.")


@app.command()
def judge(
    file: Annotated[Path, typer.Argument(metavar="VOTES", help="A file of votes.")],
    model: Annotated[str | None, typer.Option(help="As `naze models` lists it, a file, or a server.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; the same again continues.")] = None,
    language: Annotated[str, typer.Option(help="Of the question: ja, en, …")] = "en",
    examples: Annotated[int, typer.Option(min=0, help="Votes with winners that are shown first.")] = 0,
    predictor: Annotated[
        Path | None, typer.Option(help="A folder of `naze predict fit`: asked first, for nothing.")
    ] = None,
    unsure: Annotated[
        float, typer.Option(help="With --predictor: the share of votes, least sure first, to judge.")
    ] = 1.0,
    limit: Limit = None,
    columns: Columns = None,
    seed: Annotated[int, typer.Option(help="Chooses examples and folds.")] = 0,
    engine: Annotated[
        str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")
    ] = None,
    context: Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Prompts computed at once.")] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let votes leave this machine, to the model's server.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a model of each vote, in both orders: A, B or a tie? Where winners are known, calibrate, and say what it is worth.

    Writes `verdicts.parquet` into the run's folder: p_a, p_b, p_tie as the model gave them, and calibrated; with --predictor
    also `cascade.svg`: what judging more and more of the votes costs and saves.
    """
    from naze.cli.votes import pairs
    from naze.generations import choose_progress
    from naze.predictions.judged import JudgeSettings, judge_file
    from naze.report import write_cascade_figure

    found = judge_file(
        file,
        JudgeSettings(
            model=model,
            out=out,
            language=language,
            examples=examples,
            predictor=predictor,
            unsure=unsure,
            limit=limit,
            columns=pairs("--columns", columns, "prompt=question") or None,
            seed=seed,
            engine=engine,
            options=EngineOptions(context_tokens=context, concurrency=concurrency, allow_remote=allow_remote),
        ),
        progress=choose_progress,
    )
    if found.cascade:
        write_cascade_figure(found.cascade, found.file.with_name(_CURVE))
    if as_json:
        typer.echo(json.dumps(_facts(found), ensure_ascii=False))
    else:
        _show(found)
    if found.unanswered:
        raise typer.Exit(EXIT_FAILED_ROWS)


def _facts(found: "Judged") -> dict[str, Any]:
    return {
        "file": str(found.file),
        "votes": found.votes,
        "judged": found.judged,
        "unanswered": found.unanswered,
        "position_bias": found.position_bias,
        "scores": {name: asdict(score) for name, score in found.scores.items()},
        "gains": {name: asdict(gain) for name, gain in found.gains.items()},
        "added": None if found.added is None else asdict(found.added),
        "kept": found.kept,
        "cascade": [asdict(point) for point in found.cascade],
        "curve": str(found.file.with_name(_CURVE)) if found.cascade else None,
        "agreement": None if found.agreement is None else asdict(found.agreement),
    }


def _show(found: "Judged") -> None:
    typer.echo(f"{found.judged:,} of {found.votes:,} votes judged in both orders by {found.model}")
    if found.unanswered:
        typer.echo(
            f"{found.unanswered:,} votes have no answer in one order or both; `naze runs show` says why"
        )
    typer.echo(f"It names the first place {found.position_bias:+.3f} more than the second (0: no bias)\n")
    if not found.scores:
        typer.echo("Too few winners are known (fewer than 30), so that nothing is scored or calibrated.")
    else:
        _show_scores(found)
        _show_worth(found)
    if found.agreement is not None:
        _show_agreement(found.agreement)
    if found.cascade:
        _show_cascade(found)
    typer.echo(f"\nWritten to {found.file}.")


def _show_cascade(found: "Judged") -> None:
    """Show what each share of judged votes costs and saves, as figures and as a curve."""
    from naze.report.cascade_figure import cascade_marks

    drawn = cascade_marks(found.cascade)
    losses = [loss for point in found.cascade for loss in (point.loss, point.loss_at_random)]
    scale = f"{min(losses):.4f}{max(losses):>{len(drawn[0]) - 6}.4f}"
    typer.echo(f"\n  least sure votes judged   log loss   as many at random   {scale}")
    for point, line in zip(found.cascade, drawn, strict=True):
        typer.echo(
            f"  {point.judged:>10,} ({point.share:>4.0%})        {point.loss:.4f}     {point.loss_at_random:.4f}{'':14}{line}"
        )
    typer.echo(
        f"  (●: the least sure, ○: as many at random, ◆: both; drawn in {found.file.with_name(_CURVE)})"
    )


def _show_scores(found: "Judged") -> None:
    wide = max(len(name) for name in found.scores)
    typer.echo(f"  {'':<{wide}}  {'log loss':<22}  {'AUC, a or b':<11}  {'AUC, ties':<9}  against the prior")
    for name, score in found.scores.items():
        loss, gain = score["log_loss"], found.gains.get(name)
        told = (
            f"{loss.value:.4f} [{loss.low:.3f}, {loss.high:.3f}]"
            if loss.low is not None
            else f"{loss.value:.4f}"
        )
        against = (
            ""
            if gain is None or gain.low is None
            else f"{gain.value:+.4f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        )
        win, tie = (score[one].value for one in ("win_auc", "tie_auc"))
        typer.echo(
            f"  {name:<{wide}}  {told:<22}  {'' if win is None else f'{win:.3f}':<11}  "
            f"{'' if tie is None else f'{tie:.3f}':<9}  {against}"
        )
    typer.echo("  (log loss in nats; above 0: worse than the prior; 95 % intervals)")


def _show_worth(found: "Judged") -> None:
    """Say in words whether the verdicts are worth having, and what is written as calibrated."""
    from naze.predictions.judged import better

    if not better(found.gains["calibrated"]):
        held = "; the calibrated columns hold the shares" if found.kept == "prior" else ""
        typer.echo(f"Calibrated, the verdicts are no better than guessing the shares of a, b and ties{held}.")
    if found.kept == "predictor":
        typer.echo(
            "Added to the predictor, the verdicts make it no better; the calibrated columns hold the predictor's own."
        )
    elif found.kept == "together":
        typer.echo(
            "Added to the predictor, the verdicts make it better; the calibrated columns hold both together."
        )


def _show_agreement(found: "Agreement") -> None:
    """Show the four ways in which judges are counted in print, and what stands behind them."""
    typer.echo(
        f"\nAgreement with people on {found.votes:,} votes and {found.prompts:,} prompts, as published judges are counted:"
    )
    for words, share, count in (
        ("right in both orders (strict)", found.strict, found.votes),
        ("right in one order, A first", found.one_order, found.votes),
        ("right, contradicting orders a tie", found.swap_to_tie, found.votes),
        ("right of the two, decided votes", found.decided_pairs, found.decided),
        ("ties called ties in both orders", found.tie_recall, found.ties),
        ("both orders say the same", found.consistency, found.votes),
    ):
        told = "-" if share.value is None else f"{share.value:.1%}"
        if share.low is not None and share.high is not None:
            told += f" [{share.low:.1%}, {share.high:.1%}]"
        typer.echo(f"  {words:<34}  {told:<22}  of {count:,}")
