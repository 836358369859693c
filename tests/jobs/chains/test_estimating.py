"""What a chain would take is known where it can be, scaled up from a sample elsewhere, and leaves nothing behind."""

import polars as pl
import pytest

from answering import AnsweringEngine, workers
from naze.jobs.chains import Flow, estimate_chain
from naze.tables import open_table

ROWS = pl.DataFrame({"text": ["Late parcel. Angry.", "Good tea. Nice."] * 20})
STEPS = {
    "tone": {"prompt": "Tone? {{ text }}", "choices": ["bad", "fine"]},
    "why": {"prompt": "Why {{ tone }}? {{ text }}"},
    "low": {"filter": "tone = 'bad'"},
    "reply": {"prompt": "Reply to {{ text }}"},
    "parts": {"from": "why", "fan_out": "text", "split": "sentences"},
    "each": {"prompt": "What of {{ parts }}?"},
    "themes": {"from": "why", "group": ["tone"], "each": "{{ why }}", "prompt": "Themes?"},
}


def say(prompt):
    if prompt.choices:
        return {"bad": 0.9, "fine": 0.1} if "Late" in prompt.subject else {"bad": 0.1, "fine": 0.9}
    return "one two three"


def test_each_step_that_asks_is_estimated_with_what_is_known_of_its_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = AnsweringEngine(say)
    found = estimate_chain(
        Flow(STEPS), open_table(ROWS), model="scripted", make_worker=workers(scripted=engine), sample_rows=10
    )
    assert (found.rows, found.sample_rows) == (40, 10)
    by_name = {step.name: step for step in found.steps}
    assert list(by_name) == ["tone", "why", "reply", "each", "themes"]
    assert by_name["tone"].exact and by_name["why"].exact and by_name["why"].rows == 40
    reply, each, themes = by_name["reply"], by_name["each"], by_name["themes"]
    assert not reply.exact and reply.most == 40 and reply.rows == 4 * reply.sampled
    assert not each.exact and each.most is None and each.rows == 80
    assert not themes.exact and themes.generated_tokens > 0
    assert found.generated_tokens >= by_name["why"].generated_tokens > 0
    assert found.seconds_low <= found.seconds <= found.seconds_high
    assert found.to_dict()["prompt_tokens"] == found.prompt_tokens
    assert not list(tmp_path.iterdir()), "nothing is kept"


def test_a_small_table_goes_through_whole(tmp_path):
    found = estimate_chain(
        Flow(STEPS), open_table(ROWS.head(4)), model="scripted",
        make_worker=workers(scripted=AnsweringEngine(say)),
    )  # fmt: skip
    assert found.rows == found.sample_rows == 4
    assert {step.name: step.rows for step in found.steps}["reply"] == 2
    assert found.seconds_low == pytest.approx(found.seconds) == found.seconds_high, (
        "no row is left that could differ"
    )


def test_the_interval_knows_that_rows_take_unequally_much():
    """Half of the rows are asked once more, at length: rows are much further from their mean than when all are asked."""

    def width(condition):
        steps = {
            "why": {"prompt": "Why? {{ text }}"},
            "some": {"filter": condition},
            "more": {"prompt": "More of {{ text }}"},
        }
        found = estimate_chain(
            Flow(steps), open_table(ROWS), model="scripted",
            make_worker=workers(scripted=AnsweringEngine(lambda prompt: "word " * 50)), sample_rows=10,
        )  # fmt: skip
        return (found.seconds_high - found.seconds_low) / found.seconds

    assert width("text LIKE 'Late%'") > 2 * width("true")
