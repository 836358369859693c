"""A server that the person runs (or has allowed) goes in; an engine comes out.

Which kind of server it is, is found out by asking: a llama.cpp server and Ollama are spoken to through
their own interfaces, which can do more; everything else through the OpenAI-compatible one.
"""

import dataclasses
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Self
from urllib.parse import urlsplit

from naze.engines.background import BackgroundLoop
from naze.engines.dispatch import Dispatcher
from naze.engines.http_address import Address
from naze.engines.http_client import HttpClient
from naze.engines.http_llama import LlamaServer
from naze.engines.http_ollama import OllamaServer
from naze.engines.http_openai import OpenAiServer
from naze.engines.http_server import Server
from naze.engines.protocol import EngineOptions, Identity, Model
from naze.errors import (
    ConfigurationError,
    ContextOverflowError,
    EngineReplyError,
    EngineUnavailableError,
    TurnsError,
)
from naze.records import Answer, Prompt, Sampling, Status

__all__ = ["HttpEngine", "ServerConversation"]

KEY_VARIABLE = "NAZE_API_KEY"
"""Where a key is looked for when the options hold none."""
OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"
"""Looked for too, but sent to OpenAI's own address alone."""
OPENAI_HOST = "api.openai.com"

Recognise = Callable[[HttpClient], Awaitable[Server]]


class ServerConversation:
    """Everything that is said to one server: counting, answering, closing. Shared by `http` and `llamacpp`.

    Args:
        make_client: makes the client that speaks with the server, in the loop in which it is used.
        recognise: finds out what server it is.
    """

    def __init__(self, make_client: Callable[[], HttpClient], recognise: Recognise) -> None:
        self._loop = BackgroundLoop()
        self._client: HttpClient | None = None
        self._closed = False
        try:
            self._client, self.server = self._loop.wait(self._open(make_client, recognise))
        except BaseException:
            self.close()
            raise

    async def _open(
        self, make_client: Callable[[], HttpClient], recognise: Recognise
    ) -> tuple[HttpClient, Server]:
        client = make_client()
        try:
            return client, await recognise(client)
        except BaseException:
            await client.close()
            raise

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens."""
        return self._loop.wait(self._count(prompts))

    async def _count(self, prompts: Sequence[Prompt]) -> list[int]:
        return [await self.server.count(prompt) for prompt in prompts]

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts as they finish. See `Engine.answer`."""

        async def ask(prompt: Prompt, lane: int) -> Answer:
            return await self._ask(prompt, sampling, lane)

        facts = self.server.facts
        dispatcher = Dispatcher(
            self._loop,
            ask,
            lanes=1 if sampling.deterministic else facts.lanes,
            lanes_share_cache=facts.lanes_share_cache,
        )
        return dispatcher.run(prompts)

    async def _ask(self, prompt: Prompt, sampling: Sampling, lane: int) -> Answer:
        started = time.perf_counter()
        try:
            answer = await self.server.answer(prompt, _own(prompt, sampling), lane)
        except ContextOverflowError as error:
            answer = Answer(Status.OVERFLOW, reason=str(error), prompt_tokens=error.prompt_tokens, attempts=0)
        except TurnsError as error:
            answer = Answer(Status.ERROR, reason=str(error), attempts=0)
        except EngineReplyError as error:
            answer = Answer(Status.ERROR, reason=str(error), attempts=error.attempts)
        return dataclasses.replace(answer, seconds=time.perf_counter() - started)

    def close(self) -> None:
        """Close the connections and end the thread. May be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._client is not None:
            self._loop.wait(self._client.close())
        self._loop.close()


class HttpEngine:
    """Answers prompts with a server: LM Studio, vLLM, llama-server, Ollama, or one on the net if allowed."""

    def __init__(self, model: Model, address: Address, conversation: ServerConversation) -> None:
        self._conversation = conversation
        facts = conversation.server.facts
        notes: tuple[str, ...] = (f"{facts.kind} at {address.text}",)
        if not address.loopback:
            notes += (f"every prompt is sent to {address.origin}, which is not this machine",)
        if not facts.counts_exactly:
            notes += ("token counts are estimates on the high side: this server does not say how it counts",)
        self._identity = Identity(
            engine="http",
            model=model.name,
            fingerprint=f"http {address.text} {facts.model} {facts.fingerprint}",
            address=address.text,
            notes=notes + facts.notes,
        )

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        """Reach the server and find out what it is.

        Raises:
            ConfigurationError: no address, or the context's size is not known and was not set.
            RemoteRefusedError: the address is not loopback and `options.allow_remote` is not set.
            EngineUnavailableError: the server cannot be reached, or refuses.
            UnknownModelError: the server has no model of this name.
        """
        if not model.address:
            raise ConfigurationError(
                f"model {model.name!r} has no address; the engine 'http' expects one such as "
                "http://127.0.0.1:1234/v1#model. Name a server, or use another engine."
            )
        address = Address.parse(model.address)
        address.check_allowed(allow_remote=options.allow_remote)
        key = options.api_key or os.environ.get(KEY_VARIABLE) or _openai_key(model.address)

        def make_client() -> HttpClient:
            return HttpClient(address, api_key=key, timeout_seconds=options.timeout_seconds)

        async def find_out(client: HttpClient) -> Server:
            return await _recognise(client, model.remote_name, options)

        try:
            return cls(model, address, ServerConversation(make_client, find_out))
        except EngineReplyError as error:
            raise EngineUnavailableError(
                f"{error} The server cannot be used.", status=error.status
            ) from error

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._identity

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that fit."""
        return self._conversation.server.facts.context_tokens

    @property
    def counts_exactly(self) -> bool:
        """Whether `count_tokens` gives the server's own counts; else they are estimates on the high side."""
        return self._conversation.server.facts.counts_exactly

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it, or estimate them on the high side."""
        return self._conversation.count_tokens(prompts)

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts, in the order in which they finish. See `Engine.answer`."""
        return self._conversation.answer(prompts, sampling)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        self._conversation.close()


async def _recognise(client: HttpClient, name: str | None, options: EngineOptions) -> Server:
    """Ask a server what it is, beginning with the interfaces that can do most."""
    return (
        await LlamaServer.open(client, name, options)
        or await OllamaServer.open(client, name, options)
        or await OpenAiServer.open(client, name, options)
    )


def _own(prompt: Prompt, sampling: Sampling) -> Sampling:
    """Take the prompt's own sampling where it has one; whether to be deterministic is the run's to say."""
    if prompt.sampling is None:
        return sampling
    return dataclasses.replace(prompt.sampling, deterministic=sampling.deterministic)


def _openai_key(address: str) -> str | None:
    """OpenAI's key must reach OpenAI only, whatever server is named."""
    return os.environ.get(OPENAI_KEY_VARIABLE) if urlsplit(address).hostname == OPENAI_HOST else None
