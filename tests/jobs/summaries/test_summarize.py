"""Documents of any length become summaries whose every point stands in the document."""

import json
import re
from contextlib import contextmanager
from importlib import import_module

import polars as pl
import pytest

from answering import AnsweringEngine
from naze.errors import ConfigurationError, InputError
from naze.jobs.asking import Worker
from naze.jobs.summaries import SummaryOptions, as_markdown, run_summaries, summarize
from naze.tables import open_table

_NUMBERED = re.compile(r"^\[(\d+)\] (.*)$", re.M)


def say(prompt):
    """Take the first and the last sentence of a part; put every two points together."""
    lines = [(int(number), text) for number, text in _NUMBERED.findall(prompt.subject)]
    most = json.loads(prompt.schema)["properties"]["points"]["maxItems"]
    if '"from"' in prompt.schema:
        pairs = [lines[start : start + 2] for start in range(0, len(lines), 2)]
        points = [{"from": [number for number, _ in pair], "point": pair[0][1]} for pair in pairs]
    else:
        points = [{"sentence": number, "point": text} for number, text in (lines[0], lines[-1])]
        points.append({"sentence": 999, "point": "Nobody said so."})
    return json.dumps({"points": points[:most]})


@pytest.fixture
def model(monkeypatch):
    engine = AnsweringEngine(say)
    engine.context_tokens = 2_000

    @contextmanager
    def opened(name, *, engine_=engine, **_):
        yield Worker(name, lambda: engine_)

    module = import_module("naze.jobs.summaries.summarize")  # the package has a function of that name
    monkeypatch.setattr(module, "opened_worker", lambda name, **_: opened(name))
    return engine


def test_every_source_is_the_documents_own_words(model, tmp_path):
    text = "\n\n".join(
        f"Part {number} begins. It says thing {number}. It ends here." for number in range(200)
    )
    table = pl.DataFrame({"name": ["long", "short"], "text": [text, "One thing. Another thing."]})
    frame = summarize(
        table, how=SummaryOptions(points=3, piece_tokens=200), model="scripted", run=tmp_path / "run"
    )
    assert frame["name"].to_list() == ["long", "short"]
    for row in frame.iter_rows(named=True):
        assert 0 < len(row["summary_points"]) <= 3
        for point in row["summary_points"]:
            for source in point["sources"]:
                assert row["text"][source["start"] : source["end"]] == source["quote"]
                line = row["text"].splitlines()[source["line"] - 1]
                assert source["quote"].splitlines()[0] in line
    assert frame["summary_rejected"].to_list()[1] == 1, "the sentence that does not exist is counted"


def test_a_text_of_two_hundred_thousand_tokens_is_summarized(model, tmp_path):
    text = " ".join(f"Fact {number} is that word{number} holds." for number in range(33_400))
    assert len(text.split()) > 200_000
    found = run_summaries(
        open_table(pl.DataFrame({"text": [text]})), how=SummaryOptions(points=5, piece_tokens=1_500),
        model="scripted", run=tmp_path / "run",
    )  # fmt: skip
    [document] = found.documents.values()
    assert document.pieces > 130
    assert len(document.points) <= 5
    assert found.levels > 1
    assert max(model.count_tokens([prompt])[0] for prompt in model.prompts) < 2_000 - 600


def test_the_same_again_asks_nothing_and_one_new_document_only_its_own(model, tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "a.txt").write_text("First report. It is short.", encoding="utf-8")
    summarize(folder, model="scripted", run=tmp_path / "run", out=tmp_path / "s.jsonl")
    model.prompts.clear()
    summarize(folder, model="scripted", run=tmp_path / "run", out=tmp_path / "s.jsonl")
    assert model.prompts == []
    (folder / "b.md").write_text("# Second\n\nIt is new.", encoding="utf-8")
    summarize(folder, model="scripted", run=tmp_path / "run", out=tmp_path / "s.jsonl")
    assert len(model.prompts) == 1
    written = pl.read_ndjson(tmp_path / "s.jsonl")
    assert written["path"].to_list() == ["a.txt", "b.md"]
    assert "text" not in written.columns, "the documents are not written once more beside their summaries"


def test_a_part_that_fails_is_told_and_the_rest_is_summarized(model, tmp_path):
    text = "\n\n".join(f"Part {number} begins. It says thing {number}." for number in range(60))
    model.say = lambda prompt: (
        None if "thing 30" in prompt.subject and '"sentence"' in prompt.schema else say(prompt)
    )
    table = open_table(pl.DataFrame({"text": [text, ""]}))
    found = run_summaries(
        table, how=SummaryOptions(points=3, piece_tokens=120), model="scripted", run=tmp_path / "run"
    )
    whole, empty = next(found.batches()).iter_rows(named=True)
    assert whole["summary_status"] == "answered"
    assert "of its prompts failed; the first: part" in whole["summary_reason"]
    assert (empty["summary"], empty["summary_reason"]) == (None, "part 1: nothing to read: text empty")
    assert found.failed == 2
    model.say = say
    again = run_summaries(
        table,
        how=SummaryOptions(points=3, piece_tokens=120, retry=True),
        model="scripted",
        run=tmp_path / "run",
    )
    assert again.failed == 1


def test_without_cutting_a_long_document_fails_with_its_tokens(model, tmp_path):
    table = open_table(pl.DataFrame({"text": ["A word here. " * 2_000]}))
    found = run_summaries(table, how=SummaryOptions(map_reduce=False), model="scripted", run=tmp_path / "run")
    [row] = next(found.batches()).iter_rows(named=True)
    assert row["summary_status"] == "overflow"
    assert "fit beside the answer" in row["summary_reason"]


@pytest.mark.parametrize(("text", "words"), [("売上が伸びた。", "# 要約"), ("Sales rose.", "# Summaries")])
def test_the_page_is_written_in_the_language_of_the_documents(model, tmp_path, text, words):
    found = run_summaries(
        open_table(pl.DataFrame({"name": ["a"], "text": [text]})), model="scripted", run=tmp_path / "run"
    )
    page = "\n".join(as_markdown(found))
    assert page.startswith(words)
    assert f"“{text}”" in page
    assert ("1 行目" if words == "# 要約" else "line 1") in page


def test_wrong_numbers_are_refused():
    with pytest.raises(ConfigurationError, match="points is 0; expected at least 1"):
        SummaryOptions(points=0)


def test_a_column_that_is_there_already_is_refused(model, tmp_path):
    table = pl.DataFrame({"text": ["a"], "summary": ["b"]})
    with pytest.raises(InputError, match="a column 'summary' would be added"):
        summarize(table, model="scripted", run=tmp_path / "run")


def test_points_that_loop_are_asked_for_once_more_and_what_is_left_is_marked(model, tmp_path):
    asked = []

    def loops(prompt):
        [(number, text), *_] = _NUMBERED.findall(prompt.subject) or [("1", "")]
        asked.append(text)
        said = text if asked.count(text) == 2 and "May" in text else f"{text} " * 6
        return json.dumps({"points": [{"sentence": int(number), "point": said.strip()}]})

    model.say = loops
    table = pl.DataFrame(
        {"name": ["one", "two"], "text": ["The plan was changed in May.", "The plan was kept in June."]}
    )
    options = {"model": "scripted", "run": tmp_path / "run"}
    found = run_summaries(open_table(table), how=SummaryOptions(points=3), **options)
    assert (found.watched.asked_again, found.watched.mended, found.marked) == (2, 1, 1)
    marks = pl.concat(list(found.batches()))["summary_marks"].to_list()
    assert sum(bool(one) for one in marks) == found.marked and ["looping"] in marks
    assert (
        "\n".join(as_markdown(found)).count("Look twice: it says the same again and again.") == found.marked
    )
