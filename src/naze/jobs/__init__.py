"""What a person asks for, one file each: a template, a run, a table."""

from naze.jobs.batch import BatchSettings, check_batch, estimate_batch, run_batch
from naze.jobs.explain import ExplainSettings, continue_run, estimate_explain, explain, export_columns
from naze.jobs.generate import GenerateResponse, generate

__all__ = [
    "BatchSettings",
    "ExplainSettings",
    "GenerateResponse",
    "check_batch",
    "continue_run",
    "estimate_batch",
    "estimate_explain",
    "explain",
    "export_columns",
    "generate",
    "run_batch",
]
