"""What OpenAI's Batch API says of its files, in names: endpoints, limits, error codes, the batch object.

Source: OpenAI API reference, "Batch" (create, the request input object, the request output object), read 2026-11-25;
the codes of a file that is refused are those that Azure's page on batch deployments lists.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "COMPLETION_WINDOW",
    "MOST_BYTES",
    "MOST_INPUTS",
    "MOST_REQUESTS",
    "Endpoint",
    "FileCode",
    "FileProblem",
    "RequestProblem",
]

MOST_REQUESTS = 50_000
"""In one file."""
MOST_BYTES = 200 * 1024 * 1024
"""Of one file."""
MOST_INPUTS = 50_000
"""Texts to be embedded, over all requests of one file."""
COMPLETION_WINDOW = "24h"
"""The only one that there is. Here a batch begins at once and takes as long as it takes."""


class Endpoint(StrEnum):
    """Where a request goes."""

    CHAT = "/v1/chat/completions"
    COMPLETIONS = "/v1/completions"
    EMBEDDINGS = "/v1/embeddings"


class FileCode(StrEnum):
    """Why a whole file is refused."""

    INVALID_JSON_LINE = "invalid_json_line"
    INVALID_REQUEST = "invalid_request"
    DUPLICATE_CUSTOM_ID = "duplicate_custom_id"
    URL_MISMATCH = "url_mismatch"
    MODEL_MISMATCH = "model_mismatch"
    EMPTY_FILE = "empty_file"
    TOO_MANY_TASKS = "too_many_tasks"
    FILE_TOO_LARGE = "file_too_large"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing for which a whole file is refused: an entry of the batch object's `errors.data`."""

    code: FileCode
    message: str
    line: int | None = None
    """From 1; None where it concerns no single line."""
    param: str | None = None
    """The field that is wrong, such as `custom_id` or `body.model`."""

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.message}" if self.line is not None else self.message


@dataclass(frozen=True, slots=True)
class RequestProblem:
    """Why one request cannot be asked: what OpenAI answers with status 400 in the error file."""

    message: str
    param: str | None
    """The field of the body that is wrong, such as `messages[1].content[0].type`."""
    code: str
    """`unsupported_parameter`, `unknown_parameter`, `missing_required_parameter`, `invalid_value` or `invalid_type`."""
