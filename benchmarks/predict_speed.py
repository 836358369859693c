"""How fast votes are measured, learnt from and predicted: 57,477 votes, resampled from real ones, without embeddings.

Targets on 2 cores: features in under 120 s, a fit with 5 folds in under 10 minutes and 6 GB, 500 votes/s predicted. The peer is
scikit-learn's TfidfVectorizer of the same runs of characters (1 to 4), on a sample of the same texts, cut as naze cuts
them: votes a second. Resampled votes get a prompt of their own each, so that they are as many groups as real ones would
be. The last line is JSON.
"""

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from naze.factors.similarity import joined
from naze.predictions import VotePredictor
from naze.predictions.features.counted import measure_votes
from naze.records import Vote
from naze.votes import read_votes

ROWS = 57_477
PEER_VOTES = 300


def resampled(path: Path, rows: int) -> list[Vote]:
    """Draw votes with replacement; each gets an id and a prompt of its own."""
    real = [vote for vote in read_votes(path) if vote.winner is not None]
    picks = np.random.default_rng(0).integers(len(real), size=rows)
    return [
        replace(
            real[pick], id=str(number), prompt=(f"{number} {real[pick].prompt[0]}", *real[pick].prompt[1:])
        )
        for number, pick in enumerate(picks)
    ]


def peer_rate(votes: list[Vote]) -> float:
    """Count the votes a second whose two responses TfidfVectorizer cuts into runs of characters."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [joined(side) for vote in votes for side in (vote.response_a, vote.response_b)]
    cut = [text if len(text) <= 2_000 else text[:1_500] + text[-500:] for text in texts]
    began = time.perf_counter()
    TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, lowercase=False).fit_transform(
        cut
    )
    return len(votes) / (time.perf_counter() - began)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "arena_kaggle.parquet"
    here = Path(__file__).resolve().parents[1] / "examples" / "explained.parquet"
    parser.add_argument("--votes", type=Path, default=shared if shared.exists() else here)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folds", type=int, default=5)
    asked = parser.parse_args()
    votes = resampled(asked.votes, asked.rows)
    peer = peer_rate(votes[:PEER_VOTES])
    began = time.perf_counter()
    measure_votes(votes)
    features = time.perf_counter() - began
    print(f"features of {len(votes):,} votes: {features:.1f} s", flush=True)
    began = time.perf_counter()
    predictor = VotePredictor(folds=asked.folds).fit(votes)
    fit = time.perf_counter() - began
    print(f"fit with {asked.folds} folds, features included: {fit:.1f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        loaded = VotePredictor.load(predictor.save(Path(folder) / "model"))
    some = votes[: min(5_000, len(votes))]
    began = time.perf_counter()
    loaded.predict_proba(some)
    applied = len(some) / (time.perf_counter() - began)
    print(f"predicted: {applied:.0f} votes/s", flush=True)
    of_ngrams = time.perf_counter()
    from naze.predictions.features.ngrams import hashed_ngrams

    for side in ("response_a", "response_b"):
        hashed_ngrams([joined(getattr(vote, side)) for vote in votes[:PEER_VOTES]])
    ours = PEER_VOTES / (time.perf_counter() - of_ngrams)
    record = {
        "benchmark": "predict_speed",
        "value": round(features, 1),
        "unit": f"s for the features of {len(votes):,} votes",
        "ratios": {"scikit-learn's TfidfVectorizer, runs of characters": round(ours / peer, 2)},
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "rows": len(votes),
        "seconds": {"features": round(features, 1), "fit": round(fit, 1)},
        "applied_per_second": round(applied),
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
