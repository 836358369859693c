"""What every engine promises (`naze.engines.protocol`), tried on each that is registered, with a real model.

An engine that is added registers its entry point and says in `OPENERS` how it is opened with SmolLM2.
"""

import json
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from naze.engines.protocol import Engine, EngineOptions, Model
from naze.errors import ChoiceError, EngineError, ModelError
from naze.records import FinishReason, Prompt, Role, Sampling, Status, Turn

Open = Callable[[type[Engine], pytest.FixtureRequest, EngineOptions], Engine]

SHORT = Sampling(max_tokens=8)
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"color": {"type": "string", "maxLength": 12}, "loud": {"type": "boolean"}},
        "required": ["color", "loud"],
        "additionalProperties": False,
    }
)


def with_file(engine: type[Engine], request: pytest.FixtureRequest, options: EngineOptions) -> Engine:
    return engine.open(Model("smollm2:135m", path=request.getfixturevalue("smollm2_path")), options)


def at_llama_server(engine: type[Engine], request: pytest.FixtureRequest, options: EngineOptions) -> Engine:
    server = request.getfixturevalue("llama_server")
    model = Model(server.address, address=server.address)
    return engine.open(model, _with_key(options, server.api_key))


def at_openai_door(engine: type[Engine], request: pytest.FixtureRequest, options: EngineOptions) -> Engine:
    door, key = request.getfixturevalue("openai_door"), request.getfixturevalue("llama_server").api_key
    return engine.open(Model(door, address=door), _with_key(options, key))


OPENERS: dict[str, dict[str, Open]] = {
    "openvino": {"openvino": with_file},
    "llamacpp": {"llamacpp": with_file},
    "http": {"http llama.cpp": at_llama_server, "http openai": at_openai_door},
}
"""Registered name -> the ways in which this suite opens it."""

REGISTERED = {point.name: point for point in entry_points(group="naze.engines")}
WAYS = [(name, way) for name, ways in OPENERS.items() for way in ways]


def _with_key(options: EngineOptions, key: str) -> EngineOptions:
    return EngineOptions(context_tokens=options.context_tokens, api_key=key, threads=options.threads)


@pytest.fixture(scope="module", params=WAYS, ids=lambda pair: pair[1])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    name, way = request.param
    threads = (
        1 if name == "llamacpp" else None
    )  # its threads wait by spinning: two servers at once would crawl
    options = EngineOptions(context_tokens=2048, threads=threads)
    opened = OPENERS[name][way](REGISTERED[name].load(), request, options)
    yield opened
    opened.close()
    opened.close()


def ask(number: int = 0, question: str = "Name a color.", **parts: object) -> Prompt:
    return Prompt(
        subject_id=str(number),
        question_id="",
        instruction="You answer in a few words.",
        subject=f"The sky of painting {number} is blue.",
        question=question,
        **parts,  # type: ignore[arg-type]
    )


def only(engine: Engine, prompt: Prompt, sampling: Sampling = SHORT):
    [(asked, answer)] = engine.answer([prompt], sampling)
    assert asked is prompt or asked == prompt
    return answer


def test_every_registered_engine_stands_in_this_suite():
    assert set(REGISTERED) == set(OPENERS)


def test_it_says_who_it_is(engine: Engine, request: pytest.FixtureRequest):
    name = request.node.callspec.params["engine"][0]
    assert engine.identity.engine == name
    assert engine.identity.model
    assert engine.identity.fingerprint
    assert engine.identity.fingerprint == engine.identity.fingerprint.strip()
    assert (engine.identity.address is not None) == (name == "http")


def test_its_context_is_no_longer_than_what_was_set(engine: Engine):
    assert 0 < engine.context_tokens <= 2048


def test_each_prompt_comes_back_exactly_once(engine: Engine):
    prompts = [ask(number) for number in range(12)]
    answered = list(engine.answer(iter(prompts), SHORT))
    assert sorted(int(prompt.subject_id) for prompt, _ in answered) == list(range(12))
    for _, answer in answered:
        assert answer.status is Status.ANSWERED, answer.reason
        assert answer.finish_reason in (FinishReason.STOP, FinishReason.LENGTH)
        assert 0 < answer.generated_tokens <= 8
        assert answer.seconds > 0
        assert answer.attempts == 1


def test_questions_about_one_subject_come_back_too(engine: Engine):
    prompts = [
        Prompt("1", str(number), "Be brief.", "The sky is blue.", f"{number} + 1 =") for number in range(6)
    ]
    answered = [prompt.question_id for prompt, _ in engine.answer(iter(prompts), SHORT)]
    assert sorted(answered) == [str(number) for number in range(6)]


def test_nothing_asked_is_nothing_answered(engine: Engine):
    assert list(engine.answer([], SHORT)) == []


def test_prompts_are_pulled_lazily(engine: Engine):
    pulled = 0

    def many() -> Iterator[Prompt]:
        nonlocal pulled
        for number in range(10_000):
            pulled += 1
            yield ask(number)

    answers = engine.answer(many(), Sampling(max_tokens=2))
    next(answers)
    answers.close()
    assert pulled <= 100


def test_it_goes_on_after_an_iterator_was_closed(engine: Engine):
    answers = engine.answer((ask(number) for number in range(50)), Sampling(max_tokens=64))
    next(answers)
    answers.close()
    assert only(engine, ask(51)).status is Status.ANSWERED


def test_its_count_is_what_the_model_reads(engine: Engine):
    prompts = [ask(1), ask(2, "Qu'est-ce que c'est? なぜ？")]
    counts = engine.count_tokens(prompts)
    for prompt, count in zip(prompts, counts, strict=True):
        read = only(engine, prompt).prompt_tokens
        assert count == read if getattr(engine, "counts_exactly", True) else count >= read


def test_what_makes_the_prompts_may_count_tokens_while_others_are_answered(engine: Engine):
    counted = []

    def counting() -> Iterator[Prompt]:
        for number in range(4):
            counted.append(engine.count_tokens([ask(number)])[0])
            yield ask(number)

    answers = [answer for _, answer in engine.answer(counting(), SHORT)]
    assert [answer.status for answer in answers] == [Status.ANSWERED] * 4
    assert len(counted) == 4 and min(counted) > 0


def test_a_question_more_costs_its_own_tokens_only(engine: Engine):
    short, long = engine.count_tokens([ask(1, "Why?"), ask(1, "Why? " * 50)])
    assert long > short


def test_the_same_prompt_gives_the_same_text_when_deterministic(
    engine: Engine, request: pytest.FixtureRequest
):
    if "http openai" in request.node.name:
        pytest.skip("OpenAI's API cannot ask a server to compute a prompt anew; docs/engines.md says so")
    sampling = Sampling(max_tokens=12, deterministic=True)
    first = [answer.text for _, answer in engine.answer([ask(1), ask(2)], sampling)]
    second = [answer.text for _, answer in engine.answer([ask(1), ask(2)], sampling)]
    assert first == second


def test_a_seed_decides_what_chance_brings(engine: Engine):
    sampling = Sampling(max_tokens=12, temperature=1.5, seed=7, deterministic=True)
    assert only(engine, ask(1), sampling).text == only(engine, ask(1), sampling).text
    texts = {
        only(engine, ask(1), Sampling(max_tokens=12, temperature=1.5, seed=seed)).text for seed in range(4)
    }
    assert len(texts) > 1


def test_an_answer_is_cut_at_the_largest_number_of_tokens_and_says_so(engine: Engine):
    answer = only(engine, ask(1, "Tell a long story."), Sampling(max_tokens=5))
    assert answer.finish_reason is FinishReason.LENGTH
    assert answer.generated_tokens == 5


def test_a_stop_text_ends_the_answer_and_is_no_part_of_it(engine: Engine):
    whole = only(engine, ask(1, "Tell a long story."), Sampling(max_tokens=24)).text
    assert whole is not None
    stop = whole.split()[2]
    answer = only(engine, ask(1, "Tell a long story."), Sampling(max_tokens=24, stop=(stop,)))
    assert answer.text is not None
    assert stop not in answer.text
    assert whole.startswith(answer.text.rstrip())
    assert answer.finish_reason is FinishReason.STOP


def test_choices_get_probabilities_and_nothing_is_written(engine: Engine):
    answer = only(engine, ask(1, "Is the sky blue? A: yes, B: no, C: unknown.", choices=("A", "B", "C")))
    assert answer.status is Status.ANSWERED
    assert answer.finish_reason is FinishReason.CHOICE
    assert answer.generated_tokens == 0
    assert answer.probabilities is not None
    assert list(answer.probabilities) == ["A", "B", "C"]
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.text == max(answer.probabilities, key=lambda choice: answer.probabilities[choice])
    assert answer.choice_mass is not None
    assert 0 < answer.choice_mass <= 1


def test_the_likeliest_choice_is_what_the_model_would_have_written(engine: Engine):
    prompt = ask(1, "Which color has the sky?")
    written = only(engine, prompt, Sampling(max_tokens=1)).text
    assert written
    choices = ("Zebra", written.strip(), "Quartz")
    answer = only(engine, ask(1, "Which color has the sky?", choices=choices))
    assert answer.text == written.strip()
    assert answer.choice_mass is not None
    assert answer.choice_mass > 0.02


def test_choices_that_begin_alike_are_refused(engine: Engine):
    with pytest.raises(ChoiceError, match="begin with"):
        only(engine, ask(1, "Which color has the sky?", choices=("The first one", "The second one")))


def test_json_schema_is_enforced(engine: Engine):
    answer = only(engine, ask(1, "Describe it.", schema=SCHEMA), Sampling(max_tokens=120))
    assert answer.status is Status.ANSWERED, answer.reason
    assert answer.text is not None
    found = json.loads(answer.text)
    assert isinstance(found["color"], str)
    assert isinstance(found["loud"], bool)


def test_a_prompt_that_is_too_long_is_not_asked_and_the_others_go_on(engine: Engine):
    prompts = [ask(1), ask(2, "word " * 4000), ask(3)]
    answers = {prompt.subject_id: answer for prompt, answer in engine.answer(prompts, SHORT)}
    assert answers["2"].status is Status.OVERFLOW
    assert answers["2"].prompt_tokens > engine.context_tokens
    assert answers["2"].reason is not None
    assert answers["1"].status is answers["3"].status is Status.ANSWERED


def test_a_penalty_keeps_the_model_from_repeating_itself(engine: Engine):
    def distinct(penalty: float) -> float:
        sampling = Sampling(max_tokens=60, repetition_penalty=penalty)
        answer = only(engine, ask(1, "Write a poem about rain, gentle rain, a gentle rain."), sampling)
        assert answer.status is Status.ANSWERED, answer.reason
        words = (answer.text or "").lower().split()
        return len(set(words)) / len(words)

    assert distinct(1.3) > distinct(1.0)


def test_a_prompts_own_sampling_wins_over_the_runs(engine: Engine):
    long, short = Sampling(max_tokens=9), Sampling(max_tokens=2)
    prompts = [ask(1, "Tell a long story.", sampling=short), ask(2, "Tell a long story.")]
    written = {prompt.subject_id: answer for prompt, answer in engine.answer(prompts, long)}
    assert (written["1"].generated_tokens, written["2"].generated_tokens) == (2, 9)


def test_what_was_said_before_is_read_and_counted(engine: Engine):
    said = [Turn(role, word) for word in ("cat", "dog") for role, word in _say_thrice(word)]
    alone = Prompt("1", "", "Be brief.", "", "owl")
    after = Prompt("1", "", "Be brief.", "", "owl", earlier=tuple(said))
    counts = engine.count_tokens([alone, after])
    assert counts[1] > counts[0] + 10
    assert (only(engine, after).text or "").startswith("owl owl owl")


def _say_thrice(word: str) -> list[tuple[Role, str]]:
    return [(Role.USER, word), (Role.ASSISTANT, f"{word} {word} {word}")]


def test_a_plain_prompt_is_continued(engine: Engine):
    plain = Prompt("1", "", "", "", "1, 2, 3, 4, 5,", plain=True)
    answer = only(engine, plain)
    assert (answer.text or "").startswith(" 6, 7")
    count = engine.count_tokens([plain])[0]
    exact = getattr(engine, "counts_exactly", True)
    assert count == answer.prompt_tokens if exact else count >= answer.prompt_tokens


def test_half_a_surrogate_pair_does_no_harm(engine: Engine):
    assert only(engine, ask(1, "What is \ud83d?")).status is Status.ANSWERED


@pytest.mark.parametrize("name", sorted(REGISTERED))
def test_a_model_that_is_not_there_is_said_plainly(name: str, tmp_path: Path):
    missing = tmp_path / "missing.gguf"
    model = Model("missing", path=missing, address="http://127.0.0.1:9/v1" if name == "http" else None)
    with pytest.raises((ModelError, EngineError)) as caught:
        REGISTERED[name].load().open(model, EngineOptions())
    assert "missing.gguf" in str(caught.value) or "127.0.0.1:9" in str(caught.value)


@pytest.mark.parametrize("name", sorted({"openvino", "llamacpp"}))
def test_a_model_file_that_is_cut_short_is_said_plainly(name: str, smollm2_path: Path, tmp_path: Path):
    cut = tmp_path / "cut.gguf"
    with smollm2_path.open("rb") as whole:
        cut.write_bytes(whole.read(20_000_000))
    with pytest.raises(ModelError, match="cut short"):
        REGISTERED[name].load().open(Model("cut", path=cut), EngineOptions())
