"""What can answer here, on machines other than this one too."""

import pytest

from naze.configuration import read_configuration
from naze.engines import inventory, locate
from naze.engines.inventory import take_inventory
from naze.engines.machine import slow_llama_build
from naze.errors import ModelError


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return read_configuration(cache=tmp_path / "cache")


def test_without_openvino_only_what_llamacpp_loads_is_offered(empty, monkeypatch):
    for module in (inventory, locate):
        monkeypatch.setattr(module, "openvino_runs_here", lambda: False)
    names = {model.name: model for model in take_inventory(empty).available}
    assert "phi4-mini" not in names
    assert names["gemma2:9b"].size_bytes == 5_760_000_000
    with pytest.raises(ModelError, match="phi4-mini: there is no form of it"):
        locate.choose_form(next(model for model in inventory.catalogue() if model.name == "phi4-mini"))


@pytest.mark.parametrize(
    ("accelerator", "size_bytes"), [(None, 5_310_000_000), ("CUDA", 5_760_000_000), ("Metal", 5_760_000_000)]
)
def test_gemma2_is_openvinos_form_on_a_cpu_and_the_gguf_file_elsewhere(
    accelerator, size_bytes, empty, monkeypatch
):
    monkeypatch.setattr(locate, "accelerator", lambda: accelerator)
    [gemma2] = [model for model in take_inventory(empty).available if model.name == "gemma2:9b"]
    assert gemma2.size_bytes == size_bytes


def test_a_model_larger_than_the_memory_does_not_fit(empty, monkeypatch):
    monkeypatch.setattr(inventory, "memory_bytes", lambda: 8_000_000_000)
    fits = {model.name: model.fits for model in take_inventory(empty).available}
    assert fits["smollm2:135m"]
    assert fits["gemma2:2b"]
    assert fits["gemma2:27b"] is False
    assert fits["phi4-mini"] is None


def test_what_was_pulled_by_its_hub_name_is_listed_under_it(empty):
    folder = locate.hub_folder("someone/model", empty)
    folder.mkdir(parents=True)
    (folder / "a-Q4_K_M.gguf").write_bytes(b"12345")
    (folder / "naze.json").write_text(
        '{"commit": "c", "files": {"a-Q4_K_M.gguf": {"size_bytes": 5, "sha256": null, "git_sha1": null}}}'
    )
    [model] = take_inventory(empty).pulled
    assert (model.name, model.size_bytes) == ("hf:someone/model", 5)


@pytest.mark.parametrize(
    ("flags", "slow"),
    [("sse4_2 avx avx2 fma", False), ("avx2 avx512f avx512_vnni", True), ("avx2 avx_vnni", True)],
)
def test_a_wheel_for_any_processor_is_slow_only_where_this_one_knows_more(flags, slow, tmp_path, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : fpu {flags} sse\n")
    assert slow_llama_build(tmp_path / "cpuinfo") is slow
    assert slow_llama_build(tmp_path / "nothing") is False
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert slow_llama_build(tmp_path / "cpuinfo") is False
