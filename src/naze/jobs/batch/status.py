"""How a batch stands goes in; the contract's batch object comes out, ready for JSON."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from naze.jobs.batch.checking import BatchFile
from naze.jobs.batch.contract import COMPLETION_WINDOW, FileProblem
from naze.jobs.batch.replies import About
from naze.jobs.batch.results import Written

__all__ = ["batch_object", "failed_object"]

_TIMES = ("in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
          "cancelling_at", "cancelled_at")  # fmt: skip


def batch_object(
    about: About, file: BatchFile, written: Written, *, out: Path, errors: Path | None
) -> dict[str, Any]:
    """Describe a batch whose every request has ended. Files are named by their paths."""
    finished = int(time.time())
    return {
        **_empty(file.path),
        "id": about.batch_id,
        "endpoint": file.endpoint.value,
        "model": file.model,
        "status": "completed",
        "output_file_id": str(out) if written.completed else None,
        "error_file_id": None if errors is None else str(errors),
        "created_at": about.created,
        "in_progress_at": about.created,
        "completed_at": finished,
        "request_counts": {
            "total": written.completed + written.failed,
            "completed": written.completed,
            "failed": written.failed,
        },
        "usage": written.usage.to_dict(),
    }


def failed_object(path: Path, problems: Sequence[FileProblem]) -> dict[str, Any]:
    """Describe a batch whose file was refused; nothing of it was asked."""
    now = int(time.time())
    data = [
        {"code": one.code.value, "message": one.message, "param": one.param, "line": one.line}
        for one in problems
    ]
    return {
        **_empty(path),
        "status": "failed",
        "errors": {"object": "list", "data": data},
        "created_at": now,
        "failed_at": now,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
    }


def _empty(path: Path) -> dict[str, Any]:
    return {
        "id": None,
        "object": "batch",
        "endpoint": None,
        "model": None,
        "errors": None,
        "input_file_id": str(path),
        "completion_window": COMPLETION_WINDOW,
        "status": None,
        "output_file_id": None,
        "error_file_id": None,
        "created_at": None,
        **dict.fromkeys(_TIMES),
        "request_counts": None,
        "usage": None,
        "metadata": None,
    }
