"""A llama.cpp program and its settings go in; a server that runs on a free port of this machine comes out.

The server is a child process: watched (its health, its exit status, the end of what it wrote), ended with
naze, and ended too when naze is killed.
"""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2

from naze.engines import llama_guard
from naze.engines.exit_status import how_it_ended
from naze.errors import EngineCrashError, EngineUnavailableError, ModelFileError

__all__ = ["LlamaProcess", "LlamaSettings"]

HOST = "127.0.0.1"
START_SECONDS = 900.0
"""Loading a large model from a slow disk takes minutes."""
_POLL_SECONDS = 0.05
_EXIT_SECONDS = 3.0
_PORT_ATTEMPTS = 3
_TAIL_LINES = 60
_TAIL_CHARACTERS = 1500
_BIND_SIGNS = ("couldn't bind", "failed to bind", "address already in use")
_MODEL_SIGNS = (
    "failed to load model",
    "error loading model",
    "failed to load the model",
    "unknown model arch",
)


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """How a server is started."""

    program: tuple[str, ...]
    """The command without its settings."""
    guarded: bool
    """Whether the command needs a guard to end with naze; ours watches by itself."""
    model: Path
    cache_tokens: int
    """Tokens of the key-value cache, shared by all slots."""
    slots: int
    threads: int | None
    flags: tuple[str, ...]
    """Further settings that this program knows."""

    def command(self, port: int) -> list[str]:
        """Write the whole command."""
        guard = [sys.executable, "-I", "-S", llama_guard.__file__] if self.guarded else []
        threads = ["--threads", str(self.threads)] if self.threads else []
        return [
            *guard,
            *self.program,
            *("--model", str(self.model)),
            *("--host", HOST, "--port", str(port)),
            *("--ctx-size", str(self.cache_tokens), "--parallel", str(self.slots)),
            *threads,
            *self.flags,
        ]


class LlamaProcess:
    """A running llama.cpp server.

    Raises:
        ModelFileError: the program cannot load the model.
        EngineUnavailableError: the program cannot be started, or ends at once.
    """

    def __init__(self, settings: LlamaSettings) -> None:
        self._settings = settings
        self.api_key = secrets.token_hex(16)
        """Keeps other users of the machine from using the server."""
        self.port = 0
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._process: subprocess.Popen[str]
        self._reader: threading.Thread
        for last in [False] * (_PORT_ATTEMPTS - 1) + [True]:
            self._start()
            if self._wait_until_ready(try_again=not last):
                return

    @property
    def address(self) -> str:
        """Where the server is reached."""
        return f"http://{HOST}:{self.port}"

    @property
    def process_id(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def tail(self) -> str:
        """The end of what the server wrote."""
        return "".join(self._tail).strip()[-_TAIL_CHARACTERS:]

    async def watch(self) -> None:
        """After a connection has failed: wait a moment, and say so if the server has died.

        Raises:
            EngineCrashError: it has; says how, with the end of what it wrote.
        """
        for _ in range(int(_EXIT_SECONDS / _POLL_SECONDS)):
            if self._process.poll() is not None:
                raise EngineCrashError(f"the llama.cpp server {self._how_it_ended()}")
            if await asyncio.to_thread(self._listens):
                return
            await asyncio.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """End the server. May be called twice."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()  # the child ends when its standard input does
        try:
            self._process.wait(timeout=_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=_EXIT_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _start(self) -> None:
        self.port = _free_port()
        command = self._settings.command(self.port)
        self._tail.clear()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=os.environ | {"LLAMA_API_KEY": self.api_key},
                start_new_session=True,  # Ctrl-C is naze's to handle
            )
        except OSError as error:
            raise EngineUnavailableError(
                f"{self._settings.program[0]}: cannot be started ({error}). Set llama_server in naze.toml, or "
                "NAZE_LLAMA_SERVER, to a program that runs."
            ) from error
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=_keep_tail, args=(self._process.stdout, self._tail), name="naze-llama-log", daemon=True
        )
        self._reader.start()

    def _wait_until_ready(self, *, try_again: bool) -> bool:
        """Wait until the model is loaded; False when another port should be tried."""
        deadline = time.monotonic() + START_SECONDS
        with httpx2.Client(base_url=self.address, trust_env=False, timeout=5.0) as client:
            while self._process.poll() is None:
                if time.monotonic() > deadline:
                    self.close()
                    raise EngineUnavailableError(
                        f"the llama.cpp server was not ready after {START_SECONDS:g} seconds. It wrote: {self.tail}"
                    )
                try:
                    if client.get("/health").status_code == httpx2.codes.OK:
                        return True
                except httpx2.TransportError:
                    pass  # it does not listen yet
                time.sleep(_POLL_SECONDS)
        how = self._how_it_ended()
        written = self.tail.lower()
        self.close()
        if try_again and any(sign in written for sign in _BIND_SIGNS):
            return False
        if any(sign in written for sign in _MODEL_SIGNS):
            raise ModelFileError(f"{self._settings.model}: llama.cpp cannot load this model; it {how}")
        raise EngineUnavailableError(f"the llama.cpp server {how}")

    def _how_it_ended(self) -> str:
        self._reader.join(timeout=_EXIT_SECONDS)
        status = self._process.wait()
        number = -status if status < 0 else status - llama_guard.SIGNAL_BASE
        how = how_it_ended(status, number, "a smaller model or context")
        return f"{how}. It wrote last: {self.tail or 'nothing'}"

    def _listens(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0):
                return True
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port


def _keep_tail(stream: IO[str], tail: deque[str]) -> None:
    for line in stream:
        tail.append(line)


def run_briefly(command: Sequence[str]) -> str:
    """Return what a command writes, both streams together; "" when it cannot be run.

    Raises:
        EngineUnavailableError: the program cannot be started.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=60, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailableError(
            f"{command[0]}: cannot be started ({error}). Set llama_server in naze.toml, or NAZE_LLAMA_SERVER, "
            "to a llama.cpp server that runs."
        ) from error
    return done.stdout + done.stderr
