"""A program for test_kill.py: a chain with an engine that takes a moment for each answer, to be killed at any time."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import polars as pl

from answering import AnsweringEngine, workers
from naze.jobs.chains import Flow, run_chain
from naze.tables import open_table

STEPS = {
    "kind": {"prompt": "Kind? {{ text }}", "choices": ["odd", "even"]},
    "few": {"filter": "kind = 'odd'"},
    "parts": {"fan_out": "text", "split": "sentences"},
    "said": {"prompt": "Say it again: {{ parts }}"},
    "all": {"group": ["kind"], "each": "{{ said }}", "prompt": "All?", "max_tokens": 20},
}


def main() -> None:
    folder, log, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])

    def say(prompt):
        time.sleep(seconds)
        with log.open("a") as file:
            file.write(f"{prompt.question_id} {prompt.subject_id}\n")
        return {"odd": 0.9, "even": 0.1} if prompt.choices else f"said {prompt.subject[:30]!r}"

    rows = pl.DataFrame({"text": [f"Thing {number}. And more." for number in range(60)]})
    make = workers(scripted=AnsweringEngine(say))
    chained = run_chain(Flow(STEPS), open_table(rows), model="scripted", run=folder, make_worker=make)
    sys.stdout.write(chained.rows.frame().write_json())


if __name__ == "__main__":
    main()
