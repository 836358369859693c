"""Who answers is known without opening the model, as long as nothing changed that decides it."""

import pytest

from naze.engines import Model, Resolution
from naze.engines.known import known_fingerprint, remember_fingerprint


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAZE_CACHE", str(tmp_path / "cache"))


def test_a_file_is_known_until_it_changes_and_for_its_engine_alone(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"one")
    resolution = Resolution("openvino", Model("mine", path=path))
    assert known_fingerprint(resolution) is None
    remember_fingerprint(resolution, "openvino 123")
    assert known_fingerprint(resolution) == "openvino 123"
    assert known_fingerprint(Resolution("llamacpp", Model("mine", path=path))) is None
    path.write_bytes(b"other")
    assert known_fingerprint(resolution) is None


def test_a_folder_is_known_until_one_of_its_files_changes(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "openvino_model.xml").write_text("<net/>")
    resolution = Resolution("openvino", Model("mine", path=tmp_path / "model"))
    remember_fingerprint(resolution, "openvino 123")
    assert known_fingerprint(resolution) == "openvino 123"
    (tmp_path / "model" / "config.json").write_text("{}")
    assert known_fingerprint(resolution) is None


@pytest.mark.parametrize("engine", ["http", "strangers"])
def test_what_does_not_compute_here_is_asked_each_time(engine):
    resolution = Resolution(engine, Model("mine", address="http://127.0.0.1:1/v1"))
    remember_fingerprint(resolution, "server 1")
    assert known_fingerprint(resolution) is None
