"""Verdicts per second: the same 50 questions about each of many votes, beside asking each on its own.

Real votes, 50 definitions (`data/factors.json`), both orders of the responses; a cell is one vote, one factor, one
order. All in one run, from the same GGUF file:

(1) naze: `apply_factors`, stored answers included;
(2) the same engine without reuse of prefixes: each cell a prompt of its own, all prompts at once;
(3) `llama-server`, one request after another, factor by factor: neighbouring cells differ in the vote;
(4) `llama-server`, one request after another, vote by vote, with its prompt cache.

The peers are slow, so they get a sample: (2) and (3) one random question about each of some orders of votes, (4) all
questions about each of fewer. The orders stand at even distances when all are sorted by length, from a seeded start,
so that a sample's prompts are about as long as all prompts. Every way is asked for the probabilities of the letters
A to D; those of naze and of llama.cpp are compared on the cells that both had. The last line is JSON.
"""

import argparse
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import naze
from llama_peer import INT8_LIMIT, add_program_option, complete, find_program, llama_server
from naze.engines import EngineOptions, pull
from naze.engines.chat_template import ChatTemplate
from naze.engines.gguf_header import read_header
from naze.engines.openvino_pipeline import OpenVinoPipeline
from naze.engines.openvino_prepare import prepare
from naze.engines.protocol import Model
from naze.factors.applying import CHOICES, apply_factors, verdict_prompts
from naze.generations import open_run
from naze.jobs.asking import opened_worker
from naze.prompts import Counter, load_template
from naze.records import Factor, Outcome, Prompt, Sampling, Vote
from naze.votes import Votes

ROOT = Path(__file__).resolve().parent.parent
VOTES = {"smollm2:135m": 32, "qwen2.5-coder:1.5b": 8}
SAMPLED = {"smollm2:135m": (48, 4), "qwen2.5-coder:1.5b": (12, 2)}
"""Orders of votes that (2) and (3) are asked one question about, and that (4) is asked all questions about."""
MOST_TOKENS = 1900
"""Longer prompts do not fit SmolLM2's context of 2,048 tokens; votes with longer ones are not drawn."""
ALONE, BY_FACTOR, BY_VOTE = "OpenVINO without prefix reuse", "llama.cpp by factor", "llama.cpp by vote"
Cell = tuple[str, str]
Letters = Mapping[Cell, Sequence[float]]
"""Probabilities of A to D for cells."""


@dataclass
class Measured:
    """What one way of asking took."""

    cells: int
    seconds: float
    prompt_tokens: int
    cached_tokens: int = 0
    letters: Letters = field(default_factory=dict)

    @property
    def cells_per_second(self) -> float:
        """Cells a second."""
        return self.cells / self.seconds

    @property
    def cached_share(self) -> float:
        """Share of the prompts' tokens that came from the prefix cache, 0 to 1."""
        return self.cached_tokens / self.prompt_tokens


def real_factors(count: int) -> list[Factor]:
    """Take the first definitions."""
    told = json.loads((ROOT / "benchmarks" / "data" / "factors.json").read_text("utf-8"))[:count]
    return [
        Factor(f"f{number:02}", one["name"], one["definition"], Outcome.WIN)
        for number, one in enumerate(told, start=1)
    ]


def drawn_votes(count: int, factors: Sequence[Factor], counter: Counter) -> list[Vote]:
    """Draw real votes in English whose prompts fit without being shortened."""
    shared = ROOT.parent / "shared" / "data" / "arena_kaggle.parquet"
    votes = naze.read_votes(shared if shared.is_file() else ROOT / "examples" / "votes.csv")
    order = list(range(len(votes)))
    random.Random(0).shuffle(order)
    drawn: list[Vote] = []
    for vote in (votes[place] for place in order):
        if vote.language in (None, "en") and len(questions([vote], factors, counter)) == 2 * len(factors):
            drawn.append(vote)
        if len(drawn) == count:
            return drawn
    sys.exit(f"only {len(drawn)} votes fit {MOST_TOKENS:,} tokens; ask for fewer with --votes")


def questions(votes: Sequence[Vote], factors: Sequence[Factor], counter: Counter) -> list[Prompt]:
    """Word all cells as `apply_factors` does; those of a vote that would have to be shortened are left out."""
    template = replace(load_template("verdict", "en"), choices=CHOICES)
    asked = verdict_prompts(votes, factors, template, count=counter, limit_tokens=MOST_TOKENS)
    return [one.prompt for one in asked if one.fit == "whole"]


def even_sample(prompts: Sequence[Prompt], per_order: int, orders: int) -> list[list[Prompt]]:
    """Take orders of votes at even distances by length: all questions about each, one list an order."""
    groups = [list(prompts[start : start + per_order]) for start in range(0, len(prompts), per_order)]
    groups.sort(key=lambda group: len(group[0].subject))
    orders = min(orders, len(groups))
    start = random.Random(1).random()
    return [groups[int((number + start) * len(groups) / orders)] for number in range(orders)]


def through_naze(model: str, votes: Sequence[Vote], factors: Sequence[Factor]) -> Measured:
    """Apply the factors as a person would."""
    with opened_worker(model) as worker, tempfile.TemporaryDirectory() as scratch:
        print(f"naze's engine: {worker.engine.identity.engine}", flush=True)
        list(worker.engine.answer([Prompt("warm", "", "", "", "Hello")], Sampling(max_tokens=2)))
        folder = Path(scratch) / "verdicts"
        start = time.perf_counter()
        apply_factors(Votes.from_votes(votes), factors, worker, folder, language="en")
        seconds = time.perf_counter() - start
        run = open_run(folder)
        rows = {(row.subject_id, row.question_id): row.answer for row in run.rows()}
        run.close()
    answers = {cell: answer for cell, answer in rows.items() if answer is not None and answer.probabilities}
    if len(answers) < 2 * len(votes) * len(factors):
        sys.exit(f"{2 * len(votes) * len(factors) - len(answers)} cells have no answer")
    return Measured(
        len(answers),
        seconds,
        sum(answer.prompt_tokens for answer in answers.values()),
        sum(answer.cached_tokens for answer in answers.values()),
        {
            cell: [(answer.probabilities or {})[choice] for choice in CHOICES]
            for cell, answer in answers.items()
        },
    )


class WithoutReuse(OpenVinoPipeline):
    """naze's own engine, but nothing is taken from a prefix cache."""

    def scheduler(self, *, deterministic: bool) -> Any:  # noqa: ANN401 - a package without types
        """Say how sequences are computed together."""
        scheduler = super().scheduler(deterministic=deterministic)
        scheduler.enable_prefix_caching = False
        return scheduler


def through_engine_alone(path: Path, prompts: Sequence[Prompt]) -> Measured:
    """Ask the engine without reuse, in a process of its own."""
    command = [sys.executable, __file__, "--alone", str(path)]
    told = json.dumps([asdict(prompt) for prompt in prompts])
    reply = subprocess.run(command, input=told, check=True, capture_output=True, text=True).stdout
    return Measured(**json.loads(reply.splitlines()[-1]))


def alone_main(path: Path, prompts: Sequence[Prompt]) -> None:
    """In that process: answer everything, tell how long it took."""
    engine = WithoutReuse.open(Model("benchmark", path=path), EngineOptions())
    list(engine.answer([Prompt("warm", "", "", "", "Hello")], Sampling(max_tokens=2)))
    start = time.perf_counter()
    answers = [answer for _, answer in engine.answer(iter(prompts), Sampling(max_tokens=1))]
    seconds = time.perf_counter() - start
    tokens = sum(answer.prompt_tokens for answer in answers)
    print(json.dumps({"cells": len(answers), "seconds": seconds, "prompt_tokens": tokens}))


def through_llama(program: str, path: Path, prompts: Sequence[Prompt]) -> Measured:
    """Ask a llama.cpp server one cell after another, in the order given."""
    template = ChatTemplate.from_gguf(path)
    letters: dict[Cell, Sequence[float]] = {}
    tokens = 0
    with llama_server(program, path) as port:
        complete(port, "Hello", 2)
        start = time.perf_counter()
        for prompt in prompts:
            reply = complete(port, template.render(prompt), 1, n_probs=100)
            tokens += int(reply["tokens_evaluated"])
            letters[prompt.subject_id, prompt.question_id] = letters_of(reply)
        seconds = time.perf_counter() - start
    return Measured(len(prompts), seconds, tokens, letters=letters)


def letters_of(reply: Mapping[str, Any]) -> list[float]:
    """Read the probabilities of the letters, summing to 1; 0 where one is not among the hundred likeliest tokens."""
    top = {one["token"]: one["logprob"] for one in reply["completion_probabilities"][0]["top_logprobs"]}
    shares = [float(np.exp(top[choice])) if choice in top else 0.0 for choice in CHOICES]
    return [share / (sum(shares) or 1.0) for share in shares]


def same_work(ours: Letters, theirs: Letters) -> dict[str, float]:
    """Compare the probabilities of cells that both were asked: mean distance, correlation, same likeliest letter."""
    cells = [cell for cell in theirs if sum(theirs[cell]) > 0]
    one, other = np.array([ours[cell] for cell in cells]), np.array([theirs[cell] for cell in cells])
    return {
        "cells": len(cells),
        "mean_difference": round(float(np.abs(one - other).mean()), 4),
        "correlation": round(float(np.corrcoef(one.ravel(), other.ravel())[0, 1]), 3),
        "same_letter": round(float((one.argmax(1) == other.argmax(1)).mean()), 3),
    }


def shown(label: str, way: Measured) -> Measured:
    """Print what was measured, at once."""
    print(
        f"{label:32} {way.cells_per_second:7.2f} cells/s  ({way.cells:,} cells, {way.prompt_tokens / way.cells:.0f} "
        f"tokens each, {way.seconds:.1f} s)",
        flush=True,
    )
    return way


def compare(
    model: str, vote_count: int, factor_count: int, program: str | None, rounds: int
) -> dict[str, object]:
    """Measure every way for one model and print it."""
    path = pull(model)
    prepare(path)
    factors = real_factors(factor_count)
    with opened_worker(model) as worker:
        votes = drawn_votes(vote_count, factors, worker.count_tokens)
        prompts = questions(votes, factors, worker.count_tokens)
    few, fewer = SAMPLED[model]
    dice = random.Random(2)
    alone = [dice.choice(group) for group in even_sample(prompts, factor_count, few)]
    dice.shuffle(alone)
    by_vote = [prompt for group in even_sample(prompts, factor_count, fewer) for prompt in group]
    ours: list[Measured] = []
    peers: dict[str, list[Measured]] = {}
    peak_mb = 0.0
    for _ in range(rounds):
        ours.append(shown("naze", through_naze(model, votes, factors)))
        print(
            f"{'':32} {ours[-1].cached_share:.1%} of the prompt tokens from the prefix cache (target: 90 %)"
        )
        peak_mb = peak_mb or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        peers.setdefault(ALONE, []).append(shown(ALONE, through_engine_alone(path, alone)))
        if program is not None:
            peers.setdefault(BY_FACTOR, []).append(shown(BY_FACTOR, through_llama(program, path, alone)))
            peers.setdefault(BY_VOTE, []).append(shown(BY_VOTE, through_llama(program, path, by_vote)))
    return record(model, path, ours, peers, peak_mb) | {"votes": vote_count, "factors": factor_count}


def record(
    model: str, path: Path, ours: Sequence[Measured], peers: Mapping[str, Sequence[Measured]], peak_mb: float
) -> dict[str, object]:
    """Put the JSON of the last line together."""
    computed = statistics.median((way.prompt_tokens - way.cached_tokens) / way.seconds for way in ours)
    agreement = {
        name: same_work(ours[0].letters, ways[0].letters) for name, ways in peers.items() if ways[0].letters
    }
    for name, figures in agreement.items():
        print(f"naze and {name} on the same cells: {figures}")
    return {
        "benchmark": "verdict_matrix",
        "value": round(statistics.median(way.cells_per_second for way in ours), 2),
        "unit": "cells/s",
        "ratios": {
            name: round(
                statistics.median(
                    one.cells_per_second / other.cells_per_second
                    for one, other in zip(ours, ways, strict=True)
                ),
                2,
            )
            for name, ways in peers.items()
        },
        "cached_share": round(ours[0].cached_share, 4),
        "limit_share": round(2 * read_header(path).parameters * computed / INT8_LIMIT, 3),
        "peak_memory_mb": round(peak_mb),
        "rows": ours[0].cells,
        "sampled": {name: ways[0].cells for name, ways in peers.items()},
        "agreement": agreement,
        "model": model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=VOTES, default="smollm2:135m")
    parser.add_argument("--votes", type=int, help="fewer or more votes; else 32, and 8 for the larger model")
    parser.add_argument("--factors", type=int, default=50, help="1 to 50")
    parser.add_argument("--rounds", type=int, default=1, help="how often everything is measured, in turn")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    add_program_option(parser)
    chosen = parser.parse_args()
    if chosen.alone is not None:
        told = json.load(sys.stdin)
        alone_main(chosen.alone, [Prompt(**one | {"choices": tuple(one["choices"])}) for one in told])
        return
    program = find_program(chosen)
    print(
        json.dumps(
            compare(chosen.model, chosen.votes or VOTES[chosen.model], chosen.factors, program, chosen.rounds)
        )
    )


if __name__ == "__main__":
    main()
