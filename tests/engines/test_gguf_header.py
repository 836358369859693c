"""Headers of real files, whole and cut short."""

import pytest

from naze.engines.gguf_header import read_header
from naze.errors import ModelFileError


def test_a_header_names_the_network_and_all_its_tensors(smollm2_path):
    header = read_header(smollm2_path)
    assert header.metadata["general.architecture"] == "llama"
    assert header.metadata["llama.block_count"] == 30
    assert len(header.metadata["tokenizer.ggml.tokens"]) == 49152
    assert header.tensors["token_embd.weight"] >= 0
    assert 134e6 < header.parameters < 135e6


def test_a_whole_file_is_exactly_as_long_as_its_header_says(smollm2_path, gemma3_path):
    for path in (smollm2_path, gemma3_path):
        assert read_header(path).expected_bytes == path.stat().st_size


@pytest.mark.parametrize("kept_bytes", [0, 3, 10, 5_000, 2_000_000, 90_000_000])
def test_a_file_cut_short_is_told_with_its_sizes(smollm2_path, tmp_path, kept_bytes):
    cut = tmp_path / "cut.gguf"
    with smollm2_path.open("rb") as whole:
        cut.write_bytes(whole.read(kept_bytes))
    with pytest.raises(ModelFileError, match=r"cut\.gguf") as caught:
        read_header(cut)
    if kept_bytes > 4:
        assert f"{kept_bytes:,} bytes" in str(caught.value) and "cut short" in str(caught.value)


def test_a_file_of_another_kind_is_told_by_its_first_bytes(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\x03\x04 this is a zip file")
    with pytest.raises(ModelFileError, match="b'PK"):
        read_header(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ModelFileError, match="no such model file"):
        read_header(tmp_path / "none.gguf")
