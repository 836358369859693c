"""What the benchmarks of questions about real texts share: where the texts lie, and a model that is warm."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from naze.engines import EngineOptions
from naze.engines.openvino import OpenVinoEngine
from naze.engines.protocol import Model
from naze.records import Prompt, Sampling

VOTES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "arena_kaggle.parquet"


@contextmanager
def warm_engine(path: Path) -> Iterator[OpenVinoEngine]:
    """Open a fresh engine and have it answer once, so that loading is not measured; close it at the end.

    Args:
        path: the model's file.
    """
    engine = OpenVinoEngine.open(Model("benchmark", path=path), EngineOptions())
    try:
        list(engine.answer([Prompt("warm", "", "", "", "Hello")], Sampling(max_tokens=1)))
        yield engine
    finally:
        engine.close()
