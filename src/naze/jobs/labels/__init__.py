"""Labels with numbers: definitions go in, probabilities come out, held against rows that people labelled."""

from naze.jobs.labels.definitions import Labels, read_labels
from naze.jobs.labels.figures import Figure, GoldFigures
from naze.jobs.labels.held import Held, kept_columns
from naze.jobs.labels.job import LabelJob, Labelled, label, label_job, label_to_file

__all__ = [
    "Figure",
    "GoldFigures",
    "Held",
    "LabelJob",
    "Labelled",
    "Labels",
    "kept_columns",
    "label",
    "label_job",
    "label_to_file",
    "read_labels",
]
