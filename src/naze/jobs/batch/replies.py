"""A request and what came of it go in; the line of the output or the error file comes out, as the contract has it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from naze.engines.embeddings import read_vector
from naze.generations import Row
from naze.jobs.batch.bodies import Asked
from naze.jobs.batch.contract import Endpoint, RequestProblem
from naze.jobs.batch.requests import Request
from naze.records import Answer, FinishReason, Status

__all__ = ["About", "Usage", "failed_line", "output_line", "refused_line"]

_REASONS = {FinishReason.STOP: "stop", FinishReason.LENGTH: "length"}


@dataclass(frozen=True, slots=True)
class About:
    """What all lines of one batch have in common."""

    batch_id: str
    model: str
    """That answered, as the person named it."""
    fingerprint: str
    created: int
    """When the batch was begun, in seconds since 1970."""


@dataclass(slots=True)
class Usage:
    """Tokens of a whole batch."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def add(self, answers: Sequence[Answer]) -> None:
        """Count the answers of one request."""
        self.input_tokens += sum(answer.prompt_tokens for answer in answers)
        self.cached_tokens += sum(answer.cached_tokens for answer in answers)
        self.output_tokens += sum(answer.generated_tokens for answer in answers)

    def to_dict(self) -> dict[str, Any]:
        """Return the batch object's `usage`."""
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input_tokens + self.output_tokens,
        }


def output_line(request: Request, asked: Asked, rows: Sequence[Row], about: About) -> dict[str, Any]:
    """Make the line of a request whose every prompt was answered."""
    answers = [row.answer for row in rows if row.answer is not None]
    finished = max((row.finished_at or 0.0 for row in rows), default=0.0)
    created = int(finished) or about.created
    make = {
        Endpoint.CHAT: _chat_body,
        Endpoint.COMPLETIONS: _completion_body,
        Endpoint.EMBEDDINGS: _embeddings_body,
    }[Endpoint(request.url)]
    return _line(request, about, 200, make(request, asked, answers, about, created))


def failed_line(request: Request, rows: Sequence[Row], about: About) -> dict[str, Any]:
    """Make the line of a request of which at least one prompt has no answer: of the first such."""
    failure = next(
        row.answer for row in rows if row.answer is not None and row.answer.status is not Status.ANSWERED
    )
    if failure.status is Status.OVERFLOW:
        body = _error(str(failure.reason), "invalid_request_error", None, "context_length_exceeded")
        return _line(request, about, 400, body)
    if failure.status is Status.ERROR:
        return _line(request, about, 500, _error(str(failure.reason), "server_error", None, "engine_error"))
    wrote = f" It wrote: {failure.text}" if (failure.text or "").strip() else ""
    line = _line(request, about, 200, {})
    return {
        **line,
        "response": None,
        "error": {"code": "invalid_answer", "message": f"{failure.reason}.{wrote}"},
    }


def refused_line(request: Request, problem: RequestProblem, about: About) -> dict[str, Any]:
    """Make the line of a request that was not asked."""
    return _line(
        request, about, 400, _error(problem.message, "invalid_request_error", problem.param, problem.code)
    )


def _line(request: Request, about: About, status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"batch_req_{_hash(about, request, 'line')}",
        "custom_id": request.custom_id,
        "response": {"status_code": status, "request_id": _hash(about, request, "request"), "body": body},
        "error": None,
    }


def _error(message: str, kind: str, param: str | None, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _chat_body(
    request: Request, asked: Asked, answers: Sequence[Answer], about: About, created: int
) -> dict[str, Any]:
    [answer] = answers
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": answer.text, "refusal": None},
        "logprobs": None,
        "finish_reason": _finish(answer),
    }
    return {
        "id": f"chatcmpl-{_hash(about, request, 'reply')}",
        "object": "chat.completion",
        "created": created,
        "model": about.model,
        "choices": [choice],
        "usage": _usage(answers),
        "system_fingerprint": about.fingerprint,
    }


def _completion_body(
    request: Request, asked: Asked, answers: Sequence[Answer], about: About, created: int
) -> dict[str, Any]:
    return {
        "id": f"cmpl-{_hash(about, request, 'reply')}",
        "object": "text_completion",
        "created": created,
        "model": about.model,
        "choices": [
            {"text": answer.text, "index": index, "logprobs": None, "finish_reason": _finish(answer)}
            for index, answer in enumerate(answers)
        ],
        "usage": _usage(answers),
        "system_fingerprint": about.fingerprint,
    }


def _embeddings_body(
    request: Request, asked: Asked, answers: Sequence[Answer], about: About, created: int
) -> dict[str, Any]:
    texts = [answer.text or "" for answer in answers]
    tokens = sum(answer.prompt_tokens for answer in answers)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": text if asked.base64 else read_vector(text)}
            for index, text in enumerate(texts)
        ],
        "model": about.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _finish(answer: Answer) -> str:
    return _REASONS[answer.finish_reason or FinishReason.STOP]


def _usage(answers: Sequence[Answer]) -> dict[str, Any]:
    read = sum(answer.prompt_tokens for answer in answers)
    written = sum(answer.generated_tokens for answer in answers)
    cached = sum(answer.cached_tokens for answer in answers)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _hash(about: About, request: Request, what: str) -> str:
    """Make an id that is the same every time the results are written."""
    text = f"{about.batch_id}\n{what}\n{request.custom_id}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
