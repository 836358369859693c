import re

import pytest

from naze.factors.cases import Role, cases_of
from naze.report import write_factors_report


@pytest.fixture(scope="session")
def markdown(win_factors, tmp_path_factory):
    path = tmp_path_factory.mktemp("markdown") / "report.md"
    assert write_factors_report(win_factors, path, cases=2) == 12
    return path.read_text("utf-8")


def test_headings_lead_from_the_summary_to_how_it_was_made(markdown):
    assert re.findall(r"^## (.*)$", markdown, re.M) == [
        "Summary", "Factors", "Would more explanations find more?", "Factor by factor", "Refused groups and notes",
        "How this was made",
    ]  # fmt: skip


def test_the_table_has_a_row_a_factor_and_as_many_cells_in_each(markdown, win_factors):
    rows = [line for line in markdown.splitlines() if line.startswith("| **")]
    assert len(rows) == len(win_factors)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {10}


def test_cases_of_factors_that_passed_are_quoted_as_they_were_written(markdown, win_factors):
    passed = set(win_factors.validation.passed)
    told = set(re.findall(r"^### .* \((f\d+)\)$", markdown, re.M))
    assert told == passed
    factor = win_factors.find(min(passed))
    source = next(case for case in cases_of(win_factors, factor, 2) if case.role is Role.SOURCE)
    quote = " ".join(source.quotes[0].text.split())
    assert f"<mark>{quote}</mark>" in markdown.replace("\\", "")


def test_nothing_that_others_wrote_is_read_as_markdown_or_html(markdown):
    assert "<script" not in markdown.replace("\\<script", "")
    assert "<img" not in markdown.replace("\\<img", "")
    tags = set(re.findall(r"(?<!\\)<(/?\w+)>", markdown))
    assert tags <= {"details", "summary", "/summary", "/details", "mark", "/mark", "br"}


def test_a_japanese_report_has_japanese_headings(tie_factors, tmp_path):
    path = tmp_path / "report.md"
    write_factors_report(tie_factors, path, cases=1)
    text = path.read_text("utf-8")
    assert text.startswith("# 引き分けになる理由：explained")
    assert "## 要約" in text
    assert "| 要因 | 言及数 | 適用率 | 引き分け率 | リフト |" in text


def test_a_heading_of_ones_own_is_taken(tie_factors, tmp_path):
    path = tmp_path / "report.markdown"
    write_factors_report(tie_factors, path, language="en", title="Ties *here*", cases=1)
    assert path.read_text("utf-8").startswith("# Ties \\*here\\*\n")
