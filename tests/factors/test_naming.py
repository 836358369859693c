"""Groups of reasons are named by a model; empty and repeated names are told, not hidden."""

import json
from dataclasses import replace

import pytest

from naze.factors.naming import ReasonGroup, name_factors
from naze.jobs.asking import Worker, opened_worker
from naze.records import Outcome, Reason
from scripted import ScriptedEngine

SAID = [
    "The response is more concise and gets to the point.",
    "It is shorter and wastes no words.",
    "Brief and direct.",
]


def group(number, texts=SAID):
    texts = [f"{text} ({number})" for text in texts]
    reasons = tuple(Reason(f"v{number}.{i}#1", f"v{number}.{i}", text, text) for i, text in enumerate(texts))
    return ReasonGroup(reasons, tuple(one.id for one in reasons), frozenset(one.vote_id for one in reasons))


class Naming(ScriptedEngine):
    """Names the groups as it is told."""

    names: tuple[str, ...] = ()

    def reply(self, prompt):
        number = int(prompt.subject_id.removeprefix("group ")) - 1
        name = self.names[number]
        text = (
            name
            if name.startswith("{")
            else json.dumps({"definition": f"The response shows {name} to whoever reads it.", "name": name})
        )
        return replace(super().reply(prompt), text=text)


def named(tmp_path, names, groups=None, language="en"):
    engine = Naming()
    engine.names = tuple(names)
    worker = Worker("scripted", lambda: engine)
    groups = groups or [group(number) for number in range(len(names))]
    return name_factors(groups, worker, tmp_path / "name", outcome=Outcome.WIN, language=language)


def test_factors_are_numbered_by_how_many_votes_speak_of_them(tmp_path):
    found = named(tmp_path, ["Brevity", "Courtesy"], [group(1, SAID[:1]), group(2)])
    assert [(one.id, one.name, one.vote_count) for one in found.factors] == [
        ("f01", "Courtesy", 3),
        ("f02", "Brevity", 1),
    ]
    assert found.reason_ids["f02"] == ("v1.0#1",)
    assert found.factors[1].evidence[0].quote == f"{SAID[0]} (1)"


def test_two_groups_of_one_name_are_one_factor_and_that_is_told(tmp_path):
    found = named(tmp_path, ["Brevity", "ｂｒｅｖｉｔｙ"])
    assert [one.reason_count for one in found.factors] == [6]
    assert [one.why for one in found.refused] == ["same as Brevity"]


def test_a_name_that_says_nothing_is_refused(tmp_path):
    found = named(tmp_path, ["Equal quality", "品質", "Length"])
    assert [one.name for one in found.factors] == ["Length"]
    assert [(one.name, one.why) for one in found.refused] == [
        ("Equal quality", "says nothing"),
        ("品質", "says nothing"),
    ]


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("両方の回答が同じ", "ja"),
        ("両方の回答は同じくらい良い", "ja"),
        ("Both answers are the same", "en"),
        ("Equally good responses", "en"),
        ("同じくらい良い", "en"),
    ],
)
def test_a_name_that_only_states_the_result_is_refused(tmp_path, name, language):
    found = named(tmp_path, [name, "Length"], language=language)
    assert [one.name for one in found.factors] == ["Length"]
    assert [(one.name, one.why) for one in found.refused] == [(name, "says nothing")]


def test_an_answer_without_a_name_leaves_the_most_central_words_and_is_counted(tmp_path):
    found = named(tmp_path, ['{"name": "x"}'])
    assert found.unnamed == 1
    assert found.factors[0].definition == f"{SAID[0]} (0)"


def test_a_fault_is_no_name_for_reasons_that_praise(tmp_path):
    found = named(tmp_path, ["Incomplete", "Courtesy"])
    assert [one.name for one in found.factors] == ["Courtesy"]
    assert [(one.name, one.why) for one in found.refused] == [
        ("Incomplete", "names a fault, and its reasons praise")
    ]


def test_a_fault_names_reasons_that_find_fault(tmp_path):
    groups = [replace(group(0), fault=True), group(1)]
    assert [one.name for one in named(tmp_path, ["Incomplete", "Courtesy"], groups).factors] == [
        "Courtesy",
        "Incomplete",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"definition": "The response wastes no words, it is short; " * 7, "name": "Brevity"}),
        json.dumps({"definition": "It is short.", "name": "horter"}),
    ],
    ids=["a definition that was cut off", "a word without its beginning"],
)
def test_a_name_that_cannot_be_one_leaves_the_reasons_own_words(tmp_path, answer):
    found = named(tmp_path, [answer, "Courtesy"])
    assert found.unnamed == 1
    assert {one.name for one in found.factors} == {"Courtesy", f"{SAID[0]} (0)"}


def test_a_group_whose_name_failed_is_not_asked_the_same_again(tmp_path):
    cut_off = '{"definition": "Brief and brief and brief and'
    named(tmp_path, [cut_off, cut_off])
    assert not (tmp_path / "name" / "again").exists()
    named(tmp_path / "other", ["Brevity", cut_off])
    assert (tmp_path / "other" / "name" / "again").exists()


def test_a_group_too_large_for_the_context_shows_fewer_reasons(tmp_path):
    engine = Naming()
    engine.names, engine.context_tokens = ("Brevity",), 500
    big = group(1, [f"Reason {number}: " + "very " * 20 + "short." for number in range(24)])
    found = name_factors(
        [big], Worker("s", lambda: engine), tmp_path / "n", outcome=Outcome.WIN, language="en"
    )
    assert found.unnamed == 0 and len(engine.asked) == 1


def test_a_real_model_names_a_group(tmp_path, smollm2_path):
    with opened_worker("smollm2:135m") as worker:
        found = name_factors([group(1)], worker, tmp_path / "name", outcome=Outcome.TIE, language="en")
    assert len(found.factors) + len(found.refused) == 1
    assert found.unnamed == 0
