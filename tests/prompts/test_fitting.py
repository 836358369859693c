import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naze.errors import ConfigurationError
from naze.prompts import explain_template, fit, vote_prompt
from naze.prompts.fitting import most_bytes
from naze.records import Fit, Vote, Winner
from naze.votes import read_votes

EN = explain_template("en")
MARK = re.compile(r"\[… ([\d,]+) characters left out …\]")
WORD = re.compile(r"\w{1,4}|\W")
"""A tokenizer in one line: pieces of words of up to four letters, every other character alone."""


def count_pieces(prompts):
    return [
        len(WORD.findall(f"{prompt.instruction}\n{prompt.subject}\n\n{prompt.question}")) + 12
        for prompt in prompts
    ]


def fitted(votes, limit_tokens, policy="shorten", template=EN, count=count_pieces, **more):
    return list(fit(votes, template, count=count, limit_tokens=limit_tokens, policy=policy, **more))


FRAME = count_pieces([vote_prompt(EN, Vote("0", ("",), ("",), ("",), Winner.A))])[0]
"""Tokens of a prompt about nothing: no limit can be much lower."""

TURN = (
    st.none() | st.text(max_size=60) | st.text(alphabet="ab é日本👍🏽\ud83d\n", min_size=200, max_size=3000)
)
TURNS = st.lists(TURN, min_size=1, max_size=3).map(tuple)
VOTES = st.lists(
    st.builds(Vote, st.just("?"), TURNS, TURNS, TURNS, st.sampled_from([None, *Winner])),
    min_size=1,
    max_size=6,
).map(lambda votes: [replace(vote, id=str(place)) for place, vote in enumerate(votes)])


def long_vote(words=3000, vote_id="long"):
    return Vote(
        vote_id, ("Which is better?",), ("alpha beta " * words,), ("gamma delta " * (words // 3),), Winner.B
    )


@settings(max_examples=60)
@given(VOTES, st.integers(0, 1500), st.integers(1, 4))
def test_whatever_is_asked_is_within_the_limit_and_in_order(votes, spare, batch):
    limit = FRAME + spare
    done = fitted(votes, limit, batch=batch)
    assert [one.prompt.subject_id for one in done] == [vote.id for vote in votes]
    for vote, one in zip(votes, done, strict=True):
        whole = vote_prompt(EN, vote)
        [real], [whole_tokens] = count_pieces([one.prompt]), count_pieces([whole])
        if whole_tokens <= limit:
            assert (one.fit, one.prompt) == (Fit.WHOLE, whole)
        elif one.fit is Fit.SHORTENED:
            assert real <= limit
            assert (one.tokens, one.whole_tokens, one.limit_tokens) == (real, whole_tokens, limit)
            assert MARK.search(one.prompt.subject)
        else:
            assert (one.fit, one.prompt, one.whole_tokens) == (Fit.OVERFLOW, whole, whole_tokens)


def test_a_shortened_prompt_uses_the_room_that_there_is():
    limit = FRAME + 2000
    [one] = fitted([long_vote()], limit)
    assert one.fit is Fit.SHORTENED
    assert limit * 0.95 <= one.tokens <= limit


def test_instruction_and_question_are_never_shortened():
    [one] = fitted([long_vote()], FRAME + 400)
    whole = vote_prompt(EN, long_vote())
    assert (one.prompt.instruction, one.prompt.question) == (whole.instruction, whole.question)


def test_the_persons_turns_give_way_last():
    question = "why " * 300
    vote = Vote("1", (question,), ("alpha " * 2000,), ("beta " * 2000,), Winner.A)
    [roomy] = fitted([vote], FRAME + 1500)
    assert question in roomy.prompt.subject
    [tight] = fitted([vote], FRAME + 500)
    assert tight.fit is Fit.SHORTENED
    assert question not in tight.prompt.subject
    assert len(MARK.findall(tight.prompt.subject)) == 3


def test_what_cannot_be_made_to_fit_overflows_with_its_counts():
    [one] = fitted([long_vote()], FRAME + 10)
    assert one.fit is Fit.OVERFLOW
    assert one.prompt == vote_prompt(EN, long_vote())
    assert one.tokens == one.whole_tokens > one.limit_tokens == FRAME + 10


@pytest.mark.parametrize(("policy", "becomes"), [("route", Fit.ROUTED), ("fail", Fit.OVERFLOW)])
def test_without_shortening_a_long_prompt_stays_whole(policy, becomes):
    short = Vote("short", ("Hi",), ("Hello",), ("Hey",), Winner.TIE)
    first, second = fitted([short, long_vote()], FRAME + 400, policy)
    assert first.fit is Fit.WHOLE
    assert (second.fit, second.prompt) == (becomes, vote_prompt(EN, long_vote()))
    assert second.whole_tokens > second.limit_tokens


def test_what_bytes_prove_is_not_counted():
    counted = []

    def count(prompts):
        counted.extend(prompt.subject_id for prompt in prompts if prompt.subject)
        return count_pieces(prompts)

    short = [Vote(str(n), ("Hi",), ("Hello",), ("Hey",), Winner.A) for n in range(50)]
    done = fitted([*short, long_vote()], 4000, count=count)
    assert set(counted) == {"long"}
    assert all((one.fit, one.tokens) == (Fit.WHOLE, None) for one in done[:50])


def test_votes_are_read_as_they_are_needed():
    read = []

    def votes():
        for number in range(1000):
            read.append(number)
            yield Vote(str(number), ("Hi",), ("Hello",), ("Hey",), Winner.A)

    stream = fit(votes(), EN, count=count_pieces, limit_tokens=5000, batch=8)
    assert read == []
    next(stream)
    assert len(read) == 8


def test_counting_goes_in_few_calls():
    calls = []

    def count(prompts):
        calls.append(len(prompts))
        return count_pieces(prompts)

    fitted([long_vote(vote_id=str(n)) for n in range(64)], FRAME + 2000, count=count)
    assert len(calls) <= 16
    assert calls[1] == 64


@pytest.mark.parametrize(
    ("limit", "policy", "says"), [(4000, "cut", "shorten, route, fail"), (0, "fail", "limit 0")]
)
def test_settings_that_make_no_sense_are_told_before_anything_is_read(limit, policy, says):
    with pytest.raises(ConfigurationError, match=says):
        fit(iter(()), EN, count=count_pieces, limit_tokens=limit, policy=policy)


def test_no_text_has_more_tokens_than_these_bytes_even_when_a_tokenizer_normalizes_it():
    assert [most_bytes(text) for text in ("abc", "日本", "\ud83d", "ﷺ")] == [3, 6, 3, 33]


def test_real_votes_fit_a_real_model(shared_data, smollm2_path):
    from naze.engines.openvino import OpenVinoEngine
    from naze.engines.protocol import EngineOptions, Model

    engine = OpenVinoEngine.open(
        Model("smollm2:135m", smollm2_path), EngineOptions(context_tokens=2048, concurrency=1)
    )
    try:
        votes = read_votes(shared_data / "arena_kaggle.parquet", limit=120)
        done = list(fit(votes, EN, count=engine.count_tokens, limit_tokens=1200))
        assert [one.prompt.subject_id for one in done] == [vote.id for vote in votes]
        assert max(engine.count_tokens([one.prompt for one in done if one.fit is not Fit.OVERFLOW])) <= 1200
        assert sum(one.fit is Fit.SHORTENED for one in done) >= 5
    finally:
        engine.close()
