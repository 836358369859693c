"""A GGUF file or a folder of OpenVINO files goes in; what the engine `openvino` loads comes out.

A GGUF file is converted once to int8 for this machine and kept in naze's cache, under its SHA-256; the next
start loads in a second or two. A folder of OpenVINO files is used as it is.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from naze.configuration import cache_folder
from naze.engines.chat_template import ChatTemplate
from naze.engines.fingerprint import file_sha256
from naze.engines.gguf_header import GgufHeader, read_header
from naze.engines.openvino_graph import Shape, build_model, can_build
from naze.errors import ModelError, ModelFileError, StoreError
from naze.tables.aside import make_folder

FORM = "int8-1"
"""The form that GGUF files are converted to; the number rises when the conversion changes its results."""
END_TOKENS = frozenset(
    {
        "<|im_end|>",
        "<|eot_id|>",
        "<|eom_id|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<end_of_turn>",
        "<|end|>",
        "</s>",
    }
)
"""Tokens with which models end a turn, beside the one that their file names."""
_MARKER = "naze.json"
_REMEDY = "Free some space, set NAZE_CACHE to another place, or use --engine llamacpp."


@dataclass(frozen=True, slots=True)
class Prepared:
    """OpenVINO files that are ready to load, and what is known of the network."""

    folder: Path
    """Holds `openvino_model.xml` and `.bin`."""
    tokenizer_source: Path
    """The GGUF file or the folder that the tokenizer is read from."""
    fingerprint: str
    context_tokens: int
    cache_bytes_per_token: int
    """Of the key-value cache, for one token of one sequence."""
    free_memory_bytes: int
    """Measured before loading, less the weights."""
    stop_tokens: frozenset[int]
    notes: tuple[str, ...] = ()

    def chat_template(self, tokenizer: Any) -> ChatTemplate:  # noqa: ANN401 - a type without stubs
        """Read the chat template from the model's own files."""
        if self.tokenizer_source.is_file():
            return ChatTemplate.from_gguf(self.tokenizer_source)
        return ChatTemplate.from_text(
            tokenizer.chat_template or None, bos=tokenizer.get_bos_token(), eos=tokenizer.get_eos_token()
        )


def can_load(path: Path) -> tuple[bool, str]:
    """Tell whether OpenVINO can load a model here, and if not, why. Reads headers only."""
    if path.is_dir():
        there = (path / "openvino_model.xml").is_file()
        return there, "" if there else f"{path} holds no openvino_model.xml"
    possible, why = can_build(path)
    if not possible:
        return False, why
    needed, free = _weight_bytes(path), psutil.virtual_memory().available
    if needed * 1.3 > free:
        return False, (
            f"its int8 form needs about {needed * 1.3 / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free"
        )
    return True, ""


def is_prepared(path: Path) -> bool:
    """Tell whether a model loads at once, without being converted first."""
    return path.is_dir() or (_prepared_folder(file_sha256(path)) / _MARKER).is_file()


def prepare(path: Path, *, sha256: str | None = None) -> Prepared:
    """Make a model ready for OpenVINO, converting a GGUF file if that was not done before.

    Args:
        path: a GGUF file or a folder with `openvino_model.xml`.
        sha256: of the GGUF file, where it is known already.

    Raises:
        ModelFileError: cut short, or a network that cannot be built.
        ModelError: too little disk space for the converted form.
        StoreError: the converted form cannot be written.
    """
    if path.is_dir():
        return _prepared_from_folder(path)
    read_header(path)
    possible, why = can_load(path)
    if not possible:
        raise ModelFileError(f"{path}: OpenVINO cannot load it: {why}. Use --engine llamacpp.")
    sha256 = sha256 or file_sha256(path)
    folder = _prepared_folder(sha256)
    if not (folder / _MARKER).is_file():
        _convert(path, folder)
    return _prepared_from_gguf(path, folder, sha256)


def _prepared_folder(sha256: str) -> Path:
    return cache_folder() / "prepared" / f"{sha256[:16]}-{FORM}"


def _convert(path: Path, folder: Path) -> None:
    """Convert into a folder aside and rename it, so that a folder with a marker is always whole."""
    make_folder(folder.parent, remedy=_REMEDY)
    with _written(path, folder), FileLock(folder.with_suffix(".lock")):
        if (folder / _MARKER).is_file():
            return
        needed, free = _weight_bytes(path), shutil.disk_usage(folder.parent).free
        if free < needed * 1.1:
            raise ModelError(
                f"{folder.parent}: {free / 1e9:.1f} GB free; the int8 form of {path.name} needs "
                f"{needed * 1.1 / 1e9:.1f} GB. Free some space, or set NAZE_CACHE to another disk."
            )
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _save(build_model(path), aside / "openvino_model.xml")
            (aside / _MARKER).write_text(json.dumps({"form": FORM, "source": path.name}), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _written(path: Path, folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{folder}: the int8 form of {path.name} cannot be written ({error.strerror or error}). {_REMEDY}"
        ) from error


def _save(model: Any, file: Path) -> None:  # noqa: ANN401 - a package without types
    import openvino as ov

    try:
        ov.save_model(model, file, compress_to_fp16=False)
    except RuntimeError as error:  # whatever the system said, OpenVINO tells so
        raise OSError(str(error).strip().splitlines()[-1]) from error


def _prepared_from_gguf(path: Path, folder: Path, sha256: str) -> Prepared:
    header = read_header(path)
    shape = Shape.read(dict(header.metadata))
    weights = (folder / "openvino_model.bin").stat().st_size
    return Prepared(
        folder=folder,
        tokenizer_source=path,
        fingerprint=f"{sha256[:16]} {FORM}",
        context_tokens=int(header.metadata.get(f"{shape.architecture}.context_length", 2048)),
        cache_bytes_per_token=_cache_bytes(shape.layers, shape.kv_heads, shape.head_size),
        free_memory_bytes=max(0, psutil.virtual_memory().available - weights),
        stop_tokens=_stop_tokens(header),
        notes=("The GGUF file runs in OpenVINO as int8, prepared once for this machine.",),
    )


def _prepared_from_folder(folder: Path) -> Prepared:
    config = _read_json(folder / "config.json")
    weights = folder / "openvino_model.bin"
    if not weights.is_file():
        raise ModelFileError(
            f"{folder}: openvino_model.bin is missing; expected it beside openvino_model.xml."
        )
    heads = int(config["num_attention_heads"])
    ends = _read_json(folder / "generation_config.json", {}).get(
        "eos_token_id", config.get("eos_token_id", [])
    )
    return Prepared(
        folder=folder,
        tokenizer_source=folder,
        fingerprint=f"{file_sha256(weights)[:16]} openvino",
        context_tokens=int(config.get("max_position_embeddings", 2048)),
        cache_bytes_per_token=_cache_bytes(
            int(config["num_hidden_layers"]),
            int(config.get("num_key_value_heads", heads)),
            int(config.get("head_dim") or config["hidden_size"] // heads),
        ),
        free_memory_bytes=max(0, psutil.virtual_memory().available - weights.stat().st_size),
        stop_tokens=frozenset(ends if isinstance(ends, list) else [ends]),
    )


def _read_json(path: Path, default: dict[str, Any] | None = None) -> dict[str, Any]:
    if not path.is_file() and default is not None:
        return default
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path}: cannot be read ({error}); expected JSON beside openvino_model.xml. Pull the model again."
        ) from error
    if not isinstance(found, dict):
        raise ModelFileError(
            f"{path}: holds a {type(found).__name__}; expected a JSON object. Pull the model again."
        )
    return found


def _stop_tokens(header: GgufHeader) -> frozenset[int]:
    named = {
        int(header.metadata[key])
        for key in ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id")
        if key in header.metadata
    }
    tokens = header.metadata.get("tokenizer.ggml.tokens", [])
    return frozenset(named | {index for index, token in enumerate(tokens) if token in END_TOKENS})


def _cache_bytes(layers: int, kv_heads: int, head_size: int) -> int:
    """Bytes of keys and values of one token: 8 bits each, and 8 bytes of scale and zero point for each head."""
    return 2 * layers * kv_heads * (head_size + 8)


def _weight_bytes(path: Path) -> int:
    """Bytes of the int8 form: one for each weight of a matrix."""
    return read_header(path).parameters
