"""How much of what an embedding probe predicts do factors that can be read keep?

Enters: the folder of a finished factors run. Leaves: a Markdown table and, as the last line, JSON.

On the held-out votes that the run's model judged, each set of features is scored twice: a against b on decided votes, and
ties against decided votes, both as AUC with a 95 % interval of a bootstrap over prompts. Verdicts exist for these votes
only, so that all sets learn by cross-validation among them, by prompt; the probe is shown once more as it does when it
learns from all the votes that were not held out. "Kept" is (AUC - 0.5) / (the probe's AUC - 0.5), the probe having
learnt from the same votes.
"""

import argparse
import json
import os
import platform
import time
from datetime import date
from pathlib import Path

import numpy as np

from naze.engines.embeddings import DEFAULT_EMBEDDER, open_embedder
from naze.factors.held_out import prompt_numbers
from naze.factors.probe import (
    Features,
    Scored,
    cross_validated,
    embedding_features,
    factor_features,
    kept,
    learnt_elsewhere,
    score,
    style_features,
)
from naze.factors.resampling import Estimate
from naze.factors.result import Factors, open_factors
from naze.records import Vote, Winner

OUTCOMES = {Winner.A: 1.0, Winner.B: -1.0, Winner.TIE: 0.0, Winner.BOTH_BAD: 0.0}
PROBE, ELSEWHERE = "embedding probe", "embedding probe, learnt from the votes not held out"
FACTORS = "factors"


def other_votes(run: Factors, limit: int | None, seed: int) -> list[Vote]:
    """Return the voted votes that were not held out, or so many of them, drawn at random."""
    held_out = run.votes.frame()["held_out"].to_list()
    rows = (vote for vote, held in zip(run.votes, held_out, strict=True) if not held)
    voted = [vote for vote in rows if vote.winner is not None]
    if limit is None or len(voted) <= limit:
        return voted
    drawn = np.random.default_rng(seed).choice(len(voted), limit, replace=False)
    return [voted[row] for row in sorted(drawn)]


def scored_sets(
    run: Factors, others: list[Vote], embedder_name: str, repeats: int, seed: int
) -> dict[str, Scored]:
    """Score every set of features on the judged votes."""
    judged = list(run.judged)
    held = run.held_out()
    embedder = open_embedder(embedder_name)
    try:
        probe, probe_of_others = embedding_features(judged, embedder), embedding_features(others, embedder)
    finally:
        embedder.close()
    style, verdicts = style_features(judged), factor_features(held)
    sets: dict[str, Features] = {
        PROBE: probe,
        "length and markdown": style,
        FACTORS: verdicts,
        "factors, length and markdown": verdicts + style,
        "embedding probe and factors": probe + verdicts,
    }
    outcomes = np.array([OUTCOMES[vote.winner] for vote in others if vote.winner is not None])
    ranked = {
        ELSEWHERE: learnt_elsewhere(probe_of_others, outcomes, prompt_numbers(others), asked=probe, seed=seed)
    } | {
        name: cross_validated(features, held.outcomes, held.prompts, repeats=repeats, seed=seed)
        for name, features in sets.items()
    }
    return {name: score(ranks, held.outcomes, held.prompts, seed=seed) for name, ranks in ranked.items()}


def table(found: dict[str, Scored], learnt: int, judged: int) -> str:
    """Lay the figures out as Markdown."""
    lines = [
        "| features | learnt from | AUC, a against b | AUC, ties | kept, a against b | kept, ties |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        votes = f"{learnt:,} other votes" if name == ELSEWHERE else f"the {judged:,} judged, crosswise"
        shares = kept(one, found[ELSEWHERE if name == ELSEWHERE else PROBE])
        aucs = [written(auc, without="none") for auc in (one.win, one.tie)]
        lines.append(f"| {name} | {votes} | " + " | ".join([*aucs, *map(written, shares.values())]) + " |")
    shares = kept(found[FACTORS], found[ELSEWHERE])
    lines.append(
        f"\nOf what the probe predicts that learnt from the {learnt:,} other votes, the factors keep "
        f"{written(shares['win'])} (a against b) and {written(shares['tie'])} (ties)."
    )
    return "\n".join(lines)


def written(figure: Estimate, *, without: str = "none: the probe is at chance") -> str:
    """Write a figure with its interval; what is said without one."""
    if figure.value is None:
        return without
    ends = "" if figure.low is None else f" [{figure.low:.2f}, {figure.high:.2f}]"
    return f"{figure.value:.2f}{ends}"


def numbers(figure: Estimate) -> list[float | None]:
    """Give value, low and high for JSON."""
    return [None if one is None else round(one, 4) for one in (figure.value, figure.low, figure.high)]


def main() -> None:
    """Score, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of a finished factors run")
    parser.add_argument("--embedder", default=DEFAULT_EMBEDDER)
    parser.add_argument(
        "--learn-limit", type=int, help="votes that are not held out to learn from at most; else all"
    )
    parser.add_argument("--repeats", type=int, default=5, help="partitions of the cross-validation")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    run = open_factors(chosen.folder)
    began = time.perf_counter()
    others = other_votes(run, chosen.learn_limit, chosen.seed)
    learnt, judged = len(others), len(run.judged)
    ties = int(run.held_out().ties.sum())
    print(
        f"{len(run)} factors; {judged:,} judged votes, {ties:,} of them ties; {learnt:,} other votes",
        flush=True,
    )
    found = scored_sets(run, others, chosen.embedder, chosen.repeats, chosen.seed)
    print(table(found, learnt, judged))
    shares, against_all = kept(found[FACTORS], found[PROBE]), kept(found[FACTORS], found[ELSEWHERE])
    record = {
        "benchmark": "probe_and_factors",
        "value": numbers(shares["win"])[0],
        "unit": "of the probe's AUC beyond chance",
        "kept": {name: numbers(share) for name, share in shares.items()},
        "kept_of_probe_from_other_votes": {name: numbers(share) for name, share in against_all.items()},
        "auc": {name: {"win": numbers(one.win), "tie": numbers(one.tie)} for name, one in found.items()},
        "rows": judged,
        "ties": ties,
        "learnt_from": learnt,
        "factors": len(run),
        "seconds": round(time.perf_counter() - began, 1),
        "model": run.about.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
