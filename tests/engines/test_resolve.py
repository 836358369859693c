"""From a name to an engine: every kind of name, every reason why not."""

import subprocess
import sys
from pathlib import Path

import pytest

from naze.configuration import read_configuration
from naze.engines import resolve as resolve_name
from naze.engines.locate import OPENVINO_FILES
from naze.engines.machine import accelerator
from naze.engines.protocol import EngineOptions
from naze.engines.resolve import check_gguf, engine_names, open_engine, resolve
from naze.errors import (
    ConfigurationError,
    EngineUnavailableError,
    ModelError,
    ModelFileError,
    RemoteRefusedError,
    UnknownModelError,
)
from naze.records import Prompt, Sampling

on_a_cpu = pytest.mark.skipif(accelerator() is not None, reason="this machine has an accelerator")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A machine on which nothing was pulled."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    return read_configuration(cache=tmp_path / "cache")


@on_a_cpu
def test_a_llama_file_goes_to_openvino(smollm2_path):
    found = resolve("smollm2:135m")
    assert (found.engine, found.model.path, found.notes) == ("openvino", smollm2_path, ())
    assert found.model.sha256.startswith("b179c952")


@on_a_cpu
def test_a_gemma_file_goes_to_llamacpp_and_says_why_and_what_it_costs(gemma3_path):
    found = resolve(str(gemma3_path))
    assert found.engine == "llamacpp"
    assert "OpenVINO cannot load" in found.notes[0]
    assert "gemma3" in found.notes[0]
    assert "slower" in found.notes[1]


def test_a_file_can_be_named_by_its_path(smollm2_path, monkeypatch):
    monkeypatch.chdir(smollm2_path.parent)
    assert resolve(smollm2_path.name, engine="llamacpp").model.path == Path(smollm2_path.name)


def test_an_engine_that_cannot_load_the_file_says_so(gemma3_path):
    with pytest.raises(ModelFileError, match="OpenVINO cannot load it: its architecture is 'gemma3'"):
        resolve(str(gemma3_path), engine="openvino")


def test_a_file_cut_short_says_how_long_it_is_and_should_be(smollm2_path, tmp_path):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(smollm2_path.read_bytes()[:50_000_000])
    with pytest.raises(ModelFileError, match=r"50,000,000 bytes found; expected 98,362,\d{3}"):
        resolve(str(cut))
    with pytest.raises(ModelFileError):
        check_gguf(cut)


def test_a_file_that_is_no_gguf_says_so(tmp_path):
    (tmp_path / "no.gguf").write_text("hello, I am a text")
    with pytest.raises(ModelFileError, match="expected b'GGUF'"):
        resolve(str(tmp_path / "no.gguf"))


def test_a_missing_file_says_so():
    with pytest.raises(ModelFileError, match=r"nowhere/model\.gguf: there is no such model file"):
        resolve("nowhere/model.gguf")


def test_an_unknown_name_suggests_the_nearest(empty):
    with pytest.raises(UnknownModelError, match=r"'gemma2:8b'\. Did you mean gemma2:9b"):
        resolve("gemma2:8b", configuration=empty)


def test_a_known_model_that_is_not_here_says_its_size_and_how_to_fetch_it(empty):
    with pytest.raises(ModelError, match=r"gemma2:9b is not on this machine.*GB\): naze pull gemma2:9b$"):
        resolve("gemma2", configuration=empty)
    with pytest.raises(ModelError, match=r"5\.76 GB\): naze pull gemma2:9b --engine llamacpp"):
        resolve("gemma2", engine="llamacpp", configuration=empty)


def test_a_repository_that_is_not_here_says_how_to_fetch_it(empty):
    with pytest.raises(ModelError, match="naze pull hf:owner/repo"):
        resolve("hf:owner/repo", configuration=empty)


@pytest.mark.parametrize("name", ["hf:owner", "hf:", "hf:a/../b", "ollama:", "http://", "http://a:b"])
def test_a_name_that_is_half_a_name_says_what_was_expected(name, empty):
    with pytest.raises(UnknownModelError, match="Expected"):
        resolve(name, configuration=empty)


def test_no_name_at_all_says_where_to_give_one(empty):
    with pytest.raises(ConfigurationError, match="--model"):
        resolve(configuration=empty)


def test_the_model_of_the_configuration_is_taken_when_none_is_named(smollm2_path):
    assert resolve(configuration=read_configuration(model="smollm2")).model.path == smollm2_path


def test_a_server_is_named_by_address_and_model(empty):
    found = resolve("http://127.0.0.1:1234/v1#qwen", configuration=empty)
    assert found.engine == "http"
    assert found.model.address == "http://127.0.0.1:1234/v1"
    assert found.model.remote_name == "qwen"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (None, "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("127.0.0.1:9999", "http://127.0.0.1:9999"),
        ("https://box.example", "https://box.example:443"),
        ("[::1]:7", "http://[::1]:7"),
    ],
)
def test_ollama_is_where_ollama_itself_listens(host, address, empty, monkeypatch):
    if host:
        monkeypatch.setenv("OLLAMA_HOST", host)
    found = resolve("ollama:gemma2", configuration=empty)
    assert (found.engine, found.model.address, found.model.remote_name) == ("http", address, "gemma2")


def test_an_embedded_engine_cannot_ask_a_server(empty):
    with pytest.raises(ConfigurationError, match="'llamacpp' computes on this machine itself"):
        resolve("ollama:gemma2", engine="llamacpp", configuration=empty)


def test_an_engine_that_is_not_installed_names_those_that_are(empty):
    with pytest.raises(EngineUnavailableError, match=r"'opnvino'\. Did you mean 'openvino'"):
        resolve("smollm2", engine="opnvino", configuration=empty)
    assert {"http", "llamacpp", "openvino"} <= set(engine_names())


def test_a_strangers_engine_is_found_as_ours_are(tmp_path):
    """A package that registers an engine, and one whose module is missing."""
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[naze.engines]\nechoing = stranger:Echo\nbroken = no_such_module:Engine\n"
    )
    (tmp_path / "stranger.py").write_text(
        "class Echo:\n    @classmethod\n    def open(cls, model, options):\n        return model.address\n"
    )
    script = (
        "from naze.engines import open_engine\nfrom naze.errors import NazeError\n"
        "print(open_engine('http://127.0.0.1:1/v1', engine='echoing'))\n"
        "try:\n    open_engine('http://127.0.0.1:1/v1', engine='broken')\n"
        "except NazeError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{script}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    echo, broken = done.stdout.splitlines()
    assert echo == "http://127.0.0.1:1/v1"
    assert broken.startswith("engine 'broken' of the package 'stranger' cannot be loaded")


def test_a_folder_for_openvino_must_be_whole(tmp_path, empty):
    with pytest.raises(ModelFileError, match=r"expected openvino_model\.xml in this folder"):
        resolve(str(tmp_path), configuration=empty)
    for name in OPENVINO_FILES[:4]:
        (tmp_path / name).touch()
    with pytest.raises(ModelFileError, match=r"openvino_detokenizer\.xml, openvino_detokenizer\.bin missing"):
        resolve(str(tmp_path), configuration=empty)
    for name in OPENVINO_FILES:
        (tmp_path / name).touch()
    assert resolve(str(tmp_path), configuration=empty).engine == "openvino"
    with pytest.raises(ModelFileError, match="engine 'llamacpp' cannot load it"):
        resolve(str(tmp_path), engine="llamacpp", configuration=empty)


def test_a_folder_with_gguf_files_asks_for_one(tmp_path, empty):
    (tmp_path / "a.gguf").touch()
    with pytest.raises(ModelFileError, match=r"It holds a\.gguf: name the file"):
        resolve(str(tmp_path), configuration=empty)


REMOTE = "http://192.0.2.1:9/v1#m"
"""An address that is reserved for documentation: nobody answers there."""


def test_another_machine_is_refused_until_it_is_allowed_by_name(empty):
    options = EngineOptions(timeout_seconds=0.3, context_tokens=512)
    with pytest.raises(RemoteRefusedError, match=r"http://192\.0\.2\.1:9"):
        open_engine(REMOTE, options, configuration=empty)
    for allowed in ("http://192.0.2.1:9", "192.0.2.1"):
        configuration = read_configuration(cache=empty.cache, allow_remote=allowed)
        with pytest.raises(EngineUnavailableError):
            open_engine(REMOTE, options, configuration=configuration)


@pytest.mark.parametrize(
    "other", ["http://192.0.2.1:10", "https://192.0.2.1:9", "192.0.2.10", "http://192.0.2.1.example:9"]
)
def test_a_like_address_is_not_allowed_along(other, empty):
    configuration = read_configuration(cache=empty.cache, allow_remote=other)
    with pytest.raises(RemoteRefusedError):
        open_engine(REMOTE, EngineOptions(timeout_seconds=0.3), configuration=configuration)


@on_a_cpu
def test_a_name_opens_an_engine_that_answers(smollm2_path):
    engine = open_engine("smollm2:135m", EngineOptions(context_tokens=512, concurrency=1))
    try:
        prompt = Prompt("1", "", "", "", "What is the capital of France? Answer with one word.")
        [(_, answer)] = engine.answer([prompt], Sampling(max_tokens=12))
        assert "Paris" in answer.text
        assert engine.identity.engine == "openvino"
    finally:
        engine.close()


def test_the_room_hands_out_what_it_promises():
    assert resolve_name is resolve
