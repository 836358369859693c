"""What a person asks for, one file each: a template, a run, a table."""

from naze.jobs.chains import ChainSettings, Flow, chain
from naze.jobs.explain import ExplainSettings, continue_run, estimate_explain, explain, export_columns
from naze.jobs.generate import GenerateResponse, generate
from naze.jobs.map import MapJob, Mapped, MapSettings, map, map_job, map_to_file, run_map
from naze.jobs.questions import Question, read_questions

__all__ = [
    "ChainSettings",
    "ExplainSettings",
    "Flow",
    "GenerateResponse",
    "MapJob",
    "MapSettings",
    "Mapped",
    "Question",
    "chain",
    "continue_run",
    "estimate_explain",
    "explain",
    "export_columns",
    "generate",
    "map",
    "map_job",
    "map_to_file",
    "read_questions",
    "run_map",
]
