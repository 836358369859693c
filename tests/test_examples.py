"""What comes with naze as an example was made by its own commands: a sample is asked again and compared."""

from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

from naze.cli import app, demo
from naze.factors import open_factors
from naze.factors.applying import apply_factors
from naze.factors.parts import draw_votes
from naze.jobs.asking import made_worker
from naze.votes import read_votes

LANGUAGES = ("en", "ja")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_factors_say_where_they_come_from(repository, language):
    factors = open_factors(repository / "examples" / f"factors-{language}")
    about = factors.about
    assert (about.model, about.language, about.source) == (
        "qwen2.5-coder:1.5b",
        language,
        "examples/explained.parquet",
    )
    assert about.test_source.startswith("examples/held_out.parquet ") and about.finished
    held_out = read_votes(repository / "examples" / "held_out.parquet")
    assert about.test_source.endswith(held_out.fingerprint), "the votes are those that the verdicts are about"
    assert list(factors.matrix().vote_ids) == [vote.id for vote in held_out]
    assert not any(factor.marks for factor in factors.factors)
    assert {test.passed for test in factors.validation} >= {True}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sample_of_the_verdicts_is_the_same_when_it_is_asked_again(
    repository, qwen_path, tmp_path, language
):
    factors = open_factors(repository / "examples" / f"factors-{language}")
    sample = draw_votes(factors.judged, range(len(factors.judged)), 3, seed=5)
    with closing(made_worker("qwen2.5-coder:1.5b")) as worker:
        again = apply_factors(sample, factors.factors, worker, tmp_path / "verdicts", language=language)
    rows = [factors.matrix().vote_ids.index(vote.id) for vote in sample]
    for kept, asked in (
        (factors.matrix().shown[rows], again.shown),
        (factors.matrix().swapped[rows], again.swapped),
    ):
        assert np.abs(kept - asked).mean() < 0.05, "processors differ a little in how they compute"
        assert (kept.argmax(axis=2) == asked.argmax(axis=2)).mean() > 0.8


def test_the_demo_goes_through_all_of_it_with_another_model_and_the_persons_own_votes(
    repository, smollm2_path, tmp_path
):
    votes = tmp_path / "votes.csv"
    lines = read_votes(repository / "examples" / "votes.csv").select(range(2))
    lines.frame().select("id", "prompt", "response_a", "response_b", "winner").with_columns().write_parquet(
        votes.with_suffix(".parquet")
    )
    asked = [
        "demo",
        "--model",
        "smollm2:135m",
        "--language",
        "en",
        "--votes",
        str(votes.with_suffix(".parquet")),
    ]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "demo")])
    assert done.exit_code == 0, done.output
    for page in ("report", "factors", "predictor"):
        assert (tmp_path / "demo" / f"{page}.html").stat().st_size > 10_000
    assert "naze factors " in done.output and "--test-limit 60" in done.output, "another model judges anew"


@pytest.mark.parametrize(
    ("words", "asked"), [([], "retest"), (["--fresh"], "--test-limit 240"), (["--language", "de"], "60")]
)
def test_which_factors_the_demo_takes(monkeypatch, tmp_path, words, asked):
    called = []
    monkeypatch.setattr(demo, "_call", lambda *arguments: called.append(" ".join(map(str, arguments))))
    done = CliRunner().invoke(app, ["demo", *words, "--out", str(tmp_path)])
    assert done.exit_code == 0
    [factors] = [line for line in called if line.startswith("factors ")]
    assert asked in factors
