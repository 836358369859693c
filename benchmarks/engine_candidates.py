"""What could answer faster on this machine: OpenVINO, and llama.cpp with its weights, batches and threads in other ways.

Each is measured as `naze pull` measures: a text of some 340 tokens read, then eight texts continued side by side; seconds for a
typical explanation (1,000 tokens read, 200 written) are what ratios compare. The blocks' matrices are requantised to Q8_0 and
Q4_0 with the package gguf, for speed alone: the embeddings stay as they are. The last line is JSON.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

from llama_peer import INT8_LIMIT, add_program_option
from naze.engines import EngineOptions, Model, llamacpp, resolve
from naze.engines.gguf_header import read_header
from naze.engines.measuring import measure_engine
from naze.engines.resolution import Resolution
from naze.engines.resolve import open_resolved
from naze.engines.speeds import Speed

BATCHES = ((2048, 128), (512, 512), (2048, 1024))
"""Tokens of a batch and of what is computed at once; llama.cpp's own are 2048 and 512."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine, a file, and how it is run."""

    name: str
    engine: str
    path: Path
    flags: tuple[str, ...] = ()
    options: EngineOptions = field(default_factory=lambda: EngineOptions(context_tokens=1024))


def main() -> None:
    """Measure one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--seconds", type=float, default=15.0, help="for each candidate, loading aside")
    add_program_option(parser)
    asked = parser.parse_args()
    if asked.llama_server:
        os.environ["NAZE_LLAMA_SERVER"] = asked.llama_server
    model = resolve(asked.model, engine="llamacpp").model
    assert model.path is not None
    speeds: dict[str, Speed] = {}
    with tempfile.TemporaryDirectory() as folder:
        for candidate in candidates(model.path, Path(folder)):
            begun = time.perf_counter()
            with flags_added(candidate.flags):
                speed = measure(candidate, asked.model, asked.seconds)
            if speed is not None:
                speeds[candidate.name] = speed
                print(
                    f"{candidate.name}: {speed.read:,.0f} tokens/s read, {speed.written:,.0f} written, "
                    f"{speed.explanation_seconds:.2f} s an explanation ({time.perf_counter() - begun:.0f} s)",
                    flush=True,
                )
    print(json.dumps(record(asked.model, speeds, read_header(model.path).parameters)))


def candidates(path: Path, folder: Path) -> Iterator[Candidate]:
    """Yield what is to be measured; files are made when their turn comes."""
    yield Candidate("OpenVINO", "openvino", path)
    yield Candidate("llama.cpp", "llamacpp", path)
    for batch, at_once in BATCHES:
        flags = ("--batch-size", str(batch), "--ubatch-size", str(at_once))
        yield Candidate(f"llama.cpp, batch {batch}/{at_once}", "llamacpp", path, flags)
    for threads in sorted({1, os.cpu_count() or 1, 2 * (os.cpu_count() or 1)}):
        options = EngineOptions(context_tokens=1024, threads=threads)
        yield Candidate(f"llama.cpp, threads {threads}", "llamacpp", path, options=options)
    for kind in (GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_0):
        other = folder / f"{kind.name}.gguf"
        requantise(path, other, kind)
        yield Candidate(f"llama.cpp, {kind.name}", "llamacpp", other)
        other.unlink()


def measure(candidate: Candidate, name: str, seconds: float) -> Speed | None:
    """Open, measure, close; None, and a line that says why, where it cannot be."""
    resolution = Resolution(candidate.engine, Model(name, path=candidate.path))
    try:
        engine = open_resolved(resolution, candidate.options)
    except Exception as error:  # a peer that cannot run is left out, whatever the reason
        print(f"{candidate.name}: left out: {error}")
        return None
    try:
        return measure_engine(engine, seconds)
    finally:
        engine.close()


@contextmanager
def flags_added(flags: tuple[str, ...]) -> Iterator[None]:
    """Start llama.cpp with further flags meanwhile."""
    find = llamacpp._find_program

    def found() -> Any:  # noqa: ANN401 - a private record
        program = find()
        return replace(program, flags=(*program.flags, *flags))

    with patch.object(llamacpp, "_find_program", found):
        yield


def requantise(source: Path, target: Path, kind: GGMLQuantizationType) -> None:
    """Write a GGUF file anew with the matrices of its blocks in another form."""
    reader = GGUFReader(source)
    architecture = reader.fields["general.architecture"].contents()
    writer = GGUFWriter(target, architecture)
    for entry in reader.fields.values():
        if entry.name.startswith("GGUF.") or entry.name == "general.architecture":
            continue
        inner = entry.types[-1] if entry.types[0] is GGUFValueType.ARRAY else None
        writer.add_key_value(entry.name, entry.contents(), entry.types[0], sub_type=inner)
    for tensor in reader.tensors:
        if tensor.name.startswith("blk.") and tensor.name.endswith(".weight") and len(tensor.shape) == 2:
            values = np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type), np.float32)
            writer.add_tensor(tensor.name, quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def record(model: str, speeds: Mapping[str, Speed], parameters: int) -> dict[str, object]:
    """Compare everything with the fastest."""
    best = min(speeds, key=lambda name: speeds[name].explanation_seconds)
    fastest = speeds[best]
    return {
        "benchmark": "engine_candidates",
        "value": round(fastest.explanation_seconds, 2),
        "unit": f"s an explanation with {best}",
        "ratios": {
            name: round(speed.explanation_seconds / fastest.explanation_seconds, 2)
            for name, speed in speeds.items()
            if name != best
        },
        "limit_share": round(fastest.read * 2 * parameters / INT8_LIMIT, 3),
        "rows": len(speeds),
        "model": model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
