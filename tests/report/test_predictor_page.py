"""The page of a predictor: figures and words in both languages, nothing that runs or loads, texts that stay texts."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from naze.errors import ConfigurationError
from naze.predictions import VotePredictor
from naze.report import write_predictor_page
from naze.report.predictor_texts import TEXTS
from naze.votes import read_votes

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


def test_a_predictor_without_cross_validation_says_so(tmp_path):
    votes = list(read_votes(EXPLAINED))[:60]
    plain = VotePredictor(folds=0, trees=False, leave_out=("n-grams",)).fit(votes)
    assert write_predictor_page(plain, tmp_path / "p.html") == 0
    assert "--folds 0" in (tmp_path / "p.html").read_text("utf-8")


def test_a_language_without_words_is_refused(predictor, tmp_path):
    with pytest.raises(ConfigurationError, match="expected en or ja"):
        write_predictor_page(predictor, tmp_path / "p.html", language="fr")
