"""Real servers to speak with: llama.cpp's own, a door before it, one that misbehaves, and Ollama's protocol.

The last one is a stand-in, since Ollama cannot be installed from a package index: it follows Ollama's public
API and what its users have measured (github.com/ollama/ollama, issues 17427, 17889, 3427, 16428).
"""

import json
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from naze.engines.llama_process import LlamaProcess, LlamaSettings


@dataclass
class RunningServer:
    """A llama.cpp server as a person would have started it."""

    address: str
    api_key: str


@pytest.fixture(scope="session")
def llama_server(smollm2_path: Path) -> Iterator[RunningServer]:
    """The llama.cpp server of the package xllamacpp, with SmolLM2 and two slots."""
    pytest.importorskip("xllamacpp")
    process = LlamaProcess(
        LlamaSettings(
            program=(sys.executable, "-m", "naze.engines.xllamacpp_child"),
            guarded=False,
            model=smollm2_path,
            cache_tokens=4096,
            slots=2,
            threads=1,
            flags=("--kv-unified",),
        )
    )
    yield RunningServer(process.address, process.api_key)
    process.close()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.reply(None)

    def do_POST(self) -> None:
        self.reply(self.rfile.read(int(self.headers["content-length"])))

    def reply(self, body: bytes | None) -> None:
        raise NotImplementedError

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up is part of what is tested


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[type[_Quiet]], str]]:
    """Run a handler on a free port; returns the address."""
    with ExitStack() as stack:

        def start(handler: type[_Quiet]) -> str:
            server = stack.enter_context(_Server(("127.0.0.1", 0), handler))
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.fixture(scope="session")
def openai_door(llama_server: RunningServer, serve: Callable[..., str]) -> str:
    """The same llama.cpp server, of which only `/v1` can be seen: any OpenAI-compatible server."""

    class Door(_Quiet):
        def reply(self, body: bytes | None) -> None:
            if not self.path.startswith("/v1/"):
                self.send(404, b'{"error": "no such place"}')
                return
            request = urllib.request.Request(
                llama_server.address + self.path, data=body, headers={"Content-Type": "application/json"}
            )
            request.add_header("Authorization", self.headers.get("Authorization", ""))
            try:
                with urllib.request.urlopen(request) as reply:
                    self.send(reply.status, reply.read())
            except urllib.error.HTTPError as error:
                self.send(error.code, error.read())

    return serve(Door) + "/v1"


@dataclass
class Misbehaviour:
    """A server with the OpenAI-compatible interface whose answers to a chat are scripted."""

    address: str = ""
    script: list[Callable[["_Quiet"], None]] = field(default_factory=list)
    """What to do with each chat request, in order; when it is used up, answer well."""
    chats: list[dict[str, Any]] = field(default_factory=list)
    """The requests that came."""
    context: int | None = 4096

    @staticmethod
    def status(number: int, text: str = "oh no", **headers: str) -> Callable[["_Quiet"], None]:
        return lambda handler: handler.send(number, json.dumps({"error": text}).encode(), **headers)

    @staticmethod
    def say(text: bytes) -> Callable[["_Quiet"], None]:
        return lambda handler: handler.send(200, text)

    @staticmethod
    def close_midway(handler: "_Quiet") -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [')
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    @staticmethod
    def sleep(seconds: float) -> Callable[["_Quiet"], None]:
        return lambda handler: time.sleep(seconds)


GOOD = json.dumps(
    {
        "choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 3}},
    }
).encode()


@pytest.fixture
def misbehaviour(serve: Callable[..., str]) -> Misbehaviour:
    """A real HTTP server that does as its script says."""
    state = Misbehaviour()

    class Handler(_Quiet):
        def reply(self, body: bytes | None) -> None:
            if self.path == "/v1/models":
                entry = {"id": "only"} | ({"context_length": state.context} if state.context else {})
                self.send(200, json.dumps({"data": [entry]}).encode())
            elif self.path == "/v1/chat/completions" and body is not None:
                state.chats.append(json.loads(body) | {"authorization": self.headers.get("Authorization")})
                act = state.script.pop(0) if state.script else Misbehaviour.say(GOOD)
                act(self)
            else:
                self.send(404, b"{}")

    state.address = serve(Handler) + "/v1"
    return state


@dataclass
class Ollama:
    """Ollama's protocol, with a "tokenizer" that makes a token of every four characters."""

    address: str = ""
    version: str = "0.40.12"
    shortens: bool = True
    """Cuts to half of the context in silence, as versions without `truncate` do."""
    real_window: int | None = None
    """Sets up less than was asked for."""
    says_window: bool = True
    counts_cached: bool = True
    gives_logprobs: bool = True
    chats: list[dict[str, Any]] = field(default_factory=list)
    cached: set[str] = field(default_factory=set)

    def chat(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer `/api/chat`."""
        self.chats.append(asked)
        text = "".join(message["content"] for message in asked["messages"])
        tokens, window = len(text) // 4, self.real_window or asked["options"]["num_ctx"]
        if tokens > window:
            if not self.shortens and asked.get("truncate") is False:
                return 400, {"error": f"the input exceeds the context length {window}"}
            tokens = window // 2 + 2
        reply = {
            "model": asked["model"],
            "message": {"role": "assistant", "content": "A"},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": tokens,
            "eval_count": 1,
        }
        if not self.counts_cached and text in self.cached:
            del reply["prompt_eval_count"]
        self.cached.add(text)
        if asked.get("logprobs") and self.gives_logprobs:
            tops = [
                {"token": "A", "logprob": -0.5},
                {"token": "B", "logprob": -1.5},
                {"token": "Well", "logprob": -3},
            ]
            reply["logprobs"] = [{"token": "A", "logprob": -0.5, "top_logprobs": tops}]
        return 200, reply


@pytest.fixture
def ollama(serve: Callable[..., str]) -> Ollama:
    """A server that speaks Ollama's own protocol."""
    state = Ollama()

    class Handler(_Quiet):
        def reply(self, body: bytes | None) -> None:
            asked = json.loads(body) if body else {}
            status, reply = 404, {"error": "not found"}
            if self.path == "/api/version":
                status, reply = 200, {"version": state.version}
            elif self.path == "/api/tags":
                status, reply = 200, {"models": [{"name": "gemma2:latest", "digest": "ff02c3702f32"}]}
            elif self.path == "/api/show":
                info = {"general.architecture": "gemma2", "gemma2.context_length": 8192}
                template = "<start_of_turn>user\n{{ if .System }}{{ .System }} {{ end }}{{ .Prompt }}"
                status = 200
                reply = {"model_info": info, "template": template, "capabilities": ["completion"]}
            elif self.path == "/api/ps" and state.says_window and state.chats:
                window = state.real_window or state.chats[-1]["options"]["num_ctx"]
                status, reply = 200, {"models": [{"name": "gemma2:latest", "context_length": window}]}
            elif self.path == "/api/chat":
                status, reply = state.chat(asked)
            elif self.path == "/api/generate" and asked.get("raw") is True:
                status, reply = state.chat({**asked, "messages": [{"content": asked["prompt"]}]})
                reply["response"] = reply.pop("message")["content"]
            self.send(status, json.dumps(reply).encode())

    state.address = serve(Handler)
    return state
