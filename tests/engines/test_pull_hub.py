"""Pulling from the hub: the real client code against a small hub on loopback, and against the hub's own cache."""

import hashlib
import json
import random

import pytest

import naze.engines.pull_hub
from engines.hub_server import COMMIT, Hub, git_sha1, serve
from naze.configuration import read_configuration
from naze.engines.locate import OPENVINO_FILES
from naze.engines.pull import pull
from naze.engines.resolve import resolve
from naze.errors import DownloadError, ModelError

REPOSITORY = "someone/model-GGUF"
FILE = "model-Q4_K_M.gguf"
NAME = f"hf:{REPOSITORY}/{FILE}"
CONTENT = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def configuration(tmp_path, monkeypatch):
    """Models lie in a folder of this test alone, and so does the hub's own cache."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    return read_configuration(cache=tmp_path / "cache")


@pytest.fixture
def hub(monkeypatch):
    hub = Hub(
        repositories={REPOSITORY: {FILE: CONTENT, "model-Q8_0.gguf": b"GGUF larger", "README.md": b"#"}}
    )
    server = serve(hub)
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setattr(naze.engines.pull_hub, "_FIRST_WAIT_SECONDS", 0.01)
    yield hub
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_verified_and_found_again_without_the_hub(hub, configuration):
    told = []
    path = pull(NAME, configuration=configuration, progress=told.append)
    assert path.read_bytes() == CONTENT
    assert told[0].note == f"3 MB from {REPOSITORY} of the hub"
    assert told[-1].done_bytes == told[-1].total_bytes == len(CONTENT)
    asked = len(hub.asked)
    hub.list_status = 500
    assert pull(NAME, configuration=configuration) == path
    assert len(hub.asked) == asked
    assert sorted(file.name for file in path.parent.iterdir()) == [FILE, "naze.json"]


def test_a_repository_stands_for_its_q4_k_m_file(hub, configuration):
    path = pull(f"hf:{REPOSITORY}", configuration=configuration)
    assert path.name == FILE
    assert [name for name, _ in hub.asked] == [FILE]


def test_a_broken_connection_goes_on_where_it_broke(hub, configuration):
    hub.break_after = [1_000_000, 500_000]
    assert pull(NAME, configuration=configuration).read_bytes() == CONTENT
    ranges = [asked for _, asked in hub.asked]
    assert ranges[0] is None
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in ranges[1:]]
    assert len(starts) == 2
    assert 0 < starts[0] <= 1_000_000
    assert starts[0] < starts[1] <= 1_500_000


def test_a_later_pull_goes_on_where_an_earlier_one_gave_up(hub, configuration):
    hub.break_after = [1_000_000] + [0] * 9
    with pytest.raises(DownloadError, match=r"broke off at [\d,]+ of 3,000,000 bytes.*goes on from there"):
        pull(NAME, configuration=configuration)
    hub.break_after = []
    hub.asked.clear()
    told = []
    assert pull(NAME, configuration=configuration, progress=told.append).read_bytes() == CONTENT
    assert hub.asked[0][1].startswith("bytes=")
    assert "are here already" in told[0].note


def test_a_hub_that_ignores_ranges_is_no_reason_for_a_damaged_file(hub, configuration):
    hub.break_after = [1_000_000]
    hub.ignore_ranges = True
    assert pull(NAME, configuration=configuration).read_bytes() == CONTENT


def test_a_busy_hub_is_asked_again(hub, configuration):
    hub.statuses = [503, 429]
    assert pull(NAME, configuration=configuration).read_bytes() == CONTENT


def test_another_content_than_the_list_says_is_an_error_with_both_hashes(hub, configuration):
    other = bytes(reversed(CONTENT))
    hub.sent_instead = {FILE: other}
    with pytest.raises(DownloadError) as caught:
        pull(NAME, configuration=configuration)
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert hashlib.sha256(other).hexdigest() in str(caught.value)
    assert not list(configuration.cache.rglob("*.gguf*"))
    hub.sent_instead = {}
    assert pull(NAME, configuration=configuration).read_bytes() == CONTENT


def test_a_file_damaged_on_disk_is_fetched_anew(hub, configuration):
    path = pull(NAME, configuration=configuration)
    path.write_bytes(bytes(len(CONTENT)))
    assert pull(NAME, configuration=configuration).read_bytes() == CONTENT


def test_a_file_cut_short_on_disk_is_fetched_anew(hub, configuration):
    path = pull(NAME, configuration=configuration)
    path.write_bytes(CONTENT[:1000])
    with pytest.raises(ModelError, match="naze pull"):
        resolve(NAME, configuration=configuration)
    assert pull(NAME, configuration=configuration).read_bytes() == CONTENT


def test_a_missing_file_names_those_that_are_there(hub, configuration):
    with pytest.raises(
        DownloadError, match=r"no file 'model-Q4_K_S\.gguf'; it has, among others: model-Q4_K_M"
    ):
        pull(f"hf:{REPOSITORY}/model-Q4_K_S.gguf", configuration=configuration)


def test_a_file_that_vanished_from_the_hub_is_told(hub, configuration):
    hub.statuses = [404]
    with pytest.raises(DownloadError, match=f"answered 404 for {FILE}"):
        pull(NAME, configuration=configuration)


def test_a_missing_repository_says_so(hub, configuration):
    with pytest.raises(DownloadError, match="no public model 'someone/else'"):
        pull("hf:someone/else", configuration=configuration)


def test_a_gated_repository_says_how_to_get_in(hub, configuration):
    hub.gated = True
    with pytest.raises(DownloadError, match=r"accept its terms.*hf auth login"):
        pull(NAME, configuration=configuration)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_file_says_how_to_get_in(hub, configuration, status):
    hub.statuses = [status]
    with pytest.raises(DownloadError, match=rf"refuses {FILE} \(status {status}\).*hf auth login"):
        pull(NAME, configuration=configuration)


def test_the_persons_token_is_sent_to_the_hub(hub, configuration, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_this_test")
    pull(NAME, configuration=configuration)
    assert set(hub.tokens) == {"Bearer hf_of_this_test"}


def test_a_hub_out_of_order_is_told(hub, configuration):
    hub.list_status = 418
    with pytest.raises(DownloadError, match="answered 418"):
        pull(NAME, configuration=configuration)


def test_no_hub_at_all_is_told(configuration, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="cannot be reached"):
        pull(NAME, configuration=configuration)


def test_no_disk_space_is_told_before_anything_is_fetched(hub, configuration):
    hub.claimed_sizes = {FILE: 10**16}
    with pytest.raises(DownloadError, match=r"needs 10000000\.00 GB.*NAZE_CACHE"):
        pull(NAME, configuration=configuration)
    assert hub.asked == []


def test_an_openvino_folder_comes_whole_small_files_checked_too(hub, configuration):
    files = {name: random.Random(name).randbytes(2000) for name in OPENVINO_FILES}
    files |= {"config.json": b"{}", "tokenizer_config.json": b'{"a": 1}', "README.md": b"not needed"}
    hub.repositories["Intel/ir"] = files
    folder = pull("hf:Intel/ir", configuration=configuration)
    assert sorted(path.name for path in folder.iterdir()) == sorted({*files, "naze.json"} - {"README.md"})
    assert all((folder / name).read_bytes() == files[name] for name in files if name != "README.md")
    record = json.loads((folder / "naze.json").read_text())
    assert record["commit"] == COMMIT
    assert record["files"]["config.json"]["git_sha1"] == git_sha1(b"{}")
    found = resolve("hf:Intel/ir", configuration=configuration)
    assert (found.engine, found.model.path) == ("openvino", folder)


def test_a_small_file_with_another_content_is_noticed(hub, configuration):
    hub.repositories["Intel/ir"] = {name: b"x" for name in OPENVINO_FILES} | {"config.json": b"{}"}
    hub.sent_instead = {"config.json": b"[]"}
    with pytest.raises(DownloadError, match=r"config\.json is not what the hub's list says"):
        pull("hf:Intel/ir", configuration=configuration)


def test_all_parts_of_a_split_model_are_fetched(hub, configuration):
    parts = {f"big-Q4_K_M-0000{part}-of-00002.gguf": bytes([part]) * 1000 for part in (1, 2)}
    hub.repositories["someone/big"] = parts
    path = pull("hf:someone/big", configuration=configuration)
    assert path.name == "big-Q4_K_M-00001-of-00002.gguf"
    assert {name: (path.parent / name).read_bytes() for name in parts} == parts


def test_several_files_and_none_named_asks_for_one(hub, configuration):
    hub.repositories["someone/many"] = {"a-Q8_0.gguf": b"a", "b-Q6_K.gguf": b"b"}
    with pytest.raises(DownloadError, match=r"name one, as in hf:someone/many/a-Q8_0\.gguf"):
        pull("hf:someone/many", configuration=configuration)


def test_what_another_program_put_into_the_hubs_cache_is_used_offline(configuration, tmp_path, monkeypatch):
    """The layout that huggingface_hub writes: blobs by hash, snapshots of links."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    store = tmp_path / "hf" / "hub" / "models--someone--model-GGUF"
    snapshot = store / "snapshots" / COMMIT
    for folder in (store / "blobs", store / "refs", snapshot):
        folder.mkdir(parents=True)
    blob = store / "blobs" / hashlib.sha256(CONTENT).hexdigest()
    blob.write_bytes(CONTENT)
    (store / "refs" / "main").write_text(COMMIT)
    (snapshot / FILE).symlink_to(blob)
    assert pull(NAME, configuration=configuration) == snapshot / FILE
    assert not list(configuration.cache.rglob("*.gguf"))
    blob.write_bytes(b"damaged")
    with pytest.raises(DownloadError, match="cannot be reached"):
        pull(NAME, configuration=configuration)
