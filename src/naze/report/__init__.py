"""Runs go in; pages that people read come out."""

from naze.report.cascade_figure import write_cascade_figure
from naze.report.explained import run_facts, write_run_page
from naze.report.factors_report import write_factors_report
from naze.report.page import write_explained_page
from naze.report.predictor_page import write_predictor_page

__all__ = [
    "run_facts",
    "write_cascade_figure",
    "write_explained_page",
    "write_factors_report",
    "write_predictor_page",
    "write_run_page",
]
