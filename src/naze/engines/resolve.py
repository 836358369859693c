"""A model as people name it goes in; an engine that is ready to answer comes out.

Between the two stands a `Resolution`: which engine, which file or address, and in plain words why and what
that costs. Engines are found by the entry point group `naze.engines`, ours like anybody's.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import urlsplit

from naze.configuration import Configuration, read_configuration
from naze.engines.catalogue import CatalogueModel, Form, FormKind, HubSource
from naze.engines.downloads import Progress, say_size
from naze.engines.gguf_header import read_header
from naze.engines.locate import OPENVINO_FILES, choose_form, locate, locate_hub
from naze.engines.machine import accelerator, llama_program, openvino_runs_here, slow_llama_build
from naze.engines.names import ServerModel, parse_name
from naze.engines.protocol import Engine, EngineOptions, Model
from naze.engines.pull import pull as fetch
from naze.engines.resolution import Resolution
from naze.engines.speeds import fastest
from naze.errors import ConfigurationError, EngineUnavailableError, ModelError, ModelFileError
from naze.suggesting import did_you_mean

__all__ = [
    "Resolution",
    "candidates",
    "check_gguf",
    "engine_names",
    "open_engine",
    "open_resolved",
    "resolve",
]

GROUP = "naze.engines"


def resolve(
    name: str | None = None,
    *,
    engine: str | None = None,
    configuration: Configuration | None = None,
    pull: bool = False,
    progress: Progress | None = None,
) -> Resolution:
    """Say which engine answers for a model, and from which file or address.

    Args:
        name: as people name models; None: `model` of the configuration.
        engine: a registered engine; None: `engine` of the configuration, else the best here.
        configuration: None: read from files and environment.
        pull: fetch the model when it is not here.
        progress: is told how far the pull is.

    Raises:
        UnknownModelError: nothing goes by this name; the nearest names are suggested.
        ModelError: known but not pulled; the message has the command that pulls it and its size.
        ModelFileError: a file that is cut short, or that this engine cannot load.
        EngineUnavailableError: no such engine is installed.
    """
    configuration = configuration or read_configuration()
    name = name or configuration.model
    if not name:
        raise ConfigurationError(
            "no model was named. Name one with --model, in NAZE_MODEL, or as `model` in naze.toml."
        )
    engine = engine or configuration.engine
    if engine is not None:
        _entry_point(engine)
    named = parse_name(name)
    if isinstance(named, ServerModel):
        return _resolve_server(name, named, engine)
    if engine is None and (measured := _resolve_measured(name, configuration)) is not None:
        return measured
    sha256: str | None = None
    notes: tuple[str, ...] = ()
    if isinstance(named, Path):
        path = named
    elif isinstance(named, HubSource):
        found = locate_hub(named, configuration)
        if found is None and not pull:
            raise ModelError(f"{name} is not on this machine. Fetch it first: naze pull {name}")
        path = found or fetch(name, engine=engine, progress=progress, configuration=configuration)
    else:
        path, form, notes = _find_pulled(named, engine, configuration, pull=pull, progress=progress)
        sha256 = form.sha256
    chosen, why = _choose_engine(path, engine, configuration)
    return Resolution(chosen, Model(name=name, path=path, sha256=sha256), (*notes, *why))


def candidates(name: str, configuration: Configuration | None = None) -> Iterator[Resolution]:
    """Yield every way in which this machine itself can answer for a model that is here: each engine, each form.

    Whether an engine can really load the file is not looked at. A server's model has none.

    Raises:
        UnknownModelError: nothing goes by this name; the nearest names are suggested.
    """
    configuration = configuration or read_configuration()
    for path, sha256 in _paths_here(name, configuration):
        kinds = ("openvino",) if path.is_dir() else ("openvino", "llamacpp")
        for engine in kinds:
            yield Resolution(engine, Model(name=name, path=path, sha256=sha256))


def open_resolved(
    resolution: Resolution, options: EngineOptions | None = None, configuration: Configuration | None = None
) -> Engine:
    """Open what a name was resolved to.

    Args:
        resolution: as `resolve` or `candidates` give it.
        options: how it runs; what they leave open is taken from the configuration.
        configuration: None: read from files and environment.

    Raises:
        NazeError: as the engine's own `open` says.
    """
    configuration = configuration or read_configuration()
    opener = _load(_entry_point(resolution.engine))
    settled = _with_configuration(options or EngineOptions(), resolution.model, configuration)
    return opener.open(resolution.model, settled)


def open_engine(
    name: str | None = None,
    options: EngineOptions | None = None,
    *,
    engine: str | None = None,
    configuration: Configuration | None = None,
    pull: bool = False,
    progress: Progress | None = None,
) -> Engine:
    """Open a model by name, ready to answer.

    Args:
        name: as people name models; None: `model` of the configuration.
        options: how it runs; what they leave open is taken from the configuration.
        engine: a registered engine; None: the best here.
        configuration: None: read from files and environment.
        pull: fetch the model when it is not here.
        progress: is told how far the pull is.

    Raises:
        NazeError: as `resolve` and the engine's own `open` say.
    """
    configuration = configuration or read_configuration()
    resolution = resolve(name, engine=engine, configuration=configuration, pull=pull, progress=progress)
    return open_resolved(resolution, options, configuration)


def engine_names() -> tuple[str, ...]:
    """Return the names of the engines that are registered here."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


def check_gguf(path: Path) -> None:
    """Check that a GGUF file is whole, from its header alone.

    Raises:
        ModelFileError: not there, not GGUF, or cut short; says the bytes found and expected.
    """
    read_header(path)


def _entry_point(engine: str) -> EntryPoint:
    for point in entry_points(group=GROUP):
        if point.name == engine:
            return point
    raise EngineUnavailableError(
        f"no engine is called {engine!r}.{did_you_mean(engine, engine_names())} Installed are: {', '.join(engine_names())}. "
        "Others come with the packages that register them under `naze.engines`."
    )


def _load(point: EntryPoint) -> type[Engine]:
    try:
        loaded: type[Engine] = point.load()
    except ImportError as error:
        package = point.dist.name if point.dist else point.value.split(".")[0]
        raise EngineUnavailableError(
            f"engine {point.name!r} of the package {package!r} cannot be loaded: {error}. "
            f"Install it again, or choose another of: {', '.join(engine_names())}."
        ) from error
    return loaded


def _resolve_server(name: str, server: ServerModel, engine: str | None) -> Resolution:
    if engine in ("openvino", "llamacpp"):
        raise ConfigurationError(
            f"engine {engine!r} computes on this machine itself and cannot ask {server.address}. "
            "Leave --engine out, or name a model file."
        )
    model = Model(name=name, address=server.address, remote_name=server.remote_name)
    return Resolution(engine or "http", model)


def _paths_here(name: str, configuration: Configuration) -> Iterator[tuple[Path, str | None]]:
    """Yield the files and folders of a model that lie on this machine, with their SHA-256 where it is known."""
    named = parse_name(name)
    if isinstance(named, Path):
        yield named, None
    elif isinstance(named, HubSource):
        if path := locate_hub(named, configuration):
            yield path, None
    elif isinstance(named, CatalogueModel):
        for form in named.forms:
            if path := locate(named, form, configuration):
                yield path, form.sha256


def _resolve_measured(name: str, configuration: Configuration) -> Resolution | None:
    """Choose by what was measured here (`naze pull`); None: too little was, or the fastest has no room just now."""
    chosen = fastest(candidates(name, configuration))
    if chosen is None:
        return None
    resolution, speed = chosen
    path = resolution.model.path
    assert path is not None  # candidates are files and folders
    usual = "openvino" if accelerator() is None else "llamacpp"
    if resolution.engine == usual == "openvino":
        return resolution if _has_room(path) else None
    why = f"{resolution.engine}, because it is the fastest here as measured: {speed.explanation_seconds:.3g} s an explanation"
    if resolution.engine == "openvino":
        return replace(resolution, notes=(why,)) if _has_room(path) else None
    check_gguf(path)
    return replace(resolution, notes=() if usual == "llamacpp" else (why,))


def _has_room(path: Path) -> bool:
    """Tell whether OpenVINO can load a model with the memory that is free just now."""
    from naze.engines.openvino_prepare import can_load  # loads OpenVINO, which takes a while

    return can_load(path)[0]


def _find_pulled(
    model: CatalogueModel,
    engine: str | None,
    configuration: Configuration,
    *,
    pull: bool,
    progress: Progress | None,
) -> tuple[Path, Form, tuple[str, ...]]:
    """Find the form that serves best here, or else another that is here already."""
    best = choose_form(model, engine)
    if path := locate(model, best, configuration):
        return path, best, ()
    if pull:
        return fetch(model.name, engine=engine, progress=progress, configuration=configuration), best, ()
    usable = [form for form in model.forms if form is not best and engine is None]
    for form in usable:
        path = locate(model, form, configuration)
        if path and (form.kind is FormKind.GGUF or openvino_runs_here()):
            return path, form, (f"the form that is fastest here was not pulled: naze pull {model.name}",)
    size = f" ({say_size(best.size_bytes)})" if best.size_bytes else ""
    command = f"naze pull {model.name}" + (f" --engine {engine}" if engine else "")
    raise ModelError(f"{model.name} is not on this machine. Fetch it first{size}: {command}")


def _choose_engine(
    path: Path, engine: str | None, configuration: Configuration
) -> tuple[str, tuple[str, ...]]:
    if path.is_dir():
        return _choose_for_folder(path, engine)
    check_gguf(path)
    if engine == "http":
        raise ConfigurationError(
            f"engine 'http' asks a server and cannot load {path}. Leave --engine out, or name an address."
        )
    if engine == "openvino":
        _check_openvino(path)
    if engine is not None:
        return engine, ()
    return _choose_for_gguf(path, configuration)


def _choose_for_folder(path: Path, engine: str | None) -> tuple[str, tuple[str, ...]]:
    if engine not in (None, "openvino") and engine in ("llamacpp", "http"):
        raise ModelFileError(
            f"{path}: a folder for OpenVINO; engine {engine!r} cannot load it. Name a GGUF file."
        )
    missing = [name for name in OPENVINO_FILES if not (path / name).is_file()]
    if missing and engine in (None, "openvino"):
        raise ModelFileError(
            f"{path}: not whole: {', '.join(missing)} missing. Expected {', '.join(OPENVINO_FILES)}: "
            "pull or export it again."
        )
    return engine or "openvino", ()


def _check_openvino(path: Path) -> None:
    from naze.engines.openvino_prepare import can_load  # loads OpenVINO, which takes a while

    possible, why = can_load(path)
    if not possible:
        raise ModelFileError(f"{path}: OpenVINO cannot load it: {why}. Use --engine llamacpp.")


def _choose_for_gguf(path: Path, configuration: Configuration) -> tuple[str, tuple[str, ...]]:
    """Choose between the two embedded engines: llama.cpp with an accelerator, OpenVINO on a CPU if it can."""
    fast = accelerator()
    if fast is not None:
        return "llamacpp", (f"llamacpp, because it computes on {fast} here",)
    if not openvino_runs_here():
        return "llamacpp", ("llamacpp, because OpenVINO is not installed here", *_cost(configuration))
    from naze.engines.openvino_prepare import can_load  # loads OpenVINO, which takes a while

    possible, why = can_load(path)
    if possible:
        return "openvino", ()
    return "llamacpp", (f"llamacpp, because OpenVINO cannot load {path.name}: {why}", *_cost(configuration))


def _cost(configuration: Configuration) -> tuple[str, ...]:
    """Say what llama.cpp costs on this CPU, compared with OpenVINO."""
    cost = "on a CPU llama.cpp answers many prompts two to six times slower than OpenVINO"
    if llama_program(configuration.llama_server) is None and slow_llama_build():
        cost += (
            "; and its prebuilt wheel for Linux x86 is slower still: put a llama-server built here on PATH"
        )
    return (cost,)


def _with_configuration(options: EngineOptions, model: Model, configuration: Configuration) -> EngineOptions:
    """Fill in what the options leave open."""
    key = configuration.api_key.get_secret_value() if configuration.api_key and model.address else None
    return replace(
        options,
        threads=options.threads or configuration.threads,
        cache_gigabytes=options.cache_gigabytes or configuration.cache_gigabytes,
        allow_remote=options.allow_remote or is_allowed(model.address, configuration.allow_remote),
        api_key=options.api_key or key,
    )


def is_allowed(address: str | None, allowed: tuple[str, ...]) -> bool:
    """Tell whether an address is allowed by name: the same host and port, or the host alone."""
    if address is None:
        return False
    wanted = urlsplit(address)
    for name in allowed:
        parts = urlsplit(name if "://" in name else f"//{name}")
        same_scheme = not parts.scheme or parts.scheme == wanted.scheme
        same_port = parts.port is None or parts.port == wanted.port
        if same_scheme and same_port and parts.hostname == wanted.hostname:
            return True
    return False
