"""Five questions about each of 100 rows, asked in one run, against five runs of one question each.

Real texts (the longer response of arena votes), five questions answered with yes, no or unsure. In one run the
questions about a row stand behind the same beginning, which is read once. Each of the five runs has an engine of its
own, as five commands have; loading it is not counted. Target: at least 3 times as fast. The last line is JSON.
"""

import argparse
import json
import os
import platform
import time
from datetime import date
from pathlib import Path

import polars as pl

from naze.engines import pull
from naze.jobs.questions import Question, as_asked
from naze.prompts import RowPrompts
from naze.records import Prompt, Sampling
from real_texts import VOTES, warm_engine

ASKED = {
    "code": "Does this text contain program code?",
    "steps": "Does this text give step-by-step instructions?",
    "refuses": "Does this text refuse to help?",
    "numbers": "Does this text name concrete numbers?",
    "polite": "Is this text polite?",
}


def real_rows(rows: int) -> list[str]:
    """Take responses of a usual length."""
    texts = pl.read_parquet(VOTES, columns=["response_a"])["response_a"].list.first().drop_nulls()
    return (
        texts.filter(texts.str.len_chars().is_between(1200, 3200))
        .unique(maintain_order=True)
        .head(rows)
        .to_list()
    )


def prompts_of(questions: list[Question], texts: list[str]) -> list[Prompt]:
    """Lay the questions out, those about one row one after another."""
    templates = [as_asked(question, "en", None, lambda _: True).template for question in questions]
    asking = RowPrompts(templates, ["text"])
    return [
        prompt for number, text in enumerate(texts) for prompt in asking.make(str(number), {"text": text})
    ]


def seconds(path: Path, prompts: list[Prompt]) -> float:
    """Ask a fresh engine; loading it is not counted."""
    with warm_engine(path) as engine:
        start = time.perf_counter()
        answers = list(engine.answer(iter(prompts), Sampling(max_tokens=1)))
        took = time.perf_counter() - start
    assert len(answers) == len(prompts)
    return took


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--rows", type=int, default=100)
    chosen = parser.parse_args()
    path = pull(chosen.model)
    texts = real_rows(chosen.rows)
    questions = [
        Question(name, f"{text} {{{{ text }}}}", ("yes", "no", "unsure")) for name, text in ASKED.items()
    ]
    together = seconds(path, prompts_of(questions, texts))
    apart = sum(seconds(path, prompts_of([question], texts)) for question in questions)
    print(f"one run {together:.1f} s, five runs {apart:.1f} s: {apart / together:.2f}x (target: 3)")
    record = {
        "benchmark": "questions_throughput",
        "value": round(60 * len(texts) * len(questions) / together, 1),
        "unit": "questions/min",
        "ratios": {"five runs": round(apart / together, 2)},
        "rows": len(texts),
        "model": chosen.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
