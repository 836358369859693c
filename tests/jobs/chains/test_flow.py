"""A flow says what is wrong with it, and where."""

import pytest

from naze.errors import ConfigurationError, FormatError, InputError, TemplateError
from naze.jobs.chains import Flow, read_flow
from naze.jobs.chains.columns import step_columns


@pytest.fixture
def flow_of(tmp_path):
    def read(text):
        path = tmp_path / "flow.yaml"
        path.write_text("steps:\n" + text, encoding="utf-8")
        return read_flow(path)

    return read


def test_steps_run_behind_those_that_they_need_however_they_stand(flow_of):
    flow = flow_of("  late: {from: early, filter: a > 1}\n  early: {from: data, filter: a > 0}\n")
    assert [step.name for step in flow.order] == ["early", "late"]
    assert flow.result_name == "early", (
        "the result is the last that is written, unless `result` names another"
    )


def test_a_cycle_is_named_all_the_way_around(flow_of):
    with pytest.raises(ConfigurationError, match=r"line 2, step 'a'.*'a' needs 'c' needs 'b' needs 'a'"):
        flow_of("  a: {from: c, filter: x}\n  b: {from: a, filter: x}\n  c: {from: b, filter: x}\n")


def test_an_unknown_step_suggests_the_nearest(flow_of):
    with pytest.raises(ConfigurationError, match=r"line 4, step 'b': there is no step 'revews'.*'reviews'"):
        flow_of("  reviews: {filter: x}\n  b:\n    from: revews\n    filter: x\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  a: {fliter: x > 1}\n", "line 2, step 'a'.*'fliter'.*Did you mean 'filter'"),
        (
            "  a: {filter: x, function: 'm:f'}\n",
            "line 2, step 'a': has 'filter', 'function'; expected exactly one",
        ),
        (
            "  a:\n    prompt: p\n    choces: [x, y]\n",
            "line 4, step 'a': there is no key 'choces'.*'choices'",
        ),
        ("  a:\n    prompt: p\n    max_tokens: none\n", "line 4, step 'a': max_tokens is 'none'"),
        ("  a:\n    group: [x]\n    prompt: p\n", "line 2, step 'a': 'each' is missing"),
        ("  a:\n    prompt: p\n    unsure: {model: m, blow: 0.5}\n", "no key 'unsure.blow'.*'below'"),
        ("  a: {filter: x}\n  a: {filter: y}\n", "line 3: the key 'a' stands twice"),
        ("  a: {filter: [x}\n", "line 2: .*expected YAML"),
        ("  a: 5\n", "line 2, step 'a': expected one of"),
        ("  data: {filter: x}\n", "line 2, step 'data': no step can have this name"),
    ],
)
def test_a_wrong_step_is_told_with_its_line(flow_of, text, told):
    with pytest.raises(FormatError, match=told):
        flow_of(text)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"prompt": "Is it? {{ txt }}"}, "'txt' is not defined; did you mean 'text'"),
        (
            {"filter": "lenght > 3 and txt = 'a'"},
            r'Referenced column "(lenght|txt)".* SQL over the columns ',
        ),
        ({"filter": "text >"}, "condition .* cannot be read: Parser Error"),
        ({"group": ["kind"], "each": "{{ text }}", "prompt": "?"}, "there is no column 'kind'"),
        ({"group": ["id"], "each": "{{ text }}", "prompt": "About {{ text }}?"}, "'text' is not defined"),
        ({"fan_out": "texts"}, "no column 'texts'.*Did you mean 'text'"),
        ({"join": "data", "on": ["id"]}, "nothing to join"),
    ],
)
def test_a_column_that_does_not_exist_is_told_before_anything_is_asked(step, told):
    with pytest.raises((InputError, TemplateError), match=told):
        step_columns(Flow({"a": step}), ["id", "text"])


def test_a_step_cannot_make_a_column_that_is_there_already():
    with pytest.raises(InputError, match="a column 'text' would be added"):
        step_columns(Flow({"text": {"prompt": "Why? {{ text }}"}}), ["text"])
