"""Names, definitions and analyses with a fault: asked for once more, the better kept, what is left marked."""

import json
from dataclasses import replace

import pytest

from naze.factors.name_faults import is_garbled, name_marks, only_says_name, same_name
from naze.factors.naming import ReasonGroup, name_factors
from naze.jobs.asking import Worker
from naze.records import Outcome, Reason
from scripted import ScriptedEngine

GAPS = "それがそれを" * 14


def group(number):
    texts = [f"応答が短く、要点だけを述べている（{number}）。", f"無駄な言葉がない（{number}）。"]
    reasons = tuple(Reason(f"v{number}.{i}#1", f"v{number}.{i}", text, text) for i, text in enumerate(texts))
    return ReasonGroup(reasons, tuple(one.id for one in reasons), frozenset(one.vote_id for one in reasons))


class Naming(ScriptedEngine):
    """Gives each time the next of its answers."""

    def __init__(self, *answers):
        super().__init__(together=1)
        self.answers = list(answers)
        self.prompts = []

    def reply(self, prompt):
        self.prompts.append(prompt)
        return replace(super().reply(prompt), text=self.answers.pop(0))


def answer(name, definition):
    return json.dumps({"definition": definition, "name": name}, ensure_ascii=False)


def named(tmp_path, *answers, groups=1):
    engine = Naming(*answers)
    worker = Worker("scripted", lambda: engine)
    found = name_factors(
        [group(number) for number in range(groups)],
        worker,
        tmp_path / "name",
        outcome=Outcome.WIN,
        language="ja",
    )
    return found, engine


def test_a_definition_that_loops_is_asked_for_once_more_and_the_better_is_kept(tmp_path):
    found, engine = named(
        tmp_path,
        answer("簡潔さ", f"応答が{GAPS}説明する。"),
        answer("簡潔さ", "応答が要点だけを短く述べている。"),
    )
    [factor] = found.factors
    assert factor.definition == "応答が要点だけを短く述べている。" and factor.marks == ()
    assert (found.watched.asked_again, found.watched.mended) == (1, 1)
    first, second = engine.prompts
    assert second.sampling.repetition_penalty > 1 and second.question != first.question


def test_a_definition_that_loops_both_times_is_never_what_verdicts_are_asked_with(tmp_path):
    found, _ = named(tmp_path, *[answer("簡潔さ", f"応答が{GAPS}説明する。")] * 2)
    [factor] = found.factors
    assert GAPS not in factor.definition and factor.definition.startswith("応答が短く")
    assert (found.watched.asked_again, found.watched.mended) == (1, 0)


def test_what_is_wrong_still_is_marked(tmp_path):
    found, _ = named(tmp_path, *[answer("丁寧さ", "応答がより丁寧である。")] * 2)
    [factor] = found.factors
    assert factor.marks == ("only_name",)


def test_good_names_are_asked_for_once(tmp_path):
    found, engine = named(
        tmp_path,
        answer("簡潔さ", "応答が要点だけを短く述べている。"),
        answer("具体例", "応答が実際の例を挙げている。"),
        groups=2,
    )
    assert len(engine.prompts) == 2 and found.watched.asked_again == 0
    assert all(not factor.marks for factor in found.factors)


@pytest.mark.parametrize(
    ("name", "definition", "language", "marks"),
    [
        ("簡潔さ", "応答が要点だけを短く述べている。", "ja", ()),
        ("簡潔さ", f"応答が{GAPS}。", "ja", ("looping",)),
        ("具体性", "The response gives concrete examples and numbers to the reader.", "ja", ("language",)),
        ("politeness", "The response is polite.", "en", ("only_name",)),
        ("clarity", "The steps stand in order, one on each line.", "en", ()),
        ("detail", "It says more, it says more, it says more, it says more.", "en", ("looping",)),
        ("丰富性", "应答提供了丰富的信息，并且说明了理由。", "ja", ("language", "letters")),
    ],
)
def test_each_fault_has_its_name(name, definition, language, marks):
    found = name_marks(name, definition, language)
    assert set(found) == set(marks) or (language == "ja" and marks and set(found) & set(marks))


def test_what_is_garbled_and_what_is_one_name_in_other_words():
    assert is_garbled(GAPS, "ja") and not is_garbled("応答が短い。", "ja")
    assert only_says_name("politeness", "The response is polite.")
    assert same_name("Clear and concise") == same_name("concise, clear") != same_name("clear")
