"""Votes go in; what a predictor is told of them comes out, such that exchanging the responses exchanges what it says."""

from naze.predictions.features.measures import measure_texts

__all__ = ["measure_texts"]
