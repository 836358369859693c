"""Prompts go to Ollama's own `/api/chat`, always with the context that they need; answers come out.

A plain prompt goes to `/api/generate`, raw.

Ollama shortens a prompt that does not fit without a word, to half its context, and counts what is left.
So every request says how long the context must be, asks for an error instead of shortening (newer versions
do so), and what Ollama says it has read is compared with what was sent.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from naze.engines.chat_template import Message, plain_text, split_into_turns
from naze.engines.http_client import Hear, HttpClient, Reply
from naze.engines.http_openai import MOST_LOGPROBS, choose_among, choose_name
from naze.engines.http_server import Facts, check_room, field, read_schema
from naze.engines.protocol import EngineOptions
from naze.engines.token_estimate import least_tokens, most_tokens
from naze.engines.working import Telling, is_watched
from naze.errors import ChoiceError, ContextOverflowError, EngineReplyError
from naze.records import Answer, FinishReason, Prompt, Sampling, Status

__all__ = ["OllamaServer"]

LANES = 4
"""Requests at once; Ollama lets those wait for which it has no room (OLLAMA_NUM_PARALLEL)."""
USUAL_CONTEXT_TOKENS = 8192
"""Asked for when nothing is set: a model's whole context can need more memory than there is."""
_REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class OllamaServer:
    """An Ollama server."""

    def __init__(
        self, client: HttpClient, root: str, facts: Facts, *, thinks: bool, system_role: bool
    ) -> None:
        self._client = client
        self._root = root
        self._facts = facts
        self._thinks = thinks
        self._system_role = system_role
        self._window: int | None = None
        """The context that Ollama has really set up, once it has loaded the model."""

    @classmethod
    async def open(cls, client: HttpClient, name: str | None, options: EngineOptions) -> Self | None:
        """Recognise Ollama by its list of models; None where this is another server.

        Raises:
            UnknownModelError: Ollama does not have the model.
        """
        root = client.address.path.removesuffix("/v1").removesuffix("/api")
        version, tags = await client.find(f"{root}/api/version"), await client.find(f"{root}/api/tags")
        if version is None or tags is None or not isinstance(tags.get("models"), list):
            return None
        where = client.address.text
        digests = {str(entry.get("name")): str(entry.get("digest", "")) for entry in tags["models"]}
        model = choose_name(name, list(digests), f"{where} (Ollama)")
        shown = (await client.post(f"{root}/api/show", {"model": model})).body
        own = _own_context(shown)
        wanted = options.context_tokens or min(own or USUAL_CONTEXT_TOKENS, USUAL_CONTEXT_TOKENS)
        context = min(wanted, own or wanted)
        notes: tuple[str, ...] = ()
        if options.context_tokens is None and (own is None or own > context):
            most = f"{own:,}" if own else "more"
            notes = (f"Ollama is asked for a context of {context:,} tokens; --context sets it, up to {most}",)
        facts = Facts(
            kind=f"Ollama {version.get('version', '')}".strip(),
            model=model,
            fingerprint=f"ollama {digests.get(model, '')}",
            context_tokens=context,
            lanes=max(1, options.concurrency or LANES),
            lanes_share_cache=True,
            counts_exactly=False,
            notes=notes,
        )
        template = str(shown.get("template") or "")
        capabilities = shown.get("capabilities")
        return cls(
            client,
            root,
            facts,
            thinks=isinstance(capabilities, list) and "thinking" in capabilities,
            system_role=not template or ".System" in template or "system" in template,
        )

    @property
    def facts(self) -> Facts:
        """What is known of the server."""
        return self._facts

    async def count(self, prompt: Prompt) -> int:
        """Estimate a prompt's tokens on the high side: Ollama does not count without answering."""
        return most_tokens(self._messages(prompt))

    async def answer(self, prompt: Prompt, sampling: Sampling, lane: int) -> Answer:
        """Answer one prompt, and make sure that Ollama has read the whole of it. See `Server.answer`."""
        messages = self._messages(prompt)
        tokens = most_tokens(messages)
        limit = self._facts.context_tokens if self._window is None else self._window
        check_room(tokens, limit)
        body = self._body(prompt, sampling, messages, limit - tokens)
        try:
            reply = await self._post(body, prompt)
        except EngineReplyError as error:
            if error.status == 400 and "context" in str(error).lower():
                raise ContextOverflowError(
                    f"Ollama refuses the prompt as too long: {error}",
                    prompt_tokens=tokens,
                    context_tokens=self._facts.context_tokens,
                ) from error
            raise
        read = await self._check_whole(messages, reply, body)
        return self._finish(prompt, reply, read if read is not None else tokens)

    async def _post(self, body: Mapping[str, Any], prompt: Prompt | None = None) -> Reply:
        """Ask; where somebody watches, tell what is written about a prompt meanwhile."""
        path = f"{self._root}/api/{'chat' if 'messages' in body else 'generate'}"
        if prompt is None or prompt.choices or not is_watched():
            return await self._client.post(path, body)
        telling = Telling(prompt)

        def listen() -> Hear:
            telling.begin()
            return hear

        def hear(said: Mapping[str, Any]) -> None:
            message = said.get("message")
            text = message.get("content") if isinstance(message, dict) else said.get("response")
            if text:
                telling.write(str(text))

        reply = await self._client.stream(path, {**body, "stream": True}, listen)
        telling.read(_count(reply) or 0)
        telling.finish()
        whole = {"response": telling.text} if "prompt" in body else {"message": {"content": telling.text}}
        return Reply({**reply.body, **whole}, reply.attempts)

    def _messages(self, prompt: Prompt) -> list[Message]:
        return split_into_turns(prompt, system_role=self._system_role)

    def _body(self, prompt: Prompt, sampling: Sampling, messages: list[Message], room: int) -> dict[str, Any]:
        plain = {"prompt": plain_text(prompt), "raw": True}
        body: dict[str, Any] = {
            "model": self._facts.model,
            **(plain if prompt.plain else {"messages": messages}),
            "stream": False,
            "truncate": False,
            "shift": False,
            "options": {
                "num_ctx": self._facts.context_tokens,
                "num_predict": 1 if prompt.choices else min(sampling.max_tokens, room),
                "temperature": 0.0 if prompt.choices else sampling.temperature,
                "top_p": sampling.top_p,
                "top_k": 0,
                "min_p": 0.0,
                "repeat_penalty": 1.0 if prompt.choices else sampling.repetition_penalty,
                "repeat_last_n": -1,
                "seed": sampling.seed,
                "stop": [] if prompt.choices else list(sampling.stop),
            },
        }
        if self._thinks and not prompt.plain:
            body["think"] = False
        if prompt.choices:
            return body | {"logprobs": True, "top_logprobs": MOST_LOGPROBS}
        if prompt.schema is not None:
            body["format"] = read_schema(prompt.schema)
        return body

    async def _check_whole(
        self, messages: list[Message], reply: Reply, body: Mapping[str, Any]
    ) -> int | None:
        """Compare what Ollama has read with what was sent.

        Some versions leave the part out that they had in their cache, or the whole count: asked again, they
        count less still. A shortened prompt fills half of the context or more, and counts the same again.

        Returns:
            Tokens read; None where Ollama does not say, or does not count what it had in its cache.

        Raises:
            EngineReplyError: the prompt was shortened; both counts are in the message.
        """
        where = self._client.address.text
        least, most = least_tokens(messages), most_tokens(messages)
        read = _count(reply)
        window = await self._real_window()
        sent = f"the prompt has between {least:,} and {most:,} tokens by naze's own estimate"
        if most > window:
            raise EngineReplyError(
                f"{where}: Ollama has set up a context of {window:,} tokens only and read {read}; {sent}, so "
                f"that it may have been shortened. Ask for less: --context {window}."
            )
        if read is None or read >= least:
            return read
        if read < window // 2:
            brief = {
                key: value for key, value in body.items() if key not in ("format", "logprobs", "top_logprobs")
            }
            brief["options"] = {**body["options"], "num_predict": 1}
            again = _count(await self._post(brief))
            if again != read:
                return again if again is not None and again >= least else None
        raise EngineReplyError(
            f"{where}: Ollama has read {read:,} tokens; {sent}. The prompt was shortened, so that the answer is "
            "worth nothing. Set a longer context with --context."
        )

    async def _real_window(self) -> int:
        """Ask, once, for the context that the loaded model has got; older versions do not say."""
        if self._window is None:
            running = await self._client.find(f"{self._root}/api/ps") or {}
            models = running.get("models")
            lengths = [
                entry["context_length"]
                for entry in (models if isinstance(models, list) else [])
                if entry.get("name") == self._facts.model and isinstance(entry.get("context_length"), int)
            ]
            self._window = min([self._facts.context_tokens, *lengths])
        return self._window

    def _finish(self, prompt: Prompt, reply: Reply, prompt_tokens: int) -> Answer:
        where = self._client.address.text
        if prompt.choices:
            if not reply.body.get("logprobs"):
                raise ChoiceError(
                    f"{where}: this Ollama gives no probabilities, so that choices cannot be answered. "
                    "Ollama 0.12.11 and later do; or use --engine llamacpp."
                )
            likeliest = field(reply.body, "logprobs.0.top_logprobs", list, where=where)
            answer = choose_among(prompt.choices, likeliest, where)
            return _with_counts(answer, prompt_tokens, 0, reply.attempts)
        text = field(reply.body, "response" if prompt.plain else "message.content", str, where=where)
        finished = reply.body.get("done_reason", "stop")
        if reply.body.get("done") is not True or finished not in _REASONS:
            raise EngineReplyError(
                f"{where}: done {reply.body.get('done')!r}, done_reason {finished!r}; expected an answer "
                "that ended with stop or length.",
                attempts=reply.attempts,
            )
        answer = Answer(
            Status.ANSWERED if text.strip() else Status.INVALID,
            text=text,
            reason=None if text.strip() else "the model wrote nothing",
            finish_reason=_REASONS[finished],
        )
        return _with_counts(answer, prompt_tokens, int(reply.body.get("eval_count") or 0), reply.attempts)


def _with_counts(answer: Answer, prompt_tokens: int, generated_tokens: int, attempts: int) -> Answer:
    return dataclasses.replace(
        answer, prompt_tokens=prompt_tokens, generated_tokens=generated_tokens, attempts=attempts
    )


def _count(reply: Reply) -> int | None:
    read = reply.body.get("prompt_eval_count")
    return read if isinstance(read, int) and read > 0 else None


def _own_context(shown: Mapping[str, Any]) -> int | None:
    """Read the model's own context length from what `/api/show` says: `<architecture>.context_length`."""
    info = shown.get("model_info")
    if not isinstance(info, dict):
        return None
    length = info.get(f"{info.get('general.architecture')}.context_length")
    return length if isinstance(length, int) and length > 0 else None
