"""The report on real votes says what is known of them, and each count can be made to move."""

import json
import random

import polars as pl
import pytest

from naze.errors import ConfigurationError
from naze.records import Prompt
from naze.votes import Votes, check, read_votes
from naze.votes.near_duplicates import near_duplicates
from naze.votes.proportions import Proportion

SENTENCES = [f"The answer number {n} weighs about {n * n} grams, says witness {n % 7}." for n in range(60)]


def votes_of(rows):
    names = ("prompt", "response_a", "response_b", "winner")
    table = [dict(zip(names, ([p], [a], [b], w), strict=True)) for p, a, b, w in rows]
    return Votes.from_frame(pl.DataFrame(table).with_row_index("id"))


def test_the_kaggle_sample_is_as_its_readme_says(shared_data):
    report = check(read_votes(shared_data / "kaggle_train_sample.csv"))
    assert (report.rows, report.votes, len(report.kept_aside)) == (1732, 1730, 2)
    assert report.outcomes == {"a": 609, "b": 605, "tie": 516}
    assert sum(count for turns, count in report.turns.items() if turns > 1) == 218
    assert max(report.turns) == 15
    assert report.models == 64
    assert sum(report.identical_responses.values()) == 12, "14 less the two of nulls alone"
    assert report.duplicates.exact == 0
    assert report.position_bias.share == pytest.approx(0.502, abs=0.001)
    assert report.length_bias.share == pytest.approx(0.61, abs=0.001)
    assert report.languages["en"] > 1300


def test_repeated_and_contradicting_votes_are_found(shared_data):
    found = check(read_votes(shared_data / "tulu_human_eval.parquet")).duplicates
    assert (found.prompts, found.exact, found.contradicting) == (332, 171, 61)
    assert found.contradicting_ids[0][0] == found.exact_ids[0][0]


def test_the_report_is_json(kaggle):
    said = json.loads(json.dumps(check(kaggle).to_dict()))
    assert said["kept_aside"][0]["reason"].startswith("both responses are null")
    assert set(said["position_bias"]) == {"count", "total", "share", "low", "high"}


def test_swapped_sides_are_the_same_comparison():
    same = votes_of([("q", "x", "y", "a"), ("q", "y", "x", "b")])
    other = votes_of([("q", "x", "y", "a"), ("q", "y", "x", "a")])
    assert check(same).duplicates.exact == 1 == check(other).duplicates.exact
    assert check(same).duplicates.contradicting == 0
    assert check(other).duplicates.contradicting == 1


def test_either_side_of_identical_responses_is_the_same_verdict():
    assert check(votes_of([("q", "x", "x", "a"), ("q", "x", "x", "b")])).duplicates.contradicting == 0
    assert check(votes_of([("q", "x", "x", "a"), ("q", "x", "x", "tie")])).duplicates.contradicting == 1


def test_votes_not_cast_contradict_nothing():
    report = check(votes_of([("q", "x", "y", "a"), ("q", "x", "y", None)]))
    assert report.outcomes == {"a": 1, "none": 1}
    assert report.duplicates.contradicting == 0


def test_nulls_and_empty_texts_are_counted_by_side():
    report = check(votes_of([("q", None, "y", "a"), ("q", " \n", "y", "a"), ("", "x", "y", "b")]))
    assert report.null_turns == {"prompt": 0, "response_a": 1, "response_b": 0}
    assert report.empty_turns == {"prompt": 1, "response_a": 1, "response_b": 0}


def test_length_bias_leaves_equal_lengths_out():
    report = check(
        votes_of(
            [("q", "xx", "y", "a"), ("q", "x", "yy", "a"), ("q", "x", "y", "b"), ("q", "xxx", "y", "tie")]
        )
    )
    assert (report.length_bias.count, report.length_bias.total) == (1, 2)


def test_no_votes_give_a_report_all_the_same(kaggle):
    report = check(kaggle[:0])
    assert report.votes == 0
    assert report.position_bias.share is None
    json.dumps(report.to_dict())


def test_prompts_beyond_the_context_are_counted_in_the_counters_own_tokens(kaggle):
    def count(prompts):
        return [len(prompt.subject.split()) for prompt in prompts]

    def render(vote):
        return Prompt(vote.id, "", "", " ".join(turn or "" for turn in vote.prompt), "Why?")

    sizes = sorted(count([render(vote) for vote in kaggle]))
    limit = sizes[len(sizes) // 2]
    context = check(kaggle, count=count, render=render, limit_tokens=limit).context
    assert context.rows == len(kaggle)
    assert context.exceeding == sum(size > limit for size in sizes)
    assert context.longest_tokens == sizes[-1]
    assert set(context.exceeding_ids) <= {vote.id for vote in kaggle}


def test_near_duplicates_are_found_and_others_are_not():
    draw = random.Random(3)
    text = " ".join(draw.sample(SENTENCES, 20))
    changed = text.replace("witness 3", "witness three", 1) + " Indeed."
    other = " ".join(draw.sample(SENTENCES, 20))
    assert near_duplicates([text, other, "short", changed, "short"]) == [[0, 3]]


def test_near_duplicates_agree_with_comparing_all_pairs(shared_data):
    votes = read_votes(shared_data / "pandalm_test.parquet")[:250]
    texts = [" ".join((*vote.prompt, *vote.response_a, *vote.response_b)).casefold() for vote in votes]

    def pieces(text):
        data = text.encode()
        return {data[start : start + 12] for start in range(len(data) - 11)} if len(data) >= 24 else set()

    sets = [pieces(text) for text in texts]
    alike = [
        (i, j)
        for i in range(len(sets))
        for j in range(i)
        if sets[i] and sets[j] and len(sets[i] & sets[j]) >= 0.8 * len(sets[i] | sets[j])
    ]
    group_of = {member: number for number, group in enumerate(near_duplicates(texts)) for member in group}
    found = [pair for pair in alike if group_of.get(pair[0], -1) == group_of.get(pair[1], -2)]
    assert len(alike) > 50
    assert len(found) >= 0.98 * len(alike)
    assert set(group_of) <= {member for pair in alike for member in pair}


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (609, 1214, 0.4736, 0.5297)],
)
def test_intervals_are_wilsons(count, total, low, high):
    share = Proportion(count, total)
    assert (share.low, share.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_a_limit_without_a_counter_is_refused(kaggle):
    with pytest.raises(ConfigurationError, match="belong together"):
        check(kaggle, limit_tokens=100)
