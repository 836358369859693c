"""The page as a reader has it: in Chromium, with every request and every error watched."""

import json
from dataclasses import replace

import pytest

from naze.jobs import ExplainedVote
from naze.jobs.explaining import Form, read_explanation
from naze.records import Answer, Status, Vote, Winner
from naze.report import write_explained_page
from naze.report.texts import TEXTS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def show(open_page, page_path):
    """Open a page of explained votes."""

    def opened(path=page_path, fragment="", **context):
        return open_page(path, fragment, ready="#votes > *", **context)

    return opened


def shown_ids(page):
    return page.eval_on_selector_all(".vote", "votes => votes.map(vote => vote.id.slice('vote-'.length))")


def search(page, words):
    page.fill("#search", words)
    page.wait_for_timeout(150)


def test_all_votes_are_shown_with_prompt_both_answers_and_explanation(show, explained):
    page = show()
    assert shown_ids(page) == [one.vote.id for one in explained]
    joke = page.locator(".vote").first
    assert joke.locator(".prompt .text").inner_text() == "Tell me a joke"
    assert joke.locator(".response.a.won .badge").inner_text() == "✓ Chosen"
    assert joke.locator(".response.b .badge").count() == 0
    assert "The person wants one joke." in joke.locator(".markdown").inner_text()


def test_html_in_any_text_is_inert_and_shown_as_it_is(show, explained):
    page = show()
    page.wait_for_timeout(300)
    assert page.evaluate("window.hit") is None
    attacked = page.locator(".vote").last
    vote = explained[-1].vote
    assert attacked.locator(".prompt .text").evaluate("element => element.textContent") == vote.prompt[0]
    assert (
        attacked.locator(".response.b .text").evaluate("element => element.textContent") == vote.response_b[0]
    )
    assert attacked.locator("img, script, textarea, .markdown a, .text a").count() == 0
    assert page.title().startswith("Votes </script>")
    assert "<img src=x onerror=window.hit=1>" in attacked.locator(".markdown pre").text_content()


def test_markdown_of_an_explanation_is_laid_out(show):
    markdown = show().locator(".vote .markdown").first
    assert markdown.locator("h4").all_inner_texts() == [
        "1. Summary of the prompt",
        "2. Analysis of the responses",
    ]
    assert markdown.locator("strong").first.inner_text() == "one joke"
    assert markdown.locator("li > ul > li").inner_text() == "a nested point"
    assert markdown.locator("ol > li").all_inner_texts() == ["first", "second"]
    assert markdown.locator("li code").inner_text() == "<b>"
    assert markdown.locator("pre code").inner_text() == "<b>not bold</b>"
    assert markdown.locator("blockquote").inner_text() == "quoted"


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("tomato", ["joke"]),
        ("TOMATO  red", ["joke"]),
        ("東京", ["two turns"]),
        ("9,412", ["over"]),
        ("tides both", ["long"]),
    ],
)
def test_search_narrows_over_prompts_answers_explanations_and_reasons(show, words, ids):
    page = show()
    search(page, words)
    assert shown_ids(page) == ids
    assert page.inner_text("#shown") == "1 of 8 votes"
    if words == "tomato":
        assert page.locator("mark").all_inner_texts() == ["tomato"]


def test_a_search_that_finds_nothing_says_so_and_can_be_cleared(show):
    page = show()
    search(page, "(*[unfindable")
    assert page.inner_text(".empty p") == "No vote matches."
    page.click(".empty button")
    assert len(shown_ids(page)) == 8


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("outcome", "=tie", ["long"]),
        ("outcome", "=none", ["crash", "invalid"]),
        ("status", "=overflow", ["over"]),
        ("status", "=shortened", ["long"]),
        ("status", "=cut", ["long"]),
        ("status", "=open", ["open"]),
        ("language", "=ja", ["two turns"]),
        ("model", "=m-1", ["joke"]),
    ],
)
def test_filters_narrow(show, name, value, ids):
    page = show()
    page.select_option(f"[data-filter={name}]", value)
    assert shown_ids(page) == ids


def test_failures_say_why_and_shortened_votes_say_how_much(show):
    page = show()
    notes = {
        vote: page.locator(f"[id='vote-{vote}'] .note").all_text_contents()
        for vote in ("over", "crash", "long")
    }
    assert "9,412 tokens; 3,584 fit" in notes["over"][0]
    assert "llama-server closed the connection" in notes["crash"][0]
    assert "3,500 of 7,021 tokens (limit 3,584)" in notes["long"][0]
    assert page.locator("[id='vote-invalid'] .markdown").text_content() == "half"


def test_null_and_empty_turns_are_told_apart(show):
    turn = show().locator("[id='vote-two turns'] .turn").nth(1)
    assert turn.locator(".turn-number").inner_text() == "Turn 2 of 2"
    assert turn.locator(".missing").all_inner_texts() == [
        TEXTS["en"]["null_prompt"], TEXTS["en"]["null_response"], TEXTS["en"]["empty_response"]
    ]  # fmt: skip


def test_dark_follows_the_system_and_the_button_and_stays(show):
    background = "getComputedStyle(document.body).backgroundColor"
    light = show().evaluate(background)
    page = show(color_scheme="dark")
    dark = page.evaluate(background)
    assert light != dark
    page.click("#switch-theme")
    assert page.evaluate(background) == light
    page.reload()
    assert page.evaluate(background) == light
    page.keyboard.press("d")
    assert page.evaluate(background) == dark


def test_the_words_of_the_page_switch_language_and_the_data_stays(show):
    page = show()
    page.click("#switch-language")
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert page.inner_text("#shown") == "8件の投票"
    assert page.locator(".badge").first.inner_text() == "✓ 選ばれた回答"
    assert page.locator(".prompt .text").first.inner_text() == "Tell me a joke"


def test_keys_move_search_open_and_clear(show):
    page = show()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator(".vote.current").get_attribute("id") == "vote-two turns"
    page.keyboard.press("k")
    assert page.locator(".vote.current").get_attribute("id") == "vote-joke"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("jade")
    page.wait_for_timeout(150)
    assert shown_ids(page) == []
    page.keyboard.press("Escape")
    assert len(shown_ids(page)) == 8


@pytest.mark.parametrize("vote_id", ["two turns", "over"])
def test_a_permalink_leads_to_its_vote(show, vote_id):
    page = show()
    link = page.locator(f"[id='vote-{vote_id}'] a.id").get_attribute("href")
    again = show(fragment=link)
    assert again.locator(".vote.current").get_attribute("id") == f"vote-{vote_id}"


def test_a_phone_needs_no_sideways_scrolling(show):
    page = show(**PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    first, second = (page.locator(f".vote .response.{side}").first.bounding_box() for side in "ab")
    assert second["y"] >= first["y"] + first["height"]
    explanation = page.locator(".vote .why").first.bounding_box()
    assert explanation["y"] >= second["y"] + second["height"]


@pytest.mark.parametrize(("vote", "beside"), [("long", True), ("joke", False)])
def test_the_explanation_stands_beside_long_responses_and_beneath_short_ones(show, vote, beside):
    page = show()
    a, b, why = (
        page.locator(f"[id='vote-{vote}'] {part}").first.bounding_box()
        for part in (".response.a", ".response.b", ".why")
    )
    assert a["y"] == b["y"]
    assert a["x"] + a["width"] <= b["x"]
    if beside:
        assert b["x"] + b["width"] <= why["x"]
    else:
        assert why["y"] >= a["y"] + a["height"] and why["width"] > a["width"] + b["width"]


def test_quotes_are_highlighted_and_faults_told_and_filtered(show, tmp_path):
    written = json.dumps(
        {
            "what the person asked for": "The person asked for a joke.",
            "quote from A": "turn **red**",
            "feature of A": "Response A tells one.",
            "quote from B": "Never.",
            "feature of B": "Response B refuses.",
            "what decided it": "Response A was chosen because it tells one.",
        }
    )
    vote = Vote("7", ("A joke",), ("Why did the tomato turn **red**?",), ("No.",), Winner.A)
    explanation = read_explanation(written, vote, Form("en"))
    faulty = Answer(Status.ANSWERED, written, marks=("alike",), attempts=2)
    plain = Answer(Status.ANSWERED, written)
    other = replace(vote, id="8")
    path = tmp_path / "page.html"
    rows = [
        ExplainedVote(vote, faulty, explanation=explanation),
        ExplainedVote(other, plain, explanation=explanation),
    ]
    write_explained_page(path, rows, title="t", language="en")
    page = show(path)
    assert page.locator("[id='vote-7'] .response.a .quoted").inner_text() == "turn **red**"
    assert page.locator("[id='vote-7'] .response.b .quoted").count() == 0
    assert "its quote is not in the response" in page.locator("[id='vote-7'] .why").inner_text()
    assert "it says the same of both responses" in page.locator("[id='vote-7'] .note").first.inner_text()
    page.locator("select[data-filter='status']").select_option("=faulty")
    assert page.locator(".vote").count() == 1


def test_print_shows_every_vote_whole_and_no_controls(show):
    page = show()
    page.emulate_media(media="print")
    assert page.locator(".tools").is_hidden()
    assert page.locator("[id='vote-long'] .response.a .text").evaluate(
        "e => e.scrollHeight <= e.clientHeight"
    )


def test_five_thousand_votes_open_scroll_and_search_quickly(show, tmp_path):
    path = tmp_path / "large.html"
    rows = (
        ExplainedVote(
            Vote(str(n), (f"question {n}",), ("long answer " * 100,), ("other " * 100,), Winner.A),
            Answer(Status.ANSWERED, f"## 1\nbecause needle{n}"),
        )
        for n in range(5000)
    )
    write_explained_page(path, rows, title="Large", language="en")
    page = show(path)
    assert page.inner_text("#shown") == "5,000 votes"
    assert len(shown_ids(page)) < 100
    search(page, "needle4321")
    page.wait_for_function(
        "document.querySelector('#shown').textContent === '1 of 5,000 votes'", timeout=5000
    )
    assert shown_ids(page) == ["4321"]
    linked = show(path, "#vote-4000")
    assert linked.locator(".vote.current").get_attribute("id") == "vote-4000"
