"""A set of votes that judges are tested on goes in; a model's agreement with people comes out, beside what others publish.

The model judges the set, or a random sample of it, in both orders; the run is durable, and a larger sample goes on where a
smaller one ended. Figures of others are of the whole set and stand in the table as they were published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from naze.engines.protocol import EngineOptions
from naze.factors.resampling import Estimate
from naze.factors.similarity import joined as text_of
from naze.generations import choose_progress
from naze.jobs.asking import opened_worker
from naze.predictions.agreement import Agreement, agreement_with_people
from naze.predictions.features.groups import Floats
from naze.predictions.judging import judge_votes
from naze.predictions.predictor import prompt_numbers
from naze.records import Vote
from naze.votes import Votes

WAYS = ("strict", "one_order", "swap_to_tie", "decided_pairs", "tie_recall")
"""How agreement is counted, in the order of the columns."""
COLUMNS = (
    "both orders right (strict)", "one order", "disagreeing orders as ties", "decided pairs only", "ties called ties",
)  # fmt: skip


@dataclass(frozen=True)
class Published:
    """A judge's figures in %, by way of counting, as somebody published them."""

    judge: str
    figures: dict[str, float]


PUBLISHED = {
    "autoj_pairwise": (
        Published("GPT-4", {"strict": 62.28}),
        Published(
            "Auto-J-13B", {"strict": 54.96, "one_order": 59.99, "swap_to_tie": 61.85, "tie_recall": 8.0}
        ),
        Published("the longer one wins", {"strict": 52.6, "one_order": 52.6, "swap_to_tie": 52.6}),
    ),
    "pandalm_test": (
        Published("JudgeLRM-14B", {"one_order": 81.18}),
        Published("GPT-4", {"one_order": 66.47}),
        Published("the longer one wins", {"strict": 61.1, "one_order": 61.1, "swap_to_tie": 61.1}),
    ),
}
"""File's name -> figures on all of its votes. One order of Auto-J-13B: its leaderboard's README. Figures on PandaLM's set are
agreement as PandaLM counts it: one order, ties being a class."""


def published_rows(name: str) -> list[list[str]]:
    """Lay the published figures of a set out: judge, then a cell for each way; a dash where nobody published one."""
    return [
        [
            f"{one.judge} (published)",
            *(f"{one.figures[way]:g} %" if way in one.figures else "–" for way in WAYS),
        ]
        for one in PUBLISHED.get(name, ())
    ]


def sampled(votes: list[Vote], count: int | None, seed: int) -> list[Vote]:
    """Draw votes at random; with one seed a larger sample holds the smaller ones."""
    if count is None or count >= len(votes):
        return votes
    return [votes[int(row)] for row in np.random.default_rng(seed).permutation(len(votes))[:count]]


def judged(votes: list[Vote], model: str, folder: Path, context: int | None) -> Agreement:
    """Have a model judge votes in both orders and hold it against people; votes without an answer are left out and told."""
    with opened_worker(model, options=EngineOptions(context_tokens=context)) as worker:
        verdicts = judge_votes(Votes.from_votes(votes), worker, folder, progress=choose_progress())
    rows = np.flatnonzero(np.asarray(verdicts.answered, bool))
    if not len(rows):
        raise SystemExit(f"{folder}: no vote was answered; `naze runs show {folder}` says why.")
    if len(rows) < len(votes):
        print(f"{folder}: {len(votes) - len(rows)} votes without an answer are left out", flush=True)
    own = [votes[row] for row in rows]
    return agreement(own, verdicts.shown[rows], verdicts.swapped[rows])


def agreement(votes: Sequence[Vote], shown: Floats, swapped: Floats) -> Agreement:
    """Count verdicts of votes that have winners."""
    winners = [vote.winner for vote in votes if vote.winner is not None]
    return agreement_with_people(shown, swapped, winners, prompt_numbers(votes))


def longer_wins(votes: Sequence[Vote]) -> Agreement:
    """Prefer the response with more characters, the first where both have as many."""
    longer = np.array(
        [len(text_of(vote.response_b)) > len(text_of(vote.response_a)) for vote in votes], np.int64
    )
    certain = np.eye(3)
    return agreement(votes, certain[longer], certain[1 - longer])


def share(one: Estimate) -> str:
    """Write a share with its interval."""
    if one.value is None:
        return "–"
    told = f"{100 * one.value:.1f} %"
    return (
        told
        if one.low is None or one.high is None
        else f"{told} ({100 * one.low:.0f} – {100 * one.high:.0f})"
    )


def table_of_judges(
    sets: dict[str, list[Vote]], model: str, runs: Path, *, sample: int | None, seed: int, context: int | None
) -> str:
    """Judge each set and lay the figures out as Markdown, the published ones first."""
    head = ("set", "judge", "votes", *COLUMNS, "same in both orders")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, votes in sets.items():
        own = sampled(votes, sample, seed)
        for words, *cells in published_rows(name):
            lines.append("| " + " | ".join([name, words, "all", *cells, "–"]) + " |")
        for words, told in (
            ("the longer one wins, on these votes", longer_wins(own)),
            (f"`{model}`", judged(own, model, runs / name, context)),
        ):
            cells = [share(getattr(told, way)) for way in (*WAYS, "consistency")]
            lines.append("| " + " | ".join([name, words, f"{told.votes:,}", *cells]) + " |")
    return "\n".join(lines)
