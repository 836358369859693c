"""A folder with an embedding model goes in, in OpenVINO's or the ONNX form; texts become vectors.

The folder holds `openvino_model.xml` or `model.onnx` (also under `onnx/`) and `tokenizer.json`, as hubs publish
them. How token vectors become one is read from `1_Pooling/config.json` (the mean, where there is none).
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naze.engines.embeddings.protocol import Vectors, length_buckets, normalized
from naze.engines.fingerprint import file_sha256
from naze.engines.locate import EMBEDDING_FILES
from naze.errors import MissingExtraError, ModelFileError

__all__ = ["FolderEmbedder"]

_MOST_TOKENS = 512


class FolderEmbedder:
    """An embedding model from a folder, computed by OpenVINO on this machine's CPU.

    Args:
        folder: with the model and its tokenizer.
        threads: cores to use; None: all.
        name: what the model is called, where the folder does not say it: E5 models need a prefix.

    Raises:
        ModelFileError: a file is missing, or is no embedding model.
        MissingExtraError: the package `tokenizers` is not installed.
    """

    address: str | None = None
    context_tokens: int | None = _MOST_TOKENS

    def __init__(self, folder: Path, threads: int | None = None, name: str = "") -> None:
        model_file = next((folder / file for file in EMBEDDING_FILES if (folder / file).is_file()), None)
        if model_file is None or not (folder / "tokenizer.json").is_file():
            missing = "tokenizer.json" if model_file else " or ".join(EMBEDDING_FILES)
            raise ModelFileError(
                f"{folder}: expected an embedding model; {missing} is missing. Fetch the whole repository."
            )
        self._tokenizer = _tokenizer(folder)
        self._compiled = _compiled(model_file, threads)
        self._inputs = {port.get_any_name() for port in self._compiled.inputs}
        self._first_token = _pools_first_token(folder)
        self._prefix = "query: " if _is_e5(folder, name) else ""
        weights = model_file.with_suffix(".bin") if model_file.suffix == ".xml" else model_file
        self.identity = " ".join(
            ("folder", file_sha256(weights)[:16], file_sha256(folder / "tokenizer.json")[:16],
             "first" if self._first_token else "mean", self._prefix.strip())
        ).strip()  # fmt: skip

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens; of a text that is longer than the model sees, what is left out counts too."""
        encoded = self._tokenizer.encode_batch([self._prefix + text for text in texts])
        return [sum(sum(part.attention_mask) for part in (one, *one.overflowing)) for one in encoded]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; of each the first 512 tokens are seen. See `Embedder.embed`."""
        if not texts:
            return np.empty((0, 0), np.float32)
        vectors: Vectors | None = None
        for batch in length_buckets(texts):
            found = self._embed_batch([self._prefix + texts[place] for place in batch])
            if vectors is None:
                vectors = np.empty((len(texts), found.shape[1]), np.float32)
            vectors[batch] = found
        assert vectors is not None
        return normalized(vectors)

    def close(self) -> None:
        """Nothing to do: the model is freed with this object."""

    def _embed_batch(self, texts: list[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        given: dict[str, NDArray[np.int64]] = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        result = self._compiled({name: value for name, value in given.items() if name in self._inputs})
        output = np.asarray(result[0], np.float32)
        if output.ndim == 2:  # the model pools by itself
            return output
        if self._first_token:
            return output[:, 0]
        weight = mask[:, :, None].astype(np.float32)
        return np.asarray((output * weight).sum(1) / weight.sum(1), np.float32)


def _tokenizer(folder: Path) -> Any:  # noqa: ANN401 - of an optional library
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError(
            "reading tokenizer.json needs the package tokenizers. Add it with `pip install tokenizers`."
        ) from error
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_MOST_TOKENS)
    padding = tokenizer.padding or {}
    tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))
    return tokenizer


def _compiled(model_file: Path, threads: int | None) -> Any:  # noqa: ANN401 - openvino has no types
    import openvino

    core = openvino.Core()
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    try:
        compiled = core.compile_model(core.read_model(model_file), "CPU", options)
    except RuntimeError as error:
        raise ModelFileError(
            f"{model_file}: OpenVINO cannot load it: {str(error).splitlines()[-1]}"
        ) from error
    names = {name for port in compiled.inputs for name in port.get_names()}
    if not {"input_ids", "attention_mask"} <= names:
        raise ModelFileError(
            f"{model_file}: its inputs are {', '.join(sorted(names))}; expected input_ids and attention_mask of an "
            "embedding model."
        )
    return compiled


def _pools_first_token(folder: Path) -> bool:
    return bool(_json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token", False))


def _is_e5(folder: Path, name: str) -> bool:
    """E5 models were trained with prefixes; nothing in their files says so but their name."""
    known = f"{name} {folder.name} {_json(folder / 'config.json').get('_name_or_path', '')}".lower()
    return re.search(r"(?:^|[^a-z0-9])e5(?:$|[^a-z0-9])", known) is not None


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelFileError(f"{path}: is no JSON ({error}). Fetch the file again.") from error
    return found if isinstance(found, dict) else {}
