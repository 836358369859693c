"""Estimates hold against a real tokenizer, on real answers."""

from pathlib import Path

import polars
import pytest

from naze.engines.llamacpp import LlamaCppEngine
from naze.engines.protocol import EngineOptions, Model
from naze.engines.token_estimate import least_tokens, most_tokens
from naze.records import Prompt


def test_real_english_answers_have_no_more_and_no_fewer_tokens_than_estimated(
    smollm2_path: Path, shared_data: Path
):
    rows = polars.read_parquet(shared_data / "arena_kaggle.parquet").head(120)
    texts = ["\n".join(turn or "" for turn in turns) for turns in rows["response_a"].to_list()]
    texts = [text for text in texts if text.isascii() and text]
    engine = LlamaCppEngine.open(Model("smollm2:135m", path=smollm2_path), EngineOptions(context_tokens=2048))
    counts = engine.count_tokens([Prompt("", "", "x", text, "") for text in texts])
    engine.close()
    assert len(texts) > 60
    for text, count in zip(texts, counts, strict=True):
        messages = [{"role": "system", "content": "x"}, {"role": "user", "content": text}]
        assert least_tokens(messages) <= count <= most_tokens(messages), text


def test_an_empty_text_still_costs_its_template():
    assert least_tokens([{"role": "user", "content": ""}]) == 0
    assert most_tokens([{"role": "user", "content": ""}]) == pytest.approx(25)
