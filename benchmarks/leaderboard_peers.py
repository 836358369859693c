"""Ratings of models beside those of arena-rank, the code of LMArena's own leaderboard, on the same votes.

Enters: a file of votes that name both models. Leaves: the ratings side by side, the largest difference of a rating and
of an interval's end, the time of both as a ratio, and, as the last line, JSON. Both fit Bradley-Terry with a tie as half a win
for each side, and sandwich intervals; all models have a mean of 1,000 points.

arena-rank is no part of naze. Where it is not installed, naze's ratings are printed alone; `pip install arena-rank`
(0.1.1 was tried; it brings JAX for the CPU, and no torch).
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from naze.predictions import fit_leaderboard
from naze.predictions.leaderboard import MIDDLE
from naze.records import Vote, Winner
from naze.votes import read_votes

ROUNDS = 5
OUTCOMES = {Winner.A: "model_a", Winner.B: "model_b"}
"""As LMArena's tables call them; everything else is a tie."""

Ratings = Mapping[str, tuple[float, float, float]]
"""Model -> rating, and the ends of its 95 % interval, in Elo points."""


def main() -> None:
    """Rate, compare, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "arena_33k_domains.parquet"
    parser.add_argument("votes", type=Path, nargs="?", default=shared)
    asked = parser.parse_args()
    votes = [vote for vote in read_votes(asked.votes) if vote.winner and rates_models(vote)]
    ours, seconds = timed(lambda: of_naze(votes))
    record = {
        "benchmark": "leaderboard_peers",
        "value": round(1_000 * seconds, 1),
        "unit": f"ms for ratings and intervals of {len(ours)} models",
        "rows": len(votes),
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    if find_spec("arena_rank") is None:
        print("arena-rank is not installed here, so that naze stands alone: pip install arena-rank\n")
        print(table({"naze": ours}))
    else:
        theirs, other_seconds = timed(lambda: of_arena_rank(votes))
        print(table({"naze": ours, "arena-rank": theirs}))
        differences = largest_differences(ours, theirs)
        rating, interval = differences["rating"], differences["interval"]
        print(
            f"largest difference, Elo points: {rating:.2f} of a rating, {interval:.2f} of an interval's end"
        )
        print(f"seconds, median of {ROUNDS}: naze {seconds:.3f}, arena-rank {other_seconds:.3f}")
        record["ratios"] = {"arena-rank": round(other_seconds / seconds, 2)}
        record["largest_difference"] = {name: round(value, 3) for name, value in differences.items()}
    print(json.dumps(record))


def rates_models(vote: Vote) -> bool:
    """Tell whether a vote names two different models."""
    return bool(vote.model_a and vote.model_b) and vote.model_a != vote.model_b


def timed(rate: Callable[[], Ratings]) -> tuple[Ratings, float]:
    """Rate once to warm up, and return the ratings and the median seconds of some rounds."""
    found = rate()
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        rate()
        seconds.append(time.perf_counter() - began)
    return found, statistics.median(seconds)


def of_naze(votes: Sequence[Vote]) -> Ratings:
    """Rate as Chatbot Arena counts."""
    board = fit_leaderboard(votes, method="bradley-terry", intervals="sandwich")
    return {row.model: (row.rating, row.low or 0.0, row.high or 0.0) for row in board.rows}


def of_arena_rank(votes: Sequence[Vote]) -> Ratings:
    """Rate by arena-rank, and move the mean of all models to 1,000."""
    import pandas as pd
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    rows = [(vote.model_a, vote.model_b, OUTCOMES.get(vote.winner, "tie")) for vote in votes]
    data = PairDataset.from_pandas(pd.DataFrame(rows, columns=["model_a", "model_b", "winner"]))
    found = BradleyTerry(n_competitors=data.n_competitors).compute_ratings_and_cis(data)
    columns = [[float(one) for one in found[name]] for name in ("ratings", "rating_lower", "rating_upper")]
    off = statistics.fmean(columns[0]) - MIDDLE
    moved = zip(*([one - off for one in column] for column in columns), strict=True)
    return dict(zip(found["competitors"], moved, strict=True))


def table(found: Mapping[str, Ratings]) -> str:
    """Lay the ratings of each program side by side, the best first."""
    first = next(iter(found.values()))
    wide = max(len(model) for model in first)
    lines = [f"{'model':<{wide}}" + "".join(f"  {name:<26}" for name in found)]
    for model in sorted(first, key=lambda one: -first[one][0]):
        rated = (one[model] for one in found.values())
        cells = (f"{value:8.2f}  {low:7.1f} to {high:6.1f}" for value, low, high in rated)
        lines.append(f"{model:<{wide}}" + "".join(f"  {cell:<26}" for cell in cells))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def largest_differences(ours: Ratings, theirs: Ratings) -> dict[str, float]:
    """Say how far two ratings of the same models are apart at most, Elo points: of a rating, of an interval's end.

    Raises:
        ValueError: they rate different models.
    """
    if set(ours) != set(theirs):
        apart = ", ".join(sorted(set(ours) ^ set(theirs)))
        raise ValueError(f"the same models were to be rated; rated by one alone: {apart}")
    gaps = [[abs(a - b) for a, b in zip(ours[model], theirs[model], strict=True)] for model in ours]
    return {"rating": max(gap[0] for gap in gaps), "interval": max(max(gap[1:]) for gap in gaps)}


if __name__ == "__main__":
    main()
