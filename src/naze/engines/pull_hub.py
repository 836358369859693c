"""A repository of the hub goes in; its GGUF file or its OpenVINO folder comes out.

The hub's own list says how long every file must be and what its hash must be. Files are fetched into
`<file>.<hash>.partial`, from where an earlier pull stopped, checked, and only then get their name. (The hub's
client itself starts a broken download anew; it is used for the list, the addresses and the access token.)
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from naze.configuration import Configuration
from naze.engines.catalogue import HubSource
from naze.engines.downloads import Progress, PullProgress, check_disk_space, hold_lock, say_size, writing
from naze.engines.fingerprint import file_sha256
from naze.engines.locate import (
    EMBEDDING_FILES,
    OPENVINO_FILES,
    RECORD_FILE,
    FileRecord,
    embedding_files,
    gguf_parts,
    hub_folder,
    locate_embedder,
    locate_hub,
    main_gguf,
    read_record,
)
from naze.errors import DownloadError

if TYPE_CHECKING:
    import httpx2

__all__ = ["is_intact", "pull_embedder_from_hub", "pull_from_hub"]

_CHUNK_BYTES = 1 << 20
_TIMEOUT_SECONDS = 30.0
_ATTEMPTS = 5
"""In a row without a byte gained."""
_FIRST_WAIT_SECONDS = 0.2
"""Doubled after each failure, up to ten seconds."""
_PASSING_STATUS = (408, 425, 429, 500, 502, 503, 504)


class _PassingError(Exception):
    """The connection broke, or the server is busy: worth another attempt."""


@dataclass(frozen=True, slots=True)
class _Repository:
    """What the hub says about a repository at one commit."""

    name: str
    commit: str
    files: Mapping[str, FileRecord]


@dataclass(slots=True)
class _Counter:
    """Counts bytes over all files of one pull and tells them."""

    name: str
    total_bytes: int
    progress: Progress
    done_bytes: int = 0

    def tell(self, done_bytes: int, note: str = "") -> None:
        self.progress(PullProgress(self.name, done_bytes, self.total_bytes, note))


def pull_from_hub(
    name: str,
    source: HubSource,
    configuration: Configuration,
    progress: Progress,
    *,
    expected_sha256: str | None = None,
) -> Path:
    """Fetch a GGUF file or an OpenVINO folder from the hub, unless it is here already, whole.

    Args:
        name: the model, for messages.
        source: the repository, and the file in it if one is meant.
        configuration: says where models lie.
        progress: is told how far it is.
        expected_sha256: of the GGUF file, where it is known beforehand.

    Raises:
        DownloadError: not reachable, not there, not allowed, no disk space, or not what the hub's list says.
    """
    folder = hub_folder(source.repository, configuration)
    with _held(name, folder, progress):
        here = locate_hub(source, configuration)
        if here is not None and is_intact(here):
            return here
        repository = _ask(name, source.repository)
        wanted = _choose_files(name, repository, source.file)
        known = repository.files[wanted[0]].sha256
        if expected_sha256 and known != expected_sha256:
            raise DownloadError(
                f"{name}: {source.repository} now holds another {wanted[0]}: SHA-256 {known} found; expected "
                f"{expected_sha256}. To have it nevertheless, name the file: "
                f"hf:{source.repository}/{wanted[0]}"
            )
        _fetch_all(name, repository, wanted, folder, progress)
    return folder / wanted[0] if wanted[0].endswith(".gguf") else folder


def pull_embedder_from_hub(
    name: str, repository: str, configuration: Configuration, progress: Progress
) -> Path:
    """Fetch an embedding model from the hub, unless it is here already, whole: the model, its tokenizer, how it pools.

    Args:
        name: the model, for messages.
        repository: of the hub.
        configuration: says where models lie.
        progress: is told how far it is.

    Returns:
        The folder that holds it.

    Raises:
        DownloadError: not reachable, not there, not allowed, no disk space, no embedding model, or not what the hub's
            list says.
    """
    folder = hub_folder(repository, configuration)
    with _held(name, folder, progress):
        here = locate_embedder(repository, configuration)
        if here is not None and is_intact(here):
            return here
        found = _ask(name, repository)
        wanted = embedding_files(found.files)
        if not wanted:
            raise DownloadError(
                f"{name}: {repository} holds no embedding model that can be computed here: expected tokenizer.json and one "
                f"of {', '.join(EMBEDDING_FILES)}; it has {', '.join(sorted(found.files)[:12]) or 'no files'}."
            )
        _fetch_all(name, found, wanted, folder, progress)
    return folder


@contextmanager
def _held(name: str, folder: Path, progress: Progress) -> Iterator[None]:
    """Make the folder of a repository, and keep other processes from fetching into it meanwhile."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    waiting = PullProgress(name, 0, None, "another process is fetching this model; waiting for it")
    with hold_lock(folder.with_name(folder.name + ".lock"), waiting=lambda: progress(waiting)):
        yield


def is_intact(path: Path) -> bool:
    """Check the hashes of what was pulled from the hub; each file is read once, then remembered.

    Args:
        path: a GGUF file or an OpenVINO folder, in naze's own folder or in the hub's cache.
    """
    folder = path if path.is_dir() else path.parent
    files = sorted(folder.rglob("*")) if path.is_dir() else [path]
    record = read_record(folder)
    for file in files:
        name = file.relative_to(folder).as_posix()
        expected = record[name].sha256 if name in record else file.resolve().name
        is_sha256 = expected is not None and len(expected) == 64
        if file.is_file() and is_sha256 and file_sha256(file) != expected:
            return False
    return True


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


def _ask(name: str, repository: str) -> _Repository:
    """Ask the hub what a repository holds."""
    from huggingface_hub import HfApi

    with _explained(name, repository):
        info = HfApi(endpoint=_endpoint()).model_info(
            repository, files_metadata=True, timeout=_TIMEOUT_SECONDS
        )
    files = {
        entry.rfilename: FileRecord(
            size_bytes=entry.size or 0,
            sha256=entry.lfs.sha256 if entry.lfs else None,
            git_sha1=None if entry.lfs else entry.blob_id,
        )
        for entry in info.siblings or ()
    }
    return _Repository(repository, info.sha or "main", files)


@contextmanager
def _explained(name: str, repository: str) -> Iterator[None]:
    """Turn what the hub's client raises into a `DownloadError` in plain words."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise DownloadError(
            f"{name}: {repository} is open only to those who accept its terms. Accept them on the model's "
            "page, log in with `hf auth login`, and pull again."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise DownloadError(
            f"{name}: the hub has no public model {repository!r}. Check the name; if it is a private one, "
            "log in with `hf auth login`."
        ) from error
    except errors.HFValidationError as error:
        raise DownloadError(f"{name}: {repository!r} is no name of the hub: {error}.") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise DownloadError(
            f"{name}: the hub answered {status} for {repository}. Try again later."
        ) from error
    except (httpx2.HTTPError, errors.OfflineModeIsEnabled) as error:
        raise DownloadError(
            f"{name}: the hub cannot be reached ({_first_line(error)}). Check the network, HF_ENDPOINT and "
            "HF_HUB_OFFLINE; or name a file that is here already."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _choose_files(name: str, repository: _Repository, file: str | None) -> list[str]:
    """Choose what to fetch: the file that was named, or the model that the repository is about."""
    files = list(repository.files)
    if file is not None:
        missing = [part for part in gguf_parts(file) if part not in repository.files]
        if missing:
            near = get_close_matches(file, files, n=3, cutoff=0.3) or sorted(files)[:8]
            raise DownloadError(
                f"{name}: {repository.name} has no file {missing[0]!r}; "
                f"it has, among others: {', '.join(near)}."
            )
        return gguf_parts(file)
    if all(wanted in repository.files for wanted in OPENVINO_FILES):
        small = (".json", ".jinja", ".txt", ".model")
        extra = [found for found in files if "/" not in found and found.endswith(small)]
        return [*OPENVINO_FILES, *sorted(extra)]
    chosen = main_gguf(files)
    if chosen is None:
        ggufs = sorted(found for found in files if found.endswith(".gguf"))
        what = (
            f"it has {', '.join(ggufs)}: name one, as in hf:{repository.name}/{ggufs[0]}"
            if ggufs
            else (
                f"expected a GGUF file or OpenVINO files; it has {', '.join(sorted(files)[:8]) or 'no files'}"
            )
        )
        raise DownloadError(f"{name}: cannot tell what to fetch from {repository.name}: {what}.")
    return gguf_parts(chosen)


def _fetch_all(
    name: str, repository: _Repository, wanted: list[str], folder: Path, progress: Progress
) -> None:
    sizes = {file: repository.files[file].size_bytes for file in wanted}
    counter = _Counter(name, sum(sizes.values()), progress)
    here = [file for file in wanted if _has(folder / file, repository.files[file])]
    started = sum(
        _size(_partial(folder, file, repository.files[file])) for file in wanted if file not in here
    )
    left = counter.total_bytes - sum(sizes[file] for file in here) - started
    check_disk_space(folder, left, name)
    going_on = (
        f"; {say_size(counter.total_bytes - left)} are here already" if left < counter.total_bytes else ""
    )
    counter.tell(0, f"{say_size(counter.total_bytes)} from {repository.name} of the hub{going_on}")
    for file in wanted:
        record = repository.files[file]
        if file not in here:
            _fetch(counter, repository, file, folder)
        _write_record(folder, repository.commit, file, record)
        counter.done_bytes += record.size_bytes


def _has(path: Path, record: FileRecord) -> bool:
    return (
        path.is_file()
        and path.stat().st_size == record.size_bytes
        and _hash_of(path, record) == _hash(record)
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _hash(record: FileRecord) -> str | None:
    return record.sha256 or record.git_sha1


def _hash_of(path: Path, record: FileRecord) -> str | None:
    """Hash a file the way its record was hashed."""
    if record.sha256 is None and record.git_sha1 is None:
        return None
    digest = hashlib.sha256() if record.sha256 else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _partial(folder: Path, file: str, record: FileRecord) -> Path:
    """Where an unfinished file lies; named by its hash too, so that two versions are never mixed."""
    return folder / f"{file}.{(_hash(record) or 'unknown')[:12]}.partial"


def _fetch(counter: _Counter, repository: _Repository, file: str, folder: Path) -> None:
    """Fetch one file, going on after every break, and check it."""
    record = repository.files[file]
    partial = _partial(folder, file, record)
    with writing(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
    failures, before = 0, -1
    while _size(partial) < record.size_bytes or not partial.exists():
        try:
            _stream(counter, repository, file, partial)
        except _PassingError as error:
            gained, before = _size(partial) > before, _size(partial)
            failures = 1 if gained else failures + 1
            if failures >= _ATTEMPTS:
                raise DownloadError(
                    f"{counter.name}: {file} broke off at {before:,} of {record.size_bytes:,} bytes: "
                    f"{_first_line(error)}. They are kept. `naze pull {counter.name}` goes on from there."
                ) from error
            time.sleep(min(_FIRST_WAIT_SECONDS * 2**failures, 10.0))
    _check(counter, file, partial, record)
    with writing(folder / file):
        partial.replace(folder / file)


def _check(counter: _Counter, file: str, partial: Path, record: FileRecord) -> None:
    if record.size_bytes > 50_000_000:
        counter.tell(counter.done_bytes + record.size_bytes, f"checking {PurePosixPath(file).name}")
    found, size = _hash_of(partial, record), _size(partial)
    if size != record.size_bytes or found != _hash(record):
        partial.unlink()
        kind = "SHA-256" if record.sha256 else "git's SHA-1"
        raise DownloadError(
            f"{counter.name}: {file} is not what the hub's list says: {size:,} bytes with {kind} {found} "
            f"found; expected {record.size_bytes:,} bytes with {_hash(record)}. It was deleted. "
            f"`naze pull {counter.name}` fetches it anew."
        )


def _stream(counter: _Counter, repository: _Repository, file: str, partial: Path) -> None:
    """Append to a partial file what the hub sends from its end on."""
    import httpx2
    from huggingface_hub import get_session, hf_hub_url

    url = hf_hub_url(repository.name, file, revision=repository.commit, endpoint=_endpoint())
    start = _size(partial)
    headers = {**_access(), "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        with (
            _explained_unless_passing(counter.name, repository.name),
            get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT_SECONDS) as response,
        ):
            _check_status(response, partial, counter.name, file)
            with writing(partial), partial.open("ab" if response.status_code == 206 else "wb") as out:
                for chunk in response.iter_raw():
                    out.write(chunk)
                    counter.tell(counter.done_bytes + out.tell())
    except httpx2.TransportError as error:
        raise _PassingError(_first_line(error)) from error
    if _size(partial) < repository.files[file].size_bytes:
        raise _PassingError("the hub closed the connection")


def _access() -> dict[str, str]:
    """Return the header with the person's access token, if they have one and let programs use it."""
    from huggingface_hub import constants, get_token

    token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def _explained_unless_passing(name: str, repository: str) -> Iterator[None]:
    """Explain what is final; let a broken connection through, to be tried again."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled:
        with _explained(name, repository):
            raise


def _check_status(response: "httpx2.Response", partial: Path, name: str, file: str) -> None:
    """Raise unless the hub sends the file, or the rest of it."""
    status = response.status_code
    if status == 416:  # the partial file is no beginning of this one
        partial.unlink(missing_ok=True)
        raise _PassingError("the hub has no more bytes of it")
    if status in _PASSING_STATUS:
        raise _PassingError(f"the hub answered {status}")
    if status in (401, 403):
        raise DownloadError(
            f"{name}: the hub refuses {file} (status {status}). Accept the model's terms on "
            "its page, log in with `hf auth login`, and pull again."
        )
    if status not in (200, 206):
        raise DownloadError(
            f"{name}: the hub answered {status} for {file}; expected the file. Pull again later."
        )


def _write_record(folder: Path, commit: str, file: str, record: FileRecord) -> None:
    """Note that a file is here, whole: written aside and renamed."""
    files = {name: asdict(known) for name, known in read_record(folder).items()}
    files[file] = asdict(record)
    aside = folder / f"{RECORD_FILE}.aside"
    with writing(aside):
        aside.write_text(json.dumps({"commit": commit, "files": files}, indent=1), encoding="utf-8")
        aside.replace(folder / RECORD_FILE)
