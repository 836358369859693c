"""The tokenizer of a GGUF file is made once, kept, and cuts texts as the one that OpenVINO makes anew each time."""

from dataclasses import replace
from pathlib import Path

import pytest

from naze.engines.openvino_prepare import prepare
from naze.engines.openvino_tokenizer import load_tokenizer

TEXTS = (
    "Which is better?",
    "なぜ人はある答えを選ぶのか。\n\n",
    "  spaces\t tabs \u3000 wide",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
    "naïve café 😀👨‍👩‍👧 𝛼 a\0b",
    "1234567890 12.5 ```py\nprint(1)\n```",
    "",
)


@pytest.fixture
def prepared(smollm2_path, tmp_path):
    """A prepared model in a folder of its own; its weights are not touched."""
    folder = tmp_path / "prepared"
    folder.mkdir()
    return replace(prepare(smollm2_path), folder=folder)


def ids(tokenizer):
    return [tokenizer.encode(text, add_special_tokens=False).input_ids.data.tolist() for text in TEXTS]


def test_what_is_kept_cuts_texts_as_what_is_made_of_the_file(prepared):
    import openvino_genai as genai

    anew = genai.Tokenizer(str(prepared.tokenizer_source))
    first, second = load_tokenizer(prepared), load_tokenizer(prepared)
    assert ids(first) == ids(second) == ids(anew)
    for told in ("get_bos_token_id", "get_eos_token_id", "get_pad_token_id"):
        assert getattr(second, told)() == getattr(anew, told)()
    text = TEXTS[1] + TEXTS[4]
    tokens = anew.encode(text, add_special_tokens=False).input_ids.data[0].tolist()
    assert second.decode(tokens) == anew.decode(tokens)
    [kept] = prepared.folder.iterdir()
    assert "SmolLM2" not in " ".join(path.name for path in kept.iterdir())
    assert Path(prepared.tokenizer_source).is_file()


def test_what_is_damaged_or_of_another_version_is_made_anew(prepared):
    told = ids(load_tokenizer(prepared))
    [kept] = prepared.folder.iterdir()
    (kept / "openvino_tokenizer.bin").write_bytes(b"broken")
    assert ids(load_tokenizer(prepared)) == told
    kept.rename(prepared.folder / "tokenizer-2001.1")
    assert ids(load_tokenizer(prepared)) == told
    assert sorted(path.name for path in prepared.folder.iterdir()) == ["tokenizer-2001.1", kept.name]


def test_where_nothing_can_be_kept_the_file_itself_is_read(prepared, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    assert ids(load_tokenizer(prepared))[0]
    assert list(prepared.folder.iterdir()) == []
