"""A factor looked into: cases with quotes that are really there, where it holds, and claims that cite cases that exist."""

import json
import shutil
from dataclasses import replace

import pytest

from made_factors import make_factors
from naze.cli.factors_page import show_drill
from naze.factors import Role, open_factors
from naze.factors.analysis import analyse, read_analysis
from naze.factors.cases import cases_of
from naze.factors.labels import CATEGORIES
from naze.factors.slices import slices_of
from naze.generations import open_run
from naze.jobs.asking import Worker
from naze.records import Outcome, Winner
from naze.votes import Votes
from scripted import ScriptedEngine


@pytest.fixture(scope="module")
def wins(tmp_path_factory):
    return make_factors(tmp_path_factory.mktemp("made") / "win", Outcome.WIN)


@pytest.fixture(scope="module")
def ties(tmp_path_factory):
    return make_factors(tmp_path_factory.mktemp("made") / "tie", Outcome.TIE)


def test_cases_for_a_win_factor_went_its_way_and_those_against_the_other(wins):
    for factor in wins.factors:
        sign = {Winner.A: 1, Winner.B: -1}
        for case in cases_of(wins, factor):
            if case.role is not Role.SOURCE:
                assert (case.lean * sign[case.vote.winner] > 0) == (case.role is Role.FOR)
                assert case.vote.extra["held_out"]


def test_cases_of_a_fault_are_read_the_other_way_round(wins):
    factor = next(one for one in wins.factors if not wins.tests[one.id].calls == 0)
    fault = replace(factor, fault=True)
    turned = replace(wins, factors=tuple(fault if one is factor else one for one in wins.factors))
    straight = {case.vote.id for case in cases_of(wins, factor, 99) if case.role is Role.FOR}
    against = {case.vote.id for case in cases_of(turned, fault, 99) if case.role is Role.AGAINST}
    assert straight and straight == against


def test_cases_of_a_tie_factor_are_alike_on_it(ties):
    for factor in ties.factors:
        threshold = ties.tests[factor.id].alike_threshold
        level = 0.5 if threshold is None else threshold
        for case in cases_of(ties, factor):
            if case.role is Role.SOURCE:
                continue
            assert case.alike >= level
            assert (case.vote.winner is Winner.TIE) == (case.role is Role.FOR)


def with_threshold(ties, factor, threshold):
    tests = [
        replace(one, alike_threshold=threshold) if one.factor_id == factor.id else one
        for one in ties.validation
    ]
    return replace(ties, validation=replace(ties.validation, tests=tuple(tests)))


def test_a_threshold_of_zero_calls_every_vote_alike(ties):
    factor = max(ties.factors, key=lambda one: ties.tests[one.id].alike_threshold or 0.0)
    everywhere = slices_of(with_threshold(ties, factor, 0.0), factor)
    halves = slices_of(with_threshold(ties, factor, 0.5), factor)
    assert everywhere and all(one.figure.value == one.base.value for one in everywhere)
    assert any(one.figure.value != one.base.value for one in halves), "0 would be read as 0.5"
    cases = {case.vote.id for case in cases_of(with_threshold(ties, factor, 0.0), factor, 999)}
    assert len(cases) > len(cases_of(with_threshold(ties, factor, 0.5), factor, 999))


def test_a_category_of_zero_is_a_category(ties):
    rows = [
        replace(vote, extra={**vote.extra, CATEGORIES[0]: row % 2}) for row, vote in enumerate(ties.judged)
    ]
    numbered = replace(ties)
    numbered.__dict__["judged"] = Votes.from_votes(rows)  # what it would read from its folder
    values = {one.value for one in slices_of(numbered, ties.factors[0]) if one.by == CATEGORIES[0]}
    assert values == {"0", "1"}


def test_where_no_factor_passed_none_speaks_for_a_side_of_a_tie(ties):
    failed = [replace(one, passed=False) for one in ties.validation]
    nothing = replace(ties, validation=replace(ties.validation, tests=tuple(failed)))
    assert nothing.validation.passed == ()
    assert all(case.for_a is None and case.for_b is None for case in nothing.tie_cases())


def test_quotes_stand_in_their_explanations_with_what_is_around_them(wins):
    seen = 0
    for factor in wins.factors:
        for case in cases_of(wins, factor):
            for quote in case.quotes:
                text = wins.explanations[case.vote.id].text
                assert quote.before.lstrip("…") + quote.text + quote.after.rstrip("…") in text
                seen += 1
    assert seen > 20


def test_case_ids_are_unique_and_no_more_than_asked_for(wins):
    cases = cases_of(wins, wins.factors[0], 2)
    assert len({case.id for case in cases}) == len(cases)
    assert all(sum(case.role is role for case in cases) <= 2 for role in Role)


def test_slices_part_the_judged_votes_and_small_ones_have_no_interval(wins, ties):
    for factors in (wins, ties):
        looked = factors.drill("f01")
        ways = {one.by for one in looked.slices}
        assert {"language", "length", "source"} <= ways
        for way in ways:
            parts = [one for one in looked.slices if one.by == way]
            assert sum(one.votes for one in parts) <= len(factors.judged)
        assert all(one.figure.low is None for one in looked.slices if one.votes < 10)


def test_without_a_model_nothing_is_asked(wins):
    assert wins.drill("f01").analysis is None


class Analyst(ScriptedEngine):
    """Claims what it is told to."""

    text = ""

    def reply(self, prompt):
        return replace(super().reply(prompt), text=self.text)


def claims(*pairs):
    return json.dumps({"claims": [{"text": text, "cases": cases} for text, cases in pairs]})


def analysed(factors, folder, text):
    engine = Analyst()
    engine.text = text
    factor = factors.factors[0]
    worker = Worker("scripted", lambda: engine)
    return analyse(factor, cases_of(factors, factor), worker, folder, language="en"), engine


def test_each_cited_case_exists_and_claims_without_one_are_dropped_and_counted(wins, tmp_path):
    found, engine = analysed(
        wins,
        tmp_path / "f01",
        claims(("It decides for long answers.", ["f1", "a1"]), ("It never fails.", ["f99"])),
    )
    shown = dict(found.shown)
    assert [claim.case_ids for claim in found.claims] == [("f1", "a1")]
    assert set(found.claims[0].case_ids) <= set(shown)
    assert set(shown.values()) <= set(wins.matrix().vote_ids)
    assert engine.asked == ["f01"]


def test_a_claim_is_printed_with_the_cases_that_it_cites(wins, tmp_path, capsys):
    found, _ = analysed(wins, tmp_path / "f01", claims(("It decides for long [answers].", ["f1", "a1"])))
    show_drill(wins, replace(wins.drill("f01"), analysis=found))
    assert "- It decides for long [answers]. [f1, a1]" in capsys.readouterr().out


def test_the_answer_is_kept_and_read_without_a_model(wins, tmp_path):
    found, _ = analysed(wins, tmp_path / "f01", claims(("It decides for long answers.", ["f1"])))
    run = open_run(tmp_path / "f01")
    assert read_analysis(run) == found
    run.close()


@pytest.mark.parametrize(
    "text", ["no JSON", '{"claims": 3}', '{"claims": []}', '{"claims": [{"text": "x"}]}']
)
def test_an_answer_that_ignores_the_schema_is_said_and_no_claim_is_made_up(wins, tmp_path, text):
    found, _ = analysed(wins, tmp_path / "f01", text)
    assert not found.claims and found.problem


def test_a_real_model_cites_cases_that_exist(wins, smollm2_path, tmp_path):
    shutil.copytree(wins.folder, tmp_path / "copy")
    analysis = open_factors(tmp_path / "copy").drill("f01", model=str(smollm2_path)).analysis
    known = {case_id for case_id, _ in analysis.shown}
    assert known
    assert all(set(claim.case_ids) <= known for claim in analysis.claims)
    assert analysis.claims or analysis.problem


class Looping(ScriptedEngine):
    """Loops the first time, and says something the second."""

    def reply(self, prompt):
        text = "It is long. " * 8 if len(self.asked) == 1 else "It decides where the question is short."
        return replace(super().reply(prompt), text=claims((text.strip(), ["f1"])))


def test_an_analysis_that_loops_is_asked_for_once_more(wins, tmp_path):
    engine, factor = Looping(), wins.factors[0]
    worker = Worker("scripted", lambda: engine)
    found = analyse(factor, cases_of(wins, factor), worker, tmp_path / "f01", language="en")
    assert [claim.text for claim in found.claims] == ["It decides where the question is short."]
    assert found.marks == () and len(engine.asked) == 2


def test_an_analysis_that_loops_twice_says_so(wins, tmp_path, capsys):
    found, _ = analysed(wins, tmp_path / "f01", claims(("It is long. " * 8, ["f1"])))
    assert found.marks == ("looping",)
    show_drill(wins, replace(wins.drill("f01"), analysis=found))
    assert "Look twice: it says the same again and again." in capsys.readouterr().out
