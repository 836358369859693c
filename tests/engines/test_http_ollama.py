"""Ollama's own protocol: the context is always asked for, and a shortened prompt is never an answer."""

from collections.abc import Iterator

import pytest

from naze.engines.http import HttpEngine
from naze.engines.protocol import EngineOptions, Model
from naze.errors import ChoiceError, UnknownModelError
from naze.records import Answer, Prompt, Sampling, Status

OPENED: list[HttpEngine] = []


@pytest.fixture(autouse=True)
def _close_engines() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def open_ollama(ollama, name: str = "gemma2", path: str = "", **options: object) -> HttpEngine:
    model = Model(f"ollama:{name}", address=ollama.address + path, remote_name=name)
    OPENED.append(HttpEngine.open(model, EngineOptions(**options)))  # type: ignore[arg-type]
    return OPENED[-1]


def ask(engine: HttpEngine, subject: str = "Blue.", **parts: object) -> Answer:
    prompt = Prompt("1", "", "Be brief.", subject, "Why?", **parts)  # type: ignore[arg-type]
    [(_, answer)] = engine.answer([prompt], Sampling(max_tokens=9, seed=3, stop=("\n",)))
    return answer


@pytest.mark.parametrize("path", ["", "/v1"])
def test_the_context_is_always_asked_for_and_shortening_forbidden(ollama, path):
    engine = open_ollama(ollama, path=path)
    assert ask(engine).status is Status.ANSWERED
    [sent] = ollama.chats
    assert sent["options"] | {"num_ctx": 8192, "num_predict": 9, "seed": 3, "stop": ["\n"]} == sent["options"]
    assert (sent["truncate"], sent["shift"], sent["stream"]) == (False, False, False)
    assert engine.identity.fingerprint.endswith("gemma2:latest ollama ff02c3702f32")


def test_a_context_that_is_set_is_the_one_asked_for(ollama):
    engine = open_ollama(ollama, context_tokens=2048)
    ask(engine)
    assert engine.context_tokens == 2048
    assert ollama.chats[0]["options"]["num_ctx"] == 2048


def test_a_shortened_prompt_is_an_error_with_both_counts(ollama):
    ollama.real_window, ollama.says_window = 256, False
    answer = ask(open_ollama(ollama), "The sky is blue. " * 200)
    assert answer.status is Status.ERROR
    assert "has read 130 tokens" in answer.reason
    assert "between 418 and 1,712 tokens" in answer.reason


def test_a_context_smaller_than_asked_for_is_noticed(ollama):
    ollama.real_window = 256
    engine = open_ollama(ollama)
    answer = ask(engine, "The sky is blue. " * 100)
    assert answer.status is Status.ERROR
    assert "a context of 256 tokens only" in answer.reason
    assert ask(engine, "The sky is blue. " * 100).status is Status.OVERFLOW
    assert ask(engine).status is Status.ANSWERED


def test_a_count_without_the_cached_part_is_no_sign_of_shortening(ollama):
    ollama.counts_cached = False
    engine = open_ollama(ollama)
    for _ in range(2):
        answer = ask(engine, "The sky is blue. " * 20)
        assert answer.status is Status.ANSWERED
        assert answer.prompt_tokens > 60


def test_a_refusal_for_length_is_an_overflow(ollama):
    ollama.real_window, ollama.says_window, ollama.shortens = 256, False, False
    assert ask(open_ollama(ollama), "The sky is blue. " * 200).status is Status.OVERFLOW


def test_choices_come_from_the_first_token(ollama):
    answer = ask(open_ollama(ollama), choices=("A", "B", "C"))
    assert answer.probabilities == pytest.approx({"A": 0.731, "B": 0.269, "C": 0.0}, abs=0.001)
    assert answer.choice_mass == pytest.approx(0.8297, abs=0.001)
    assert ollama.chats[0]["options"]["num_predict"] == 1


def test_an_ollama_without_probabilities_says_what_is_needed(ollama):
    ollama.gives_logprobs = False
    with pytest.raises(ChoiceError, match=r"0\.12\.11"):
        ask(open_ollama(ollama), choices=("A", "B"))


def test_a_schema_is_handed_over(ollama):
    ask(open_ollama(ollama), schema='{"type": "object"}')
    assert ollama.chats[0]["format"] == {"type": "object"}


def test_a_model_that_ollama_does_not_have_is_named(ollama):
    with pytest.raises(UnknownModelError, match=r"no model 'gema2'\. Did you mean gemma2:latest"):
        open_ollama(ollama, "gema2")


def test_a_plain_prompt_goes_to_ollama_raw(ollama):
    engine = open_ollama(ollama)
    prompt = Prompt("1", "", "", "", "Once upon a time", plain=True)
    [(_, answer)] = engine.answer([prompt], Sampling(max_tokens=9))
    assert (answer.status, answer.text) == (Status.ANSWERED, "A")
    assert (ollama.chats[0]["prompt"], ollama.chats[0]["raw"]) == ("Once upon a time", True)
