"""The parameters of a request's body go in; how the model chooses its words comes out, or which one cannot be followed.

Nothing is ignored in silence: a parameter is followed, or changes no answer, or the request is refused by its name.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from naze.engines.validation import check_schema
from naze.errors import ConfigurationError
from naze.jobs.batch.contract import Endpoint, RequestProblem
from naze.records import Sampling

__all__ = ["Defaults", "check_parameters", "read_sampling", "read_schema_of"]

COMPLETION_TOKENS = 16
"""What OpenAI's interface takes for `/v1/completions` when a request does not say."""
ANY_OBJECT = json.dumps({"type": "object"})
"""The schema behind `response_format: {"type": "json_object"}`."""

_WRITING = ("model", "max_tokens", "temperature", "top_p", "seed", "stop", "repetition_penalty")
FOLLOWED: Mapping[Endpoint, tuple[str, ...]] = {
    Endpoint.CHAT: (*_WRITING, "messages", "max_completion_tokens", "response_format"),
    Endpoint.COMPLETIONS: (*_WRITING, "prompt"),
    Endpoint.EMBEDDINGS: ("model", "input", "encoding_format"),
}
"""What a body may say, by endpoint."""
WITHOUT_EFFECT = (
    "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
)  # fmt: skip
"""Parameters that change no answer."""
UNSUPPORTED: Mapping[str, tuple[Any, ...]] = {
    "n": (1,), "stream": (False,), "stream_options": (), "logprobs": (False,), "top_logprobs": (0,),
    "frequency_penalty": (0,), "presence_penalty": (0,), "logit_bias": ({},), "tools": ([],),
    "tool_choice": ("none", "auto"), "parallel_tool_calls": (True, False), "functions": ([],),
    "function_call": ("none", "auto"), "modalities": (["text"],), "audio": (), "prediction": (),
    "reasoning_effort": ("none",), "verbosity": (), "web_search_options": (), "echo": (False,), "best_of": (1,),
    "suffix": ("",), "dimensions": (),
}  # fmt: skip
"""Parameters that are not followed, with the values that ask for nothing."""
_MOST_SEED = 2**31


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a request says nothing."""

    max_tokens: int = 1024
    """Of a chat. OpenAI's interface lets a model write to the end of its context."""
    temperature: float = 1.0
    """As in OpenAI's interface."""


def check_parameters(endpoint: Endpoint, body: Mapping[str, Any]) -> RequestProblem | None:
    """Name the first parameter that would have to be ignored; None where all are followed or change nothing."""
    for name, value in body.items():
        if value is None or name in FOLLOWED[endpoint] or name in WITHOUT_EFFECT:
            continue
        if name not in UNSUPPORTED and not any(name in followed for followed in FOLLOWED.values()):
            return RequestProblem(f"{name} is no parameter of {endpoint}.", name, "unknown_parameter")
        allowed = UNSUPPORTED.get(name, ())
        if not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed):
            said = f"; {' or '.join(map(repr, allowed))} would be" if allowed else ""
            shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}…"
            return RequestProblem(
                f"{name} ({shown}) is not supported for {endpoint}{said}.", name, "unsupported_parameter"
            )
    return None


def read_sampling(
    endpoint: Endpoint, body: Mapping[str, Any], defaults: Defaults, seed_from: str
) -> Sampling | RequestProblem:
    """Read how the model shall choose its words.

    A request without a seed, above temperature 0, gets one of its own: the same one every time, so that the batch can
    be resumed, and another for every request, so that equal requests are sampled apart.

    Args:
        endpoint: where the request goes.
        body: the request's.
        defaults: what holds where it says nothing.
        seed_from: what a seed is made from where none is given.
    """
    limit = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    usual = defaults.max_tokens if endpoint is Endpoint.CHAT else COMPLETION_TOKENS
    numbers: dict[str, Any] = {}
    for name, default, low, high, kind in (
        (limit, usual, 1, None, int),
        ("temperature", defaults.temperature, 0, 2, float),
        ("top_p", 1.0, 0, 1, float),
        ("seed", None, None, None, int),
        ("repetition_penalty", 1.0, 0.01, None, float),
    ):
        found = _number(body, name, default, low, high, kind)
        if isinstance(found, RequestProblem):
            return found
        numbers[name] = found
    stop = _stop(body.get("stop"))
    if isinstance(stop, RequestProblem):
        return stop
    chance = numbers["temperature"] > 0 and numbers["top_p"] > 0
    seed = numbers["seed"] if numbers["seed"] is not None else _seed(seed_from)
    return Sampling(
        max_tokens=numbers[limit],
        temperature=float(numbers["temperature"]) if chance else 0.0,
        top_p=float(numbers["top_p"]) if chance else 1.0,
        seed=seed % _MOST_SEED if chance else 0,
        stop=stop,
        repetition_penalty=float(numbers["repetition_penalty"]),
    )


def read_schema_of(body: Mapping[str, Any]) -> str | RequestProblem | None:
    """Read the JSON Schema that `response_format` asks for; None where any text will do."""
    wanted = body.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        return ANY_OBJECT
    if not isinstance(wanted, Mapping) or kind != "json_schema":
        message = f"response_format is {_shown(wanted)}; expected the type text, json_object or json_schema."
        return RequestProblem(message, "response_format", "invalid_value")
    given = wanted.get("json_schema")
    schema = given.get("schema") if isinstance(given, Mapping) else None
    place = "response_format.json_schema.schema"
    if not isinstance(schema, Mapping):
        return RequestProblem(f"{place} is {_shown(schema)}; expected a JSON Schema.", place, "invalid_type")
    text = json.dumps(schema, ensure_ascii=False)
    try:
        check_schema(text)
    except ConfigurationError as error:
        return RequestProblem(f"{place}: {error}", place, "invalid_value")
    return text


def _number(
    body: Mapping[str, Any],
    name: str,
    default: float | None,
    low: float | None,
    high: float | None,
    kind: type[int] | type[float],
) -> float | RequestProblem | None:
    value = body.get(name)
    if value is None:
        return default
    fits = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    if fits and (low is None or value >= low) and (high is None or value <= high):
        return float(value) if kind is float else int(value)
    word = "a whole number" if kind is int else "a number"
    bounds = "" if low is None else f" of at least {low}" if high is None else f" from {low} to {high}"
    code = "invalid_value" if fits else "invalid_type"
    return RequestProblem(f"{name} is {_shown(value)}; expected {word}{bounds}.", name, code)


def _stop(value: object) -> tuple[str, ...] | RequestProblem:
    texts = [] if value is None else [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) and text for text in texts):
        return tuple(texts)
    return RequestProblem(
        f"stop is {_shown(value)}; expected a text or a list of texts.", "stop", "invalid_type"
    )


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest())


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
