"""Predictions go into files and come out of them: probabilities by vote id, and Kaggle's submission."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from naze.errors import FormatError, InputError
from naze.predictions.features.groups import Floats
from naze.predictions.models.part import Bools
from naze.predictions.predictor import outcomes_of, prompt_numbers
from naze.predictions.scores import PredictionScore, class_numbers, score_probabilities
from naze.records import Vote
from naze.tables.read import read_batches
from naze.tables.write import write_table
from naze.votes import Votes

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_probabilities", "score_predictions", "write_probabilities", "write_submission"]

_COLUMNS = ("id", "p_a", "p_b", "p_tie")
_SUBMISSION = ("id", "winner_model_a", "winner_model_b", "winner_tie")
_LEARNT_FROM = "learnt_from"
_FARTHEST = 1e-3
"""Probabilities of a row add up to 1 within so much."""


def write_probabilities(
    path: str | Path,
    votes: Sequence[Vote],
    probabilities: Floats,
    *,
    prior: Floats | None = None,
    learnt_from: Bools | None = None,
) -> int:
    """Write `id`, `p_a`, `p_b`, `p_tie`, one row a vote, as CSV, JSONL or Parquet by the file's name; return the rows.

    Args:
        path: of the file.
        votes: in the order of their file.
        probabilities: (votes, 3).
        prior: (3,) for each row of the votes' file that could not be read (`Votes.problems`), in its place, so that as many
            rows come out as went in (a predictor's `prior_`). None: such rows are left out.
        learnt_from: (votes,) whether the predictor learnt from the vote (see `VotePredictor.out_of_fold_of`). Where some are,
            a column `learnt_from` says so, so that whoever scores the file is told.
    """
    frame = _frame(_COLUMNS, votes, probabilities, prior)
    if learnt_from is not None and learnt_from.any():
        known = {vote.id for vote, one in zip(votes, learnt_from, strict=True) if one}
        frame = frame.with_columns(frame["id"].is_in(known).alias(_LEARNT_FROM))
    return write_table(path, frame)


def write_submission(
    path: str | Path, votes: Sequence[Vote], probabilities: Floats, *, prior: Floats | None = None
) -> int:
    """Write Kaggle's `id, winner_model_a, winner_model_b, winner_tie`; return the rows. For `prior` see `write_probabilities`.

    Raises:
        InputError: the votes have winners: they are those to learn from, not those to submit.
    """
    check_unlabelled(votes)
    return write_table(path, _frame(_SUBMISSION, votes, probabilities, prior))


def check_unlabelled(votes: Sequence[Vote]) -> None:
    """See that votes have no winners, before anything is asked about them.

    Raises:
        InputError: some have.
    """
    told = sum(vote.winner is not None for vote in votes)
    if told:
        raise InputError(
            f"{told:,} of {len(votes):,} votes have a winner already; expected a test file without. A submission of votes "
            "whose winners are known measures nothing: use `naze predict apply` and `naze predict score` for them."
        )


def read_probabilities(path: str | Path) -> "pl.DataFrame":
    """Read probabilities: `id` as text, `p_a`, `p_b`, `p_tie`; Kaggle's names are understood too; `learnt_from` if there.

    Raises:
        FormatError: a column is missing, a row holds no probabilities, or an id stands twice.
    """
    import polars as pl

    frame = pl.concat(list(read_batches(path)) or [pl.DataFrame()], how="vertical_relaxed")
    frame = frame.rename(
        {old: new for old, new in zip(_SUBMISSION, _COLUMNS, strict=True) if old in frame.columns}
    )
    missing = [name for name in _COLUMNS if name not in frame.columns]
    if missing:
        found = ", ".join(frame.columns) or "no columns"
        raise FormatError(f"{path}: no column {missing[0]!r}; found {found}; expected {', '.join(_COLUMNS)}.")
    flags = (
        [pl.col(_LEARNT_FROM).cast(pl.String).str.to_lowercase() == "true"]
        if _LEARNT_FROM in frame.columns
        else []
    )
    frame = frame.select(
        pl.col("id").cast(pl.String), pl.col(*_COLUMNS[1:]).cast(pl.Float64, strict=False), *flags
    )
    values = frame.select(_COLUMNS[1:]).to_numpy()
    bad = (
        ~np.isfinite(values).all(axis=1)
        | (values < 0).any(axis=1)
        | (np.abs(values.sum(axis=1) - 1) > _FARTHEST)
    )
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise FormatError(
            f"{path}, row {row + 1:,} (id {frame['id'][row]}): {values[row].tolist()} are no probabilities; expected three "
            "numbers from 0 to 1 that add up to 1."
        )
    twice = frame.filter(pl.col("id").is_duplicated())["id"]
    if len(twice):
        raise FormatError(f"{path}: id {twice[0]} stands {(twice == twice[0]).sum()} times; expected once.")
    return frame


def score_predictions(
    probabilities: "pl.DataFrame | str | Path", votes: Sequence[Vote], *, seed: int = 0
) -> tuple[PredictionScore, int]:
    """Score probabilities against votes by id.

    Returns:
        The score, and how many votes have no winner and were left out.

    Raises:
        InputError: a vote that was decided has no probabilities.
    """
    frame = read_probabilities(probabilities) if isinstance(probabilities, str | Path) else probabilities
    told = {row[0]: row[1:] for row in frame.select(_COLUMNS).iter_rows()}
    decided = [vote for vote in votes if vote.winner is not None]
    missing = [vote.id for vote in decided if vote.id not in told]
    if missing:
        raise InputError(
            f"{len(missing):,} of {len(decided):,} votes have no probabilities, {missing[0]} the first; expected one row for "
            "each vote. Are these the predictions of these votes?"
        )
    if not decided:
        raise InputError(f"none of {len(votes):,} votes has a winner; expected votes to score against.")
    values = np.array([told[vote.id] for vote in decided], np.float64)
    values = values / values.sum(axis=1, keepdims=True)
    happened = class_numbers(outcomes_of(decided))
    score = score_probabilities(values, happened, prompt_numbers(decided), seed=seed)
    return score, len(votes) - len(decided)


def count_learnt_from(probabilities: "pl.DataFrame", votes: Sequence[Vote]) -> tuple[int, int]:
    """Count the decided votes that the predictor learnt from, by what `write_probabilities` noted; and all decided votes."""
    decided = {vote.id for vote in votes if vote.winner is not None}
    if _LEARNT_FROM not in probabilities.columns:
        return 0, len(decided)
    return len(decided & set(probabilities.filter(_LEARNT_FROM)["id"])), len(decided)


def _frame(
    names: Sequence[str], votes: Sequence[Vote], probabilities: Floats, prior: Floats | None
) -> "pl.DataFrame":
    import polars as pl

    ids = [vote.id for vote in votes]
    if prior is not None and isinstance(votes, Votes):
        for problem in votes.problems:
            # A row of the file is a vote or a problem: before this one stand all that come before it in the file.
            ids.insert(problem.row - 1, problem.row_id)
        places = np.array([problem.row - 1 for problem in votes.problems], np.int64)
        whole = np.tile(prior, (len(ids), 1))
        whole[np.setdiff1d(np.arange(len(ids)), places)] = probabilities
        probabilities = whole
    return pl.DataFrame({names[0]: ids, **dict(zip(names[1:], probabilities.T, strict=True))})
