"""OpenVINO from a GGUF file: the network that is built, choices, and the child process that holds it."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from gguf import GGUFReader, dequantize

from naze.engines.openvino import OpenVinoEngine
from naze.engines.openvino_graph import build_model, can_build, quantised_constant
from naze.engines.openvino_pipeline import OpenVinoPipeline
from naze.engines.openvino_prepare import can_load, is_prepared, prepare
from naze.engines.protocol import EngineOptions, Model
from naze.errors import ChoiceError, EngineCrashError, ModelFileError
from naze.records import Prompt, Sampling, Status


def prompt(text: str, number: int = 0, **rest) -> Prompt:
    return Prompt(str(number), "", "You are a helpful assistant.", "", text, **rest)


@pytest.fixture(scope="module")
def engine(smollm2_path: Path) -> Iterator[OpenVinoEngine]:
    opened = OpenVinoEngine.open(Model("smollm2:135m", path=smollm2_path), EngineOptions(cache_gigabytes=0.5))
    yield opened
    opened.close()


def test_int8_weights_stay_within_half_a_step_of_the_file(smollm2_path):
    tensor = next(t for t in GGUFReader(smollm2_path).tensors if t.name == "blk.0.ffn_down.weight")
    exact = np.asarray(dequantize(tensor.data, tensor.tensor_type))
    constant = quantised_constant(exact)
    model = ov.Model([ov.opset13.result(constant)], [])
    ours = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([])[0]
    step = np.abs(exact).max(axis=1, keepdims=True) / 127
    assert np.all(np.abs(ours - exact) <= step * 0.5 + np.abs(exact) * 1e-3 + 1e-6)


def reference_logits(path: Path, tokens: list[int]) -> np.ndarray:
    """The network in plain float64 NumPy, written from the Llama paper, as an independent reading of the file."""
    reader = GGUFReader(path)
    weights = {
        t.name: np.asarray(dequantize(t.data, t.tensor_type)).astype(np.float64) for t in reader.tensors
    }

    def norm(x, name):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * weights[name]

    def rotated(x):  # the file holds pairs side by side: rotate (even, odd)
        angle = np.arange(len(tokens))[:, None, None] * 100000.0 ** (-np.arange(0, 64, 2) / 64)
        even, odd = x[..., ::2], x[..., 1::2]
        out = np.empty_like(x)
        out[..., ::2], out[..., 1::2] = (
            even * np.cos(angle) - odd * np.sin(angle),
            even * np.sin(angle) + odd * np.cos(angle),
        )
        return out

    hidden = weights["token_embd.weight"][tokens]
    mask = np.triu(np.full((len(tokens), len(tokens)), -np.inf), 1)
    for layer in range(30):
        name = f"blk.{layer}."
        x = norm(hidden, name + "attn_norm.weight")
        q, k, v = (
            (x @ weights[f"{name}attn_{part}.weight"].T).reshape(len(tokens), heads, 64)
            for part, heads in (("q", 9), ("k", 3), ("v", 3))
        )
        q, k, v = rotated(q), rotated(np.repeat(k, 3, 1)), np.repeat(v, 3, 1)
        scores = np.einsum("qhd,khd->hqk", q, k) / 8 + mask
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        hidden = (
            hidden
            + np.einsum("hqk,khd->qhd", share, v).reshape(len(tokens), -1)
            @ weights[name + "attn_output.weight"].T
        )
        x = norm(hidden, name + "ffn_norm.weight")
        gate = x @ weights[name + "ffn_gate.weight"].T
        hidden = (
            hidden
            + (gate / (1 + np.exp(-gate)) * (x @ weights[name + "ffn_up.weight"].T))
            @ weights[name + "ffn_down.weight"].T
        )
    return norm(hidden, "output_norm.weight") @ weights["token_embd.weight"].T


def test_the_network_computes_what_the_file_means(smollm2_path):
    tokens = [1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47]
    wanted = reference_logits(smollm2_path, tokens)
    compiled = ov.Core().compile_model(
        build_model(smollm2_path),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"},
    )
    ids = np.array([tokens])
    found = compiled(
        {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "position_ids": np.arange(len(tokens))[None],
            "beam_idx": np.zeros(1, np.int32),
        }
    )["logits"][0]
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(found, wanted, strict=True)]
    assert min(correlation) > 0.99, "8-bit weights move the logits a little, a wrong network moves them far"
    assert (found.argmax(-1) == wanted.argmax(-1)).mean() >= 0.7


def test_a_network_that_cannot_be_built_says_why(gemma3_path):
    possible, why = can_build(gemma3_path)
    assert not possible and "'gemma3'" in why and "llama, qwen2, qwen3" in why
    assert can_load(gemma3_path) == (False, why)
    with pytest.raises(ModelFileError, match=r"gemma3.*--engine llamacpp"):
        prepare(gemma3_path)


def test_a_prepared_model_is_not_prepared_again(smollm2_path):
    first = prepare(smollm2_path)
    assert is_prepared(smollm2_path)
    written = (first.folder / "openvino_model.bin").stat().st_mtime_ns
    assert prepare(smollm2_path).folder == first.folder
    assert (first.folder / "openvino_model.bin").stat().st_mtime_ns == written
    assert not list(first.folder.parent.glob(".*")), "nothing half made is left"


def test_a_folder_of_openvino_files_is_used_as_it_is(smollm2_path, tmp_path):
    (tmp_path / "openvino_model.xml").write_text("<net/>")
    (tmp_path / "config.json").write_text("{ broken")
    with pytest.raises(ModelFileError, match=r"config\.json: cannot be read"):
        prepare(tmp_path)
    (tmp_path / "config.json").write_text('{"num_attention_heads": 2}')
    with pytest.raises(ModelFileError, match=r"openvino_model\.bin is missing"):
        prepare(tmp_path)


def test_answers_come_as_they_finish_and_prompts_are_pulled_lazily(engine):
    pulled = 0

    def prompts() -> Iterator[Prompt]:
        nonlocal pulled
        for number in range(200):
            pulled += 1
            yield prompt("Say hello." if number == 1 else "Tell a long story about a cat.", number)

    answers = engine.answer(prompts(), Sampling(max_tokens=60))
    first, answer = next(answers)
    assert first.subject_id == "1", "the short answer does not wait for the long ones"
    assert answer.status is Status.ANSWERED
    assert pulled < 100
    answers.close()


def test_choice_probabilities_agree_with_the_order_of_likely_words(engine):
    asked = prompt("Is the sky blue? Answer with one word, Yes or No.", choices=("Yes", "No", "Banana"))
    [(_, answer)] = engine.answer([asked], Sampling())
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.probabilities["Yes"] > answer.probabilities["Banana"]
    assert answer.generated_tokens == 0
    assert 0 < answer.choice_mass <= 1


def test_the_same_choice_has_the_same_probability_whatever_stands_beside_it(engine):
    def mass(choices: tuple[str, ...], choice: str) -> float:
        [(_, answer)] = engine.answer([prompt("Yes or No?", choices=choices)], Sampling(deterministic=True))
        return answer.probabilities[choice] * answer.choice_mass

    assert mass(("Yes", "No"), "Yes") == pytest.approx(mass(("Yes", "Maybe"), "Yes"), rel=0.02)


def test_choices_that_no_draw_met_are_asked_alone_and_have_the_same_probability(engine):
    def mass(choices: tuple[str, ...]) -> dict[str, float]:
        asked = prompt("Which letter stands first in the word 'cat'?", choices=choices)
        [(_, answer)] = engine.answer([asked], Sampling(deterministic=True))
        return {choice: share * answer.choice_mass for choice, share in answer.probabilities.items()}

    letters = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop")  # 64 draws cannot meet all 42 of them
    every, one, pair = mass(letters), mass(("C",)), mass(("C", "Q"))
    assert set(every) == set(letters) and min(every.values()) > 0
    assert one["C"] == pytest.approx(every["C"], rel=0.02)
    assert pair == {name: pytest.approx(every[name], rel=0.02) for name in pair}


def test_white_space_between_json_tokens_has_an_end(engine):
    """Asked so, SmolLM2 wrote line ends until it was cut off."""
    item = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 20}},
        "required": ["name"],
    }
    listed = {"type": "array", "items": item, "maxItems": 2}
    schema = {"type": "object", "properties": {"factors": listed}, "required": ["factors"]}
    blank = "x x x" + "\n" * 100
    prompt = Prompt(
        "1", "", "You continue the text exactly as it stands, blank lines and all.", blank, "Continue:" + blank,
        schema=json.dumps(schema),
    )  # fmt: skip
    [(_, answer)] = engine.answer([prompt], Sampling(max_tokens=80))
    assert json.loads(answer.text)["factors"] is not None
    assert "\n\n" not in answer.text


def test_choices_that_begin_alike_are_refused(engine):
    with pytest.raises(ChoiceError, match="begin with the same token"):
        list(engine.answer([prompt("?", choices=("Yes", "Yes"))], Sampling()))


def test_many_questions_about_one_subject_are_all_answered(engine):
    subject = "The parcel came late and the box was torn. " * 10
    asked = [
        Prompt("7", str(number), "Judge.", subject, f"Question {number}?", ("A", "B")) for number in range(40)
    ]
    answers = dict((question.question_id, answer) for question, answer in engine.answer(asked, Sampling()))
    assert len(answers) == 40
    assert all(answer.status is Status.ANSWERED for answer in answers.values())


class CountedSteps:
    """Passes everything on to a pipeline and counts its steps."""

    def __init__(self, pipeline):
        self.pipeline, self.steps = pipeline, 0

    def __getattr__(self, name):
        return getattr(self.pipeline, name)

    def step(self):
        self.steps += 1
        self.pipeline.step()


def test_once_a_subject_is_read_its_questions_are_computed_together(smollm2_path, monkeypatch):
    engine = OpenVinoPipeline.open(Model("smollm2:135m", path=smollm2_path), EngineOptions())
    counted = CountedSteps(engine.pipeline(deterministic=False))
    monkeypatch.setattr(engine, "pipeline", lambda *, deterministic: counted)
    subject = "The parcel came late and the box was torn. " * 20
    asked = [
        Prompt(
            str(number // 20),
            str(number),
            "Judge.",
            f"{number // 20} {subject}",
            f"Is it {number}?",
            ("A", "B"),
        )
        for number in range(40)
    ]
    answers = [answer for _, answer in engine.answer(asked, Sampling())]
    assert len(answers) == 40
    assert counted.steps <= 10, "one step to read each subject, and few for all questions about it"
    late = sorted(answer.cached_tokens / answer.prompt_tokens for answer in answers)[2:]
    assert min(late) > 0.8, "only the first question about each subject reads it"
    computed = sorted(answer.prompt_tokens - answer.cached_tokens for answer in answers)[:-2]
    assert max(computed) < 24, "a question's own tokens, and nothing of the subject's last block"


def test_a_question_that_stands_before_every_row_is_read_once(engine):
    shared = "Which of these is the text about?\n\n" + "\n".join(
        f"- label {number}: texts that are about the subject with the number {number}" for number in range(12)
    )
    prompts = [
        Prompt(
            str(n), "", f"You sort texts.\n\n{shared}", f"<text>{word}</text>", "yes or no?", ("yes", "no")
        )
        for n, word in enumerate(["rain", "bread", "trains", "tea", "snow", "cats"])
    ]
    answers = dict(engine.answer(prompts, Sampling()))
    cached = [answers[one].cached_tokens for one in prompts]
    assert cached[0] < 64
    assert all(tokens > 128 for tokens in cached[1:])
    assert all(answers[one].prompt_tokens - answers[one].cached_tokens < 32 for one in prompts[1:])


def test_a_prompt_longer_than_the_context_is_an_overflow_with_its_counts(smollm2_path):
    small = OpenVinoEngine.open(Model("smollm2:135m", path=smollm2_path), EngineOptions(context_tokens=128))
    try:
        [(_, answer)] = small.answer([prompt("word " * 500)], Sampling(max_tokens=8))
    finally:
        small.close()
    assert answer.status is Status.OVERFLOW
    assert "128" in answer.reason and answer.prompt_tokens > 500


def test_deterministic_answers_are_the_same_every_time(engine):
    asked = [prompt(f"Tell a story about animal number {number}.", number) for number in range(4)]
    settings = Sampling(max_tokens=24, deterministic=True)
    once = {question.subject_id: answer.text for question, answer in engine.answer(asked, settings)}
    again = {question.subject_id: answer.text for question, answer in engine.answer(asked[::-1], settings)}
    assert once == again


def test_a_killed_child_is_a_crash_and_the_engine_can_be_asked_again(engine):
    answers = engine.answer(
        (prompt("Tell a long story.", number) for number in range(50)), Sampling(max_tokens=200)
    )
    [(_, _)] = engine.answer([prompt("Say hi.")], Sampling(max_tokens=2))
    os.kill(engine.process_id, signal.SIGKILL)
    with pytest.raises(EngineCrashError, match=r"SIGKILL.*memory"):
        next(answers)
    [(_, answer)] = engine.answer([prompt("Say hi.")], Sampling(max_tokens=4))
    assert answer.text


def test_a_child_ends_with_its_parent(engine):
    engine.count_tokens([prompt("x")])
    child = engine.process_id
    engine.close()
    assert engine.process_id is None
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_choices_whose_letters_are_cut_into_pieces_are_refused(engine):
    asked = prompt("Good?", choices=("はい", "いいえ"))
    with pytest.raises(ChoiceError, match="begins with a part of a letter"):
        list(engine.answer([asked], Sampling()))
