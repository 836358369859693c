"""What a model has in mind after a prompt: read in the pass that gives its verdict, the same however it is reached."""

from pathlib import Path

import numpy as np
import pytest

from naze.engines.openvino import OpenVinoEngine
from naze.engines.openvino_prepare import prepare
from naze.engines.openvino_states import StateNetwork
from naze.engines.protocol import EngineOptions, Model, StateReader
from naze.engines.states import DEPTHS, decode_states, encode_states, with_states
from naze.errors import ConfigurationError, ModelFileError
from naze.records import FinishReason, Prompt, Sampling, Status
from scripted import ScriptedEngine

WIDTH = 576
CHOICES = ("A", "B", "C")
QUANTISES = Path("/proc/cpuinfo").exists() and "vnni" in Path("/proc/cpuinfo").read_text("utf-8")
"""With 8-bit dot products OpenVINO quantises activations, by groups whose edges the length of what is read moves."""


def prompt(text, number=0):
    return Prompt(str(number), "", "Answer with one letter.", text, "A, B or C?", choices=CHOICES)


@pytest.fixture(scope="module")
def engine(smollm2_path):
    opened = OpenVinoEngine.open(
        Model("smollm2:135m", path=smollm2_path), EngineOptions(context_tokens=256, cache_gigabytes=0.2)
    )
    yield opened
    opened.close()


def test_states_come_with_the_same_verdict_as_an_answer(engine):
    asked = [prompt("The sky is blue.", 0), prompt("The sky is green.\nI like it. ", 1)]
    read = list(engine.read_states(iter(asked)))
    assert [one for one, _ in read] == asked
    told = {one.subject_id: answer for one, answer in engine.answer(iter(asked), Sampling(max_tokens=1))}
    for one, answer in read:
        assert answer.status is Status.ANSWERED and answer.finish_reason is FinishReason.CHOICE
        states = decode_states(answer.states)
        assert states.shape == (len(DEPTHS), WIDTH)
        np.testing.assert_allclose((states**2).mean(axis=1), 1.0, rtol=1e-2)
        other = told[one.subject_id]
        assert other.states is None
        for choice in CHOICES:
            assert answer.probabilities[choice] == pytest.approx(other.probabilities[choice], abs=0.02)
        assert answer.choice_mass == pytest.approx(other.choice_mass, rel=0.2 if QUANTISES else 0.1)
        assert answer.prompt_tokens == other.prompt_tokens
    assert read[0][1].cached_tokens == 0 < read[1][1].cached_tokens


def test_what_is_taken_over_from_the_prompt_before_changes_nothing(smollm2_path):
    prepared = prepare(smollm2_path)
    properties = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    network = StateNetwork(prepared.folder, properties)
    ids = np.random.default_rng(0).integers(1000, 20_000, 90)
    network.read(np.concatenate([ids[:40], ids[60:]]))
    after = network.read(ids)
    again = network.read(ids)
    fresh = StateNetwork(prepared.folder, properties).read(ids)
    assert (after.cached_tokens, again.cached_tokens, fresh.cached_tokens) == (40, 89, 0)
    for one in (after, again):
        np.testing.assert_allclose(
            one.depths, fresh.depths, rtol=1e-3, atol=1e-2 * np.abs(fresh.depths).max()
        )
        np.testing.assert_allclose(one.log_probabilities, fresh.log_probabilities, atol=5e-3)
    assert np.exp(fresh.log_probabilities.astype(np.float64)).sum() == pytest.approx(1.0, abs=1e-3)


def test_a_prompt_longer_than_the_context_is_not_read_and_the_next_one_is(engine):
    asked = [prompt("far too long " * 100, 0), prompt("short", 1)]
    (_, long), (_, short) = engine.read_states(iter(asked))
    assert long.status is Status.OVERFLOW and long.states is None and "256" in long.reason
    assert short.status is Status.ANSWERED


def test_an_engine_goes_on_answering_in_words_after_states_were_read(engine):
    list(engine.read_states(iter([prompt("One.")])))
    [(_, answer)] = engine.answer(iter([Prompt("1", "", "", "", "Say hello.")]), Sampling(max_tokens=4))
    assert answer.status is Status.ANSWERED and answer.states is None


def test_an_engine_with_states_is_another_one_in_a_run(engine):
    reading = with_states(engine)
    assert isinstance(engine, StateReader)
    assert reading.identity.fingerprint == f"{engine.identity.fingerprint} states 0.5 0.75 1"
    assert reading.context_tokens == engine.context_tokens
    assert reading.count_tokens([prompt("x")]) == engine.count_tokens([prompt("x")])
    [(_, answer)] = reading.answer(iter([prompt("x")]), Sampling(max_tokens=1))
    assert answer.states is not None


def test_an_engine_that_cannot_tell_its_states_says_so():
    with pytest.raises(
        ConfigurationError, match=r"'scripted' cannot tell the hidden states.*without --probe"
    ):
        with_states(ScriptedEngine())


def test_states_are_scaled_and_kept_in_two_bytes_a_number():
    states = np.random.default_rng(0).normal(0, 300, (len(DEPTHS), 50)).astype(np.float32)
    states[1, 7] = 9e6  # models have single channels as large as this
    raw = encode_states(states)
    assert len(raw) == 2 * states.size
    scale = np.sqrt((states.astype(np.float64) ** 2).mean(axis=1, keepdims=True))
    np.testing.assert_allclose(decode_states(raw), states / scale, rtol=2e-3, atol=1e-4)


def test_a_network_without_a_residual_stream_is_refused(tmp_path):
    import openvino as ov
    from openvino import opset13 as ops

    ids = ops.parameter([-1, -1], ov.Type.f32, name="input_ids")
    head = ops.matmul(ids, ops.constant(np.ones((4, 4), np.float32)), False, True)
    ov.save_model(ov.Model([ops.result(head)], [ids], "flat"), tmp_path / "openvino_model.xml")
    with pytest.raises(ModelFileError, match="residual stream was not found"):
        StateNetwork(tmp_path, {})
