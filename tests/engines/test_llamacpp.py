"""The llama.cpp server as a child: found, watched, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from naze.engines.llamacpp import LlamaCppEngine
from naze.engines.protocol import EngineOptions, Model
from naze.errors import EngineCrashError, EngineUnavailableError, ModelFileError
from naze.records import Prompt, Sampling, Status

LONG = Sampling(max_tokens=400)


def open_engine(path: Path) -> LlamaCppEngine:
    return LlamaCppEngine.open(
        Model("smollm2:135m", path=path), EngineOptions(context_tokens=1024, threads=1)
    )


def prompts(count: int) -> list[Prompt]:
    return [
        Prompt(str(number), "", "", f"Painting {number}.", "Tell a long story.") for number in range(count)
    ]


def server_process(engine: LlamaCppEngine) -> psutil.Process:
    """The process that computes: the child, or the child of its guard."""
    child = psutil.Process(engine.process_id)
    return next(iter(child.children()), child)


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_crash_while_answering_is_said_and_a_fresh_engine_answers(smollm2_path: Path, signal_number: int):
    engine = open_engine(smollm2_path)
    answers = engine.answer([Prompt("0", "", "", "", "Say hi."), *prompts(6)], Sampling(max_tokens=40))
    next(answers)
    server_process(engine).send_signal(signal_number)
    with pytest.raises(EngineCrashError, match=signal.Signals(signal_number).name):
        list(answers)
    engine.close()
    fresh = open_engine(smollm2_path)
    [(_, answer)] = fresh.answer(prompts(1), Sampling(max_tokens=3))
    fresh.close()
    assert answer.status is Status.ANSWERED


def test_close_leaves_no_process_behind(smollm2_path: Path):
    engine = open_engine(smollm2_path)
    server = server_process(engine)
    engine.close()
    engine.close()
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    with pytest.raises(EngineUnavailableError, match="closed"):
        list(engine.answer(prompts(1), LONG))


def test_kill_9_of_the_starter_takes_the_server_along(smollm2_path: Path):
    code = (
        "import sys, time; from pathlib import Path; from naze.engines.llamacpp import LlamaCppEngine\n"
        "from naze.engines.protocol import Model, EngineOptions\n"
        f"e = LlamaCppEngine.open(Model('m', path=Path({str(smollm2_path)!r})), EngineOptions(context_tokens=512))\n"
        "print(e.process_id, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        child = psutil.Process(int(starter.stdout.readline()))
        family = [child, *child.children(recursive=True)]
        starter.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def used_in_a_second(server: psutil.Process) -> float:
    before = server.cpu_times().user
    time.sleep(1.0)
    return server.cpu_times().user - before


def test_closing_the_iterator_stops_the_server_writing(smollm2_path: Path):
    engine = open_engine(smollm2_path)
    answers = engine.answer([Prompt("0", "", "", "", "Say hi."), *prompts(3)], LONG)
    next(answers)
    answers.close()
    server = server_process(engine)
    try:
        assert any(used_in_a_second(server) < 0.3 for _ in range(10)), "the server goes on writing"
    finally:
        engine.close()


def test_a_program_that_was_set_and_is_not_there_is_named(smollm2_path: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("NAZE_LLAMA_SERVER", str(tmp_path / "llama-server"))
    with pytest.raises(EngineUnavailableError, match="there is no such file"):
        open_engine(smollm2_path)


def test_a_program_that_is_no_llama_server_is_said_with_what_it_wrote(
    smollm2_path: Path, tmp_path: Path, monkeypatch
):
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\necho something else >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("NAZE_LLAMA_SERVER", str(program))
    with pytest.raises(EngineUnavailableError, match=r"exit status 3.*something else"):
        open_engine(smollm2_path)


def test_a_damaged_model_is_said_to_be_one(smollm2_path: Path, tmp_path: Path):
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(smollm2_path.read_bytes().replace(b"llama.block_count", b"llama.block_comnt", 1))
    with pytest.raises(ModelFileError, match="cannot load this model"):
        open_engine(damaged)


def test_the_identity_says_which_program_answers(smollm2_path: Path):
    engine = open_engine(smollm2_path)
    [note] = engine.identity.notes
    if "NAZE_LLAMA_SERVER" in os.environ:
        assert os.environ["NAZE_LLAMA_SERVER"] in note
    else:
        assert note.startswith("llama.cpp: ")
    assert engine.identity.fingerprint.startswith("llama.cpp ")
    engine.close()
