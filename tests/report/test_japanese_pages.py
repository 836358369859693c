"""A Japanese page speaks Japanese: whatever English stands in it was said by people or models, or by a system or server."""

import json
import re
from dataclasses import replace

import pytest

from made_factors import make_factors
from naze.factors.naming import Refused, WhyRefused
from naze.factors.notes import NOTES, Note
from naze.jobs import ExplainedVote
from naze.predictions import VotePredictor
from naze.records import Answer, Fit, Outcome, Status, Vote
from naze.report import write_explained_page, write_factors_report, write_predictor_page
from naze.report.factor_made import why_refused
from naze.report.note_texts import ENGINE_WORDS
from naze.report.told_texts import ENGINE, FAILURES, told, told_all
from naze.votes import read_votes

SENTENCE = re.compile(r"[A-Za-z][a-z']+(?:[ ,]+[A-Za-z][a-z']+){3,}")
"""Four English words in a row."""
VALUES = {
    "n": 12, "all": 340, "first": "行1", "least": 2, "count": 50, "distinct": 31, "reasons": 8, "empty": 3, "same": 1,
    "earlier": 7, "better": 4, "model": "qwen2", "source": "win", "engine": "llamacpp",
}  # fmt: skip


def shown_in(text, language):
    """What a reader of one language sees of a page's own words."""
    other = "ja" if language == "en" else "en"
    text = re.sub(rf'<(span|text)[^>]*class="t[^"]*"[^>]*lang="{other}"[^>]*>.*?</\1>', "", text)
    text = re.sub(rf'<text[^>]*lang="{other}"[^>]*>.*?</text>', "", text)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.split("<script")[0]))


def english_in(text, *data):
    """Find English sentences that stand in a text and not in any of the data that it shows."""
    known = " ".join(" ".join(str(one).split()) for one in data)
    return [found for found in SENTENCE.findall(" ".join(text.split())) if found not in known]


def samples(known):
    """Make a text that each of these expressions matches, from its English words."""
    gaps = {
        "n": "1,200", "room": "800", "most": "8192", "to": "https://例.jp", "command": "naze pull gemma2:9b",
        "build": "1.2", "card": "CUDA", "file": "x.gguf", "why": "理由", "at": "http://127.0.0.1:1", "kind": "vLLM",
        "place": "a/0",
    }  # fmt: skip
    return {key: english.format(**gaps) for key, _, english, _ in known}


@pytest.mark.parametrize("known", [ENGINE, FAILURES], ids=["engines", "failures"])
def test_what_engines_and_runs_tell_is_known_by_its_words_and_told_in_japanese(known):
    for key, text in samples(known).items():
        matching = [other for other, words, _, _ in known if re.fullmatch(words, text)]
        assert matching[:1] == [key], "the first that matches is the one that is meant"
        assert told("en", text) == text
        assert re.search("[ぁ-んァ-ン一-龥]", told("ja", text)) and not english_in(told("ja", text)), key


def test_every_reason_that_a_run_gives_is_known(repository):
    """The sources are read: a reason with new words has to be told in Japanese too."""
    source = repository / "src" / "naze"
    files = [
        source / "generations" / "run.py",
        source / "generations" / "asking.py",
        *(source / "engines").glob("*.py"),
    ]
    texts = " ".join(file.read_text("utf-8") for file in files)
    written = re.findall(r"reason\s*=\s*\(?\s*(?:None if [^\"]*? else )?f?\"([^\"]{12,})\"", texts)
    assert len(written) > 8
    told_of = [words for _, words, _, _ in FAILURES]
    for reason in written:
        if "choices" in reason or reason.startswith(
            "{reason}"
        ):  # of questions with choices, which no page shows
            continue
        made = re.sub(r"\{[^}]*\}", "7", reason).strip()
        assert any(re.fullmatch(words, made) or re.match(words, made) for words in told_of), reason


def test_a_group_that_was_refused_says_why_in_both_languages():
    for why in WhyRefused:
        given = f"{why} f03" if why is WhyRefused.SAME_AS else str(why)
        key, _ = why_refused(Refused("name", given, 3))
        assert key == f"refused_{why.name.lower()}"
    assert why_refused(Refused("name", "for a reason of its own", 3)) == "for a reason of its own"


@pytest.fixture(scope="module", params=list(Outcome))
def japanese_factors(request, tmp_path_factory):
    """Factors in Japanese, with every note and every refusal that there is."""
    factors = make_factors(
        tmp_path_factory.mktemp("ja") / request.param, request.param, language="ja", resamples=100
    )
    refused = tuple(
        Refused("名前", f"{why} f01" if why is WhyRefused.SAME_AS else str(why), 2) for why in WhyRefused
    )
    notes = (
        *(Note(key, VALUES) for key in NOTES),
        Note("silent", VALUES, of="runs/a"),
        *samples(ENGINE).values(),
    )
    return replace(factors, about=replace(factors.about, refused=refused, notes=notes))


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_a_japanese_page_of_factors_has_no_english_but_what_people_and_models_said(
    japanese_factors, tmp_path, suffix
):
    path = tmp_path / f"page.{suffix}"
    write_factors_report(japanese_factors, path, language="ja")
    shown = path.read_text("utf-8")
    data = [json.dumps(vote.extra, default=str) for vote in japanese_factors.judged]
    data += [" ".join(turn or "" for turn in (*vote.prompt, *vote.response_a, *vote.response_b))
             for vote in japanese_factors.votes]  # fmt: skip
    data += [one.text for one in japanese_factors.explanations.values()]
    found = english_in(
        shown_in(shown, "ja") if suffix == "html" else shown, *data, japanese_factors.about.model
    )
    assert not found, found[:5]


def test_a_japanese_page_of_a_predictor_has_no_english_but_the_votes(repository, tmp_path):
    votes = list(read_votes(repository / "examples" / "explained.parquet"))
    predictor = VotePredictor(folds=2, trees=False, leave_out=("n-grams",)).fit(votes)
    notes = (
        "the linear model alone, without trees: LightGBM cannot be loaded (x); its wheel needs something",
        "only 3 of 251 votes are decided: who wins is learnt from 20 or more, so that A and B are held equally likely",
        "votes on the same two responses contradict each other (prompts: 3); all are kept, since people differ",
    )
    predictor.report_ = replace(predictor.report_, notes=notes)
    write_predictor_page(predictor, tmp_path / "page.html", language="ja")
    data = [" ".join(turn or "" for turn in (*one.prompt, *one.response_a, *one.response_b)) for one in votes]
    found = english_in(shown_in((tmp_path / "page.html").read_text("utf-8"), "ja"), *data)
    assert not found, found[:5]


def failed_rows():
    for number, reason in enumerate(samples(FAILURES).values()):
        vote = Vote(f"v{number}", ("質問",), ("答え",), ("別の答え",))
        yield ExplainedVote(vote, Answer(Status.ERROR, reason=reason), Fit.WHOLE)


def test_the_page_of_explained_votes_gives_failures_and_notes_in_the_readers_language(tmp_path):
    facts = {"fit": told_all("shorten"), "notes": told_all(*samples(ENGINE).values())}
    write_explained_page(tmp_path / "page.html", failed_rows(), title="説明", language="ja", facts=facts)
    page = (tmp_path / "page.html").read_text("utf-8")
    embedded = {
        name: json.loads(text)
        for name, text in re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', page, re.S)
    }
    spoken = [words["ja"] for name, words in embedded["about"]["facts"]]
    [votes] = [value for value in embedded.values() if isinstance(value, list)]
    spoken += [vote["reason"]["ja"] for vote in votes]
    spoken += embedded["texts"]["ja"].values()
    assert len(votes) == len(FAILURES) and not english_in(" ".join(spoken).replace("Show in English", ""))
    assert votes[0]["reason"]["en"].startswith("the prompt has 1,200 tokens")


def test_a_reader_who_switches_reads_the_reason_in_that_language(tmp_path, open_page):
    write_explained_page(
        tmp_path / "page.html",
        failed_rows(),
        title="説明",
        language="ja",
        facts={"notes": told_all("the model wrote nothing")},
    )
    page = open_page(tmp_path / "page.html")
    assert "プロンプトは1,200トークン" in page.locator("main").inner_text()
    assert not english_in(page.locator("main").inner_text())
    page.locator("#switch-language").click()
    assert "the prompt has 1,200 tokens" in page.locator("main").inner_text()


def test_engine_words_are_those_of_the_notes():
    assert set(ENGINE_WORDS) == {f"note_{key}" for key, *_ in ENGINE}
