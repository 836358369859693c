"""How long a fit of a few hundred votes takes: as naze does it, and with numpy's linear algebra in as many threads as it likes.

The 251 example votes, three folds, both in alternation in one process; once with the machine to itself, and once beside a
process that computes, as a person's other program does. The last line is JSON.
"""

import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path

from naze.predictions import VotePredictor, baselines, predictor
from naze.votes import Votes, read_votes

VOTES = Path(__file__).resolve().parent.parent / "examples" / "explained.parquet"
ROUNDS = 3


def seconds_of_fit(votes: Votes) -> float:
    """Fit once."""
    start = time.perf_counter()
    VotePredictor(folds=3).fit(votes)
    return time.perf_counter() - start


@contextmanager
def all_threads() -> Iterator[None]:
    """Let numpy choose its threads meanwhile."""
    kept = predictor.one_thread_if_small
    predictor.one_thread_if_small = baselines.one_thread_if_small = lambda rows: nullcontext()
    try:
        yield
    finally:
        predictor.one_thread_if_small = baselines.one_thread_if_small = kept


def compute_on() -> None:
    """Keep one core busy until the end."""
    while True:
        sum(range(10_000))


def compared(votes: Votes) -> tuple[float, float]:
    """Return the median seconds of a fit: naze's, and with all threads."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds_of_fit(votes))
        with all_threads():
            theirs.append(seconds_of_fit(votes))
    return statistics.median(ours), statistics.median(theirs)


def main() -> None:
    """Measure."""
    votes = read_votes(VOTES)
    seconds_of_fit(votes)
    alone = compared(votes)
    print(f"alone: {alone[0]:.1f} s, with all threads {alone[1]:.1f} s", flush=True)
    other = multiprocessing.get_context("spawn").Process(target=compute_on, daemon=True)
    other.start()
    beside = compared(votes)
    other.kill()
    print(f"beside a busy process: {beside[0]:.1f} s, with all threads {beside[1]:.1f} s", flush=True)
    record = {
        "benchmark": "small_fit",
        "value": round(alone[0], 1),
        "unit": f"s for a fit of {len(votes)} votes with 3 folds",
        "ratios": {
            "all threads": round(alone[1] / alone[0], 2),
            "all threads, beside a busy process": round(beside[1] / beside[0], 2),
        },
        "rows": len(votes),
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
