"""Votes of every kind and what came of them, one that attacks the page, folders of factors, and a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from made_factors import make_factors
from naze.factors.result import Factors
from naze.jobs import ExplainedVote
from naze.records import Answer, FinishReason, Fit, Outcome, Status, Vote, Winner
from naze.report import write_explained_page, write_factors_report

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ATTACK = (
    "</script><script>window.hit=1</script><img src=x onerror=window.hit=1></textarea><!-- <script> &lt;b&gt; "
    "[link](javascript:window.hit=1) <a href=javascript:window.hit=1>x</a> \u2028 ]]> `tick`"
)
EXPLANATION = """## 1. Summary of the prompt
The person wants **one joke**.

## 2. Analysis of the responses
- **Response A**: uses `<b>` and *wit*.
  - a nested point
- **Response B**: plain.

1. first
2. second

```html
<b>not bold</b>
```
> quoted
"""


def answered(text: str, **more: object) -> Answer:
    return Answer(Status.ANSWERED, text, finish_reason=FinishReason.STOP, prompt_tokens=700, generated_tokens=120,
                  seconds=3.25, **more)  # fmt: skip


@pytest.fixture(scope="session")
def explained() -> list[ExplainedVote]:
    """Every outcome, every status, every fit; several turns, null and empty turns, an attack in every text."""
    joke = Vote(
        "joke",
        ("Tell me a joke",),
        ("Why did the tomato turn red?",),
        ("Sure.",),
        Winner.A,
        "m-1",
        "m-2",
        "en",
    )
    turns = Vote(
        "two turns",
        ("日本の首都は?", None),
        ("東京です。", None),
        ("京都です。", ""),
        Winner.B,
        language="ja",
    )
    return [
        ExplainedVote(joke, answered(EXPLANATION)),
        ExplainedVote(turns, answered("東京が正しいからです。")),
        ExplainedVote(
            Vote("long", ("Explain tides",), ("moon " * 900,), ("sea",), Winner.TIE, language="en"),
            Answer(Status.ANSWERED, "Both explain.", finish_reason=FinishReason.LENGTH),
            Fit.SHORTENED, 3500, 7021, 3584,
        ),
        ExplainedVote(
            Vote("over", ("Read this book",), ("x",), ("y",), Winner.BOTH_BAD),
            Answer(Status.OVERFLOW, reason="the prompt has 9,412 tokens; 3,584 fit beside the answer"),
            Fit.OVERFLOW, 9412, 9412, 3584,
        ),
        ExplainedVote(
            Vote("crash", ("q",), ("a",), ("b",)), Answer(Status.ERROR, reason="llama-server closed the connection")
        ),
        ExplainedVote(
            Vote("invalid", ("q",), ("a",), ("b",)), Answer(Status.INVALID, "  half", reason="the answer is empty")
        ),
        ExplainedVote(Vote("open", ("q",), ("a",), ("b",), Winner.A)),
        ExplainedVote(
            Vote(ATTACK, (ATTACK,), (ATTACK + "\ud83d",), (ATTACK,), Winner.A, ATTACK, ATTACK, "x", ATTACK),
            answered(f"## {ATTACK}\n**{ATTACK}**\n- {ATTACK}\n\n```\n{ATTACK}"),
        ),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def page_path(explained: list[ExplainedVote], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of those votes, in English."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    facts = {
        "model": "qwen2.5-coder:1.5b",
        "engine": "openvino",
        "rows": 8,
        "seconds": 3.25,
        "own fact": ATTACK,
    }
    write_explained_page(path, explained, title=f"Votes {ATTACK}", language="en", facts=facts)
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium, with nothing in it that would reach for the network by itself."""
    if not CHROMIUM.is_file():
        pytest.skip("no Chromium at /usr/bin/chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser):
    """Open pages; at the end nothing was requested but their files, and nothing went wrong in them."""
    contexts, requests, errors = [], [], []

    def opened(path, fragment="", ready="main > *", **context):
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-US", **context})
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector(ready)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for url in requests if not url.startswith("file:")] == []
    assert errors == []


@pytest.fixture(scope="session")
def win_factors(tmp_path_factory: pytest.TempPathFactory) -> Factors:
    """Why one response is preferred, in English: factors that passed, failed, went the other way, were not tested."""
    return make_factors(tmp_path_factory.mktemp("factors") / "win", Outcome.WIN)


@pytest.fixture(scope="session")
def tie_factors(tmp_path_factory: pytest.TempPathFactory) -> Factors:
    """Why neither is preferred, in Japanese."""
    return make_factors(tmp_path_factory.mktemp("factors") / "tie", Outcome.TIE, language="ja")


@pytest.fixture(scope="session")
def win_page(win_factors: Factors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "win.html"
    write_factors_report(win_factors, path)
    return path


@pytest.fixture(scope="session")
def tie_page(tie_factors: Factors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "tie.html"
    write_factors_report(tie_factors, path)
    return path


@pytest.fixture(scope="session")
def many_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty factors."""
    folder = tmp_path_factory.mktemp("many")
    write_factors_report(
        make_factors(folder / "factors", Outcome.WIN, copies=5, resamples=40), folder / "many.html"
    )
    return folder / "many.html"
