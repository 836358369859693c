"""Prompts go to a llama.cpp server's own interface; answers and probabilities of choices come out.

Its own interface takes tokens, so that what is counted is what is asked, and gives the probability of any
token: the likeliest come in one reply, and one that is not among them is asked for by name, its prompt
being in the cache.
"""

import math
from collections.abc import Mapping
from typing import Any, Self

from naze.engines.chat_template import ChatTemplate
from naze.engines.choices import check_first_tokens, distribution
from naze.engines.http_client import Hear, HttpClient, Reply
from naze.engines.http_server import Facts, TokenBudget, check_room, field, read_schema
from naze.engines.json_grammar import MOST_INDENTED
from naze.engines.protocol import EngineOptions
from naze.engines.schemas import enforced
from naze.engines.working import Telling, is_watched
from naze.errors import ChoiceError, EngineReplyError
from naze.records import Answer, FinishReason, Prompt, Sampling, Status

__all__ = ["LlamaServer"]

LIKELIEST = 64
"""First tokens whose probabilities come with the reply to a choice."""
FORCED = 1000.0
"""Added to a token's logit so that it is written; the probability that comes back is the model's own."""
_GAP = rf"(\n[ \t]{{0,{MOST_INDENTED}}}| )?"
"""White space between two JSON tokens, as a regular expression."""
_REASONS = {"eos": FinishReason.STOP, "word": FinishReason.STOP, "limit": FinishReason.LENGTH}


class LlamaServer:
    """A llama.cpp server: ours (`llamacpp.py`) or one that the person has started."""

    def __init__(
        self, client: HttpClient, root: str, facts: Facts, template: ChatTemplate, cache: int
    ) -> None:
        self._client = client
        self._root = root
        self._facts = facts
        self._template = template
        self._budget = TokenBudget(cache)
        self._first_tokens: dict[str, int] = {}

    @classmethod
    async def open(
        cls,
        client: HttpClient,
        name: str | None,
        options: EngineOptions,
        template: ChatTemplate | None = None,
    ) -> Self | None:
        """Recognise a llama.cpp server by its properties; None where it is none.

        Args:
            client: speaks with the server.
            name: what the person calls the model; a llama.cpp server has one only.
            options: context and concurrency asked for.
            template: the model file's own; None: as the server shows it.
        """
        root = client.address.path.removesuffix("/v1")
        props = await client.find(f"{root}/props")
        if props is None or "total_slots" not in props:
            return None
        where = client.address.text
        slots = field(props, "total_slots", int, where=where)
        slot_tokens = field(props, "default_generation_settings.n_ctx", int, where=where)
        listed = await client.find(f"{root}/v1/models") or {}
        entry = _first(listed.get("data"))
        meta = entry.get("meta") or {}
        model = name or str(props.get("model_alias") or entry.get("id") or "model")
        facts = Facts(
            kind="llama.cpp",
            model=model,
            fingerprint=f"llama.cpp {props.get('build_info', '')} {entry.get('id', '')} "
            f"{meta.get('n_params', '')} {meta.get('size', '')}",
            context_tokens=min(options.context_tokens or slot_tokens, slot_tokens),
            lanes=max(1, min(options.concurrency or slots, slots)),
            lanes_share_cache=False,
            counts_exactly=True,
        )
        cache = int(meta.get("n_ctx") or slot_tokens)
        server = cls(client, root, facts, template or ChatTemplate.from_text(None), max(cache, slot_tokens))
        if template is None:
            server._template = await server._read_template(props)
        return server

    @property
    def facts(self) -> Facts:
        """What is known of the server."""
        return self._facts

    async def count(self, prompt: Prompt) -> int:
        """Count a prompt's tokens, chat template included."""
        return len(await self._tokenize(self._template.render(prompt)))

    async def answer(self, prompt: Prompt, sampling: Sampling, lane: int) -> Answer:
        """Answer one prompt on a slot. See `Server.answer`."""
        tokens = await self._tokenize(self._template.render(prompt))
        limit = self._facts.context_tokens
        check_room(len(tokens), limit)
        room = 1 if prompt.choices else min(sampling.max_tokens, limit - len(tokens))
        body = {
            "prompt": tokens,
            "n_predict": room,
            "id_slot": lane,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            # Nothing else chooses: the others, even when they change nothing, sort the whole vocabulary.
            "samplers": _samplers(sampling),
            "repeat_penalty": sampling.repetition_penalty,
            "repeat_last_n": limit,
            "seed": sampling.seed,
            "stop": list(sampling.stop),
            "cache_prompt": not sampling.deterministic,
            "stream": False,
        }
        async with self._budget.take(len(tokens) + room):
            if prompt.choices:
                return await self._choose(prompt, body, len(tokens))
            return await self._write(prompt, body, len(tokens))

    async def _write(self, prompt: Prompt, body: dict[str, Any], prompt_tokens: int) -> Answer:
        if prompt.schema is not None:
            body["json_schema"] = _with_bounded_gaps(read_schema(enforced(prompt.schema, "llamacpp").schema))
        reply = await self._complete(prompt, body)
        where = self._client.address.text
        text = field(reply.body, "content", str, where=where)
        stop = field(reply.body, "stop_type", str, where=where)
        if stop not in _REASONS or reply.body.get("truncated"):
            raise EngineReplyError(
                f"{where}: stop_type {stop!r}, truncated {reply.body.get('truncated')!r}; expected a whole "
                "answer with stop_type eos, word or limit.",
                attempts=reply.attempts,
            )
        written = text.strip() != ""
        return Answer(
            Status.ANSWERED if written else Status.INVALID,
            text=text,
            reason=None if written else "the model wrote nothing",
            finish_reason=_REASONS[stop],
            prompt_tokens=prompt_tokens,
            cached_tokens=_cached(reply.body),
            generated_tokens=field(reply.body, "tokens_predicted", int, where=where),
            attempts=reply.attempts,
        )

    async def _complete(self, prompt: Prompt, body: Mapping[str, Any]) -> Reply:
        """Have a text written; where somebody watches, tell what is read and written meanwhile."""
        path = f"{self._root}/completion"
        if not is_watched():
            return await self._client.post(path, body)
        telling = Telling(prompt)

        def listen() -> Hear:
            telling.begin()
            return hear

        def hear(said: Mapping[str, Any]) -> None:
            if isinstance(progress := said.get("prompt_progress"), dict):
                telling.read(int(progress.get("processed", 0)) - int(progress.get("cache", 0)))
            elif text := said.get("content"):
                telling.write(str(text))

        reply = await self._client.stream(path, {**body, "stream": True, "return_progress": True}, listen)
        telling.finish()
        return Reply({**reply.body, "content": telling.text}, reply.attempts)

    async def _choose(self, prompt: Prompt, body: dict[str, Any], prompt_tokens: int) -> Answer:
        """Read the probability of each choice's first token; nothing is written."""
        firsts = [await self._first_token(choice) for choice in prompt.choices]
        check_first_tokens(prompt.choices, firsts)
        body |= {"temperature": 0.0, "samplers": ["temperature"], "stop": [], "n_probs": LIKELIEST}
        reply = await self._client.post(f"{self._root}/completion", body)
        logs = self._log_probabilities(reply.body)
        for token in set(firsts) - logs.keys():
            forced = body | {"n_probs": 1, "logit_bias": [[token, FORCED]], "cache_prompt": True}
            logs |= self._log_probabilities(
                (await self._client.post(f"{self._root}/completion", forced)).body
            )
        return distribution(
            {
                choice: logs.get(token, -math.inf)
                for choice, token in zip(prompt.choices, firsts, strict=True)
            },
            prompt_tokens,
            0.0,
            cached_tokens=_cached(reply.body),
        )

    def _log_probabilities(self, body: Mapping[str, Any]) -> dict[int, float]:
        """Read log probabilities by token: of the token that was written, and of the likeliest."""
        where = self._client.address.text
        written = field(body, "completion_probabilities.0", dict, where=where)
        found = {}
        for entry in [written, *field(written, "top_logprobs", list, where=where)]:
            value = entry.get("logprob")
            found[field(entry, "id", int, where=where)] = -math.inf if value is None else float(value)
        return found

    async def _first_token(self, choice: str) -> int:
        """Find the token with which the model would begin a choice, where its answer begins."""
        if choice in self._first_tokens:
            return self._first_tokens[choice]
        start = self._template.render(Prompt("", "", "", "", "?"))
        before, whole = await self._tokenize(start), await self._tokenize(start + choice)
        alone = await self._tokenize(choice)
        if not alone:
            raise ChoiceError("a choice is empty; expected a text such as 'A' or 'yes'. Name every choice.")
        continues = len(whole) > len(before) and whole[: len(before)] == before
        self._first_tokens[choice] = whole[len(before)] if continues else alone[0]
        return self._first_tokens[choice]

    async def _tokenize(self, text: str, *, add_special: bool = False) -> list[int]:
        reply = await self._client.post(
            f"{self._root}/tokenize", {"content": text, "add_special": add_special, "parse_special": True}
        )
        tokens: list[int] = field(reply.body, "tokens", list, where=self._client.address.text)
        return tokens

    async def _read_template(self, props: Mapping[str, Any]) -> ChatTemplate:
        plain, special = await self._tokenize("a"), await self._tokenize("a", add_special=True)
        return ChatTemplate.from_text(
            props.get("chat_template"),
            bos=str(props.get("bos_token") or ""),
            eos=str(props.get("eos_token") or ""),
            add_bos=special[:1] != plain[:1],
        )


def _cached(body: Mapping[str, Any]) -> int:
    timings = body.get("timings")
    return int(timings.get("cache_n", 0)) if isinstance(timings, dict) else 0


def _first(entries: object) -> Mapping[str, Any]:
    if isinstance(entries, list) and entries and isinstance(entries[0], dict):
        return entries[0]
    return {}


def _samplers(sampling: Sampling) -> list[str]:
    """Name what chooses the next token, in order."""
    penalties = ["penalties"] if sampling.repetition_penalty != 1.0 else []
    return [*penalties, *(["top_p"] if sampling.top_p < 1 else []), "temperature"]


def _with_bounded_gaps(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Bound the white space for a llama.cpp built with llguidance; one without bounds it itself and reads past this."""
    return {**schema, "x-guidance": {"whitespace_pattern": _GAP}} if isinstance(schema, dict) else schema
