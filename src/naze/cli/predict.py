"""`naze predict`: learn to predict votes, predict, score, submit, say why."""

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naze.cli.votes import Columns
from naze.counting import counted
from naze.engines.protocol import EngineOptions
from naze.invocation import as_typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from naze.factors.resampling import Estimate
    from naze.predictions import FitReport, PredictionScore, VotePredictor
    from naze.predictions.asking import Questions
    from naze.predictions.features.groups import Group, Wide
    from naze.records import Vote
    from naze.votes import Votes

app = typer.Typer(
    help="Predict the next vote, ties included, and know how sure.",
    no_args_is_help=True,
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Model = Annotated[Path, typer.Argument(metavar="MODEL", help="The folder of `naze predict fit`.")]
_Engine = Annotated[str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")]
_AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let votes leave this machine, to the model's server.")
]
_VotesFile = Annotated[Path, typer.Argument(metavar="VOTES", help="A file of votes.")]
_NAMED = 5
"""Rows that cannot be read are named up to so many."""
_FIGURES = (
    ("log_loss", "log loss"),
    ("accuracy", "accuracy"),
    ("brier", "Brier score"),
    ("calibration_error", "calibration error"),
    ("win_auc", "AUC, a against b"),
    ("tie_auc", "AUC, ties"),
    ("tie_recall", "ties called ties"),
    ("loss_a", "log loss of votes for a"),
    ("loss_b", "log loss of votes for b"),
    ("loss_tie", "log loss of ties"),
)


@app.command()
def fit(
    votes: _VotesFile,
    out: Annotated[Path, typer.Option(help="The folder that the predictor is written to.")],
    extra: Annotated[
        list[Path] | None,
        typer.Option(help="Votes from elsewhere; they count as far as they help. May be repeated."),
    ] = None,
    folds: Annotated[int, typer.Option(help="Of the cross-validation by prompt; 0: none is made.")] = 5,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Use vectors of the texts too (slower).")
    ] = False,
    embedding_model: Annotated[
        str | None, typer.Option(help="Whose vectors: a name, a folder or a server.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="A group of features that is not used. May be repeated.")
    ] = None,
    trees: Annotated[
        bool, typer.Option("--trees/--no-trees", help="Blend the linear model with LightGBM.")
    ] = True,
    judge: Annotated[
        str | None, typer.Option(help="A model whose own verdicts on the votes are used too (slow).")
    ] = None,
    factors: Annotated[
        Path | None, typer.Option(help="A folder of `naze factors`: its model's verdicts on its factors.")
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="With --judge: use its hidden states too, from the same reading.")
    ] = False,
    context: Annotated[
        int | None,
        typer.Option(min=64, help="With --judge: tokens of its prompts; longer votes are shortened."),
    ] = None,
    language: Annotated[str, typer.Option(help="Of the judge's question: ja, en, …")] = "en",
    engine: _Engine = None,
    allow_remote: _AllowRemote = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Read the first so many votes only.")] = None,
    seed: Annotated[int, typer.Option(help="Decides folds, draws and resamples.")] = 0,
    columns: Columns = None,
    as_json: _Json = False,
) -> None:
    """Learn from votes, tell how well votes are predicted that were held out, write the predictor."""
    from naze.cli.votes import pairs
    from naze.engines.embeddings import DEFAULT_EMBEDDER
    from naze.errors import ConfigurationError
    from naze.predictions import VotePredictor
    from naze.predictions.asking import questions_of
    from naze.predictions.stored import ASKED, check_predictor_place
    from naze.votes import read_votes

    if extra and (judge or factors):
        raise ConfigurationError(
            "--extra cannot be combined with --judge or --factors yet: a model would have to be asked about all extra "
            "votes too."
        )
    check_predictor_place(out)
    read = read_votes(votes, columns=pairs("--columns", columns, "prompt=question") or None, limit=limit)
    _tell_problems(read)
    named = embedding_model or (DEFAULT_EMBEDDER if embeddings else None)
    predictor = VotePredictor(
        folds=folds, embedding_model=named, leave_out=tuple(leave_out or ()), trees=trees, seed=seed
    )
    decided = [vote for vote in read if vote.winner is not None]
    if len(decided) < len(read):
        typer.echo(f"{counted(len(read) - len(decided), 'vote', 'has')} no winner: left out.", err=True)
    typer.echo(f"Learning from {counted(len(decided), 'vote')} …", err=True)
    others = [_extra_votes(path, columns) for path in extra or ()]
    questions = questions_of(judge, factors, language=language, context=context, probe=probe)
    if questions.judge is None and not questions.factors:
        predictor.fit(decided, extra=others)
    else:
        _fit_with_model(
            predictor, decided, questions, out / ASKED, engine, EngineOptions(allow_remote=allow_remote)
        )
    folder = predictor.save(out)
    if as_json:
        typer.echo(_as_json(predictor, folder))
        return
    if predictor.report_ is not None:
        _show_fit(predictor.report_)
    _show_choices(predictor, extra or [])
    typer.echo(
        f"\nWritten to {folder}. Next: "
        f"{as_typed('naze', 'predict', 'apply', folder, 'NEW-VOTES', '--out', 'probabilities.parquet')}"
    )


@app.command()
def apply(
    model: _Model,
    votes: _VotesFile,
    out: Annotated[Path, typer.Option(help="CSV, JSONL or Parquet, by its name: id, p_a, p_b, p_tie.")],
    engine: _Engine = None,
    allow_remote: _AllowRemote = False,
    columns: Columns = None,
) -> None:
    """Give the probabilities of a, b and a tie for each vote of a file."""
    from naze.predictions import write_probabilities
    from naze.tables.write import check_table_place

    check_table_place(out)
    predictor, read = _loaded(model, votes, columns)
    _tell_shares(read, predictor)
    given = _given(predictor, read, _asked_beside(out), engine, allow_remote)
    told = predictor.predict_proba(read, given=given)
    known, _ = predictor.out_of_fold_of(read)
    _tell_flattery(int(known.sum()), len(read))
    rows = write_probabilities(out, read, told, prior=predictor.prior_, learnt_from=known)
    typer.echo(f"{counted(rows, 'prediction')} written to {out}{_with_shares(read)}.")


@app.command()
def score(
    probabilities: Annotated[
        Path, typer.Argument(metavar="PROBABILITIES", help="id, p_a, p_b, p_tie; or a submission.")
    ],
    votes: _VotesFile,
    columns: Columns = None,
    as_json: _Json = False,
) -> None:
    """Score probabilities against votes: log loss, accuracy, calibration, ties, each with its interval."""
    from naze.cli.votes import pairs
    from naze.predictions import read_probabilities, score_predictions
    from naze.predictions.tables import count_learnt_from
    from naze.votes import read_votes

    read = read_votes(
        votes, columns=pairs("--columns", columns, "prompt=question") or None, without_text=True
    )
    _tell_problems(read)
    frame = read_probabilities(probabilities)
    found, without = score_predictions(frame, read)
    _tell_flattery(*count_learnt_from(frame, read))
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    typer.echo(
        f"{counted(found.votes, 'vote')} on {counted(found.prompts, 'prompt')}; 95 % intervals in brackets"
    )
    if without:
        typer.echo(f"{counted(without, 'vote', 'has')} no winner: left out")
    _show_score(found)


@app.command()
def submit(
    model: _Model,
    votes: Annotated[Path, typer.Argument(metavar="TEST", help="Kaggle's test.csv, without winners.")],
    out: Annotated[Path, typer.Option(help="The submission.")] = Path("submission.csv"),
    engine: _Engine = None,
    allow_remote: _AllowRemote = False,
    columns: Columns = None,
) -> None:
    """Write Kaggle's submission: id, winner_model_a, winner_model_b, winner_tie."""
    from naze.predictions import write_submission
    from naze.predictions.tables import check_unlabelled
    from naze.tables.write import check_table_place

    check_table_place(out)
    predictor, read = _loaded(model, votes, columns)
    check_unlabelled(read)
    _tell_shares(read, predictor)
    given = _given(predictor, read, _asked_beside(out), engine, allow_remote)
    told = predictor.predict_proba(read, given=given)
    rows = write_submission(out, read, told, prior=predictor.prior_)
    typer.echo(f"{counted(rows, 'row')} written to {out}{_with_shares(read)}.")


@app.command()
def why(
    model: _Model,
    votes: _VotesFile,
    vote_id: Annotated[str, typer.Argument(metavar="ID", help="The vote's id.")],
    most: Annotated[int, typer.Option(min=1, help="Features named for each question.")] = 6,
    engine: _Engine = None,
    allow_remote: _AllowRemote = False,
    columns: Columns = None,
    as_json: _Json = False,
) -> None:
    """Say which features moved the prediction of one vote, and how far."""
    import numpy as np

    from naze.errors import InputError

    predictor, read = _loaded(model, votes, columns)
    own = [vote for vote in read if vote.id == vote_id]
    aside = [problem for problem in read.problems if problem.row_id == vote_id]
    if not own and aside:
        raise InputError(f"the vote {vote_id!r} cannot be read: {aside[0]}")
    if not own:
        first = f"the first is {read[0].id!r}" if len(read) else "the file has none at all"
        raise InputError(f"{votes}: no vote has the id {vote_id!r}; {first}.")
    with kept_answers(model, own[0]) as folder:
        given = _given(predictor, own[:1], folder, engine, allow_remote)
    [told] = predictor.explain(own[:1], most=most, given=given)
    [known], [held_out] = predictor.out_of_fold_of(own[:1])
    unseen = None if np.isnan(held_out).any() else held_out.tolist()
    if as_json:
        facts = {**asdict(told), "learnt_from": bool(known), "out_of_fold": unseen}
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, probability in zip(("a", "b", "tie"), told.probabilities, strict=True):
        typer.echo(f"{name:>4}  {probability:6.1%}  {'█' * round(40 * probability)}")
    if known:
        typer.echo(_of_a_vote_learnt_from(unseen))
    if own[0].winner is not None:
        typer.echo(f"voted: {own[0].winner.value}")
    for question, movers in (("Who wins", told.winner), ("Tie or decision", told.tie)):
        typer.echo(f"\n{question}:")
        for words in [mover.words for mover in movers] or ["nothing moves the odds by 1 % or more"]:
            typer.echo(f"  {words}")


def _loaded(model: Path, votes: Path, columns: list[str] | None) -> "tuple[VotePredictor, Votes]":
    from naze.cli.votes import pairs
    from naze.predictions import VotePredictor
    from naze.votes import read_votes

    predictor = VotePredictor.load(model)
    read = read_votes(
        votes, columns=pairs("--columns", columns, "prompt=question") or None, without_text=True
    )
    unseen = predictor.unseen_languages(read)
    if unseen:
        typer.echo(
            f"Votes in {', '.join(unseen)} are predicted by a model that learnt from {', '.join(predictor.languages_)}: "
            "trust them less.",
            err=True,
        )
    return predictor, read


def _asked_beside(out: Path) -> Path:
    return out.with_name(f"{out.stem}-asked")


@contextmanager
def kept_answers(model: Path, vote: "Vote") -> "Iterator[Path]":
    """Give the folder of a vote's answers within the predictor's; one that is soon gone where that cannot be written to."""
    from naze.predictions.asking import answers_name
    from naze.predictions.stored import WHY

    if os.access(model, os.W_OK):
        yield model / WHY / answers_name(vote)
        return
    with tempfile.TemporaryDirectory(prefix="naze-why-") as folder:
        yield Path(folder)


def _given(
    predictor: "VotePredictor", votes: "Sequence[Vote]", folder: Path, engine: str | None, allow_remote: bool
) -> "tuple[Group | Wide, ...]":
    """Ask the models that the predictor learnt from; the folder keeps the answers, so that nothing is asked twice."""
    from naze.generations import choose_progress
    from naze.predictions.asking import ask_about

    if predictor.questions_ is None or not len(votes):
        return ()
    asked = ask_about(
        votes, predictor.questions_, folder, engine=engine,
        options=EngineOptions(allow_remote=allow_remote), progress=choose_progress, neutral=True,
    )  # fmt: skip
    missing = sum(not fine for fine in asked.answered)
    if missing:
        typer.echo(
            f"{counted(missing, 'vote', 'has')} no answer of the model: its verdict is taken as undecided there.",
            err=True,
        )
    return asked.groups


def _tell_problems(read: "Votes") -> None:
    if read.problems:
        typer.echo(
            f"{counted(len(read.problems), 'row')} cannot be read: left out (`naze votes check` lists them).",
            err=True,
        )


def _tell_shares(read: "Votes", predictor: "VotePredictor") -> None:
    """Name the rows that cannot be read, and say what they get."""
    if not read.problems:
        return
    shares = ", ".join(
        f"{name} {share:.1%}" for name, share in zip(("a", "b", "tie"), predictor.prior_, strict=True)
    )
    typer.echo(
        f"{counted(len(read.problems), 'row')} cannot be read; each gets the shares learnt ({shares}):",
        err=True,
    )
    for problem in read.problems[:_NAMED]:
        typer.echo(f"  {problem.row_id}: {problem}", err=True)
    if len(read.problems) > _NAMED:
        typer.echo(f"  and {len(read.problems) - _NAMED:,} more (`naze votes check` lists them)", err=True)


def _tell_flattery(learnt_from: int, votes: int) -> None:
    if learnt_from:
        typer.echo(
            f"{learnt_from:,} of {counted(votes, 'vote')}: the predictor learnt from {'it' if learnt_from == 1 else 'them'}, "
            "and figures of these predictions flatter it. Those that `naze predict fit` prints are out of fold.",
            err=True,
        )


def _of_a_vote_learnt_from(unseen: "list[float] | None") -> str:
    if unseen is None:
        return "(The predictor learnt from this vote, which flatters its prediction.)"
    told = ", ".join(f"{name} {one:.1%}" for name, one in zip(("a", "b", "tie"), unseen, strict=True))
    return f"(The predictor learnt from this vote. A model that did not see its prompt said: {told}.)"


def _with_shares(read: "Votes") -> str:
    return f", {len(read.problems):,} of them the shares learnt" if read.problems else ""


def _fit_with_model(
    predictor: "VotePredictor",
    decided: "list[Vote]",
    questions: "Questions",
    folder: Path,
    engine: str | None,
    options: EngineOptions,
) -> None:
    """Ask a model about the votes, and learn from those that it answered."""
    from naze.generations import choose_progress
    from naze.predictions.asking import ask_about

    asked = ask_about(decided, questions, folder, engine=engine, options=options, progress=choose_progress)
    groups, rows = asked.kept()
    if len(rows) < len(decided):
        typer.echo(
            f"{counted(len(decided) - len(rows), 'vote', 'has')} no answer of the model: left out; `naze runs show` of a "
            f"folder in {folder} says why.",
            err=True,
        )
    predictor.fit([decided[row] for row in rows], given=groups)
    predictor.questions_ = questions


def _as_json(predictor: "VotePredictor", folder: Path) -> str:
    """Lay out what a fit found as one JSON object."""
    report = predictor.report_
    told = None if report is None else {
        "score": asdict(report.score),
        "baselines": {name: asdict(one) for name, one in report.baselines.items()},
        "gains": {name: asdict(one) for name, one in report.gains.items()},
        "notes": report.notes,
    }  # fmt: skip
    return json.dumps({"model": str(folder), "votes": predictor.votes_, "report": told}, ensure_ascii=False)


def _show_fit(report: "FitReport") -> None:
    typer.echo(
        f"{report.score.votes:,} votes on {report.score.prompts:,} prompts, each predicted by a model that did not see its "
        f"prompt ({report.folds} folds); 95 % intervals in brackets\n"
    )
    wide = max(len(name) for name in report.baselines)
    typer.echo(f"  {'':<{wide}}  {'log loss':<22}  {'accuracy':<8}  {'AUC, ties':<9}  naze is better by")
    for name, one in (*report.baselines.items(), ("naze", report.score)):
        gain = "" if name == "naze" else _told(report.gains[name], signed=True)
        accuracy, tie = one["accuracy"].value, one["tie_auc"].value
        typer.echo(
            f"  {name:<{wide}}  {_told(one['log_loss']):<22}  {_number(accuracy):<8}  {_number(tie):<9}  {gain}"
        )
    typer.echo("\nnaze:")
    _show_score(report.score)
    for note in report.notes:
        typer.echo(f"Note: {note}.")


def _show_score(found: "PredictionScore") -> None:
    for name, words in _FIGURES:
        typer.echo(f"  {words:<24} {_told(found[name])}")
    typer.echo("\n  voted     predicted a, b, tie")
    for name, row in zip(("a", "b", "tie"), found.confusion, strict=True):
        typer.echo(f"  {name:<8} {row[0]:>8,} {row[1]:>6,} {row[2]:>6,}")


def _extra_votes(path: Path, columns: list[str] | None) -> "list[Vote]":
    """Read votes from elsewhere, with the names that --columns gives where the file has them; tell what cannot be read."""
    from naze.cli.votes import pairs, say_kept_aside
    from naze.errors import InputError
    from naze.tables import read_columns
    from naze.votes import read_votes

    there = set(read_columns(path)) if columns else set()
    names = {
        ours: theirs
        for ours, theirs in pairs("--columns", columns, "prompt=question").items()
        if theirs in there
    }
    votes = read_votes(path, columns=names or None)
    say_kept_aside(votes)
    decided = [vote for vote in votes if vote.winner is not None]
    if not decided:
        raise InputError(f"{path}: no vote has a winner; expected votes that can teach something.")
    return decided


def _show_choices(predictor: "VotePredictor", extra: list[Path]) -> None:
    for words, part in (("Who wins", predictor.learnt_.win), ("Ties", predictor.learnt_.tie)):
        chosen = part.choices
        told = [
            f"{1 - chosen.tree_share:.0%} linear model, {chosen.forest_share:.0%} random forest, "
            f"{chosen.boosted_share:.0%} boosted trees"
        ]
        told.append("calibrated" if chosen.calibrated else "calibration does not help")
        told += [
            f"{path.name} counts {weight:g}" if weight else f"{path.name} does not help"
            for path, weight in zip(extra, chosen.extra_weights, strict=False)
        ]
        typer.echo(f"{words}: {'; '.join(told)}.")


def _told(one: "Estimate", *, signed: bool = False) -> str:
    if one.value is None:
        return "not to be had"
    sign = "+" if signed else ""
    if one.low is None or one.high is None:
        return f"{one.value:{sign}.4f}"
    return f"{one.value:{sign}.4f} [{one.low:{sign}.3f}, {one.high:{sign}.3f}]"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
