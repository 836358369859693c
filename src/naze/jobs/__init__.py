"""What a person asks for, one file each: a template, a run, a table."""

from naze.jobs.explain import ExplainSettings, continue_run, estimate_explain, explain, export_columns
from naze.jobs.generate import GenerateResponse, generate

__all__ = [
    "ExplainSettings",
    "GenerateResponse",
    "continue_run",
    "estimate_explain",
    "explain",
    "export_columns",
    "generate",
]
