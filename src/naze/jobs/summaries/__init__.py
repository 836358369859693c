"""Summaries of documents of any length, whose every point says where the document says so."""

from naze.jobs.summaries.about import SUMMARY_NAME, SummaryAbout, read_summary_about
from naze.jobs.summaries.markdown import as_markdown, write_markdown
from naze.jobs.summaries.summarize import Summarized, SummaryOptions, run_summaries, summarize, summary_target

__all__ = [
    "SUMMARY_NAME",
    "Summarized",
    "SummaryAbout",
    "SummaryOptions",
    "as_markdown",
    "read_summary_about",
    "run_summaries",
    "summarize",
    "summary_target",
    "write_markdown",
]
