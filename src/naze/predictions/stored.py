"""A predictor goes into a folder and comes back: JSON, numpy arrays and LightGBM's text. Reading it runs no code."""

import hashlib
import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import msgspec
import numpy as np

from naze.errors import InputError, StoreError
from naze.factors.resampling import Estimate
from naze.invocation import as_typed
from naze.predictions.asking import Questions
from naze.predictions.models.learnt import Axes, Learnt
from naze.predictions.models.linear import Linear
from naze.predictions.models.part import Calibration, Choices, Part
from naze.predictions.models.strength import TextStrength
from naze.predictions.models.trees import Trees, trees_missing
from naze.predictions.scores import PredictionScore
from naze.predictions.surprising import SurprisingVote
from naze.tables.write import check_folder_place

if TYPE_CHECKING:
    from naze.predictions.predictor import FitReport, VotePredictor

__all__ = [
    "ASKED",
    "FORMAT",
    "PREDICTOR_NAME",
    "WHY",
    "AboutPredictor",
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
_ASIDE = ".saving-"
ASKED = "asked"
"""Folder in a predictor's that keeps what a model was asked to learn from."""
WHY = "why"
"""Folder in a predictor's that keeps what a model was asked to explain a prediction, one folder a vote."""


@dataclass(frozen=True)
class _Params:
    """The arguments of `VotePredictor`."""

    folds: int
    embedding_model: str | None
    leave_out: tuple[str, ...]
    trees: bool
    seed: int


@dataclass(frozen=True)
class _Half:
    """One half without its arrays and trees."""

    intercept: float
    calibration: Calibration
    choices: Choices
    odd: dict[str, int]
    """Kind of trees -> how many of their columns are odd."""


@dataclass(frozen=True)
class _Report:
    """A `FitReport` without its arrays."""

    folds: int
    score: PredictionScore
    baselines: dict[str, PredictionScore]
    gains: dict[str, Estimate]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class AboutPredictor:
    """What predictor.json says: all that a predictor is but arrays, trees and surprising votes."""

    format: int
    naze: str
    """Version that wrote it."""
    params: _Params
    groups: tuple[str, ...]
    languages: list[str]
    votes: int
    extra_votes: int
    questions: Questions | None
    report: _Report | None
    win: _Half
    tie: _Half
    digests: dict[str, str]
    """Each other file of the predictor -> its SHA-256, so that parts of two predictors are not taken for one."""
    classes: tuple[str | int, str | int, str | int] = ("a", "b", "tie")
    """What it calls a, b and a tie: as in `fit`, so that it predicts numbers where it was fitted with numbers."""


def check_predictor_place(folder: str | Path) -> None:
    """See that a predictor can be saved there, before it is fitted.

    Raises:
        FormatError: a file has this name, or nobody may write there.
        InputError: the folder holds other files, and no predictor.
    """
    folder = Path(folder)
    check_folder_place(folder)
    there = [one.name for one in folder.iterdir()] if folder.exists() else []
    others = [name for name in there if name != ASKED and not name.startswith(_ASIDE)]
    if others and not is_predictor_folder(folder):
        raise InputError(
            f"{folder}: other files are there ({min(others)}), and no predictor; expected a new folder or a predictor's own. "
            "Choose another --out."
        )


def save_predictor(predictor: "VotePredictor", folder: str | Path) -> Path:
    """Write a fitted predictor; what was in the folder before is replaced, after all is written aside.

    Raises:
        InputError: the folder holds other files, and no predictor.
        StoreError: it cannot be written; what was in the folder before is untouched.
    """
    folder = Path(folder)
    check_predictor_place(folder)
    new = not folder.exists()
    try:
        names = _replaced(predictor, folder)
    except OSError as error:
        if new:
            with suppress(OSError):  # others may have written into it
                folder.rmdir()
        raise StoreError(
            f"{folder}: the predictor cannot be written ({error.strerror or error}). What was there before is untouched; "
            "free some space, or choose another --out."
        ) from error
    _forget_trees(folder, names)
    return folder


def _replaced(predictor: "VotePredictor", folder: Path) -> list[str]:
    """Write all files aside, then give them their names. Returns the names."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder))
    try:
        _write(predictor, aside)
        names = [file.name for file in aside.iterdir() if file.name != PREDICTOR_NAME]
        # Its digests come first: whatever stops this halfway leaves a folder that is seen to be damaged.
        for name in (PREDICTOR_NAME, *names):
            (aside / name).replace(folder / name)
    finally:
        for left in folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(left, ignore_errors=True)
    return names


def _forget_trees(folder: Path, names: list[str]) -> None:
    """Remove the trees of an earlier predictor that this one has not."""
    for half in ("win", "tie"):
        for kind in _KINDS:
            if _trees_name(half, kind) not in names:
                (folder / _trees_name(half, kind)).unlink(missing_ok=True)


def _write(predictor: "VotePredictor", folder: Path) -> None:
    learnt = predictor.learnt_
    halves = {"win": learnt.win, "tie": learnt.tie}
    np.savez_compressed(folder / _ARRAYS, **_arrays(predictor))
    surprising = [asdict(one) for one in predictor.surprising_]
    (folder / _SURPRISING).write_text(json.dumps(surprising, ensure_ascii=False, indent=1), encoding="utf-8")
    for half, part in halves.items():
        for kind in _KINDS:
            if (trees := getattr(part, kind)) is not None:
                (folder / _trees_name(half, kind)).write_text(
                    trees.booster.model_to_string(), encoding="utf-8"
                )
    about = {
        "format": FORMAT,
        "naze": version("naze"),
        "params": predictor.get_params(),
        "groups": list(predictor.group_names_),
        "classes": predictor.classes_.tolist(),
        "languages": predictor.languages_,
        "votes": predictor.votes_,
        "extra_votes": predictor.extra_votes_,
        "questions": None if predictor.questions_ is None else asdict(predictor.questions_),
        "report": None if predictor.report_ is None else _report_rows(predictor.report_),
        **{half: _half_rows(part) for half, part in halves.items()},
        "digests": {one.name: _digest(one) for one in sorted(folder.iterdir())},
    }
    (folder / PREDICTOR_NAME).write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")


def _arrays(predictor: "VotePredictor") -> dict[str, Any]:
    learnt, report = predictor.learnt_, predictor.report_
    arrays: dict[str, Any] = {"contents": predictor.contents_, "prior": predictor.prior_}
    if learnt.strength is not None:
        arrays["strength"] = learnt.strength.weights
    for group, axes in learnt.axes.items():
        arrays |= {f"axes.{group}.{name}": getattr(axes, name) for name in _AXES}
    for half, part in (("win", learnt.win), ("tie", learnt.tie)):
        arrays |= {f"{half}.{key}": getattr(part.linear, key) for key in ("center", "scale", "weights")}
    if report is not None:
        arrays |= {"report.out_of_fold": report.out_of_fold, "report.happened": report.happened}
        arrays["report.vote_ids"] = np.array(report.vote_ids, dtype=np.str_)
    return arrays


def _half_rows(part: Part) -> dict[str, Any]:
    return {
        "intercept": part.linear.intercept,
        "calibration": asdict(part.calibration),
        "choices": asdict(part.choices),
        "odd": {kind: trees.odd for kind in _KINDS if (trees := getattr(part, kind)) is not None},
    }


def _report_rows(report: "FitReport") -> dict[str, Any]:
    return {
        "folds": report.folds,
        "score": asdict(report.score),
        "baselines": {name: asdict(score) for name, score in report.baselines.items()},
        "gains": {name: asdict(gain) for name, gain in report.gains.items()},
        "notes": list(report.notes),
    }


def _trees_name(half: str, kind: str) -> str:
    return f"{half}.{kind}.txt"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_predictor(folder: str | Path) -> "VotePredictor":
    """Read a predictor.

    Raises:
        InputError: none is there, it is damaged, its files are not those that were saved together, or another version wrote it.
    """
    folder = Path(folder)
    about = read_predictor(folder)
    try:
        _check_digests(folder, about)
        return _loaded(folder, about)
    except (OSError, LookupError, TypeError, ValueError, EOFError, BadZipFile) as error:
        raise _damaged(folder, error) from error


def _check_digests(folder: Path, about: AboutPredictor) -> None:
    trees = (_trees_name(half, kind) for half in ("win", "tie") for kind in getattr(about, half).odd)
    for name in (_ARRAYS, _SURPRISING, *trees):
        if _digest(folder / name) != about.digests.get(name):
            raise ValueError(f"{name} is not the file that was saved with {PREDICTOR_NAME}")


def _damaged(folder: Path, error: Exception) -> InputError:
    return InputError(
        f"{folder}: the predictor is damaged ({type(error).__name__}: {error}). Fit it again: `naze predict fit`."
    )


def _loaded(folder: Path, about: AboutPredictor) -> "VotePredictor":
    from naze.predictions.predictor import VotePredictor

    with (folder / _ARRAYS).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    predictor = VotePredictor(**{name: getattr(about.params, name) for name in about.params.__annotations__})
    predictor.classes_ = np.array(about.classes)
    predictor.group_names_ = about.groups
    predictor.languages_ = about.languages
    predictor.votes_, predictor.extra_votes_ = about.votes, about.extra_votes
    predictor.questions_ = about.questions
    raw_surprising = (folder / _SURPRISING).read_bytes()
    predictor.surprising_ = msgspec.json.decode(raw_surprising, type=tuple[SurprisingVote, ...])
    predictor.report_ = None if about.report is None else _report(about.report, arrays)
    predictor.contents_, predictor.prior_ = arrays["contents"], arrays["prior"]
    axes = {
        group: Axes(*(arrays[f"axes.{group}.{name}"] for name in _AXES))
        for group in predictor.group_names_
        if f"axes.{group}.both" in arrays
    }
    strength = TextStrength(arrays["strength"]) if "strength" in arrays else None
    win, tie = (_part(folder, half, getattr(about, half), arrays) for half in ("win", "tie"))
    predictor.learnt_ = Learnt(strength, axes, win, tie)
    return predictor


def is_predictor_folder(folder: str | Path) -> bool:
    """Tell whether a folder holds a predictor."""
    return (Path(folder) / PREDICTOR_NAME).is_file()


def read_predictor(folder: Path) -> AboutPredictor:
    """Read what a predictor's folder says of it, without what it learnt.

    Raises:
        InputError: no predictor is there, it is damaged, or another version of naze wrote it.
    """
    try:
        told: Any = json.loads((folder / PREDICTOR_NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{folder}: no predictor is there ({PREDICTOR_NAME} is missing). "
            f"`{as_typed('naze', 'predict', 'fit', 'VOTES', '--out', folder)}` makes one."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{folder / PREDICTOR_NAME}: cannot be read ({error}). Fit the predictor again."
        ) from error
    if not isinstance(told, dict) or "format" not in told:
        raise _damaged(folder, ValueError(f"{PREDICTOR_NAME} does not hold what a predictor's does"))
    if told["format"] != FORMAT:
        raise InputError(
            f"{folder}: this predictor has format {told['format']}, written by naze {told.get('naze', '?')}; this naze "
            f"({version('naze')}) reads format {FORMAT}. Fit it again with this version, or use the other one."
        )
    try:
        return msgspec.convert(told, AboutPredictor)
    except msgspec.ValidationError as error:
        raise _damaged(folder, error) from error


def _part(folder: Path, half: str, told: _Half, arrays: dict[str, Any]) -> Part:
    forest, boosted = (
        _trees(folder, _trees_name(half, kind), told.odd[kind], forest=kind == "forest")
        if kind in told.odd
        else None
        for kind in _KINDS
    )
    numbers = (told.intercept, told.calibration.scale, told.calibration.shift)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{half}: intercept, scale and shift are {numbers}; expected numbers")
    linear = Linear(
        arrays[f"{half}.center"], arrays[f"{half}.scale"], arrays[f"{half}.weights"], told.intercept
    )
    return Part(linear, forest, boosted, told.calibration, told.choices)


def _trees(folder: Path, name: str, odd: int, *, forest: bool) -> Trees:
    missing = trees_missing()
    if missing:
        raise InputError(f"{folder}: this predictor has trees, and {missing}.")
    import lightgbm

    try:
        return Trees(lightgbm.Booster(model_file=str(folder / name)), odd, forest)
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"{name}: {error}") from error


def _report(told: _Report, arrays: dict[str, Any]) -> "FitReport":
    from naze.predictions.predictor import FitReport

    return FitReport(
        folds=told.folds,
        score=told.score,
        baselines=told.baselines,
        gains=told.gains,
        out_of_fold=arrays["report.out_of_fold"],
        happened=arrays["report.happened"],
        vote_ids=tuple(str(one) for one in arrays["report.vote_ids"]),
        notes=told.notes,
    )
