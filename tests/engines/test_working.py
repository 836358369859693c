"""Before an answer is whole, what is read and written is told to who watches, in the thread that watches."""

import threading

import httpx2
import pytest

from naze.engines import EngineOptions
from naze.engines import working as told
from naze.engines.background import BackgroundLoop
from naze.engines.http_address import Address
from naze.engines.http_client import HttpClient
from naze.engines.resolve import open_engine
from naze.engines.working import Telling, watched_by
from naze.errors import EngineReplyError
from naze.records import Prompt, Sampling


@pytest.mark.parametrize("engine", ["openvino", "llamacpp"])
def test_a_real_engine_tells_all_that_it_reads_and_writes(smollm2_path, engine):
    heard, threads = [], set()

    def watch(working):
        heard.append(working)
        threads.add(threading.get_ident())

    prompts = [Prompt(f"row {n}", "", "", f"Tell a story about {n} cats.", "") for n in range(3)]
    model = open_engine("smollm2:135m", EngineOptions(concurrency=2), engine=engine)
    try:
        with watched_by(watch):
            answers = {
                prompt.subject_id: answer for prompt, answer in model.answer(prompts, Sampling(max_tokens=48))
            }
    finally:
        model.close()
    assert threads == {threading.get_ident()}
    assert sum(working.prompts_read for working in heard) == 3
    read = sum(answer.prompt_tokens - answer.cached_tokens for answer in answers.values())
    assert sum(working.tokens_read for working in heard) == pytest.approx(read, abs=6)
    written = sum(answer.generated_tokens for answer in answers.values())
    assert sum(working.tokens_written for working in heard) == pytest.approx(written, abs=6)
    texts = [
        (working.prompt.subject_id, working.text) for working in heard if working.prompt and working.text
    ]
    assert texts, "the text is told while it is written"
    assert all(answers[row].text.strip().startswith(text.strip()[:20]) for row, text in texts)


def test_what_is_heard_is_told_a_few_times_a_second_and_nothing_is_lost(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(told.time, "monotonic", lambda: now[0])
    heard = []
    with watched_by(heard.append):
        telling = Telling(Prompt("row", "", "", "?", ""))
        telling.begin()
        telling.read(100)
        telling.read(260)
        for word in "ab cd ef".split():
            now[0] += 0.2
            telling.write(word)
        telling.finish()
        telling.finish()
    assert [(one.tokens_read, one.prompts_read, one.tokens_written) for one in heard] == [
        (260, 1, 2),
        (0, 0, 1),
    ]
    assert heard[-1].text == telling.text == "abcdef"


def test_nobody_watches_and_nothing_is_told():
    telling = Telling(Prompt("row", "", "", "?", ""))
    telling.write("a")
    telling.finish()
    assert not told.is_watched()


def response(status, headers, content):
    return httpx2.Response(status, headers=headers, content=content)


def client_of(replies):
    """A client of a server that sends these replies, one after another."""
    client = HttpClient(Address.parse("http://127.0.0.1:9"))
    left = iter(replies)
    transport = httpx2.MockTransport(lambda request: response(*next(left)))
    client._client = httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:9")
    return client


def stream(replies):
    begun, heard = [], []

    def listen():
        begun.append(len(heard))
        return heard.append

    async def run():
        client = client_of(replies)
        try:
            return await client.stream("/x", {}, listen)
        finally:
            await client.close()

    loop = BackgroundLoop()
    try:
        return loop.wait(run()), begun, heard
    finally:
        loop.close()


@pytest.mark.parametrize(
    "body",
    [
        'data: {"content": "a"}\n\ndata: {"stop": true}\n\ndata: [DONE]\n\n',
        '{"content": "a"}\n{"stop": true}\n',
    ],
)
def test_pieces_come_as_events_or_as_lines(body):
    reply, begun, heard = stream([(200, {}, body.encode())])
    assert heard == [{"content": "a"}, {"stop": True}] and reply.body == {"stop": True} and begun == [0]


def test_a_busy_server_is_asked_again_and_listened_to_from_the_beginning():
    reply, begun, _ = stream([(503, {"retry-after": "0"}, b"busy"), (200, {}, b'{"stop": true}')])
    assert reply.attempts == 2 and len(begun) == 2


@pytest.mark.parametrize("body", [b'data: {"error": {"message": "lost"}}\n', b'error: {"message": "lost"}\n'])
def test_an_error_midway_is_no_answer(body):
    with pytest.raises(EngineReplyError, match=r"ended its answer with .*lost"):
        stream([(200, {}, b'data: {"content": "a"}\n\n' + body)])


def test_what_is_no_json_is_told():
    with pytest.raises(EngineReplyError, match="expected JSON in pieces; got '<html>'"):
        stream([(200, {}, b"<html>\n")])
