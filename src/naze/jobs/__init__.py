"""What a person asks for, one file each: a template, a run, a table."""

from naze.jobs.batch import BatchSettings, check_batch, estimate_batch, read_batch, run_batch, write_batch
from naze.jobs.chains import ChainSettings, Flow, chain
from naze.jobs.estimating import estimate
from naze.jobs.explain import (
    ExplainedVote,
    ExplainSettings,
    continue_run,
    estimate_explain,
    explain,
    explained_rows,
    export_columns,
)
from naze.jobs.exporting import export_table
from naze.jobs.extract import extract, extract_job
from naze.jobs.generate import GenerateResponse, generate
from naze.jobs.labels import Labelled, Labels, label, label_job, label_to_file
from naze.jobs.mapping import MapJob, Mapped, MapSettings, TableOptions, map, map_job, map_to_file, run_map
from naze.jobs.questions import Question, read_questions
from naze.jobs.sentiment import sentiment, sentiment_job
from naze.jobs.summaries import SummaryOptions, summarize
from naze.jobs.tidy import tidy, tidy_job

__all__ = [
    "BatchSettings",
    "ChainSettings",
    "ExplainSettings",
    "ExplainedVote",
    "Flow",
    "GenerateResponse",
    "Labelled",
    "Labels",
    "MapJob",
    "MapSettings",
    "Mapped",
    "Question",
    "SummaryOptions",
    "TableOptions",
    "chain",
    "check_batch",
    "continue_run",
    "estimate",
    "estimate_batch",
    "estimate_explain",
    "explain",
    "explained_rows",
    "export_columns",
    "export_table",
    "extract",
    "extract_job",
    "generate",
    "label",
    "label_job",
    "label_to_file",
    "map",
    "map_job",
    "map_to_file",
    "read_batch",
    "read_questions",
    "run_batch",
    "run_map",
    "sentiment",
    "sentiment_job",
    "summarize",
    "tidy",
    "tidy_job",
    "write_batch",
]
