"""How long it takes until a model has given its first answer: naze, and OpenVINO GenAI with the same files.

OpenVINO GenAI loads the weights that naze prepared, and makes its tokenizer of the GGUF file, as it does by itself. Both in
alternation, each in a fresh process, one short prompt, four tokens. The last line is JSON.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from datetime import date

from import_time import seconds_of
from naze.engines import resolve
from naze.engines.openvino_prepare import prepare

ROUNDS = 3
OURS = """
import sys
from naze.engines import EngineOptions, open_engine
from naze.records import Prompt, Sampling
engine = open_engine(sys.argv[1], EngineOptions())
[(_, answer)] = engine.answer([Prompt("1", "", instruction="", subject="Hello", question="Well?")], Sampling(max_tokens=4))
assert answer.text
engine.close()
"""
THEIRS = """
import sys
import openvino_genai as genai
pipeline = genai.LLMPipeline(sys.argv[1], genai.Tokenizer(sys.argv[2]), "CPU")
assert pipeline.generate("Hello", max_new_tokens=4)
"""


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2:135m")
    asked = parser.parse_args()
    found = resolve(asked.model, engine="openvino").model
    assert found.path is not None
    prepared = prepare(found.path, sha256=found.sha256)
    ours = [sys.executable, "-c", OURS, asked.model]
    theirs = [sys.executable, "-c", THEIRS, str(prepared.folder), str(found.path)]
    for command in (ours, theirs):
        seconds_of(command)  # once to keep the tokenizer, and to warm the disk cache
    pairs = [(seconds_of(ours), seconds_of(theirs)) for _ in range(ROUNDS)]
    own, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"naze {own:.1f} s, OpenVINO GenAI {other:.1f} s")
    record = {
        "benchmark": "engine_start",
        "value": round(own, 1),
        "unit": "s to the first answer",
        "ratios": {"OpenVINO GenAI, tokenizer from GGUF": round(other / own, 2)},
        "rows": ROUNDS,
        "model": asked.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
