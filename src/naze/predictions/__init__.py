"""Votes go in; what the next vote will be, and how sure that is, comes out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from naze.predictions.agreement import Agreement, agreement_with_people
    from naze.predictions.blending import BlendedPredictor, Predictor
    from naze.predictions.explaining import Explained
    from naze.predictions.judged import Judged, JudgeSettings, judge_file
    from naze.predictions.leaderboard import Leaderboard, Rating, fit_leaderboard
    from naze.predictions.predictor import FitReport, VotePredictor
    from naze.predictions.scores import PredictionScore, score_probabilities
    from naze.predictions.tables import (
        read_probabilities,
        score_predictions,
        write_probabilities,
        write_submission,
    )

_FILES = {
    "Agreement": "agreement",
    "BlendedPredictor": "blending",
    "Predictor": "blending",
    "Explained": "explaining",
    "FitReport": "predictor",
    "JudgeSettings": "judged",
    "Judged": "judged",
    "judge_file": "judged",
    "Leaderboard": "leaderboard",
    "PredictionScore": "scores",
    "Rating": "leaderboard",
    "fit_leaderboard": "leaderboard",
    "VotePredictor": "predictor",
    "agreement_with_people": "agreement",
    "read_probabilities": "tables",
    "score_predictions": "tables",
    "score_probabilities": "scores",
    "write_probabilities": "tables",
    "write_submission": "tables",
}

__all__ = [
    "Agreement",
    "BlendedPredictor",
    "Explained",
    "FitReport",
    "JudgeSettings",
    "Judged",
    "Leaderboard",
    "PredictionScore",
    "Predictor",
    "Rating",
    "VotePredictor",
    "agreement_with_people",
    "fit_leaderboard",
    "judge_file",
    "read_probabilities",
    "score_predictions",
    "score_probabilities",
    "write_probabilities",
    "write_submission",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type
    """Load a public name when it is first used: scikit-learn takes a second to import."""
    if name not in _FILES:
        raise AttributeError(f"module 'naze.predictions' has no attribute {name!r}")
    return getattr(import_module(f"naze.predictions.{_FILES[name]}"), name)
