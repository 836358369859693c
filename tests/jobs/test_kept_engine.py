"""A run that was begun keeps its engine, also where another one was measured as faster since."""

import pytest

from naze.engines import Model, Resolution
from naze.errors import ModelFileError
from naze.generations import Manifest
from naze.generations.manifest import begun_engine, write_manifest
from naze.jobs import asking


def begin(folder, engine, model="m"):
    write_manifest(folder, Manifest("explain", engine, model, "f", {}, "t", "h", {}, "en"))


@pytest.fixture
def machine(monkeypatch):
    """OpenVINO is the fastest here; llama.cpp can be had; a stranger's engine cannot."""

    def resolve(name, *, engine=None):
        if engine == "gone":
            raise ModelFileError("no such engine here")
        return Resolution(engine or "openvino", Model(name))

    monkeypatch.setattr(asking, "resolve", resolve)
    monkeypatch.setattr(asking, "open_engine", lambda *_, **__: pytest.fail("nothing is opened here"))
    monkeypatch.delenv("NAZE_ENGINE", raising=False)


@pytest.mark.parametrize("below", ["", "judge", "steps/one", "a/b/c"])
def test_the_engine_of_a_run_is_kept_wherever_in_the_job_it_lies(below, machine, tmp_path):
    begin(tmp_path / below, "llamacpp")
    assert begun_engine(tmp_path, "m") == "llamacpp"
    assert asking.made_worker("m", begun=tmp_path).engine_name == "llamacpp"
    assert asking.made_worker("another", begun=tmp_path).engine_name == "openvino"


def test_what_the_person_says_goes_before_it(machine, tmp_path, monkeypatch):
    begin(tmp_path, "llamacpp")
    assert asking.made_worker("m", engine="openvino", begun=tmp_path).engine_name == "openvino"
    monkeypatch.setenv("NAZE_ENGINE", "openvino")
    assert asking.made_worker("m", begun=tmp_path).engine_name == "openvino"


def test_a_run_of_an_engine_that_is_not_here_any_more_is_told_of_when_it_is_opened(machine, tmp_path):
    begin(tmp_path, "gone")
    assert asking.made_worker("m", begun=tmp_path).engine_name == "openvino"


def test_a_damaged_manifest_is_not_in_the_way(machine, tmp_path):
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    begin(tmp_path / "judge", "llamacpp")
    assert begun_engine(tmp_path, "m") == "llamacpp"
    assert begun_engine(tmp_path / "nowhere", "m") is None
