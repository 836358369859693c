"""Explanations of votes whose words are checked: what a model is let write, how it is read, laid out and found faulty."""

from naze.jobs.explaining.explanation import (
    EXPLANATION_COLUMNS,
    Explanation,
    Point,
    Statement,
    explanation_of_columns,
    read_explanation,
)
from naze.jobs.explaining.form import Form, Length

__all__ = [
    "EXPLANATION_COLUMNS",
    "Explanation",
    "Form",
    "Length",
    "Point",
    "Statement",
    "explanation_of_columns",
    "read_explanation",
]
