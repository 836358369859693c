"""What holding an answer to a JSON Schema costs a token: naze's grammar, OpenVINO GenAI's own of the schema, and no schema.

One prompt and four at once, 64 tokens each, through the same pipeline in turn, in one process, so that other work on the
machine hits all alike. The schema asks for a text of 40 characters at least, so that all write much of it inside a text,
where a grammar has most to look at. A grammar is built once and kept by the pipeline: the first answer under each is not
counted, and its time is told apart. The last line is JSON.
"""

import argparse
import json
import os
import platform
import statistics
import time
from datetime import date
from typing import Any

from naze.engines import resolve
from naze.engines.json_grammar import bounded_grammar
from naze.engines.openvino_pipeline import OpenVinoPipeline
from naze.engines.protocol import EngineOptions
from naze.records import Prompt, Sampling

SCHEMA = {
    "type": "object",
    "properties": {
        "story": {"type": "string", "minLength": 40, "maxLength": 200},
        "title": {"type": "string"},
    },
    "required": ["story", "title"],
    "additionalProperties": False,
}
TOKENS = 64
ROUNDS = 5
WAYS = ("no schema", "naze's grammar", "OpenVINO GenAI's own")


class Writer:
    """Writes answers in the three ways."""

    def __init__(self, model: str) -> None:
        found = resolve(model, engine="openvino").model
        self.engine = OpenVinoPipeline.open(found, EngineOptions())
        self.pipeline = self.engine.pipeline(deterministic=True)
        self.schema = json.dumps(SCHEMA)

    def seconds_a_token(self, way: str, together: int) -> float:
        """Write some answers at once; return the seconds of a step, in which each of them gets one token."""
        requests, settings = [], []
        for number in range(together):
            prompt = Prompt(
                str(number),
                "",
                instruction="You tell stories.",
                subject=f"{number + 2} cats",
                question="Write one.",
            )
            requests.append(self.engine.request(prompt))
            settings.append(self.engine.configuration(requests[-1], Sampling(max_tokens=TOKENS)))
            if way != "no schema":
                settings[-1].structured_output_config = self._structure(way)
        began = time.perf_counter()
        told = self.pipeline.generate([one.tokens for one in requests], settings)
        seconds = time.perf_counter() - began
        return seconds / max(len(one.m_generation_ids[0]) for one in told)

    def _structure(self, way: str) -> Any:  # noqa: ANN401 - a package without types
        import openvino_genai as genai

        if way == WAYS[1]:
            return genai.StructuredOutputConfig(grammar=bounded_grammar(self.schema))
        return genai.StructuredOutputConfig(json_schema=self.schema)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2:135m")
    asked = parser.parse_args()
    writer = Writer(asked.model)
    building = {}
    for way in WAYS:
        began = time.perf_counter()
        writer.seconds_a_token(way, 1)
        building[way] = time.perf_counter() - began
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for together in (1, 4):
            for way in WAYS:
                found.setdefault((way, together), []).append(writer.seconds_a_token(way, together))
    steps = {key: statistics.median(times) for key, times in found.items()}
    for (way, together), seconds in steps.items():
        print(
            f"{way}, {together} at once: {seconds * 1000:.1f} ms a step; first answer {building[way]:.1f} s"
        )
    record = {
        "benchmark": "structured_output",
        "value": round(steps[WAYS[1], 1] * 1000, 1),
        "unit": "ms a token",
        "ratios": {
            f"{name}{words}": round(steps[name, together] / steps[WAYS[1], together], 2)
            for together, words in ((1, ""), (4, ", four at once"))
            for name in (WAYS[0], WAYS[2])
        },
        "rows": ROUNDS,
        "model": asked.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
