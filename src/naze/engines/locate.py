"""A form of a model goes in; where it lies on this machine comes out, if it does.

Models lie in `<cache>/models`: what came from the package index in a folder of the model's name, what came
from the hub in `hub/<owner>--<repo>` with a `naze.json` that says which commit it is and what each file must
be. A file that another program has already put into the hub's own cache is used where it is, not copied.
"""

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from naze.configuration import Configuration, cache_folder
from naze.engines.catalogue import CatalogueModel, Form, FormKind, HubSource, IndexSource
from naze.engines.machine import accelerator, openvino_runs_here
from naze.errors import ModelError

__all__ = [
    "EMBEDDING_FILES",
    "OPENVINO_FILES",
    "RECORD_FILE",
    "FileRecord",
    "choose_form",
    "embedding_files",
    "gguf_parts",
    "hub_cache_folder",
    "hub_folder",
    "index_target",
    "locate",
    "locate_embedder",
    "locate_hub",
    "main_gguf",
    "models_folder",
    "read_record",
]

OPENVINO_FILES = (
    "openvino_model.xml",
    "openvino_model.bin",
    "openvino_tokenizer.xml",
    "openvino_tokenizer.bin",
    "openvino_detokenizer.xml",
    "openvino_detokenizer.bin",
)
"""Without these, a folder is no model for OpenVINO GenAI."""

EMBEDDING_FILES = (
    "openvino_model.xml", "openvino/openvino_model.xml", "model.onnx", "onnx/model.onnx", "model_quantized.onnx",
    "onnx/model_quantized.onnx",
)  # fmt: skip
"""Where repositories keep an embedding model, the first that is there; `tokenizer.json` stands beside."""
_EMBEDDING_SETTINGS = ("1_Pooling/config.json", "config.json")

RECORD_FILE = "naze.json"
_SPLIT = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})\.gguf")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a file of the hub must be."""

    size_bytes: int
    sha256: str | None = None
    """For large files."""
    git_sha1: str | None = None
    """For small files: the hash that git gives them."""


def models_folder(configuration: Configuration | None = None) -> Path:
    """Return the folder in which pulled models lie."""
    cache = cache_folder() if configuration is None else configuration.cache
    return cache / "models"


def choose_form(model: CatalogueModel, engine: str | None = None) -> Form:
    """Choose the form of a model that serves an engine, or else this machine, best.

    Raises:
        ModelError: the engine cannot load any form of it.
    """
    if engine == "llamacpp":
        wanted = [FormKind.GGUF]
    elif engine == "openvino" or (engine is None and openvino_runs_here() and accelerator() is None):
        wanted = [FormKind.OPENVINO, FormKind.GGUF]
    elif engine is None:
        wanted = [FormKind.GGUF, FormKind.OPENVINO] if openvino_runs_here() else [FormKind.GGUF]
    else:
        wanted = [FormKind.GGUF, FormKind.OPENVINO]
    forms = [form for kind in wanted if (form := model.form(kind))]
    if not forms:
        there = ", ".join(form.kind for form in model.forms)
        raise ModelError(
            f"{model.name}: there is no form of it for {engine or 'an engine on this machine'}; "
            f"there is: {there}."
        )
    return forms[0]


def locate(model: CatalogueModel, form: Form, configuration: Configuration | None = None) -> Path | None:
    """Return where a form of a model lies on this machine, whole; None where it does not."""
    for source in form.sources:
        if isinstance(source, IndexSource):
            target = index_target(model, form, configuration)
            if target.is_file() and target.stat().st_size == form.size_bytes:
                return target
        elif found := locate_hub(source, configuration):
            return found
    return None


def index_target(model: CatalogueModel, form: Form, configuration: Configuration | None = None) -> Path:
    """Return where the file of a form goes that comes from the package index."""
    return models_folder(configuration) / model.name.replace(":", "-") / (form.file or "model.gguf")


def hub_folder(repository: str, configuration: Configuration | None = None) -> Path:
    """Return where the files of a repository of the hub go."""
    return models_folder(configuration) / "hub" / repository.replace("/", "--")


def hub_cache_folder() -> Path:
    """Return the hub's own cache, as its client finds it, without loading the client."""
    if path := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(path).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return Path(home).expanduser() / "hub"


def locate_hub(source: HubSource, configuration: Configuration | None = None) -> Path | None:
    """Return the GGUF file or the OpenVINO folder of a repository that is here, whole; None where it is not.

    Looks where naze puts it, then into the hub's own cache.
    """
    for folder, names in _copies(source.repository, configuration):
        if found := _model_among(folder, names, source.file):
            return found
    return None


def locate_embedder(repository: str, configuration: Configuration | None = None) -> Path | None:
    """Return the folder with the embedding model of a repository that is here, whole; None where it is not.

    Looks where naze puts it, then into the hub's own cache.
    """
    copies = _copies(repository, configuration)
    return next((folder for folder, names in copies if embedding_files(names)), None)


def embedding_files(names: Collection[str]) -> list[str]:
    """Choose what an embedding model needs among the files of a repository, the model itself last; empty: there is none.

    Example:
        >>> embedding_files(["README.md", "onnx/model.onnx", "tokenizer.json", "config.json"])
        ['config.json', 'tokenizer.json', 'onnx/model.onnx']
    """
    model = next((name for name in EMBEDDING_FILES if name in names), None)
    weights = None if model is None else model.removesuffix(".xml") + ".bin"
    if model is None or "tokenizer.json" not in names or (model.endswith(".xml") and weights not in names):
        return []
    beside = [name for name in (weights, f"{model}_data", f"{model}.data") if name in names and name != model]
    settings = [name for name in _EMBEDDING_SETTINGS if name in names]
    return [*settings, "tokenizer.json", *(str(name) for name in beside), model]


def _copies(repository: str, configuration: Configuration | None) -> Iterator[tuple[Path, Collection[str]]]:
    """Yield the folders that hold files of a repository, and which files are there, whole."""
    folder = hub_folder(repository, configuration)
    yield (
        folder,
        [
            name
            for name, record in read_record(folder).items()
            if (folder / name).is_file() and (folder / name).stat().st_size == record.size_bytes
        ],
    )
    for snapshot in _snapshots(repository):
        yield (
            snapshot,
            [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()],
        )


def read_record(folder: Path) -> dict[str, FileRecord]:
    """Read what naze wrote down about the files of a repository; empty where nothing was pulled."""
    try:
        content = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        return {name: FileRecord(**entry) for name, entry in content["files"].items()}
    except (OSError, ValueError, TypeError, KeyError):  # not pulled, or damaged: it is pulled again
        return {}


def _model_among(folder: Path, names: Collection[str], file: str | None) -> Path | None:
    """Find the named file, or the model that a repository is about, among files that are here."""
    if file is None and all(name in names for name in OPENVINO_FILES):
        return folder
    chosen = file or main_gguf(names)
    if chosen is None or any(part not in names for part in gguf_parts(chosen)):
        return None
    return folder / chosen


def main_gguf(names: Iterable[str]) -> str | None:
    """Choose the GGUF file that stands for a repository: the only one, or the first that is Q4_K_M."""
    ggufs = sorted(name for name in names if name.endswith(".gguf") and "mmproj" not in name.lower())
    whole = [name for name in ggufs if gguf_parts(name)[0] == name]
    preferred = [name for name in whole if "q4_k_m" in name.lower()] or (whole if len(whole) == 1 else [])
    return preferred[0] if preferred else None


def gguf_parts(file: str) -> list[str]:
    """Return the files of a GGUF model that is split as llama.cpp splits it; else the file alone.

    Example:
        >>> gguf_parts("m-00001-of-00002.gguf")
        ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']
    """
    found = _SPLIT.fullmatch(file)
    if found is None:
        return [file]
    count = int(found["count"])
    return [f"{found['stem']}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]


def _snapshots(repository: str) -> Iterator[Path]:
    """Yield a repository's snapshots in the hub's own cache: the current one first, then the newest."""
    folder = hub_cache_folder() / f"models--{repository.replace('/', '--')}"
    try:
        current = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        current = ""
    if current and (folder / "snapshots" / current).is_dir():
        yield folder / "snapshots" / current
    others = [path for path in (folder / "snapshots").glob("*") if path.is_dir() and path.name != current]
    yield from sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)
