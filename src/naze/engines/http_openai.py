"""Prompts go to `/v1/chat/completions`, which LM Studio, vLLM and most others have; answers come out.

A plain prompt goes to `/v1/completions`.

What such a server does not say about itself is asked for in the places where known servers say it: the
context in the list of models (vLLM, LM Studio, several hosts), a prompt's tokens at `/tokenize` (vLLM).
What is not said anywhere is asked of the person, or estimated and called an estimate; never guessed.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Self

from naze.engines.chat_template import Message, plain_text, split_into_turns
from naze.engines.choices import distribution, match_tokens
from naze.engines.http_client import HttpClient, Reply
from naze.engines.http_server import Facts, check_room, field, read_schema
from naze.engines.protocol import EngineOptions
from naze.engines.token_estimate import most_tokens
from naze.errors import (
    ChoiceError,
    ConfigurationError,
    ContextOverflowError,
    EngineReplyError,
    EngineUnavailableError,
    UnknownModelError,
)
from naze.records import Answer, FinishReason, Prompt, Sampling, Status

__all__ = ["OpenAiServer", "choose_name"]

LANES = 8
"""Prompts under way at once when nothing is set; servers that take fewer let the others wait."""
MOST_LOGPROBS = 20
"""The interface gives no more than this many first tokens."""
CONTEXT_KEYS = ("max_model_len", "loaded_context_length", "context_length", "context_window")
_REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class OpenAiServer:
    """A server with the OpenAI-compatible interface."""

    def __init__(self, client: HttpClient, base: str, facts: Facts) -> None:
        self._client = client
        self._base = base
        self._facts = facts
        self._system_role = True
        self._limit_name = "max_tokens"

    @classmethod
    async def open(cls, client: HttpClient, name: str | None, options: EngineOptions) -> Self:
        """Find the model in the server's list, and its context.

        Raises:
            EngineUnavailableError: this is no such server.
            UnknownModelError: it has no model of this name.
            ConfigurationError: it does not say how long its context is, and none was set.
        """
        base = client.address.path or "/v1"
        listed = await client.find(f"{base}/models")
        if listed is None or not isinstance(listed.get("data"), list):
            raise EngineUnavailableError(
                f"{client.address.text}: no model server that naze knows; expected a list of models at "
                f"{base}/models. Check the address; it often ends in /v1."
            )
        entries = [entry for entry in listed["data"] if isinstance(entry, dict) and entry.get("id")]
        model = choose_name(name, [str(entry["id"]) for entry in entries], client.address.text)
        entry = next((entry for entry in entries if entry["id"] == model), {})
        root = base.removesuffix("/v1")
        counted = await client.find(f"{root}/tokenize", {"model": model, "messages": _trial()})
        facts = Facts(
            kind="vLLM" if entry.get("owned_by") == "vllm" else "an OpenAI-compatible server",
            model=model,
            fingerprint=str(entry.get("root") or entry.get("created") or ""),
            context_tokens=await _context(client, root, entry, options),
            lanes=max(1, options.concurrency or LANES),
            lanes_share_cache=True,
            counts_exactly=counted is not None and isinstance(counted.get("count"), int),
        )
        return cls(client, base, facts)

    @property
    def facts(self) -> Facts:
        """What is known of the server."""
        return self._facts

    async def count(self, prompt: Prompt) -> int:
        """Count a prompt's tokens where the server does that (vLLM); else estimate them on the high side."""
        messages = self._messages(prompt)
        if not self._facts.counts_exactly:
            return most_tokens(messages)
        body = {"messages": messages, "add_generation_prompt": True}
        reply = await self._client.post(
            f"{self._base.removesuffix('/v1')}/tokenize",
            {"model": self._facts.model, **({"prompt": plain_text(prompt)} if prompt.plain else body)},
        )
        count: int = field(reply.body, "count", int, where=self._client.address.text)
        return count

    async def answer(self, prompt: Prompt, sampling: Sampling, lane: int) -> Answer:
        """Answer one prompt. See `Server.answer`."""
        tokens = await self.count(prompt)
        check_room(tokens, self._facts.context_tokens)
        reply = await self._send(prompt, sampling, room=self._facts.context_tokens - tokens)
        usage = reply.body.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        prompt_tokens = int(usage.get("prompt_tokens") or tokens)
        details = usage.get("prompt_tokens_details")
        cached = int(details.get("cached_tokens") or 0) if isinstance(details, dict) else 0
        if prompt.choices:
            answer = self._choice(prompt, reply.body)
        else:
            answer = dataclasses.replace(
                self._text(reply, plain=prompt.plain),
                generated_tokens=int(usage.get("completion_tokens") or 0),
            )
        return dataclasses.replace(
            answer, prompt_tokens=prompt_tokens, cached_tokens=cached, attempts=reply.attempts
        )

    async def _send(self, prompt: Prompt, sampling: Sampling, room: int) -> Reply:
        """Ask; what the server refuses and can be put differently is put differently, once each."""
        path = f"{self._base}/{'completions' if prompt.plain else 'chat/completions'}"
        while True:
            system_role, limit_name = self._system_role, self._limit_name
            try:
                return await self._client.post(path, self._body(prompt, sampling, room))
            except EngineReplyError as error:
                self._learn(error, prompt, room)
                if (system_role, limit_name) == (self._system_role, self._limit_name):
                    raise

    def _learn(self, error: EngineReplyError, prompt: Prompt, room: int) -> None:
        """Take from a refusal what this server cannot take.

        Raises:
            ContextOverflowError: the refusal is about the prompt's length.
        """
        said = str(error).lower()
        if error.status is None or error.status < 400:
            return
        if any(sign in said for sign in ("context_length", "exceed_context", "maximum context length")):
            limit = self._facts.context_tokens
            raise ContextOverflowError(
                f"the server refuses the prompt as too long: {error}",
                prompt_tokens=limit - room,
                context_tokens=limit,
            ) from error
        if "max_completion_tokens" in said:
            self._limit_name = "max_completion_tokens"
        elif prompt.instruction and "system" in said and ("role" in said or "not supported" in said):
            self._system_role = False

    def _messages(self, prompt: Prompt) -> list[Message]:
        return split_into_turns(prompt, system_role=self._system_role)

    def _body(self, prompt: Prompt, sampling: Sampling, room: int) -> dict[str, Any]:
        asked = {"prompt": plain_text(prompt)} if prompt.plain else {"messages": self._messages(prompt)}
        body: dict[str, Any] = {
            "model": self._facts.model,
            **asked,
            self._limit_name: 1 if prompt.choices else min(sampling.max_tokens, room),
            "temperature": 0.0 if prompt.choices else sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stream": False,
        }
        if self._facts.kind == "vLLM" and not prompt.plain:
            body["chat_template_kwargs"] = {"enable_thinking": False}
        if prompt.choices:
            return body | {"logprobs": True, "top_logprobs": MOST_LOGPROBS}
        if sampling.repetition_penalty != 1.0:  # no part of OpenAI's API; servers know it under either name
            body["repetition_penalty"] = sampling.repetition_penalty  # vLLM, SGLang, TGI
            body["repeat_penalty"] = sampling.repetition_penalty  # llama.cpp, LM Studio
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if prompt.schema is not None:
            schema = {"name": "answer", "schema": read_schema(prompt.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _text(self, reply: Reply, *, plain: bool) -> Answer:
        where = self._client.address.text
        choice = field(reply.body, "choices.0", dict, where=where)
        message = {} if plain else field(choice, "message", dict, where=where)
        text = field(choice, "text", str, where=where) if plain else message.get("content") or ""
        finished = choice.get("finish_reason")
        if not isinstance(text, str) or finished not in _REASONS:
            raise EngineReplyError(
                f"{where}: finish_reason {finished!r}, content {str(text)[:100]!r}; expected a text that "
                "ended with stop or length.",
                attempts=reply.attempts,
            )
        reason = None
        if not text.strip():
            thought = message.get("reasoning_content") or message.get("reasoning")
            reason = "the model wrote nothing" + (
                " but its thoughts; allow more tokens, or switch thinking off in the server"
                if thought
                else ""
            )
        return Answer(
            Status.INVALID if reason else Status.ANSWERED,
            text=text,
            reason=reason,
            finish_reason=_REASONS[finished],
        )

    def _choice(self, prompt: Prompt, body: Mapping[str, Any]) -> Answer:
        where = self._client.address.text
        first = field(body, "choices.0", dict, where=where)
        logprobs = first.get("logprobs")
        if not isinstance(logprobs, dict) or not logprobs.get("content"):
            raise ChoiceError(
                f"{where}: the server gives no probabilities (logprobs), so that choices cannot be answered "
                "with it. Use a llama.cpp or vLLM server, or an embedded engine."
            )
        return choose_among(
            prompt.choices, field(logprobs, "content.0.top_logprobs", list, where=where), where
        )


def choose_among(choices: Sequence[str], likeliest: Sequence[Mapping[str, Any]], where: str) -> Answer:
    """Read choices from a list of `{"token", "logprob"}`; what is not in it counts as impossible."""
    tokens = {
        field(entry, "token", str, where=where): field(entry, "logprob", float, where=where)
        for entry in likeliest
    }
    answer = distribution(match_tokens(choices, tokens), 0, 0.0)
    if answer.status is Status.INVALID:
        reason = f"none of the choices {list(choices)} is among the {len(tokens)} likeliest first tokens"
        return dataclasses.replace(answer, reason=f"{reason}, {list(tokens)[:5]} …")
    return answer


def choose_name(name: str | None, names: Sequence[str], where: str) -> str:
    """Say which of a server's models is meant.

    Raises:
        UnknownModelError: the server has none of this name, or several and none was named.
    """
    if name is None:
        if len(names) == 1:
            return names[0]
        raise UnknownModelError(
            f"{where}: the server has {len(names)} models ({', '.join(names[:8])}); name one: {where}#NAME"
        )
    for known in (name, f"models/{name}", f"{name}:latest"):
        if known in names or not names:
            return known
    there = list(dict.fromkeys(names))
    near = get_close_matches(name, there, n=3, cutoff=0.3)
    meant = f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(there[:8])}."
    raise UnknownModelError(f"{where}: the server has no model {name!r}. {meant}")


async def _context(client: HttpClient, root: str, entry: Mapping[str, Any], options: EngineOptions) -> int:
    """Find out how long the context is.

    Raises:
        ConfigurationError: the server does not say, and none was set.
    """
    known = _said(entry)
    if known is None:
        studio = await client.find(f"{root}/api/v0/models")  # LM Studio's own list
        models = studio.get("data") if studio else None
        same = [
            model for model in models or [] if isinstance(model, dict) and model.get("id") == entry.get("id")
        ]
        known = _said(same[0]) if same else None
    if known is None and options.context_tokens is None:
        raise ConfigurationError(
            f"{client.address.text}: the server does not say how many tokens its context holds. Set it as "
            "the server is set up, for example --context 8192."
        )
    return min(number for number in (known, options.context_tokens) if number is not None)


def _said(entry: Mapping[str, Any]) -> int | None:
    meta = entry.get("meta")
    values = [entry.get(key) for key in CONTEXT_KEYS]
    values.append(meta.get("n_ctx") if isinstance(meta, dict) else None)
    return next((value for value in values if isinstance(value, int) and value > 0), None)


def _trial() -> list[Message]:
    return [{"role": "user", "content": "a"}]
