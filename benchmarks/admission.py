"""What it costs that little is in flight: explanations written as naze admits them, and with all votes in flight at once.

Real votes, the built-in form of explanations, one engine each, side by side in one run. Of each way: seconds until the first
answer is whole, seconds in all, and the most work that a kill could have cost at any moment: the time since the beginning
less what the answers that were whole by then had taken, reckoned at the whole run's speed. The last line is JSON.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import naze
from naze.engines import EngineOptions, resolve
from naze.engines.admission import Admission
from naze.engines.openvino_pipeline import OpenVinoPipeline
from naze.jobs.explaining.form import Form
from naze.prompts import explain_template
from naze.prompts.vote_prompts import VoteMaterial
from naze.records import Prompt, Sampling

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "en"


class Unbounded(Admission):
    """Lets everything join at once."""

    def admits(self, *, being_written: bool = True) -> bool:
        """Always."""
        return True


@dataclass(frozen=True)
class Sitting:
    """When each answer was whole, in seconds since the beginning."""

    ends: Sequence[float]

    @property
    def seconds(self) -> float:
        """In all."""
        return self.ends[-1]

    @property
    def most_lost(self) -> float:
        """Seconds of work that a kill at the worst moment would have cost."""
        a_row = self.seconds / len(self.ends)
        return max(end - answered * a_row for answered, end in enumerate(self.ends))

    def describe(self) -> str:
        """Say it in a line."""
        return f"first after {self.ends[0]:.1f} s, all after {self.seconds:.1f} s, at most {self.most_lost:.1f} s lost"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--votes", type=Path, default=ROOT / "examples" / "votes.csv")
    asked = parser.parse_args()
    form, template = Form(LANGUAGE), explain_template(LANGUAGE)
    votes = [
        vote for vote in naze.read_votes(asked.votes) if len(str(vote.response_a + vote.response_b)) < 4_000
    ]
    prompts = [
        prompt
        for vote in votes[: asked.rows]
        for prompt in VoteMaterial(vote, template, form.schema).prompts(None)
    ]
    at_once = explain(asked.model, prompts, form.sampling, Unbounded())
    print(f"all at once: {at_once.describe()}", flush=True)
    admitted = explain(asked.model, prompts, form.sampling, Admission())
    print(f"as admitted: {admitted.describe()}")
    record = {
        "benchmark": "admission",
        "value": round(admitted.ends[0], 1),
        "unit": "s until the first answer is whole",
        "ratios": {
            "all at once, until the first": round(at_once.ends[0] / admitted.ends[0], 2),
            "all at once, in all": round(at_once.seconds / admitted.seconds, 2),
        },
        "rows": len(prompts),
        "model": asked.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
        "most lost, s": {
            "admitted": round(admitted.most_lost, 1),
            "all at once": round(at_once.most_lost, 1),
        },
        "seconds in all": {"admitted": round(admitted.seconds, 1), "all at once": round(at_once.seconds, 1)},
    }
    print(json.dumps(record))


def explain(model: str, prompts: Sequence[Prompt], sampling: Sampling, admission: Admission) -> Sitting:
    """Have all prompts answered on a fresh engine."""
    engine = OpenVinoPipeline.open(resolve(model, engine="openvino").model, EngineOptions())
    list(engine.answer([Prompt("warm", "", "", "", "Hello")], Sampling(max_tokens=4)))
    engine.admission = admission
    began = time.perf_counter()
    ends = [time.perf_counter() - began for _ in engine.answer(prompts, sampling)]
    engine.close()
    return Sitting(ends)


if __name__ == "__main__":
    main()
