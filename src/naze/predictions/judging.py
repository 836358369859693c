"""Votes go in; a model's own verdicts on them come out: A, B or a tie, as probabilities, in both orders of the responses.

The model never sees the winner of the vote that it judges. A small model's verdicts can be worse than guessing the
shares of the outcomes, which is why they can be calibrated on votes whose winners are known.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naze.engines.states import decode_states
from naze.errors import ConfigurationError, InputError
from naze.generations import Progress, Run, open_run
from naze.jobs.asking import Step, Worker
from naze.predictions.features.groups import Floats, Group
from naze.prompts import fit, load_template
from naze.records import Fit, FittedPrompt, Sampling, Status, Turns, Vote, Winner
from naze.votes import Votes, swap_sides

__all__ = ["JUDGE_CHOICES", "Verdicts", "judge_votes", "read_verdicts"]

JUDGE_CHOICES = ("A", "B", "C")
"""What the model chooses from: the first response, the second, a tie."""
TASK = "judge"
_SWAPPED_MARK = "~swapped"
_SAMPLING = Sampling(max_tokens=1)
_LEAST = 1e-6
_EXAMPLE_CHARACTERS = 600
"""Of a text in an example; the middle of a longer one is left out."""


@dataclass(frozen=True)
class Verdicts:
    """What a model says of votes. Rows without an answer are NaN."""

    vote_ids: tuple[str, ...]
    shown: Floats
    """(votes, 3): probabilities of the first response, the second, a tie; the vote's response A stood first."""
    swapped: Floats
    """(votes, 3): the same with the vote's response B first, so that column 0 speaks of B."""
    states: NDArray[np.float16] | None = None
    """(votes, 2, depths, width): the model's hidden states after the prompt, as shown and with the sides exchanged; None
    where they were not asked for."""

    @cached_property
    def probabilities(self) -> Floats:
        """Both orders averaged, in the vote's own order: (votes, 3) of a, b, tie; NaN where either is missing."""
        return np.asarray((self.shown + self.swapped[:, [1, 0, 2]]) / 2, np.float64)

    @cached_property
    def answered(self) -> Floats:
        """(votes,) whether both orders were answered."""
        return np.asarray(~np.isnan(self.probabilities).any(axis=1))

    @property
    def position_bias(self) -> float:
        """How much more the model names the first place than the second, -1 to 1; 0 where it does not look at the place."""
        first, second = ((self.shown[:, place] + self.swapped[:, place]) / 2 for place in (0, 1))
        return float(np.nanmean(first - second))

    def take(self, rows: Sequence[int]) -> "Verdicts":
        """Return those on some votes."""
        picked = np.asarray(rows, np.int64)
        return Verdicts(
            tuple(self.vote_ids[row] for row in picked),
            self.shown[picked],
            self.swapped[picked],
            None if self.states is None else self.states[picked],
        )

    def group(self) -> Group:
        """Return the columns of a predictor: odd `judge's lean`; even tie's log odds, distance, disagreement, entropy.

        Lean is log P(a)/P(b), averaged over both orders; disagreement is how far the two orders are apart in it.
        """
        one, other = np.maximum(self.shown, _LEAST), np.maximum(self.swapped[:, [1, 0, 2]], _LEAST)
        leans = np.log(one[:, 0] / one[:, 1]), np.log(other[:, 0] / other[:, 1])
        ties = [np.log(side[:, 2] / (side[:, 0] + side[:, 1])) for side in (one, other)]
        lean = (leans[0] + leans[1]) / 2
        mean = np.maximum(self.probabilities, _LEAST)
        even = np.column_stack(
            [
                (ties[0] + ties[1]) / 2,
                np.abs(lean),
                np.abs(leans[0] - leans[1]) / 2,
                np.abs(mean[:, 0] - mean[:, 1]),
                -(mean * np.log(mean)).sum(axis=1),
            ]
        )
        names = (
            "judge's odds of a tie", "judge's lean, difference", "judge's orders disagree", "judge's distance",
            "judge's entropy",
        )  # fmt: skip
        odd = np.column_stack([lean, mean[:, 0] - mean[:, 1]])
        return Group("judge", ("judge's lean", "judge's difference"), odd, names, even)


def judge_votes(
    votes: Votes,
    worker: Worker,
    folder: Path,
    *,
    language: str = "en",
    examples: Sequence[Vote] = (),
    states: bool = False,
    progress: Progress | None = None,
) -> Verdicts:
    """Ask a model of every vote, in both orders, what the person decides. Durable: the same call again continues.

    Args:
        votes: winners in them are set aside before anything is asked.
        worker: the model.
        folder: of the run that keeps the answers.
        language: ISO 639-1 code of the question.
        examples: votes with winners that the model is shown first (few-shot); none of them may be among `votes`.
        states: keep the model's hidden states as well, from the same reading.
        progress: is told of every answer.

    Raises:
        InputError: no votes, or ids that repeat.
        ConfigurationError: an example without a winner, or one that is judged itself; states of an engine that cannot tell
            them.
    """
    _check(votes, examples)
    template = replace(load_template("judge", language), choices=JUDGE_CHOICES)
    if examples:
        shown = _escaped(_examples(examples, language))
        template = replace(template, instruction=f"{template.instruction}\n\n{shown}")
    made_from = hashlib.sha256(f"{votes.fingerprint} {len(votes)} {template.hash}".encode()).hexdigest()

    def source(limit_tokens: int) -> Iterator[FittedPrompt]:
        bare = (
            replace(one, winner=None, model_a=None, model_b=None)
            for vote in votes
            for one in (vote, replace(swap_sides(vote), id=vote.id + _SWAPPED_MARK))
        )
        for fitted in fit(bare, template, count=worker.count_tokens, limit_tokens=limit_tokens):
            yield replace(fitted, tokens=None if fitted.fit is not Fit.OVERFLOW else fitted.tokens)

    step = Step(TASK, template, _SAMPLING, made_from, states=states)
    worker.ask(folder, step, source, progress=progress).close()
    return read_verdicts(folder, [vote.id for vote in votes])


def read_verdicts(folder: Path, vote_ids: Sequence[str]) -> Verdicts:
    """Read a run of `judge_votes` as far as it went, without asking anything.

    Args:
        folder: of the run.
        vote_ids: whose verdicts are wanted; those that the run does not have are NaN.

    Raises:
        RunNotFoundError: no run is there.
    """
    run = open_run(folder)
    try:
        return _read(run, vote_ids)
    finally:
        run.close()


def _read(run: Run, vote_ids: Sequence[str]) -> Verdicts:
    both = {False: np.full((len(vote_ids), 3), np.nan), True: np.full((len(vote_ids), 3), np.nan)}
    row_of = {vote_id: row for row, vote_id in enumerate(vote_ids)}
    for row in run.rows():
        if row.answer is None or row.answer.status is not Status.ANSWERED or row.answer.probabilities is None:
            continue
        place = row_of.get(row.subject_id.removesuffix(_SWAPPED_MARK))
        told = [row.answer.probabilities.get(choice, 0.0) for choice in JUDGE_CHOICES]
        if place is not None and np.isfinite(told).all():
            both[row.subject_id.endswith(_SWAPPED_MARK)][place] = told
    return Verdicts(tuple(vote_ids), both[False], both[True], _states(run, row_of))


def _states(run: Run, row_of: Mapping[str, int]) -> NDArray[np.float16] | None:
    """Read hidden states; None where the run has none."""
    found: NDArray[np.float16] | None = None
    for subject_id, raw in run.states():
        told = decode_states(raw)
        if found is None:
            found = np.full((len(row_of), 2, *told.shape), np.nan, np.float16)
        row = row_of.get(subject_id.removesuffix(_SWAPPED_MARK))
        if row is not None:
            found[row, int(subject_id.endswith(_SWAPPED_MARK))] = told
    return found


def _check(votes: Votes, examples: Sequence[Vote]) -> None:
    if len(votes) == 0:
        raise InputError("no votes to judge; expected at least one.")
    ids = [vote.id for vote in votes]
    if len(set(ids)) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise InputError(
            f"the id {twice!r} stands {ids.count(twice)} times; verdicts need ids that do not repeat."
        )
    for example in examples:
        if example.winner is None:
            raise ConfigurationError(f"example {example.id} has no winner; expected votes that were decided.")
        if example.id in set(ids):
            raise ConfigurationError(
                f"example {example.id} is among the votes to judge; the model would be told its winner. Leave it out."
            )


_WORDS = {
    "ja": ("例", "プロンプト", "応答 A", "応答 B", "判断"),
    "en": ("Example", "Prompt", "Response A", "Response B", "Decision"),
}


def _examples(examples: Sequence[Vote], language: str) -> str:
    head, prompt, a, b, decision = _WORDS["ja" if language == "ja" else "en"]
    told = []
    for number, vote in enumerate(examples, 1):
        letter = {Winner.A: "A", Winner.B: "B"}.get(vote.winner, "C") if vote.winner else "C"
        parts = ((prompt, vote.prompt), (a, vote.response_a), (b, vote.response_b))
        lines = [f"[{name}]\n{_short(turns)}" for name, turns in parts]
        told.append("\n".join([f"### {head} {number}", *lines, f"[{decision}] {letter}"]))
    return "\n\n".join(told)


def _short(turns: Turns) -> str:
    text = "\n".join(turn or "" for turn in turns).strip()
    half = _EXAMPLE_CHARACTERS // 2
    return text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[:half]} […] {text[-half:]}"


def _escaped(text: str) -> str:
    """Let no character of an example be read as a template's own."""
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}"
