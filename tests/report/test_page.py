import json
import re

import pytest

from naze.errors import ConfigurationError, StoreError
from naze.jobs import ExplainedVote
from naze.records import Answer, Status, Vote, Winner
from naze.report import write_explained_page
from naze.report.html import embed
from naze.report.texts import TEXTS


def embedded(text, name):
    [found] = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.S)
    return json.loads(found)


def test_every_vote_stands_in_the_page_as_it_was(page_path, explained):
    rows = embedded(page_path.read_text("utf-8"), "data")
    assert [row["id"] for row in rows] == [one.vote.id for one in explained]
    for row, one in zip(rows, explained, strict=True):
        assert (row["prompt"], row["a"], row["b"]) == (
            list(one.vote.prompt), list(one.vote.response_a), list(one.vote.response_b)
        )  # fmt: skip
        assert row.get("text") == (one.answer.text if one.answer else None)
        assert row["status"] == (one.answer.status if one.answer else "open")


def test_no_text_leaves_its_script_tag_or_comes_as_markup(page_path):
    text = page_path.read_text("utf-8")
    assert text.count("</script>") == 4
    assert text.count("<script") == 4
    assert "<img" not in text
    assert "<!--" not in text.replace("<!doctype", "")


def test_the_page_names_nothing_outside_itself(page_path):
    text = page_path.read_text("utf-8")
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+", text) == []
    assert "default-src 'none'" in text
    assert re.findall(r"<(?:link|img|iframe|base|object|embed|form)\b", text) == []


@pytest.mark.parametrize("value", ["</script>", "<!--", "&lt;", "\u2028", "\ud83d", '"\\', "日本"])
def test_embedded_json_comes_back_as_it_was(value):
    text = embed(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029\ud83d") & set(text)


def test_japanese_and_english_have_the_same_texts_with_the_same_gaps():
    assert TEXTS["en"].keys() == TEXTS["ja"].keys()
    gaps = {
        lang: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in TEXTS[lang].items()}
        for lang in TEXTS
    }
    assert gaps["en"] == gaps["ja"]


def test_a_page_in_an_unknown_language_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="'de'; expected en or ja"):
        write_explained_page(tmp_path / "p.html", [], title="", language="de")


def test_a_folder_that_is_not_there_is_made_and_one_that_cannot_be_is_told(tmp_path):
    write_explained_page(tmp_path / "new" / "p.html", [], title="", language="en")
    assert (tmp_path / "new" / "p.html").is_file()
    with pytest.raises(StoreError, match="cannot be written"):
        write_explained_page(tmp_path / "new" / "p.html" / "p.html", [], title="", language="en")


def test_a_page_whose_rows_fail_leaves_the_old_page_and_no_remains(tmp_path):
    path = tmp_path / "p.html"
    path.write_text("old")

    def rows():
        yield ExplainedVote(Vote("1", ("q",), ("a",), ("b",)))
        raise KeyError("the store broke")

    with pytest.raises(KeyError):
        write_explained_page(path, rows(), title="", language="en")
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["p.html"]


def test_five_thousand_votes_are_written_as_they_come(tmp_path):
    vote = Vote("1", ("question " * 20,), ("answer " * 200,), ("reply " * 200,), Winner.A)
    row = ExplainedVote(vote, Answer(Status.ANSWERED, "because " * 100))
    assert (
        write_explained_page(tmp_path / "p.html", (row for _ in range(5000)), title="", language="en") == 5000
    )
    assert (tmp_path / "p.html").stat().st_size < 25_000_000
