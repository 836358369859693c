"""Texts labelled per minute: the probabilities of choices against writing the label, here and through llama.cpp.

500 real texts (the first thing that people asked in arena votes), five labels, SmolLM2, the same GGUF file for all:

(a) naze: the labels are listed under letters behind the text, and their probabilities are read from the first token;
(b) naze with --question-first: question and labels stand before the text and are read once for all texts;
(c) the same engine writes the label's name, asked as in (a);
(d) `llama-server` writes it, asked as in (a), one text after another: what a loop of `ollama.generate` does.

Targets: (a) at least 3 times (c), at least 8 times (d). A native `llama-server` is needed for (d); name it with
--llama-server or NAZE_LLAMA_SERVER. The last line is JSON.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import psutil

from llama_peer import add_program_option, complete, find_program, llama_server
from naze.engines import pull
from naze.engines.chat_template import ChatTemplate
from naze.jobs import label_job
from naze.jobs.questions import as_asked
from naze.prompts import RowPrompts
from naze.records import Prompt, Sampling
from real_texts import VOTES, warm_engine

LABELS = {
    "programming": "asks for code, or about computers and software",
    "mathematics": "asks to calculate, prove or reason with numbers",
    "creative writing": "asks for a story, a poem, a dialogue or another made-up text",
    "facts": "asks what is so, what something means or how it works",
    "conversation": "small talk, personal advice or an opinion",
}
WRITTEN_TOKENS = 12
"""Enough for the longest label; the answer ends at a line end."""
ONE_AFTER_ANOTHER_SHARE = 5
"""Only every fifth text goes through llama.cpp: the speed of a text does not depend on how many there are."""


def real_texts(rows: int) -> pl.DataFrame:
    """Take what people asked first, where it is neither a word nor a book."""
    prompts = (
        pl.read_parquet(VOTES, columns=["prompt"])["prompt"]
        .list.first()
        .drop_nulls()
        .unique(maintain_order=True)
    )
    usual = prompts.filter(prompts.str.len_chars().is_between(40, 1500))
    return pl.DataFrame({"text": usual.head(rows)})


@dataclass(frozen=True)
class Ways:
    """The prompts about all texts, in three ways."""

    chosen: list[Prompt]
    """With choices: the text, then the question and the labels."""
    first: list[Prompt]
    """With choices: the question and the labels, then the text."""
    written: list[Prompt]
    """The text, then the question, the labels, and an order to write one."""


def lay_out(texts: pl.DataFrame) -> Ways:
    """Lay every text out in each way."""
    [question] = label_job(texts, LABELS, model="benchmark").map.questions

    def asked(*, first: bool) -> list[Prompt]:
        template = as_asked(question, "en", None, lambda _: True, first=first).template
        asking = RowPrompts([template], ["text"])
        rows = enumerate(texts["text"])
        return [prompt for number, text in rows for prompt in asking.make(str(number), {"text": text})]

    chosen = asked(first=False)
    listed = "\n".join(f"{name}: {meaning}" for name, meaning in LABELS.items())
    order = f"Which label fits this text best?\n\n{listed}\n\nAnswer with the label's name alone."
    return Ways(chosen, asked(first=True), [replace(prompt, choices=(), question=order) for prompt in chosen])


def rate(prompts: list[Prompt], ask: Callable[[list[Prompt]], object]) -> float:
    """Return texts per minute."""
    start = time.perf_counter()
    ask(prompts)
    return 60 * len(prompts) / (time.perf_counter() - start)


def through_naze(path: Path, prompts: list[Prompt]) -> tuple[float, float]:
    """Ask naze's own engine, freshly opened; returns texts per minute and peak memory in MB."""
    sampling = Sampling(max_tokens=WRITTEN_TOKENS, stop=("\n",))
    with warm_engine(path) as engine:
        found = rate(prompts, lambda some: list(engine.answer(iter(some), sampling)))
        return found, psutil.Process(engine.process_id).memory_info().rss / 2**20


def one_after_another(program: str, path: Path, prompts: list[Prompt]) -> float:
    """Have llama.cpp write the labels, one text at a time; returns texts per minute."""
    template = ChatTemplate.from_gguf(path)
    texts = [template.render(prompt) for prompt in prompts[::ONE_AFTER_ANOTHER_SHARE]]
    with llama_server(program, path) as port:
        complete(port, "Hello", 2)
        start = time.perf_counter()
        for text in texts:
            complete(port, text, WRITTEN_TOKENS, stop=["\n"])
        return 60 * len(texts) / (time.perf_counter() - start)


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--rows", type=int, default=500)
    add_program_option(parser)
    chosen = parser.parse_args()
    path = pull(chosen.model)
    ways = lay_out(real_texts(chosen.rows))
    choice_rate, peak = through_naze(path, ways.chosen)
    first_rate, _ = through_naze(path, ways.first)
    written_rate, _ = through_naze(path, ways.written)
    ratios = {
        "the label written": round(choice_rate / written_rate, 2),
        "--question-first, to the label written": round(first_rate / written_rate, 2),
    }
    print(
        f"choices {choice_rate:,.0f} texts/min, with --question-first {first_rate:,.0f}, the label written {written_rate:,.0f}"
    )
    if (program := find_program(chosen)) is not None:
        peer = one_after_another(program, path, ways.written)
        ratios["llama.cpp one after another"] = round(choice_rate / peer, 2)
        print(f"llama.cpp one after another {peer:,.0f} texts/min: {choice_rate / peer:.2f}x")
    record = {
        "benchmark": "label_throughput",
        "value": round(choice_rate, 1),
        "unit": "rows/min",
        "ratios": ratios,
        "peak_memory_mb": round(peak),
        "rows": len(ways.chosen),
        "model": chosen.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
