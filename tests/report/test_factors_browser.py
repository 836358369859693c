"""The report of factors as a reader has it: in Chromium, with every request and every error watched."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDTH = "document.documentElement.scrollWidth"


def names(page):
    return page.locator("table.factors tbody th a").all_inner_texts()


def open_cases(page, factor="f01"):
    page.click(f"#{factor} details.cases > summary")
    page.wait_for_selector(f"#{factor} .case")


def test_the_page_reads_in_its_order_and_each_figure_says_what_it_shows(open_page, win_page):
    page = open_page(win_page)
    assert page.locator("main > section > h2").all_inner_texts() == [
        "Summary", "Factors", "Effects with their intervals", "Would more explanations find more?", "When votes are ties",
        "Factor by factor", "Refused groups and notes", "How this was made",
    ]  # fmt: skip
    for figure in page.locator("svg[role=img]").all():
        told = figure.get_attribute("aria-labelledby").split()
        assert told
        for name in told:
            assert page.locator(f"[id='{name}']").inner_text().strip()


def test_the_language_switches_everywhere_and_the_factors_stay(open_page, win_page):
    page = open_page(win_page)
    before = names(page)
    open_cases(page)
    page.click("#switch-language")
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert page.locator("#summary h2").inner_text() == "要約"
    assert page.locator("#switch-language").inner_text() == "English"
    assert page.locator("#f01 .group h4").first.inner_text().startswith("支持する事例")
    assert page.locator("#switch-theme").get_attribute("aria-label") == "明暗の切り替え"
    assert "κ係数" in page.locator("table.factors thead").inner_text()
    assert names(page) == before
    page.click("#switch-language")
    assert page.locator("#summary h2").inner_text() == "Summary"


def test_no_text_of_the_other_language_is_left(open_page, tie_page):
    page = open_page(tie_page)
    for language, other in (("ja", "en"), ("en", "ja")):
        assert page.evaluate("document.documentElement.lang") == language
        hidden = page.evaluate(
            f"[...document.querySelectorAll('.t[lang={other}]')].every(e => e.getClientRects().length === 0)"
        )
        assert hidden
        page.click("#switch-language")


def test_columns_sort_and_say_so(open_page, win_page):
    page = open_page(win_page)
    assert page.locator("th[data-column=verdict]").get_attribute("aria-sort") == "ascending"
    page.click("th[data-column=kappa] button")
    assert page.locator("th[data-column=kappa]").get_attribute("aria-sort") == "descending"
    assert page.locator("th[aria-sort]").count() == 1
    kappa = "e => e.dataset.value"
    cells = page.locator("table.factors td.kappa")
    values = [cell.evaluate(kappa) for cell in cells.all()]
    known = [float(value) for value in values if value]
    assert known == sorted(known, reverse=True)
    assert values[len(known) :] == [""] * (len(values) - len(known))
    page.click("th[data-column=kappa] button")
    assert page.locator("th[data-column=kappa]").get_attribute("aria-sort") == "ascending"
    page.locator("th[data-column=factor] button").focus()
    page.keyboard.press("Enter")
    assert page.locator("tbody tr").first.get_attribute("data-factor") == "f01"


def test_cases_open_with_prompt_both_responses_votes_and_marked_quotes(open_page, win_page):
    page = open_page(win_page)
    assert page.locator(".case").count() == 0
    open_cases(page)
    first = page.locator("#f01 .group.for .case").first
    assert first.locator(".outcome").inner_text() in ("A preferred", "B preferred")
    assert first.locator(".model").inner_text().startswith("Model: ")
    assert "Probabilities: A" in first.locator(".bar").get_attribute("aria-label")
    assert first.locator(".prompt .text").inner_text()
    a, b = (first.locator(f".response.{side}").bounding_box() for side in "ab")
    assert a["y"] == b["y"]
    assert a["x"] + a["width"] <= b["x"]
    assert page.locator("#f01 .group.source .case mark").count() >= 6
    assert page.locator("#f01 .group.source .model").count() == 0


def test_a_long_response_is_shortened_and_its_whole_text_can_be_reached(open_page, win_page):
    page = open_page(win_page)
    open_cases(page)
    case = page.locator(".case:has(.more)").first
    text = case.locator(".text.long").first
    cut = "e => e.scrollHeight > e.clientHeight"
    assert text.evaluate(cut)
    case.locator(".more").click()
    assert not text.evaluate(cut)
    assert case.locator(".more").get_attribute("aria-expanded") == "true"


def test_where_a_factor_holds_can_be_looked_at(open_page, win_page):
    page = open_page(win_page)
    open_cases(page)
    page.click("#f01 .slices summary")
    table = page.locator("#f01 .slices table").inner_text()
    assert "Japanese" in table
    assert "characters" in table


def test_a_link_leads_to_its_factor_or_its_case(open_page, win_page):
    page = open_page(win_page, "#f03")
    assert page.locator("article.factor.current").get_attribute("id") == "f03"
    again = open_page(win_page, "#f03-a1")
    assert again.locator(".case.current").get_attribute("id") == "f03-a1"
    assert again.locator("#f03 details.cases").get_attribute("open") is not None


def test_dark_follows_the_system_and_the_button_and_stays(open_page, win_page):
    background = "getComputedStyle(document.body).backgroundColor"
    light = open_page(win_page).evaluate(background)
    page = open_page(win_page, color_scheme="dark")
    dark = page.evaluate(background)
    assert light != dark
    page.click("#switch-theme")
    assert page.evaluate(background) == light
    page.reload()
    assert page.evaluate(background) == light


@pytest.mark.parametrize("outcome", ["win", "tie"])
def test_a_phone_needs_no_sideways_scrolling(open_page, win_page, tie_page, outcome):
    page = open_page(win_page if outcome == "win" else tie_page, **PHONE)
    open_cases(page, "f02")
    for _ in range(2):
        assert page.evaluate(WIDTH) <= 390
        page.click("#switch-language")
    assert page.locator("svg.narrow").is_visible()
    assert page.locator("svg.wide").is_hidden()


def test_on_a_phone_each_factor_is_a_card_with_its_figures_named(open_page, win_page):
    page = open_page(win_page, **PHONE)
    row = page.locator("table.factors tbody tr").first
    named = "e => getComputedStyle(e, '::before').content"
    assert row.locator("td.kappa").evaluate(named) == '"Kappa"'
    assert row.bounding_box()["width"] <= 390
    page.select_option("#sort", "named")
    counts = [
        int(text.replace(",", "")) for text in page.locator("td.named span:first-child").all_inner_texts()
    ]
    assert counts == sorted(counts, reverse=True)


def test_print_is_light_cuts_nothing_and_leaves_out_what_is_closed(open_page, win_page):
    page = open_page(win_page, color_scheme="dark", viewport={"width": 703, "height": 1000})
    open_cases(page, "f06")
    page.emulate_media(media="print", color_scheme="light")
    assert page.evaluate(WIDTH) <= 703
    assert page.locator(".switches").is_hidden()
    assert page.locator("#f01 details.cases").is_hidden()
    assert page.locator("#f06 .case").first.is_visible()
    long = page.locator("#f06 .text.long").first
    assert long.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
    assert page.locator("svg.wide").is_visible()


def test_html_in_any_text_is_inert_and_shown_as_it_is(open_page, win_page):
    page = open_page(win_page)
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert "<img src=x onerror=window.hit=1>" in page.locator("#refused").inner_text()
    assert page.locator("main img, main script").count() == 0


def test_without_a_script_words_figures_and_table_are_there(open_page, tie_page):
    page = open_page(tie_page, java_script_enabled=False)
    assert page.locator("#summary h2").inner_text() == "要約"
    assert page.locator("table.factors tbody tr").count() == 12
    assert page.locator("svg.wide").is_visible()
    assert "JavaScript" in page.locator("noscript").inner_text()


def test_what_is_read_stands_out_enough_in_light_and_dark(open_page, win_page):
    script = """() => {
      const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const rgb = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data]; };
      const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
      const light = (color) => color.slice(0, 3).map((c) => linear(c / 255))
        .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
      const behind = (element) => { for (let one = element; one; one = one.parentElement) {
        const color = rgb(getComputedStyle(one).backgroundColor); if (color[3] === 255) return color; }
        return rgb(getComputedStyle(document.body).backgroundColor); };
      const weak = [];
      for (const element of document.querySelectorAll("main *, header *")) {
        if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        if (!element.getClientRects().length) continue;
        const style = getComputedStyle(element);
        const ink = rgb(element.ownerSVGElement ? style.fill : style.color);
        const [x, y] = [light(ink), light(behind(element))].sort((p, q) => q - p);
        const ratio = (x + 0.05) / (y + 0.05);
        if (ratio < 4.5) weak.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
      }
      return [...new Set(weak)].slice(0, 12);
    }"""
    for scheme in ("light", "dark"):
        page = open_page(win_page, color_scheme=scheme)
        open_cases(page)
        assert page.evaluate(script) == []


def test_sixty_factors_with_eighteen_cases_each_open_at_once(open_page, many_page):
    page = open_page(many_page)
    took = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert took < 3_000
    open_cases(page, "f60")
    assert page.locator(".case").count() <= 18
