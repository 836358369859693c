"""A table comes back with its new columns: every row, in order, failures marked; and the same call continues."""

import json
import math
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

import naze
from naze.cli import app
from naze.engines.choices import distribution
from naze.engines.protocol import Identity
from naze.errors import ChoiceError, ConfigurationError, InputError, ManifestMismatchError, TemplateError
from naze.generations import Account, Budget
from naze.jobs import MapSettings, Question, map_job, map_to_file, read_questions, run_map
from naze.jobs.asking import Worker
from naze.records import Answer, FinishReason, Status
from scripted import ScriptedEngine

ROWS = pl.DataFrame(
    {"id": [1, 2, 3, 4], "text": ["late parcel", "lovely tea", None, "lovely tea"], "stars": [1, 5, 3, 5]}
)
DELIVERY = Question("delivery", "Is this about delivery? {{ text }}", ("yes", "no", "unsure"))


class Engine(ScriptedEngine):
    """Chooses the second choice with 0.7; writes the subject in capitals; obeys a schema."""

    def reply(self, prompt):
        if prompt.choices:
            rest = len(prompt.choices) - 2
            shares = [0.2, 0.7, *[0.1 / max(1, rest)] * rest]
            logs = {choice: math.log(share) for choice, share in zip(prompt.choices, shares, strict=True)}
            return distribution(logs, 10, 0.0)
        text = json.dumps({"name": "Ann", "tags": ["x"]}) if prompt.schema else prompt.subject.upper()
        return Answer(
            Status.ANSWERED, text=text, finish_reason=FinishReason.STOP, prompt_tokens=10, generated_tokens=3
        )

    def answer(self, prompts, sampling):
        for prompt, answer in super().answer(prompts, sampling):
            if {"good", "great"} <= set(prompt.choices):
                raise ChoiceError("both begin with 'g'")
            yield prompt, answer


def mapped(table, questions, folder, *, asked=None, worker=None, **options):
    asked = [] if asked is None else asked
    job = map_job(table, questions, model="scripted", run=folder, **options)
    done = run_map(job, worker=worker or Worker("scripted", lambda: Engine(asked=asked)))
    frame = pl.concat(list(done.batches()))
    done.close()
    return frame


def test_choices_come_with_their_probabilities_and_a_row_without_a_text_is_marked(tmp_path):
    frame = mapped(ROWS, [DELIVERY], tmp_path / "run")
    assert frame.columns == [
        *ROWS.columns,
        "delivery",
        "delivery_probability",
        "delivery_probabilities",
        "delivery_tokens",
        "delivery_status",
        "delivery_reason",
    ]
    assert frame["id"].to_list() == [1, 2, 3, 4]
    assert frame["delivery"].to_list() == ["no", "no", None, "no"]
    assert frame["delivery_probability"][0] == pytest.approx(0.7)
    assert frame["delivery_probabilities"][0] == pytest.approx({"yes": 0.2, "no": 0.7, "unsure": 0.1})
    assert frame["delivery_status"].to_list() == ["answered", "answered", "invalid", "answered"]
    assert frame["delivery_reason"].to_list() == [None, None, "nothing to ask: text empty", None]


def test_equal_prompts_are_asked_once_and_a_finished_run_asks_nothing(tmp_path):
    asked: list[str] = []
    mapped(ROWS, [Question("loud", "Shout. {{ text }}")], tmp_path / "run", asked=asked)
    assert sorted(asked) == ["1", "2"]
    mapped(ROWS, [Question("loud", "Shout. {{ text }}")], tmp_path / "run", asked=asked)
    assert sorted(asked) == ["1", "2"]


def test_a_changed_row_is_asked_again_alone(tmp_path):
    asked: list[str] = []
    question = [Question("loud", "Shout. {{ text }}")]
    mapped(ROWS, question, tmp_path / "run", asked=asked)
    changed = ROWS.with_columns(text=pl.Series(["late parcel", "lovely tea", "new", "lovely tea"]))
    frame = mapped(changed, question, tmp_path / "run", asked=asked)
    assert asked[2:] == ["3"]
    assert frame["loud"][2] == "<TEXT>\nNEW\n</TEXT>"


def test_another_question_in_the_same_folder_is_refused(tmp_path):
    mapped(ROWS, [Question("loud", "Shout. {{ text }}")], tmp_path / "run")
    with pytest.raises(ManifestMismatchError, match="template_hash"):
        mapped(ROWS, [Question("loud", "Whisper. {{ text }}")], tmp_path / "run")


def test_rows_are_chosen_by_sql_and_keep_their_numbers(tmp_path):
    asked: list[str] = []
    frame = mapped(ROWS, [DELIVERY], tmp_path / "run", asked=asked, where="stars >= 5")
    assert frame["id"].to_list() == [2, 4]
    assert "2" in asked and "1" not in asked
    assert mapped(ROWS, [DELIVERY], tmp_path / "run", sample=2).height == 2


def test_several_questions_each_make_a_column_and_read_a_row_once(tmp_path):
    questions = [DELIVERY, Question("loud", "Shout. {{ text }}")]
    frame = mapped(ROWS, questions, tmp_path / "run")
    assert frame["delivery"].to_list() == ["no", "no", None, "no"]
    assert frame["loud"][1] == "<TEXT>\nLOVELY TEA\n</TEXT>"
    manifest = naze.open_run(tmp_path / "run").manifest
    assert [one["name"] for one in manifest.template_parts["further"]] == ["loud"]


@pytest.mark.parametrize("choices", [("good", "great"), ("はい", "はいでない")])
def test_choices_that_share_their_first_token_are_listed_under_letters(tmp_path, choices):
    frame = mapped(ROWS, [Question("mood", "Mood? {{ text }}", choices)], tmp_path / "run")
    assert frame["mood"][0] == choices[1]
    parts = naze.open_run(tmp_path / "run").manifest.template_parts
    assert list(parts["choices"]) == ["A", "B"] and f"B: {choices[1]}" in parts["question"]


def test_words_are_asked_for_as_words_where_the_model_tells_them_apart(tmp_path):
    mapped(ROWS, [DELIVERY], tmp_path / "run")
    assert list(naze.open_run(tmp_path / "run").manifest.template_parts["choices"]) == ["yes", "no", "unsure"]


def test_each_property_of_a_schema_becomes_a_column(tmp_path):
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
        "required": ["name", "tags"],
    }
    question = Question("extract", "Facts? {{ text }}", schema=schema, fields_prefix="p_")
    frame = mapped(ROWS, [question], tmp_path / "run")
    assert frame["p_name"].to_list() == ["Ann", "Ann", None, "Ann"]
    assert frame["p_tags"][0] == '["x"]'
    assert frame.columns[-3:] == ["extract_tokens", "extract_status", "extract_reason"]


def test_a_row_too_long_says_that_it_was_shortened(tmp_path):
    table = pl.DataFrame({"text": ["word " * 200_000]})
    frame = mapped(table, [Question("loud", "Shout. {{ text }}")], tmp_path / "run")
    assert frame["loud_status"][0] == "answered"
    assert frame["loud_reason"][0].startswith("shortened: the prompt had 200,0")
    failed = mapped(
        table, [Question("loud", "Shout. {{ text }}")], tmp_path / "other", settings=MapSettings(fit="fail")
    )
    assert failed["loud_status"][0] == "overflow" and failed["loud"][0] is None


def test_rows_that_are_routed_go_to_the_long_model(tmp_path):
    class Long(Engine):
        context_tokens = 1_000_000
        identity = Identity("scripted", "long", "long 1")

    worker = Worker("scripted", Engine, long_model="long", open_long=Long)
    table = pl.DataFrame({"text": ["word " * 10_000, "short"]})
    settings = MapSettings(fit="route", long_model="long")
    frame = mapped(table, [Question("loud", "Shout. {{ text }}")], tmp_path, worker=worker, settings=settings)
    assert frame["loud_reason"].to_list() == ["answered by the long model", None]


def test_a_budget_counts_a_routed_row_as_the_model_counts_that_answers_it(tmp_path):
    counted: list[str] = []

    class Long(Engine):
        context_tokens = 1_000_000
        identity = Identity("scripted", "long", "long 1")

        def count_tokens(self, prompts):
            counted.extend(prompt.subject_id for prompt in prompts)
            return [10 for _ in prompts]

    budget = Budget(5_000)
    opened: list[Engine] = []

    def open_long():
        opened.append(Long())
        return opened[-1]

    worker = Worker(
        "scripted", Engine, long_model="long", open_long=open_long, account=Account(budget, tmp_path)
    )
    table = pl.DataFrame({"text": ["word " * 10_000, "short"]})
    settings = MapSettings(fit="route", long_model="long", budget=budget)
    frame = mapped(table, [Question("loud", "Shout. {{ text }}")], tmp_path, worker=worker, settings=settings)
    assert frame["loud_status"].to_list() == ["answered", "answered"]
    assert set(counted) == {"1"} and all(one.closed for one in opened)


@pytest.mark.parametrize(
    ("questions", "error", "said"),
    [
        ([Question("a", "Hm? {{ txt }}")], TemplateError, "did you mean 'text'"),
        ([Question("stars", "Hm? {{ text }}")], InputError, "'stars' would be added"),
        (
            [Question("a", "Hm? {{ text }}"), Question("a", "Ho? {{ text }}")],
            InputError,
            "'a' would be added",
        ),
    ],
)
def test_what_is_wrong_with_a_question_is_said_before_a_model_is_opened(tmp_path, questions, error, said):
    job = map_job(ROWS, questions, model="no such model", run=tmp_path / "run")
    with pytest.raises(error, match=said):
        run_map(job)


@pytest.mark.parametrize(
    ("table", "where", "said"),
    [(ROWS.clear(), None, "the table is empty"), (ROWS, "stars > 9", "none for which stars > 9 holds")],
)
def test_no_rows_are_said_before_a_model_is_opened(tmp_path, table, where, said):
    job = map_job(table, [DELIVERY], model="no such model", run=tmp_path / "run", where=where)
    with pytest.raises(InputError, match=said):
        run_map(job)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " ", "prompt": "x"},
        {"name": "a", "prompt": "x", "choices": ("a", "a")},
        {"name": "a", "prompt": "x", "choices": ("a",)},
        {"name": "a", "prompt": "x", "choices": ("a", "")},
        {"name": "a", "prompt": "x", "choices": ("a", "b"), "schema": {}},
        {"name": "a", "prompt": "x", "choices": ("a", "b"), "definitions": {"c": "?"}},
    ],
)
def test_questions_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigurationError, match="expected"):
        Question(**wrong)


def test_questions_are_read_from_yaml(tmp_path):
    path = tmp_path / "questions.yaml"
    path.write_text(
        "delivery:\n  prompt: 'About delivery? {{ text }}'\n  choices: {yes: it is, no: }\nshort: Sum up. {{ text }}\n"
    )
    first, second = read_questions(path)
    assert first.choices == ("yes", "no") and first.definitions == {"yes": "it is"}
    assert (second.name, second.prompt) == ("short", "Sum up. {{ text }}")


@pytest.mark.parametrize("text", ["- a\n", "a: 3\n", "a: {promt: x}\n", "a: {prompt: x, choice: [b]}\n"])
def test_a_file_of_something_else_is_no_file_of_questions(tmp_path, text):
    (tmp_path / "questions.yaml").write_text(text)
    with pytest.raises(InputError, match="expected"):
        read_questions(tmp_path / "questions.yaml")


def test_the_result_of_a_file_lies_beside_it_and_never_on_it(tmp_path, smollm2_path):
    path = tmp_path / "reviews.csv"
    ROWS.write_csv(path)
    with pytest.raises(InputError, match="is the table itself"):
        naze.map(path, "Hm? {{ text }}", model="smollm2:135m", out=path, run=tmp_path / "run")


@pytest.mark.parametrize(
    "make", [lambda rows: rows, lambda rows: pd.DataFrame(rows.to_dict(as_series=False)), pa.table]
)
def test_a_real_model_answers_about_tables_of_every_kind(tmp_path, smollm2_path, make):
    rows = pl.DataFrame({"text": ["The parcel came two days late.", "Lovely tea!"]})
    result = naze.map(
        make(rows.to_arrow() if make is pa.table else rows),
        "Is this review about delivery? {{ text }}",
        choices=["yes", "no"],
        model="smollm2:135m",
        run=tmp_path / "run",
    )
    assert type(result).__module__.split(".")[0] in {"polars", "pandas", "pyarrow"}
    told = pl.DataFrame(result) if not isinstance(result, pd.DataFrame) else pl.from_pandas(result)
    assert told["answer"].is_in(["yes", "no"]).all()
    for probabilities in told["answer_probabilities"]:
        assert sum(probabilities.values()) == pytest.approx(1)


def test_a_file_is_mapped_to_a_file_and_the_same_call_continues(tmp_path, smollm2_path):
    path = tmp_path / "reviews.jsonl"
    ROWS.write_ndjson(path)
    job = map_job(path, [DELIVERY], model="smollm2:135m", run=tmp_path / "run")
    first = map_to_file(job)
    first.close()
    assert first.target == tmp_path / "reviews-delivery.jsonl"
    written = first.target.read_text()
    again = map_to_file(job)
    again.close()
    assert again.target.read_text() == written
    assert [json.loads(line)["id"] for line in written.splitlines()] == [1, 2, 3, 4]


def test_several_questions_cannot_all_stand_before_the_row(tmp_path):
    two = [DELIVERY, Question("tone", "Is it kind? {{ text }}", ("yes", "no"))]
    with pytest.raises(ConfigurationError, match="2 questions, and only one"):
        mapped(ROWS, two, tmp_path / "run", settings=MapSettings(question_first=True))


def test_a_question_that_stands_first_is_another_run(tmp_path):
    mapped(ROWS, [DELIVERY], tmp_path / "run")
    with pytest.raises(ManifestMismatchError):
        mapped(ROWS, [DELIVERY], tmp_path / "run", settings=MapSettings(question_first=True))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can write")
@pytest.mark.parametrize("place", ["/proc/nothing/out.csv", "taken/out.csv"])
def test_an_impossible_place_is_noticed_before_anything_is_asked(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "t.csv").write_text("text\nhello\n")
    done = CliRunner().invoke(
        app, ["map", "t.csv", "--prompt", "Hi? {{text}}", "--model", "smollm2:135m", "--out", place]
    )
    assert done.exit_code == 1 and "Choose another --out" in done.output
    assert not (tmp_path / "runs").exists()
