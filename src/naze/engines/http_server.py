"""What every kind of server has in common: how it is asked, and what an HTTP engine needs to know of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from naze.errors import ConfigurationError, ContextOverflowError, EngineReplyError
from naze.records import Answer, Prompt, Sampling

__all__ = ["Facts", "Server", "TokenBudget", "check_room", "field", "read_schema"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a server and the model that it holds."""

    kind: str
    """`llama.cpp`, `Ollama`, `vLLM`, … as a person calls it."""
    model: str
    """What the server calls the model."""
    fingerprint: str
    """Changes when the model behind the address changes, as far as the server tells."""
    context_tokens: int
    """Tokens of prompt and answer together."""
    lanes: int
    """Prompts under way at once."""
    lanes_share_cache: bool
    """Whether what was read for one prompt is known to all others."""
    counts_exactly: bool
    """Whether `count` is the server's own count; else an estimate on the high side."""
    notes: tuple[str, ...] = ()


class Server(Protocol):
    """One kind of server. Its coroutines run in the engine's event loop."""

    @property
    def facts(self) -> Facts:
        """What is known of it."""
        ...

    async def count(self, prompt: Prompt) -> int:
        """Count a prompt's tokens, chat template included."""
        ...

    async def answer(self, prompt: Prompt, sampling: Sampling, lane: int) -> Answer:
        """Answer one prompt.

        Raises:
            EngineReplyError: the reply is no answer; concerns this prompt alone.
            ContextOverflowError: the prompt does not fit; it was not asked.
            ChoiceError: the choices cannot be told apart.
            EngineUnavailableError: the server is gone.
        """
        ...


class TokenBudget:
    """Tokens that may be under way at once in a cache that all lanes share; first come, first served."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._turn = asyncio.Lock()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def take(self, tokens: int) -> AsyncIterator[None]:
        """Wait until there is room for some tokens, and hold it."""
        tokens = min(tokens, self._total)
        async with self._turn, self._changed:
            await self._changed.wait_for(lambda: self._free >= tokens)
            self._free -= tokens
        try:
            yield
        finally:
            self._free += tokens
            async with self._changed:
                self._changed.notify_all()


def check_room(prompt_tokens: int, context_tokens: int) -> None:
    """Make sure that a prompt leaves room for at least one token of answer.

    Raises:
        ContextOverflowError: it does not.
    """
    if prompt_tokens >= context_tokens:
        raise ContextOverflowError(
            f"the prompt has {prompt_tokens:,} tokens; the context holds {context_tokens:,}",
            prompt_tokens=prompt_tokens,
            context_tokens=context_tokens,
        )


def read_schema(text: str) -> Mapping[str, Any]:
    """Read a prompt's JSON Schema.

    Raises:
        ConfigurationError: it is no JSON object.
    """
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"the JSON Schema {text[:80]!r} is no JSON: {error}. Correct it.") from error
    if not isinstance(schema, dict):
        raise ConfigurationError(f"the JSON Schema {text[:80]!r} is no JSON object. Correct it.")
    return schema


def field(body: Mapping[str, Any], path: str, kind: type[Any], *, where: str) -> Any:  # noqa: ANN401
    """Take a value out of a reply.

    Args:
        body: the reply.
        path: keys and positions, `choices.0.message.content`.
        kind: the type it must have; an int is fine where a float is asked for.
        where: the server's address, for the message.

    Raises:
        EngineReplyError: it is not there, or of another type.
    """
    found: Any = body
    for key in path.split("."):
        try:
            found = found[int(key) if isinstance(found, list) else key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise _nonsense(path, kind, body, where) from None
    if kind is float and isinstance(found, int):
        return float(found)
    if not isinstance(found, kind):
        raise _nonsense(path, kind, body, where)
    return found


def _nonsense(path: str, kind: type[Any], body: Mapping[str, Any], where: str) -> EngineReplyError:
    return EngineReplyError(
        f"{where}: expected {path} ({kind.__name__}) in the reply; got {str(body)[:300]!r}. "
        "Is this the server that was meant?"
    )
