"""Whatever is asked fits, is marked where it was cut, and comes in order."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naze.errors import ConfigurationError
from naze.prompts import Template, explain_template, fit, vote_prompt
from naze.prompts.fitting import most_bytes
from naze.records import Fit, Vote, Winner

SMALL = Template(
    "small",
    "en",
    "Explain.",
    "{% for turn in turns %}{{ turn.person }}|{{ turn.a }}|{{ turn.b }}{% endfor %}",
    "Why {{ winner }}?",
)
FRAME_TOKENS = 7  # what a chat template adds


def words_and_marks(prompts):
    """Count as a tokenizer does, roughly: words in pieces of four, other characters one by one."""
    return [
        FRAME_TOKENS + sum(len(part) // 4 + 1 for part in re.findall(r"[a-z]+|[^a-z\s]", text_of(prompt)))
        for prompt in prompts
    ]


def bytes_each(prompts):
    """The most tokens that there can be."""
    return [FRAME_TOKENS + len(text_of(prompt).encode("utf-8", "surrogatepass")) for prompt in prompts]


def text_of(prompt):
    return f"{prompt.instruction}\n{prompt.subject}\n{prompt.question}"


turns = st.lists(
    st.none() | st.text("ab c。語e\u0301👍🏽", max_size=900).map(lambda text: text * 3),
    min_size=1,
    max_size=3,
).map(tuple)
votes = st.lists(
    st.builds(Vote, st.just("v"), turns, turns, turns, st.none() | st.sampled_from(Winner)), max_size=5
)


@settings(max_examples=60)
@given(votes, st.integers(60, 2500), st.sampled_from([words_and_marks, bytes_each]), st.integers(1, 4))
def test_every_vote_comes_out_once_in_order_and_what_is_asked_fits(votes, limit, count, batch):
    fitted = list(fit(votes, SMALL, count=count, limit_tokens=limit, batch=batch))
    assert len(fitted) == len(votes)
    for vote, one in zip(votes, fitted, strict=True):
        whole = vote_prompt(SMALL, vote)
        [whole_tokens], [tokens] = count([whole]), count([one.prompt])
        if one.tokens is not None:
            assert (one.tokens, one.whole_tokens, one.limit_tokens) == (tokens, whole_tokens, limit)
        if whole_tokens <= limit:
            assert (one.fit, one.prompt) == (Fit.WHOLE, whole)
        elif one.fit is Fit.SHORTENED:
            assert tokens <= limit
            assert "characters left out" in one.prompt.subject
            assert one.prompt.question == whole.question
        else:
            assert (one.fit, one.prompt) == (Fit.OVERFLOW, whole)


@settings(max_examples=20)
@given(votes, st.integers(60, 600), st.sampled_from([("route", Fit.ROUTED), ("fail", Fit.OVERFLOW)]))
def test_without_shortening_no_text_is_touched(votes, limit, policy_and_fit):
    policy, wanted = policy_and_fit
    for vote, one in zip(
        votes, fit(votes, SMALL, count=words_and_marks, limit_tokens=limit, policy=policy), strict=True
    ):
        assert one.prompt == vote_prompt(SMALL, vote)
        [tokens] = words_and_marks([one.prompt])
        assert one.fit is (Fit.WHOLE if tokens <= limit else wanted)


def long_vote(prompt=10, a=4000, b=1000):
    return Vote("1", ("p " * prompt,), ("a " * a,), ("b " * b,), Winner.A)


def test_a_shortened_prompt_uses_nearly_all_of_the_limit():
    [one] = fit([long_vote()], SMALL, count=words_and_marks, limit_tokens=1000)
    assert one.fit is Fit.SHORTENED
    assert 950 <= one.tokens <= 1000


def test_the_persons_words_are_kept_while_the_responses_can_give_way():
    [one] = fit([long_vote(prompt=300)], SMALL, count=words_and_marks, limit_tokens=800)
    assert "p " * 300 in one.prompt.subject


def test_a_prompt_too_long_by_itself_is_shortened_last():
    [one] = fit([long_vote(prompt=5000)], SMALL, count=words_and_marks, limit_tokens=1000)
    assert one.fit is Fit.SHORTENED
    assert 900 <= one.tokens <= 1000
    assert one.prompt.subject.count("left out") == 3
    assert one.prompt.subject.count("a ") < 200


def test_what_cannot_be_shortened_enough_overflows_whole():
    vote = long_vote()
    [one] = fit([vote], SMALL, count=words_and_marks, limit_tokens=50)
    assert (one.fit, one.prompt) == (Fit.OVERFLOW, vote_prompt(SMALL, vote))
    assert one.whole_tokens > one.limit_tokens == 50


def test_what_surely_fits_is_not_counted():
    asked = []

    def count(prompts):
        asked.extend(prompts)
        return bytes_each(prompts)

    short = [Vote(str(number), ("hi",), ("a",), ("b",)) for number in range(100)]
    fitted = list(fit(short, SMALL, count=count, limit_tokens=500))
    assert {one.fit for one in fitted} == {Fit.WHOLE}
    assert {one.tokens for one in fitted} == {None}
    assert len(asked) == 1  # the instruction alone


def test_votes_are_read_a_batch_at_a_time():
    read = []

    def source():
        for number in range(1000):
            read.append(number)
            yield Vote(str(number), ("hi",), ("a",), ("b",))

    stream = fit(source(), SMALL, count=bytes_each, limit_tokens=500, batch=10)
    next(stream)
    assert len(read) == 10


def test_searches_go_on_side_by_side():
    calls = []

    def count(prompts):
        calls.append(len(prompts))
        return words_and_marks(prompts)

    list(fit([long_vote(a=4000 + 10 * n) for n in range(20)], SMALL, count=count, limit_tokens=1000))
    assert len(calls) < 20
    assert calls[0] == 20


def test_the_mark_is_in_the_templates_language():
    [one] = fit([long_vote()], explain_template("ja"), count=words_and_marks, limit_tokens=1500)
    assert "文字省略" in one.prompt.subject


@pytest.mark.parametrize("text", ["plain", "日本語", "\u0958" * 5, "\ufdfa", "e\u0301", "\ud83d"], ids=ascii)
def test_bytes_are_counted_for_every_way_a_tokenizer_normalizes(text):
    assert most_bytes(text) >= len(text.encode("utf-8", "surrogatepass"))
    assert most_bytes("\u0958") == 6
    assert most_bytes("\ufdfa") == 33


@pytest.mark.parametrize(
    ("settings_given", "message"),
    [({"policy": "cut"}, "policy is 'cut'"), ({"limit_tokens": 0}, "no token is left for the prompt")],
)
def test_impossible_settings_are_told_at_once(settings_given, message):
    with pytest.raises(ConfigurationError, match=message):
        fit([], SMALL, **{"count": bytes_each, "limit_tokens": 100, **settings_given})


def test_real_votes_fit_a_real_models_context(shared_data, smollm2_path):
    from naze.engines.openvino import OpenVinoEngine
    from naze.engines.protocol import EngineOptions, Model
    from naze.votes import read_votes

    engine = OpenVinoEngine.open(Model("smollm2:135m", path=smollm2_path), EngineOptions(context_tokens=2048))
    try:
        real = list(read_votes(shared_data / "kaggle_train_sample.csv", limit=60))
        fitted = list(fit(real, explain_template("en"), count=engine.count_tokens, limit_tokens=1024))
        asked = [one.prompt for one in fitted if one.fit is not Fit.OVERFLOW]
        assert max(engine.count_tokens(asked)) <= 1024
        assert {Fit.WHOLE, Fit.SHORTENED} <= {one.fit for one in fitted}
    finally:
        engine.close()
