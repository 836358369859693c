"""A predictor goes into a folder and comes back: JSON, numpy arrays and LightGBM's text. Reading it runs no code."""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from naze.errors import InputError
from naze.factors.resampling import Estimate
from naze.predictions.asking import Questions
from naze.predictions.explaining import Mover
from naze.predictions.models.learnt import Axes, Learnt
from naze.predictions.models.linear import Linear
from naze.predictions.models.part import Calibration, Choices, Part
from naze.predictions.models.strength import TextStrength
from naze.predictions.models.trees import Trees, trees_missing
from naze.predictions.scores import Bin, PredictionScore
from naze.predictions.surprising import SurprisingVote
from naze.records import Factor, Outcome
from naze.tables.write import check_folder_place

if TYPE_CHECKING:
    from naze.predictions.predictor import FitReport, VotePredictor

__all__ = [
    "ASKED",
    "FORMAT",
    "PREDICTOR_NAME",
    "WHY",
    "check_predictor_place",
    "is_predictor_folder",
    "load_predictor",
    "read_predictor",
    "save_predictor",
]

FORMAT = 3
"""Rises when an older naze could not read what is written."""
PREDICTOR_NAME, _ARRAYS, _SURPRISING = "predictor.json", "arrays.npz", "surprising.json"
_KINDS = ("forest", "boosted")
_AXES = ("difference", "both", "center")
ASKED = "asked"
"""Folder in a predictor's that keeps what a model was asked to learn from."""
WHY = "why"
"""Folder in a predictor's that keeps what a model was asked to explain a prediction, one folder a vote."""


def check_predictor_place(folder: str | Path) -> None:
    """See that a predictor can be saved there, before it is fitted.

    Raises:
        FormatError: a file has this name, or nobody may write there.
        InputError: the folder holds other files, and no predictor.
    """
    folder = Path(folder)
    check_folder_place(folder)
    others = [one.name for one in folder.iterdir() if one.name != ASKED] if folder.exists() else []
    if others and not is_predictor_folder(folder):
        raise InputError(
            f"{folder}: other files are there ({min(others)}), and no predictor; expected a new folder or a predictor's own. "
            "Choose another --out."
        )


def save_predictor(predictor: "VotePredictor", folder: str | Path) -> Path:
    """Write a fitted predictor; what was in the folder before is replaced."""
    folder = Path(folder)
    check_predictor_place(folder)
    folder.mkdir(parents=True, exist_ok=True)
    learnt = predictor.learnt_
    arrays: dict[str, Any] = {"contents": predictor.contents_, "prior": predictor.prior_}
    if learnt.strength is not None:
        arrays["strength"] = learnt.strength.weights
    for group, axes in learnt.axes.items():
        arrays |= {f"axes.{group}.{name}": getattr(axes, name) for name in _AXES}
    about: dict[str, Any] = {
        "format": FORMAT,
        "naze": version("naze"),
        "params": predictor.get_params(),
        "groups": list(predictor.group_names_),
        "languages": predictor.languages_,
        "votes": predictor.votes_,
        "extra_votes": predictor.extra_votes_,
        "questions": None if predictor.questions_ is None else asdict(predictor.questions_),
        "report": None if predictor.report_ is None else _report_rows(predictor.report_),
    }
    for name in ("win", "tie"):
        part: Part = getattr(learnt, name)
        arrays |= {f"{name}.{key}": getattr(part.linear, key) for key in ("center", "scale", "weights")}
        about[name] = {
            "intercept": part.linear.intercept,
            "calibration": asdict(part.calibration),
            "choices": asdict(part.choices),
            "odd": {kind: trees.odd for kind in _KINDS if (trees := getattr(part, kind)) is not None},
        }
        for kind in _KINDS:
            file, trees = folder / f"{name}.{kind}.txt", getattr(part, kind)
            file.unlink(missing_ok=True)
            if trees is not None:
                trees.booster.save_model(str(file))
    if predictor.report_ is not None:
        arrays |= {
            "report.out_of_fold": predictor.report_.out_of_fold,
            "report.happened": predictor.report_.happened,
        }
        arrays["report.vote_ids"] = np.array(predictor.report_.vote_ids, dtype=np.str_)
    np.savez_compressed(folder / _ARRAYS, **arrays)
    surprising = [asdict(one) for one in predictor.surprising_]
    (folder / _SURPRISING).write_text(json.dumps(surprising, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / PREDICTOR_NAME).write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def load_predictor(folder: str | Path) -> "VotePredictor":
    """Read a predictor."""
    from naze.predictions.predictor import VotePredictor

    folder = Path(folder)
    about = read_predictor(folder)
    try:
        with (folder / _ARRAYS).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        predictor = VotePredictor(**{**about["params"], "leave_out": tuple(about["params"]["leave_out"])})
        predictor.classes_ = np.array(("a", "b", "tie"))
        predictor.group_names_ = tuple(about["groups"])
        predictor.languages_ = about["languages"]
        predictor.votes_, predictor.extra_votes_ = about["votes"], about["extra_votes"]
        predictor.questions_ = _questions(about["questions"])
        predictor.surprising_ = _surprising(folder)
        predictor.report_ = None if about["report"] is None else _report(about["report"], arrays)
        predictor.contents_, predictor.prior_ = arrays["contents"], arrays["prior"]
        axes = {
            group: Axes(*(arrays[f"axes.{group}.{name}"] for name in _AXES))
            for group in predictor.group_names_
            if f"axes.{group}.both" in arrays
        }
        strength = TextStrength(arrays["strength"]) if "strength" in arrays else None
        predictor.learnt_ = Learnt(
            strength, axes, _part(folder, "win", about, arrays), _part(folder, "tie", about, arrays)
        )
    except (OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile) as error:
        raise InputError(
            f"{folder}: the predictor is damaged ({type(error).__name__}: {error}). Fit it again: `naze predict fit`."
        ) from error
    return predictor


def _questions(told: dict[str, Any] | None) -> Questions | None:
    if told is None:
        return None
    factors = tuple(
        Factor(**{**one, "outcome": Outcome(one["outcome"]), "evidence": ()}) for one in told["factors"]
    )
    return Questions(**{**told, "factors": factors})


def _surprising(folder: Path) -> tuple[SurprisingVote, ...]:
    told = json.loads((folder / _SURPRISING).read_text(encoding="utf-8"))
    return tuple(
        SurprisingVote(
            **{
                **one,
                "probabilities": tuple(one["probabilities"]),
                "movers": tuple(Mover(**mover) for mover in one["movers"]),
            }
        )
        for one in told
    )


def is_predictor_folder(folder: str | Path) -> bool:
    """Tell whether a folder holds a predictor."""
    return (Path(folder) / PREDICTOR_NAME).is_file()


def read_predictor(folder: Path) -> dict[str, Any]:
    """Read what a predictor's folder says of it, without what it learnt.

    Raises:
        InputError: no predictor is there, it is damaged, or another version of naze wrote it.
    """
    try:
        about: dict[str, Any] = json.loads((folder / PREDICTOR_NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{folder}: no predictor is there ({PREDICTOR_NAME} is missing). `naze predict fit VOTES --out {folder}` makes one."
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder / PREDICTOR_NAME}: cannot be read ({error}). Fit the predictor again."
        ) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        found = about.get("format") if isinstance(about, dict) else None
        raise InputError(
            f"{folder}: this predictor has format {found}, written by naze {about.get('naze', '?')}; this naze "
            f"({version('naze')}) reads format {FORMAT}. Fit it again with this version, or use the other one."
        )
    return about


def _part(folder: Path, name: str, about: dict[str, Any], arrays: dict[str, Any]) -> Part:
    told = about[name]
    forest, boosted = (
        _trees(folder, f"{name}.{kind}.txt", told["odd"][kind], forest=kind == "forest")
        if kind in told["odd"]
        else None
        for kind in _KINDS
    )
    choices = {**told["choices"], "extra_weights": tuple(told["choices"]["extra_weights"])}
    linear = Linear(
        arrays[f"{name}.center"], arrays[f"{name}.scale"], arrays[f"{name}.weights"], told["intercept"]
    )
    return Part(linear, forest, boosted, Calibration(**told["calibration"]), Choices(**choices))


def _trees(folder: Path, name: str, odd: int, *, forest: bool) -> Trees:
    missing = trees_missing()
    if missing:
        raise InputError(f"{folder}: this predictor has trees, and {missing}.")
    import lightgbm

    try:
        return Trees(lightgbm.Booster(model_file=str(folder / name)), odd, forest)
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"{name}: {error}") from error


def _report_rows(report: "FitReport") -> dict[str, Any]:
    return {
        "folds": report.folds,
        "score": asdict(report.score),
        "baselines": {name: asdict(score) for name, score in report.baselines.items()},
        "gains": {name: asdict(gain) for name, gain in report.gains.items()},
        "notes": list(report.notes),
    }


def _report(rows: dict[str, Any], arrays: dict[str, Any]) -> "FitReport":
    from naze.predictions.predictor import FitReport

    return FitReport(
        folds=rows["folds"],
        score=_score(rows["score"]),
        baselines={name: _score(score) for name, score in rows["baselines"].items()},
        gains={name: Estimate(**gain) for name, gain in rows["gains"].items()},
        out_of_fold=arrays["report.out_of_fold"],
        happened=arrays["report.happened"],
        vote_ids=tuple(str(one) for one in arrays["report.vote_ids"]),
        notes=tuple(rows["notes"]),
    )


def _score(told: dict[str, Any]) -> PredictionScore:
    return PredictionScore(
        votes=told["votes"],
        prompts=told["prompts"],
        figures={name: Estimate(**figure) for name, figure in told["figures"].items()},
        confusion=tuple((row[0], row[1], row[2]) for row in told["confusion"]),
        bins={name: tuple(Bin(**one) for one in bins) for name, bins in told["bins"].items()},
    )
