import json
import re
from dataclasses import replace

import polars as pl
import pytest

from made_factors import EXPLAINED, make_factors
from naze.errors import ConfigurationError, StoreError
from naze.factors.cases import Quote
from naze.factors.notes import Note
from naze.records import Outcome
from naze.report import write_factors_report
from naze.report.factor_cases import passages
from naze.report.factor_rows import factor_rows
from naze.report.factor_texts import TEXTS
from naze.report.note_texts import TEXTS as NOTE_TEXTS
from naze.report.predictor_texts import TEXTS as PREDICTOR_TEXTS
from naze.report.wording import TEXTS as ALL_TEXTS
from naze.report.wording import as_html, as_markdown, both, fill, say

GAP = re.compile(r"\{(\w+)")


def embedded(text, name):
    [found] = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.S)
    return json.loads(found)


def shown_in(text, language):
    """What a reader of one language sees of the page's own words."""
    other = "ja" if language == "en" else "en"
    text = re.sub(rf'<(span|text)[^>]*class="t[^"]*"[^>]*lang="{other}"[^>]*>.*?</\1>', "", text)
    text = re.sub(rf'<text[^>]*lang="{other}"[^>]*>.*?</text>', "", text)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.split("<script")[0]))


def test_japanese_and_english_have_the_same_texts_with_the_same_gaps():
    assert TEXTS["en"].keys() == TEXTS["ja"].keys()
    for key, text in TEXTS["en"].items():
        assert set(GAP.findall(text)) == set(GAP.findall(TEXTS["ja"][key])), key


def test_no_two_pages_have_a_text_of_one_name():
    for language in ("en", "ja"):
        assert len(ALL_TEXTS[language]) == sum(
            len(texts[language]) for texts in (TEXTS, NOTE_TEXTS, PREDICTOR_TEXTS)
        )


def test_notes_of_a_run_are_worded_in_both_languages_and_an_engine_s_own_where_they_are_known(
    win_factors, tmp_path
):
    assert NOTE_TEXTS["en"].keys() == NOTE_TEXTS["ja"].keys()
    for key, text in NOTE_TEXTS["en"].items():
        assert set(GAP.findall(text)) == set(GAP.findall(NOTE_TEXTS["ja"][key])), key
    notes = (
        Note("test_limit", {"n": 1200, "all": 3000}),
        Note("rows_unexplained", {"n": 3}, of="runs/a"),
        "The GGUF file runs in OpenVINO as int8, prepared once for this machine.",
        "every prompt is sent to https://example.com, which is not this machine",
        "words that nobody knows",
    )
    noted = replace(win_factors, about=replace(win_factors.about, notes=notes))
    write_factors_report(noted, tmp_path / "noted.html")
    text = (tmp_path / "noted.html").read_text("utf-8")
    english, japanese = shown_in(text, "en"), shown_in(text, "ja")
    assert "1,200 of 3,000 held-out votes are asked about" in english and "runs/a: 3 rows" in english
    assert "取り分けた投票3,000件のうち1,200件" in japanese and "3行には説明がありません" in japanese
    assert "https://example.comに送られます" in japanese and "words that nobody knows" in japanese
    assert "held-out votes are asked about" not in japanese and "OpenVINOでint8" in japanese
    write_factors_report(noted, tmp_path / "noted.md", language="ja")
    assert "runs/a：3行には説明がありません" in (tmp_path / "noted.md").read_text("utf-8")


def test_a_word_goes_with_its_number():
    assert fill("{n:vote/votes}", {"n": 1}) == "1 vote"
    assert fill("{n:vote/votes}", {"n": 1_200}) == "1,200 votes"
    assert say("ja", "l_chance", n=3).startswith("3個の要因は")


def test_what_fills_a_text_is_no_markup():
    name = "<b>**x**</b>"
    assert as_html("en", "l_against", n=1, names=[name]).count("<") == 0
    assert "\\*\\*x\\*\\*" in as_markdown("en", "l_against", n=1, names=[name])
    assert both("refused_same_as", factor=name).count("&lt;b&gt;") == 2


def test_every_factor_stands_in_the_page_also_those_that_failed(win_factors, win_page):
    text = win_page.read_text("utf-8")
    assert {row.state for row in factor_rows(win_factors)} == {"passed", "failed", "against", "untested"}
    for factor in win_factors.factors:
        assert f'id="{factor.id}"' in text
        assert text.count(f">{factor.name}</a>") == 1
    shown = shown_in(text, "en")
    for words in ("could be chance", "significant, but goes the other way", "it applies to no held-out vote"):
        assert words in shown


def test_those_that_passed_come_first_by_the_size_of_their_effect(win_factors):
    rows = factor_rows(win_factors)
    states = [row.state for row in rows]
    assert states == sorted(states, key=["passed", "failed", "against", "untested"].index)
    kappas = [row.test.kappa.value for row in rows if row.state == "passed"]
    assert kappas == sorted(kappas, reverse=True)


def test_the_summary_says_what_the_tests_say(win_factors, win_page):
    shown = shown_in(win_page.read_text("utf-8"), "en")
    tests = win_factors.validation
    assert f"{len(tests.passed)} of {len(tests)} passed" in shown
    assert f"tested on {tests.votes} held-out votes ( {tests.prompts}" in shown.replace("(", "( ")
    best = factor_rows(win_factors)[0]
    assert f"{best.test.accuracy.value:.0%} of {best.test.calls} votes" in shown
    assert f"{tests.log_loss.style:.3f}" in shown
    assert "3 of 3,000 questions to the model have no answer" in shown


def test_a_japanese_report_of_ties_is_japanese(tie_page):
    text = tie_page.read_text("utf-8")
    assert '<html lang="ja">' in text
    shown = shown_in(text, "ja")
    assert "引き分けになる理由" in shown
    assert "リフト" in shown
    assert "held-out" not in shown.replace("held-out votes are judged", "").split("実行時の備考")[0]


def test_a_vote_that_is_a_case_of_several_factors_is_embedded_once(win_factors, win_page):
    data = embedded(win_page.read_text("utf-8"), "data")
    ids = [vote["id"] for vote in data["votes"]]
    assert len(set(ids)) == len(ids)
    cases = [case for factor in data["factors"].values() for case in factor["cases"]]
    assert len(cases) > len(ids)
    probabilities = win_factors.matrix().probabilities
    for case in data["factors"]["f01"]["cases"]:
        if case["role"] == "source":
            assert case["p"] is None
        else:
            row = win_factors.matrix().vote_ids.index(ids[case["vote"]])
            assert case["p"] == pytest.approx(probabilities[row, 0].tolist(), abs=1e-4)


def test_quotes_of_cases_occur_in_their_explanations(win_factors, win_page):
    data = embedded(win_page.read_text("utf-8"), "data")
    for factor in data["factors"].values():
        for case in factor["cases"]:
            explanation = win_factors.explanations.get(data["votes"][case["vote"]]["id"])
            text = explanation.text if explanation else ""
            assert text or not case["quotes"]
            for parts in case["quotes"]:
                assert "".join(parts).strip("…") in text
                assert len(parts) % 2 == 1


def test_quotes_close_together_share_a_passage_and_far_ones_do_not():
    text = "One is short. " + "x" * 500 + " Two is long. Two is wrong."
    quotes = [
        Quote("", words, "") for words in ("Two is wrong.", "One is short.", "Two is long.", "is long. Two")
    ]
    first, second = passages(text, quotes, 20)
    assert first[:2] == ["", "One is short."]
    assert second[1:] == ["Two is long. Two is wrong.", ""]
    assert second[0].startswith("…x")
    assert first[-1].endswith("x…")


def test_the_page_names_nothing_outside_itself_and_no_text_leaves_its_place(win_factors, tmp_path):
    path = tmp_path / "p.html"
    attack = "</script><script>window.hit=1</script><img src=x>\ud83d"
    write_factors_report(win_factors, path, title=attack)
    text = path.read_text("utf-8")
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+", text.split('id="data"')[0]) == []
    assert "default-src 'none'" in text
    assert text.count("<script") == text.count("</script>") == 3
    assert re.findall(r"<(?:link|img|iframe|base|object|embed|form)\b", text) == []
    assert re.findall(r"\sstyle=", text.split("<script")[0]) == []


def test_ids_in_the_page_are_there_once(tie_page):
    text = tie_page.read_text("utf-8").split("<script")[0]
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    for target in re.findall(r'href="#([^"]+)"', text):
        assert target in ids


def test_with_one_outcome_and_few_votes_the_page_says_what_could_not_be_told(tmp_path):
    table = tmp_path / "decided.parquet"
    pl.read_parquet(EXPLAINED).filter(pl.col("winner") != "tie").write_parquet(table)
    factors = make_factors(tmp_path / "few", Outcome.WIN, table=table, test_limit=5)
    path = tmp_path / "few.html"
    assert write_factors_report(factors, path) == len(factors)
    shown = shown_in(path.read_text("utf-8"), "en")
    assert "No factor could be tested" in shown
    assert "too few prompts" in shown
    assert "too few to compare predictions" in shown
    assert "None of the held-out votes is a tie." in shown


def test_a_folder_without_curve_bias_or_costs_has_a_page_all_the_same(win_factors, tmp_path):
    about = replace(win_factors.about, saturation=None, costs={}, refused=(), notes=(), counts={})
    bare = replace(win_factors, about=about)
    assert write_factors_report(bare, tmp_path / "bare.html") == len(bare)
    shown = shown_in((tmp_path / "bare.html").read_text("utf-8"), "en")
    assert "There is no curve" in shown
    assert "No group was refused." in shown
    assert write_factors_report(bare, tmp_path / "bare.md") == len(bare)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("r.pdf", {}, r"'\.pdf'; expected \.html"),
        ("r.html", {"language": "de"}, "'de'; expected en or ja"),
        ("r.html", {"cases": 0}, "cases is 0; expected 1 or more"),
    ],
)
def test_what_cannot_be_written_is_refused(win_factors, tmp_path, name, options, message):
    with pytest.raises(ConfigurationError, match=message):
        write_factors_report(win_factors, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["html", "md", "csv", "parquet"])
def test_a_place_that_cannot_be_written_is_told(win_factors, tmp_path, suffix):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_factors_report(win_factors, tmp_path / "file" / f"r.{suffix}")


def test_tables_hold_what_table_returns(win_factors, tmp_path):
    write_factors_report(win_factors, tmp_path / "t.parquet")
    assert pl.read_parquet(tmp_path / "t.parquet").equals(win_factors.table())
    assert write_factors_report(win_factors, tmp_path / "t.csv") == 12
    assert pl.read_csv(tmp_path / "t.csv")["name"].to_list() == win_factors.table()["name"].to_list()


def test_sixty_factors_with_eighteen_cases_each_make_one_small_page(many_page):
    assert many_page.read_text("utf-8").count('<article class="factor') == 60
    assert many_page.stat().st_size < 3_000_000


def test_a_report_does_not_change_the_folder(win_factors, tmp_path):
    before = {path.name: path.read_bytes() for path in win_factors.folder.glob("*.*")}
    write_factors_report(win_factors, tmp_path / "again.html")
    assert {path.name: path.read_bytes() for path in win_factors.folder.glob("*.*")} == before
