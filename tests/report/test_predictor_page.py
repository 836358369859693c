"""The page of a predictor: figures and words in both languages, nothing that runs or loads, texts that stay texts."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from naze.errors import ConfigurationError
from naze.predictions import VotePredictor
from naze.predictions.models.trees import trees_missing_words
from naze.records import Winner
from naze.report import write_predictor_page
from naze.report.predictor_texts import GROUPS, NOTE_WORDS, TEXTS
from naze.votes import read_votes, swap_sides

EXPLAINED = Path(__file__).parents[2] / "examples" / "explained.parquet"
NASTY = '</div><script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture(scope="module")
def predictor():
    votes = list(read_votes(EXPLAINED))
    nasty = [replace(vote, response_a=(NASTY + (vote.response_a[0] or ""),)) for vote in votes]
    return VotePredictor(folds=2, trees=False).fit(nasty)


@pytest.fixture(scope="module")
def page(predictor, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert write_predictor_page(predictor, path, language="ja") == 12
    return path.read_text("utf-8")


class Tags(HTMLParser):
    """Counts tags, and keeps what would load something."""

    def __init__(self):
        super().__init__()
        self.seen, self.loads = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.loads += [
            (tag, name) for name, _ in attributes if name in ("src", "onerror", "onclick") or name == "href"
        ]


def test_texts_stay_texts_and_nothing_is_loaded(page):
    tags = Tags()
    tags.feed(page)
    assert tags.seen.count("script") == 2 and "img" not in tags.seen
    assert set(tags.loads) == {("a", "href")}
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src 'none'" in page


def test_every_text_is_there_in_both_languages(page, predictor):
    assert set(TEXTS["en"]) == set(TEXTS["ja"])
    for key in ("p_reliability", "p_confusion", "p_surprising", "p_chosen"):
        assert TEXTS["en"][key] in page and TEXTS["ja"][key] in page
    for gaps in (re.compile(r"\{(\w+)"),):
        for key in TEXTS["en"]:
            assert set(gaps.findall(TEXTS["en"][key])) == set(gaps.findall(TEXTS["ja"][key])), key


def test_the_figures_are_the_reports(page, predictor):
    score = predictor.report_.score
    assert f"{score['log_loss'].value:.4f}" in page
    assert page.count('<svg viewBox="0 0 316 312" role="img"') == 3
    assert page.count('class="point a"') == len(score.bins["a"])
    for one in predictor.surprising_:
        assert one.id in page


def shown(page, language):
    """What a reader of one language sees: the other language's spans are hidden."""
    other = {"en": "ja", "ja": "en"}[language]
    plain = re.sub(rf'<span class="t" lang="{other}">.*?</span>', "", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", plain))


def test_groups_of_features_have_names_in_both_languages(page, predictor):
    assert set(predictor.group_names_) <= set(GROUPS)
    own, made = ([names[one] for one in predictor.group_names_] for names in ({n: n for n in GROUPS}, GROUPS))
    assert ", ".join(own) in shown(page, "en") and ", ".join(own) not in shown(page, "ja")
    assert "、".join(made) in shown(page, "ja")


def test_notes_of_the_fit_are_read_in_both_languages(tmp_path, monkeypatch):
    monkeypatch.setattr("naze.predictions.predictor.trees_missing", lambda: trees_missing_words("no libgomp"))
    votes = list(read_votes(EXPLAINED))
    won, tied = ([vote for vote in votes if (vote.winner in "ab") is one] for one in (True, False))
    twin = replace(swap_sides(won[0]), id="twin", winner=won[0].winner)
    some = [*won[:5], twin, *(replace(vote, winner=Winner.TIE) for vote in (*won[5:30], *tied[:20]))]
    fitted = VotePredictor(folds=2, leave_out=("n-grams",)).fit(some)
    assert len(fitted.report_.notes) == len(NOTE_WORDS) == 3
    fitted.report_ = replace(fitted.report_, notes=(*fitted.report_.notes, "a note of <another> version"))
    write_predictor_page(fitted, tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text("utf-8")
    for note in fitted.report_.notes:
        assert note in shown(page, "en")
        assert (note in shown(page, "ja")) is note.startswith("a note of")
    for words in ("LightGBMを読み込めません(no libgomp)", "優劣のついた票は6票だけ", "1個のプロンプトでは"):
        assert words in shown(page, "ja")


def test_a_predictor_without_cross_validation_says_so(tmp_path):
    votes = list(read_votes(EXPLAINED))[:60]
    plain = VotePredictor(folds=0, trees=False, leave_out=("n-grams",)).fit(votes)
    assert write_predictor_page(plain, tmp_path / "p.html") == 0
    assert "--folds 0" in (tmp_path / "p.html").read_text("utf-8")


def test_a_language_without_words_is_refused(predictor, tmp_path):
    with pytest.raises(ConfigurationError, match="expected en or ja"):
        write_predictor_page(predictor, tmp_path / "p.html", language="fr")
