"""Servers that are down, slow, wrong, elsewhere; keys; what each kind of server says about itself."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from naze.engines.http import HttpEngine
from naze.engines.http_openai import choose_name
from naze.engines.protocol import EngineOptions, Model
from naze.errors import (
    ChoiceError,
    ConfigurationError,
    EngineUnavailableError,
    RemoteRefusedError,
    UnknownModelError,
)
from naze.records import Answer, FinishReason, Prompt, Sampling, Status

OPENED: list[HttpEngine] = []


@pytest.fixture(autouse=True)
def _close_engines() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def open_at(address: str, name: str | None = None, **options: object) -> HttpEngine:
    model = Model("it", address=address, remote_name=name)
    OPENED.append(HttpEngine.open(model, EngineOptions(**options)))  # type: ignore[arg-type]
    return OPENED[-1]


def ask(
    engine: HttpEngine, *, count: int = 1, sampling: Sampling | None = None, **parts: object
) -> list[Answer]:
    prompts = [Prompt(str(number), "", "Be brief.", "Blue.", "Why?", **parts) for number in range(count)]  # type: ignore[arg-type]
    answers = {prompt.subject_id: answer for prompt, answer in engine.answer(prompts, sampling or Sampling())}
    return [answers[str(number)] for number in range(count)]


def test_a_good_answer_carries_its_counts(misbehaviour):
    [answer] = ask(open_at(misbehaviour.address))
    assert (answer.text, answer.finish_reason) == ("fine", FinishReason.STOP)
    assert (answer.prompt_tokens, answer.cached_tokens, answer.generated_tokens) == (7, 3, 1)
    [sent] = misbehaviour.chats
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Blue.\n\nWhy?"},
    ]
    assert sent["temperature"] == 0.0
    assert sent["authorization"] is None


def test_an_error_that_passes_is_survived(misbehaviour):
    misbehaviour.script += [misbehaviour.status(500), misbehaviour.say(b"<html>"), misbehaviour.close_midway]
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.ANSWERED
    assert answer.attempts == 4


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (lambda it: it.status(500, "out of memory"), 'status 500, \'{"error": "out of memory"}\''),
        (lambda it: it.say(b"<html>hello</html>"), "expected JSON; got '<html>hello</html>'"),
        (lambda it: it.say(b"[1, 2]"), "expected a JSON object; got '[1, 2]'"),
        (lambda it: it.close_midway, "closed midway"),
    ],
    ids=["500", "nonsense", "list", "closed midway"],
)
def test_an_error_that_stays_fails_its_row_and_no_other(misbehaviour, act, found):
    misbehaviour.script += [act(misbehaviour)] * 4
    first, second = ask(open_at(misbehaviour.address), count=2, sampling=Sampling(deterministic=True))
    assert first.status is Status.ERROR
    assert found in first.reason
    assert first.attempts == 4
    assert "Tried 4 times" in first.reason
    assert second.status is Status.ANSWERED


@pytest.mark.parametrize(
    "text", [b"{}", b'{"choices": []}', b'{"choices": [{"message": 3, "finish_reason": "stop"}]}']
)
def test_json_that_is_no_answer_fails_its_row(misbehaviour, text):
    misbehaviour.script.append(misbehaviour.say(text))
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.ERROR
    assert "expected choices.0" in answer.reason or "expected message" in answer.reason


def test_an_answer_without_words_is_invalid(misbehaviour):
    misbehaviour.script.append(
        misbehaviour.say(
            b'{"choices": [{"message": {"content": null, "reasoning": "hm"}, "finish_reason": "length"}]}'
        )
    )
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.INVALID
    assert "but its thoughts" in answer.reason


def test_a_slow_server_fails_its_row_with_the_seconds(misbehaviour):
    misbehaviour.script.append(misbehaviour.sleep(3))
    started = time.perf_counter()
    [answer] = ask(open_at(misbehaviour.address, timeout_seconds=0.5))
    assert answer.status is Status.ERROR
    assert "within 0.5 seconds" in answer.reason
    assert time.perf_counter() - started < 2.5


def test_a_server_that_asks_for_patience_gets_it(misbehaviour):
    misbehaviour.script.append(misbehaviour.status(429, "slow down", Retry_After="1"))
    started = time.perf_counter()
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.ANSWERED
    assert time.perf_counter() - started >= 1


def test_a_server_that_asks_for_an_hour_does_not(misbehaviour):
    misbehaviour.script.append(misbehaviour.status(503, "come back later", Retry_After="3600"))
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.ERROR
    assert answer.attempts == 1


def test_a_server_that_is_down_is_said_to_be_down():
    with pytest.raises(EngineUnavailableError, match=r"127\.0\.0\.1:9.* cannot be reached"):
        open_at("http://127.0.0.1:9/v1")


def test_a_refused_key_stops_everything(misbehaviour):
    misbehaviour.script.append(misbehaviour.status(401, "who are you"))
    with pytest.raises(EngineUnavailableError, match="NAZE_API_KEY"):
        ask(open_at(misbehaviour.address))


def test_a_redirect_is_not_followed(misbehaviour):
    misbehaviour.script.append(misbehaviour.status(307, "there", Location="http://elsewhere.example/v1"))
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.ERROR
    assert "elsewhere.example" in answer.reason
    assert len(misbehaviour.chats) == 1


def test_a_key_is_sent_and_never_shown(misbehaviour, monkeypatch):
    monkeypatch.setenv("NAZE_API_KEY", "sk-secret")
    misbehaviour.script.append(misbehaviour.status(400, "bad"))
    engine = open_at(misbehaviour.address)
    [answer] = ask(engine)
    assert misbehaviour.chats[0]["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in f"{engine.identity} {answer}"


def test_openais_key_is_sent_to_openai_alone(misbehaviour, monkeypatch):
    monkeypatch.delenv("NAZE_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    misbehaviour.script.append(misbehaviour.status(400, "bad"))
    ask(open_at(misbehaviour.address))
    assert "sk-secret" not in (misbehaviour.chats[0].get("authorization") or "")


@pytest.mark.parametrize(
    "address", ["http://192.168.0.7:1234/v1", "https://llm.example.org/v1", "http://0.0.0.0:80"]
)
def test_an_address_elsewhere_is_refused_until_it_is_allowed(address):
    with pytest.raises(RemoteRefusedError, match="--allow-remote"):
        open_at(address)


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1/v1", "127.0.0.1:80", "http://", "http://me:secret@127.0.0.1/"]
)
def test_what_is_no_address_is_said_to_be_none(address):
    with pytest.raises(ConfigurationError, match="expected an address") as caught:
        open_at(address)
    assert "secret" not in str(caught.value)


def test_a_context_that_nobody_knows_is_asked_for(misbehaviour):
    misbehaviour.context = None
    with pytest.raises(ConfigurationError, match="--context 8192"):
        open_at(misbehaviour.address)
    assert open_at(misbehaviour.address, context_tokens=3000).context_tokens == 3000


def test_estimated_counts_are_called_estimates(misbehaviour):
    engine = open_at(misbehaviour.address)
    assert not engine.counts_exactly
    assert any("estimates" in note for note in engine.identity.notes)


def test_an_unknown_model_brings_the_nearest_names(misbehaviour):
    with pytest.raises(UnknownModelError, match="Did you mean only"):
        open_at(misbehaviour.address, "onyl")


def test_a_model_that_is_like_none_of_a_servers_is_told_which_there_are_each_once():
    with pytest.raises(UnknownModelError, match=r"no model 'zz'\. It has gemma, qwen\.$"):
        choose_name("zz", ["gemma", "qwen", "gemma"], "http://127.0.0.1:1")
    with pytest.raises(UnknownModelError, match=r"Did you mean gemma\?$"):
        choose_name("gema", ["gemma", "qwen", "gemma"], "http://127.0.0.1:1")


def test_a_server_without_a_system_role_gets_the_instruction_at_the_head_of_the_persons_turn(misbehaviour):
    misbehaviour.script.append(misbehaviour.status(400, "System role not supported"))
    answers = ask(open_at(misbehaviour.address), count=2, sampling=Sampling(deterministic=True))
    assert {answer.status for answer in answers} == {Status.ANSWERED}
    assert [chat["messages"][0]["role"] for chat in misbehaviour.chats] == ["system", "user", "user"]
    assert misbehaviour.chats[1]["messages"] == [{"role": "user", "content": "Be brief.\n\nBlue.\n\nWhy?"}]


def test_a_server_that_calls_the_limit_otherwise_is_understood(misbehaviour):
    misbehaviour.script.append(
        misbehaviour.status(400, "use 'max_completion_tokens' instead of 'max_tokens'")
    )
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.ANSWERED
    assert misbehaviour.chats[1]["max_completion_tokens"] == 512


def test_a_prompt_that_the_server_finds_too_long_is_an_overflow(misbehaviour):
    misbehaviour.script.append(misbehaviour.status(400, "This model's maximum context length is 100 tokens"))
    [answer] = ask(open_at(misbehaviour.address))
    assert answer.status is Status.OVERFLOW


def test_choices_need_probabilities(misbehaviour):
    with pytest.raises(ChoiceError, match="logprobs"):
        ask(open_at(misbehaviour.address), choices=("A", "B"))


def test_closing_the_iterator_hangs_up(misbehaviour):
    misbehaviour.script += [misbehaviour.status(400), *[misbehaviour.sleep(5)] * 8]
    engine = open_at(misbehaviour.address, concurrency=3)
    prompts = (Prompt(str(number), "", "", f"{number}", "Why?") for number in range(100))
    started = time.perf_counter()
    answers = engine.answer(prompts, Sampling())
    next(answers)
    answers.close()
    engine.close()
    assert time.perf_counter() - started < 3


def test_an_engine_opened_inside_a_running_event_loop_works(misbehaviour):
    async def notebook() -> list[Answer]:
        return ask(open_at(misbehaviour.address), count=3)

    # In a thread of its own: Playwright's browser, where a test before this one opened it, keeps a loop running here.
    with ThreadPoolExecutor(max_workers=1) as thread:
        answers = thread.submit(asyncio.run, notebook()).result()
    assert {answer.status for answer in answers} == {Status.ANSWERED}
