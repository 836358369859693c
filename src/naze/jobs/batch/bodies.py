"""A request goes in; the prompts that it asks for come out, or why it cannot be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from naze.jobs.batch.contract import Endpoint, RequestProblem
from naze.jobs.batch.conversations import read_messages
from naze.jobs.batch.parameters import Defaults, check_parameters, read_sampling, read_schema_of
from naze.jobs.batch.requests import Request
from naze.records import Prompt

__all__ = ["Asked", "Defaults", "inputs_of", "read_body"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    prompts: tuple[Prompt, ...]
    """One for each choice or vector of the reply, in order."""
    base64: bool = False
    """Vectors are wanted in base64 rather than as numbers."""


def read_body(request: Request, defaults: Defaults) -> Asked | RequestProblem:
    """Read what a request asks for.

    Args:
        request: one line of a batch file.
        defaults: what holds where it says nothing.
    """
    endpoint = Endpoint(request.url)
    problem = check_parameters(endpoint, request.body)
    if problem is not None:
        return problem
    if endpoint is Endpoint.EMBEDDINGS:
        return _read_embeddings(request)
    return (_read_chat if endpoint is Endpoint.CHAT else _read_completion)(request, defaults)


def inputs_of(request: Request) -> int:
    """Count the texts that a request wants embedded; 0 for other endpoints."""
    if request.url != Endpoint.EMBEDDINGS:
        return 0
    given = request.body.get("input")
    return len(given) if isinstance(given, list) else 1


def _read_chat(request: Request, defaults: Defaults) -> Asked | RequestProblem:
    said = read_messages(request.body.get("messages"))
    if isinstance(said, RequestProblem):
        return said
    schema = read_schema_of(request.body)
    if isinstance(schema, RequestProblem):
        return schema
    sampling = read_sampling(Endpoint.CHAT, request.body, defaults, request.custom_id)
    if isinstance(sampling, RequestProblem):
        return sampling
    prompt = Prompt(
        subject_id=request.custom_id,
        question_id="",
        instruction=said.instruction,
        subject="",
        question=said.question,
        schema=schema,
        earlier=said.earlier,
        sampling=sampling,
    )
    return Asked((prompt,))


def _read_completion(request: Request, defaults: Defaults) -> Asked | RequestProblem:
    texts = _texts("prompt", request.body)
    if isinstance(texts, RequestProblem):
        return texts
    prompts: list[Prompt] = []
    for prompt in _prompts(request, texts):
        seed_from = f"{request.custom_id}\n{prompt.question_id}"
        sampling = read_sampling(Endpoint.COMPLETIONS, request.body, defaults, seed_from)
        if isinstance(sampling, RequestProblem):
            return sampling
        prompts.append(replace(prompt, plain=True, sampling=sampling))
    return Asked(tuple(prompts))


def _read_embeddings(request: Request) -> Asked | RequestProblem:
    written = request.body.get("encoding_format")
    if written not in (None, "float", "base64"):
        message = f"encoding_format is {written!r}; expected 'float' or 'base64'."
        return RequestProblem(message, "encoding_format", "invalid_value")
    texts = _texts("input", request.body)
    if isinstance(texts, RequestProblem):
        return texts
    return Asked(_prompts(request, texts), base64=written == "base64")


def _prompts(request: Request, texts: list[str]) -> tuple[Prompt, ...]:
    numbered = [""] if len(texts) == 1 else [str(number) for number in range(len(texts))]
    return tuple(
        Prompt(request.custom_id, name, "", "", text) for name, text in zip(numbered, texts, strict=True)
    )


def _texts(name: str, body: Mapping[str, Any]) -> list[str] | RequestProblem:
    """Read a text or a list of texts; lists of token numbers are those of another model."""
    value = body.get(name)
    texts = [value] if isinstance(value, str) else value
    if texts is None:
        return RequestProblem(
            f"{name} is missing; expected a text or a list of texts.", name, "missing_required_parameter"
        )
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        tokens = isinstance(texts, list) and any(isinstance(one, int | list) for one in texts)
        why = "token numbers are another model's" if tokens else f"it is {repr(value)[:60]}"
        message = f"{name}: {why}; expected a text or a list of texts."
        return RequestProblem(message, name, "unsupported_parameter" if tokens else "invalid_type")
    if not all(text for text in texts):
        return RequestProblem(
            f"{name} is or holds an empty text; expected something to read.", name, "invalid_value"
        )
    return texts
