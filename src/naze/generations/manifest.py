"""What a run was started with, kept as `manifest.json` in its folder."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from naze.errors import ManifestMismatchError, NazeError, RunNotFoundError, RunVersionError, StoreError
from naze.invocation import typed_command

FORMAT = 2
"""The version of a run's folder; a run with a higher one was made by a newer naze, with a lower one by an older."""
MANIFEST_NAME = "manifest.json"
_PACKAGES = ("naze", "openvino-genai", "xllamacpp", "polars")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run was started with.

    The fields marked "must match" cannot change within a run. The others may: other data means that changed
    rows are asked again, alone.
    """

    task: str
    """What was asked for, e.g. `explain`. Must match."""
    engine: str
    """Registered name of the engine. Must match."""
    model: str
    """As the person named it."""
    fingerprint: str
    """The engine's fingerprint of the model. Must match."""
    sampling: Mapping[str, Any]
    """How the model chooses its words. Must match."""
    template: str
    """The template's name."""
    template_hash: str
    """Must match."""
    template_parts: Mapping[str, Any]
    """The whole template, so that the run can be continued without its file; its `form` must match."""
    language: str
    """The language of the answers. Must match."""
    fit: str = "shorten"
    """What is done with prompts longer than the context: shorten, route or fail. Must match."""
    long_model: str | None = None
    """The model that longer prompts are routed to."""
    long_fingerprint: str | None = None
    """Its fingerprint. Must match."""
    address: str | None = None
    """Where prompts were sent, when not computed in this process tree."""
    notes: tuple[str, ...] = ()
    """What the engine wants the person to know."""
    data_path: str = ""
    data_fingerprint: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """How the engine runs; not part of what is answered."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Installed versions when the run was started."""
    created: str = ""
    """ISO 8601, UTC."""
    made_by: str = field(default_factory=typed_command)
    """The command line that began or last continued it; empty: a call in Python."""
    made_in: str = field(default_factory=lambda: str(Path.cwd()) if typed_command() else "")
    """The folder in which that was typed."""
    format: int = FORMAT


MUST_MATCH = (
    "task", "engine", "fingerprint", "sampling", "template_hash", "form", "language", "fit", "long_fingerprint"
)  # fmt: skip


def installed_versions() -> dict[str, str]:
    """Name what is installed here and shapes answers."""
    found = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    """The time in UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def check_match(kept: Manifest, asked: Manifest, folder: Path) -> None:
    """Make sure that a run may go on with what is asked for now.

    Raises:
        ManifestMismatchError: names every field that differs, with both values.
    """
    different = tuple(
        name for name in MUST_MATCH if _plain(_value(kept, name)) != _plain(_value(asked, name))
    )
    if not different:
        return
    lines = []
    for name in different:
        old, new = _value(kept, name), _value(asked, name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            keys = sorted(key for key in {*old, *new} if _plain(old.get(key)) != _plain(new.get(key)))
            lines += [
                f"  {name}.{key}: the run has {old.get(key)!r}, this command {new.get(key)!r}" for key in keys
            ]
        else:
            lines.append(f"  {name}: the run has {old!r}, this command {new!r}")
    raise ManifestMismatchError(
        f"{folder}: this run was started with other settings:\n" + "\n".join(lines) + "\n"
        "Give another --out for the new settings, or use the run's own to continue it.",
        fields=different,
    )


def _value(manifest: Manifest, name: str) -> Any:  # noqa: ANN401 - compared only
    return manifest.template_parts.get(name) if name == "form" else getattr(manifest, name)


def _plain(value: Any) -> Any:  # noqa: ANN401 - compared only
    """As it would come back from JSON."""
    return json.loads(json.dumps(value, default=list))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write aside and rename, so that a manifest is whole or not there.

    Raises:
        StoreError: the folder cannot be written.
    """
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=folder, prefix=".manifest-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(folder / MANIFEST_NAME)
    except OSError as error:
        raise StoreError(
            f"{folder}: the run cannot be written ({error}). Free some space or choose another --out."
        ) from error


def begun_engine(folder: Path, model: str) -> str | None:
    """Tell which engine has answered for a model in a folder of runs; None: no run of it was begun there.

    Args:
        folder: of a run, or of a job whose steps have runs of their own, down to three folders below.
        model: as the person names it.
    """
    for below in ("", "*/", "*/*/", "*/*/*/"):
        for path in sorted(folder.glob(f"{below}{MANIFEST_NAME}")):
            try:
                manifest = read_manifest(path.parent)
            except NazeError:  # told where that run is opened, with what to do
                continue
            if manifest.model == model and manifest.engine:
                return manifest.engine
    return None


def read_manifest(folder: Path) -> Manifest:
    """Read what a run was started with.

    Raises:
        RunNotFoundError: no run in this folder.
        RunVersionError: made by a newer naze.
        StoreError: the manifest is damaged.
    """
    path = folder / MANIFEST_NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunNotFoundError(
            f"{folder}: there is no run here. `naze runs list` shows the runs there are."
        ) from error
    except OSError as error:
        raise StoreError(f"{path}: the manifest cannot be read ({error}).") from error
    except ValueError as error:
        raise StoreError(
            f"{path}: is no JSON ({error}); expected a run's manifest. Restore it from a copy."
        ) from error
    if not isinstance(found, dict) or not isinstance(found.get("format", 0), int):
        raise StoreError(f"{path}: is no run's manifest. Restore it from a copy.")
    if found.get("format", 0) > FORMAT:
        raise RunVersionError(
            f"{folder}: the run has format {found['format']}; this naze ({version('naze')}) knows up to {FORMAT}. "
            "Install a newer naze to open it."
        )
    if found.get("format", FORMAT) < FORMAT:
        raise RunVersionError(
            f"{folder}: the run has format {found['format']}, of a naze before its first release; this one "
            f"({version('naze')}) reads format {FORMAT}. Give the command another --out, and it asks anew."
        )
    missing = {"task", "engine", "fingerprint"} - found.keys()
    if missing:
        raise StoreError(
            f"{path}: has no {', '.join(sorted(missing))}; expected a run's manifest. Restore it from a copy."
        )
    known = {entry.name for entry in fields(Manifest)}
    kept: dict[str, Any] = {name: value for name, value in found.items() if name in known}
    kept["notes"] = tuple(kept.get("notes", ()))
    unknown = {"made_by": "", "made_in": ""}  # of a naze that did not keep it
    return Manifest(**unknown | kept)
