"""`naze generate` prints an answer while it grows, and the same in all."""

import json

import pytest
from typer.testing import CliRunner

from naze.cli import app
from naze.cli.generate import _Written
from naze.engines.working import Working

ASKED = ["generate", "Tell a short story about a cat.", "--model", "smollm2:135m", "--max-tokens", "60"]


def test_what_is_printed_bit_by_bit_is_the_whole_answer(smollm2_path):
    shown = CliRunner().invoke(app, ASKED)
    whole = CliRunner().invoke(app, [*ASKED, "--json"])
    assert shown.exit_code == whole.exit_code == 0
    assert shown.stdout.strip() == json.loads(whole.stdout)["response"].strip()


@pytest.mark.parametrize(
    ("texts", "whole", "printed"),
    [
        ([" Once", " Once upon \ufffd", " Once upon a time. "], "Once upon a time.", "Once upon a time.\n"),
        ([], "Yes.", "Yes.\n"),
        (["Once"], "Twice.", "Once\nTwice.\n"),
    ],
)
def test_half_letters_wait_and_another_text_stands_on_its_own_line(capsys, texts, whole, printed):
    written = _Written()
    for text in texts:
        written.show(Working(text=text))
    written.finish(whole)
    assert capsys.readouterr().out == printed
