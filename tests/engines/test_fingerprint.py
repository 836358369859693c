"""SHA-256 of files, remembered."""

import hashlib
import os

from naze.engines import fingerprint
from naze.engines.fingerprint import file_sha256


def test_the_sum_is_remembered_until_the_file_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("NAZE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "model.bin"
    path.write_bytes(b"one")
    assert file_sha256(path) == hashlib.sha256(b"one").hexdigest()
    monkeypatch.setattr(fingerprint.hashlib, "sha256", None)  # to compute it once more would fail
    assert file_sha256(path) == hashlib.new("sha256", b"one").hexdigest()
    monkeypatch.undo()
    monkeypatch.setenv("NAZE_CACHE", str(tmp_path / "cache"))
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert file_sha256(path) == hashlib.sha256(b"two").hexdigest()


def test_a_damaged_memory_is_computed_again(tmp_path, monkeypatch):
    monkeypatch.setenv("NAZE_CACHE", str(tmp_path))
    (tmp_path / "sha256.json").write_text("{ no JSON")
    path = tmp_path / "model.bin"
    path.write_bytes(b"one")
    assert file_sha256(path) == hashlib.sha256(b"one").hexdigest()
