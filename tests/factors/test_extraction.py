"""A model's reasons are checked against their source; where it fails, the rules stand in and that is told."""

import json
from dataclasses import replace

import pytest

from naze.errors import ConfigurationError, InputError, ManifestMismatchError
from naze.factors.extraction import Explanation, Way, propose
from naze.jobs.asking import Worker, opened_worker
from naze.records import Winner
from scripted import ScriptedEngine

TEXT = "Response A is shorter and clear. Response B repeats itself, so people chose A."
SOURCES = [
    Explanation(f"v{number}", TEXT.replace("itself", f"itself {number}"), "en", Winner.A)
    for number in range(4)
]


class Extracting(ScriptedEngine):
    """Says of each explanation what it is told to say."""

    said: object = None

    def reply(self, prompt):
        said = self.said(prompt) if callable(self.said) else self.said
        text = said if isinstance(said, str) else json.dumps({"reasons": said}, ensure_ascii=False)
        return replace(super().reply(prompt), text=text)


def proposed(tmp_path, said, way=Way.MODEL, sources=SOURCES, context_tokens=8192, asked=None):
    engine = Extracting(asked=asked)
    engine.said, engine.context_tokens = said, context_tokens
    worker = Worker("scripted", lambda: engine)
    return propose(sources, way=way, worker=worker, folder=tmp_path / "extract", wanted=5)


def test_rules_alone_need_no_model():
    found = propose(SOURCES)
    assert {reason.vote_id for reason in found.reasons} == {"v0", "v1", "v2", "v3"}
    assert set(found.methods) == {"sentences"}
    assert found.stood_in == 0


def test_a_quote_of_the_source_is_kept_in_the_sources_own_characters(tmp_path):
    found = proposed(tmp_path, [{"quote": "Response  A is shorter", "reason": "Response A is shorter"}])
    assert found.reasons[0].quote == "Response A is shorter"
    assert found.reasons[0].text == "is shorter"
    assert found.reasons[0].id == "v0#1"
    assert found.reasons[0].winner is Winner.A
    assert set(found.methods) == {"model"}


def test_a_quote_that_is_not_in_the_source_is_rejected_and_counted(tmp_path):
    said = [
        {"quote": "Response A is shorter", "reason": "is shorter"},
        {"quote": "Response A wins", "reason": "is invented"},
    ]
    found = proposed(tmp_path, said)
    assert [reason.text for reason in found.reasons] == ["is shorter"] * 4
    assert found.rejected_quotes == 4
    assert "4 quotes of the model do not occur" in str(found.notes[0])


def test_a_reason_that_its_own_quote_does_not_bear_is_dropped_and_counted(tmp_path):
    said = [
        {"quote": "Response A is shorter", "reason": "is shorter"},
        {"quote": "Response B repeats itself", "reason": "contains factual mistakes"},
    ]
    found = proposed(tmp_path, said)
    assert [reason.text for reason in found.reasons] == ["is shorter"] * 4
    assert found.unsupported == 4
    assert "4 reasons of the model share no word" in str(found.notes[0])


@pytest.mark.parametrize(
    "said",
    ["no JSON at all", '{"other": 1}', '["a"]', [{"quote": "invented", "reason": "invented"}], ["x"], []],
)
def test_an_answer_of_no_use_is_left_to_the_rules_and_told(tmp_path, said):
    found = proposed(tmp_path, said)
    assert found.stood_in == 4
    assert set(found.methods) == {"sentences"}
    assert any("cut by rules" in str(note) for note in found.notes)


def test_an_explanation_too_long_for_the_context_is_left_to_the_rules(tmp_path):
    long = Explanation("long", "Response A is clear. " * 600, "en")
    good = [{"quote": "Response A is shorter", "reason": "is shorter"}]
    found = proposed(tmp_path, good, sources=[*SOURCES, long], context_tokens=1500)
    assert found.stood_in == 1
    assert found.methods[-1] == "sentences"


def test_going_on_asks_nothing_twice_and_other_explanations_are_asked_anew(tmp_path):
    asked, good = [], [{"quote": "Response A is shorter", "reason": "is shorter"}]
    first = proposed(tmp_path, good, asked=asked)
    assert proposed(tmp_path, good, asked=asked) == first
    assert len(asked) == 4
    proposed(
        tmp_path, good, sources=[*SOURCES[:3], replace(SOURCES[3], text="Response A is odd.")], asked=asked
    )
    assert len(asked) == 5


def test_another_language_of_asking_is_another_run(tmp_path):
    proposed(tmp_path, [])
    with pytest.raises(ManifestMismatchError):
        propose(
            SOURCES,
            way=Way.MODEL,
            worker=Worker("scripted", Extracting),
            folder=tmp_path / "extract",
            language="ja",
        )


def collected(prompt):
    """Cite the first explanation of each piece rightly, and one that is not there."""
    evidence = [
        {"explanation": 1, "quote": "Response A is shorter"},
        {"explanation": 99, "quote": "Response A is shorter"},
        {"explanation": 1, "quote": "never said"},
    ]
    return [{"reason": "is shorter", "evidence": evidence}]


def test_the_long_context_way_packs_explanations_and_keeps_whose_quote_it_is(tmp_path):
    asked = []
    found = proposed(tmp_path, collected, way=Way.LONG_CONTEXT, asked=asked)
    assert asked == ["explanations 1 to 4"]
    assert [(reason.vote_id, reason.text) for reason in found.reasons] == [("v0", "is shorter")]
    assert found.rejected_quotes == 1
    assert found.silent_count == 3


def test_no_more_is_packed_than_fits(tmp_path):
    asked = []
    found = proposed(
        tmp_path, collected, way=Way.LONG_CONTEXT, sources=SOURCES + many(40), context_tokens=900, asked=asked
    )
    assert 2 <= len(asked) <= 10
    assert {reason.vote_id for reason in found.reasons} >= {"v0"}
    assert found.explanation_count == 44


def many(count):
    return [Explanation(f"m{number}", TEXT, "en") for number in range(count)]


def test_a_piece_whose_answer_is_of_no_use_is_left_to_the_rules(tmp_path):
    found = proposed(tmp_path, "nonsense", way=Way.LONG_CONTEXT)
    assert found.stood_in == 4


def test_a_piece_of_which_no_quote_holds_is_left_to_the_rules(tmp_path):
    """What Qwen 1.5B did with 28 explanations: four quotes, and none stands in its explanation."""
    evidence = [{"explanation": number, "quote": "The response is clear."} for number in (1, 2, 9)]
    invented = json.dumps({"reasons": [{"reason": "Clarity", "evidence": evidence}]})
    found = proposed(tmp_path, invented, way=Way.LONG_CONTEXT)
    assert (found.rejected_quotes, found.stood_in) == (2, 4)
    assert found.reasons
    assert set(found.methods) == {"sentences"}


def test_what_cannot_be_done_is_told(tmp_path):
    with pytest.raises(InputError, match="no explanations"):
        propose([])
    with pytest.raises(InputError, match="two explanations"):
        propose([SOURCES[0], SOURCES[0]])
    with pytest.raises(ConfigurationError, match="asks a model"):
        propose(SOURCES, way=Way.MODEL)


def test_a_real_model_is_asked_and_every_quote_is_in_its_source(tmp_path, smollm2_path):
    with opened_worker("smollm2:135m") as worker:
        found = propose(SOURCES[:2], way=Way.MODEL, worker=worker, folder=tmp_path / "extract")
    texts = {source.vote_id: source.text for source in SOURCES}
    assert {reason.vote_id for reason in found.reasons} == {"v0", "v1"}
    assert all(reason.quote in texts[reason.vote_id] for reason in found.reasons)
