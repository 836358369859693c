"""`naze.generate`: the shape of `ollama.generate`, answered by a real small model."""

import json

import pytest

import naze
from naze.errors import ConfigurationError, ContextOverflowError, EngineReplyError

MODEL = "smollm2:135m"


@pytest.fixture(autouse=True)
def pulled(smollm2_path):
    return smollm2_path


def test_an_answer_reads_as_ollamas_does():
    response = naze.generate(model=MODEL, prompt="What is the capital of France?")
    assert "Paris" in response["response"]
    assert response.response == response["response"] == response.get("response")
    assert response["done"] is True and response["done_reason"] == "stop"
    assert response["model"] == MODEL
    assert response["eval_count"] > 0 and response["prompt_eval_count"] > 5
    assert response["total_duration"] >= response["eval_duration"] > 0
    assert json.loads(json.dumps(response.to_dict())) == dict(response)
    with pytest.raises(KeyError):
        response["nothing"]


def test_the_model_stays_loaded_for_the_next_call():
    naze.generate(model=MODEL, prompt="Hi")
    assert naze.generate(model=MODEL, prompt="Hi")["load_duration"] < 1e8


def test_options_have_ollamas_names():
    response = naze.generate(model=MODEL, prompt="Tell a long story.", options={"num_predict": 5})
    assert response["eval_count"] == 5 and response["done_reason"] == "length"
    same = [
        naze.generate(
            model=MODEL, prompt="Tell a story.", options={"temperature": 1.0, "seed": 4, "num_predict": 12}
        )
        for _ in range(2)
    ]
    assert same[0].response == same[1].response


def test_an_unknown_option_names_the_nearest():
    with pytest.raises(ConfigurationError, match=r"'temprature'.*'temperature'"):
        naze.generate(model=MODEL, prompt="Hi", options={"temprature": 1})


def test_choices_give_probabilities_and_no_text_is_written():
    response = naze.generate(model=MODEL, prompt="Is fire hot? Answer Yes or No.", choices=["Yes", "No"])
    assert set(response.probabilities) == {"Yes", "No"}
    assert sum(response.probabilities.values()) == pytest.approx(1)
    assert response.eval_count == 0 and response.response in ("Yes", "No")


def test_a_schema_is_enforced_and_an_answer_cut_short_is_an_error():
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 15}},
        "required": ["city"],
        "additionalProperties": False,
    }
    found = naze.generate(model=MODEL, prompt="The capital of France as JSON?", format=schema)
    assert set(json.loads(found.response)) == {"city"}
    with pytest.raises(EngineReplyError, match=r"no whole JSON.*It wrote"):
        naze.generate(model=MODEL, prompt="As JSON?", format=schema, options={"num_predict": 2})
    with pytest.raises(ConfigurationError, match="'xml'"):
        naze.generate(model=MODEL, prompt="As XML?", format="xml")


def test_a_prompt_longer_than_the_context_is_an_error_with_its_counts():
    with pytest.raises(ContextOverflowError) as caught:
        naze.generate(model=MODEL, prompt="word " * 400, options={"num_ctx": 128})
    assert caught.value.prompt_tokens > 400 and caught.value.context_tokens == 128
