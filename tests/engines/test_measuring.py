"""The engine that is fastest here answers: by what was measured, not by what is said of it."""

import json
import time

import pytest

from naze.engines import Model, measuring, speeds
from naze.engines import resolve as resolve_name
from naze.engines.known import remember_fact
from naze.engines.machine import processor
from naze.engines.measuring import measure_engine, measure_model
from naze.engines.protocol import Identity
from naze.engines.resolution import Resolution
from naze.engines.resolve import candidates
from naze.engines.speeds import Speed, fastest, known_speed, remember_speed
from naze.errors import EngineUnavailableError
from naze.records import Answer, Status


class Scripted:
    """Reads and writes at speeds that are known; order and failure are the subject here."""

    identity = Identity("scripted", "m", "f")
    context_tokens = 1024

    def __init__(self, read=10_000.0, written=2_000.0, *, reason=None):
        self.read, self.written, self.reason = read, written, reason
        self.closed = False

    def answer(self, prompts, sampling):
        prompts = list(prompts)
        tokens = [len(prompt.question.split()) for prompt in prompts]
        if self.reason:
            yield from ((prompt, Answer(Status.ERROR, reason=self.reason)) for prompt in prompts)
            return
        time.sleep(sum(tokens) / self.read + len(prompts) * sampling.max_tokens / self.written)
        for prompt, count in zip(prompts, tokens, strict=True):
            yield (
                prompt,
                Answer(Status.ANSWERED, "x", prompt_tokens=count, generated_tokens=sampling.max_tokens),
            )

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NAZE_THREADS", raising=False)


@pytest.fixture
def engines(monkeypatch):
    """Let both engines run any file, scripted; returns what is opened for each."""
    scripted = {"openvino": Scripted(), "llamacpp": Scripted()}
    monkeypatch.setattr(measuring, "_can_run", lambda *_: True)
    monkeypatch.setattr(measuring, "open_resolved", lambda resolution, *_: scripted[resolution.engine])
    return scripted


def test_speeds_come_out_as_they_are():
    speed = measure_engine(Scripted(read=4_000, written=1_000), seconds=10)
    assert speed.read == pytest.approx(4_000, rel=0.1)
    assert speed.written == pytest.approx(1_000, rel=0.1)


def test_a_slow_engine_is_asked_less():
    begun = time.perf_counter()
    speed = measure_engine(Scripted(read=200, written=60), seconds=2)
    assert time.perf_counter() - begun < 2.5
    assert speed.read == pytest.approx(200, rel=0.1)
    assert speed.written == pytest.approx(60, rel=0.15)


def test_an_engine_that_reads_nothing_says_so():
    with pytest.raises(EngineUnavailableError, match="no speed can be measured: out of order"):
        measure_engine(Scripted(reason="out of order"), seconds=1)


@pytest.mark.parametrize(
    ("openvino", "llamacpp", "wanted"),
    [
        (Speed(100, 20), Speed(41, 80), "openvino"),
        (Speed(44, 20), Speed(41, 30), "llamacpp"),
        (Speed(2_000, 10), Speed(50, 200), "openvino"),
    ],
)
def test_the_engine_that_explains_a_typical_vote_sooner_is_chosen(openvino, llamacpp, wanted, tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    both = list(candidates(str(tmp_path / "m.gguf")))
    assert [candidate.engine for candidate in both] == ["openvino", "llamacpp"]
    assert fastest(both) is None
    remember_speed(both[0], openvino)
    assert fastest(both) is None, "with nothing to compare it with, nothing was measured to be faster"
    remember_speed(both[1], llamacpp)
    assert fastest(both)[0].engine == wanted


def test_resolve_takes_the_faster_one_and_says_why(smollm2_path):
    path = str(smollm2_path)
    for candidate in candidates(path):
        remember_speed(candidate, Speed(50, 40) if candidate.engine == "llamacpp" else Speed(44, 20))
    chosen = resolve_name(path)
    assert chosen.engine == "llamacpp"
    assert chosen.notes == ("llamacpp, because it is the fastest here as measured: 25 s an explanation",)
    assert resolve_name(path, engine="openvino").engine == "openvino"


def test_what_was_measured_on_another_machine_counts_for_nothing(tmp_path, monkeypatch):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    resolution = Resolution("openvino", Model("m", path=tmp_path / "m.gguf"))
    remember_speed(resolution, Speed(10, 10))
    assert known_speed(resolution) == Speed(10, 10)
    monkeypatch.setenv("NAZE_THREADS", "1")
    assert known_speed(resolution) is None
    monkeypatch.delenv("NAZE_THREADS")
    monkeypatch.setattr(speeds, "processor", lambda: "another")
    assert known_speed(resolution) is None


def test_a_note_that_is_damaged_is_measured_again(tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    resolution = Resolution("openvino", Model("m", path=tmp_path / "m.gguf"))
    remember_fact(resolution, speeds._fact(), json.dumps({"read": 1}))
    assert known_speed(resolution) is None


def test_processors_with_other_instructions_have_other_names(tmp_path):
    names = set()
    for flags in ("avx2", "avx2 avx512_vnni"):
        (tmp_path / flags).write_text(f"processor : 0\nmodel name : same\nflags : {flags}\n")
        names.add(processor(tmp_path / flags))
    assert len(names) == 2
    processor.cache_clear()


def test_each_engine_is_measured_once_and_a_failing_one_is_told(engines, tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    path, told = str(tmp_path / "m.gguf"), []
    engines["llamacpp"].reason = "it is broken"
    first, second = measure_model(path, tell=told.append)
    assert (first.resolution.engine, first.problem) == ("openvino", "")
    assert (second.speed, second.resolution.engine) == (None, "llamacpp")
    assert "it is broken" in second.problem
    assert engines["llamacpp"].closed
    engines["llamacpp"].reason = None
    assert [result.problem for result in measure_model(path, tell=told.append)] == ["", ""]
    assert told == ["openvino", "llamacpp", "llamacpp"]
    measure_model(path, tell=told.append, again=True)
    assert told[3:] == ["openvino", "llamacpp"]


def test_a_model_of_a_server_has_nothing_to_measure():
    assert measure_model("ollama:gemma2") == ()


def test_a_real_model_is_measured_in_seconds_and_with_what_can_run_it(smollm2_path, monkeypatch):
    monkeypatch.setattr(measuring, "MEASURE_SECONDS", 6.0)
    begun = time.perf_counter()
    results = {result.resolution.engine: result for result in measure_model(str(smollm2_path))}
    assert time.perf_counter() - begun < 60
    assert {"openvino", "llamacpp"} >= results.keys()
    for engine, result in results.items():
        assert result.speed is not None, result.problem
        assert result.speed.read > 10, engine
        assert result.speed.written > 5, engine
    if len(results) == 2:
        best = min(results.values(), key=lambda result: result.speed.explanation_seconds)
        assert resolve_name(str(smollm2_path)).engine == best.resolution.engine
