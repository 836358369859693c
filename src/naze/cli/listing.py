"""A folder goes in; what naze wrote in it and below comes out: what each is, and how far."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from naze.errors import NazeError
from naze.factors.result import ABOUT_NAME, read_about
from naze.generations import Summary, open_run
from naze.generations.manifest import MANIFEST_NAME
from naze.jobs.chains import CHAIN_NAME, read_chain
from naze.jobs.summaries import SUMMARY_NAME, read_summary_about

__all__ = ["Listed", "list_folders", "look_into"]


_PREDICTOR = "predictor.json"
"""`naze.predictions.stored.PREDICTOR_NAME`; to import it takes seconds, and most folders hold no predictor."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder that naze wrote."""

    folder: Path
    facts: Mapping[str, Any]
    """Ready for JSON: `run`, `task`, `model`, `created`, …; or `run` and `problem`."""
    state: str
    """How far it is, in words; of one that cannot be read, why."""

    @property
    def readable(self) -> bool:
        """Whether it could be read."""
        return "problem" not in self.facts

    def __str__(self) -> str:
        if not self.readable:
            return f"{self.folder}  cannot be read: {self.state}"
        about = [self.facts[name] for name in ("task", "outcome", "model", "language", "created")
                 if self.facts.get(name)]  # fmt: skip
        return f"{self.folder}  {self.state}  {', '.join(about)}"


def list_folders(place: Path) -> list[Listed]:
    """Find the runs, factors, chains, summaries and predictors in a folder and right below it, the newest first.

    Args:
        place: may be one of them itself.
    """
    found = []
    for name, describe in _KINDS.items():
        for path in sorted([*place.glob(name), *place.glob(f"*/{name}")]):
            found.append(_listed(path.parent, describe))
    return sorted(found, key=lambda one: str(one.facts.get("created", "")), reverse=True)


def look_into(folder: Path) -> tuple[Listed | None, list[Listed]]:
    """Tell what a folder is that is no run itself (None: nothing of naze's), and the runs that lie in it."""
    kinds = ((name, describe) for name, describe in _KINDS.items() if name != MANIFEST_NAME)
    own = next((_listed(folder, describe) for name, describe in kinds if (folder / name).is_file()), None)
    return own, [_listed(path.parent, _run) for path in sorted(folder.rglob(MANIFEST_NAME))]


_Described = tuple[dict[str, Any], str]
"""The facts about a folder, and how far it is, in words."""


def _listed(folder: Path, describe: Callable[[Path], _Described]) -> Listed:
    try:
        facts, state = describe(folder)
    except NazeError as error:
        return Listed(folder, {"run": str(folder), "problem": str(error)}, str(error))
    return Listed(folder, {"run": str(folder), **facts}, state)


def _run(folder: Path) -> _Described:
    with closing(open_run(folder)) as run:
        summary, manifest = run.summary(), run.manifest
    names = ("task", "model", "engine", "language", "template", "address", "data_path", "created")
    return {**{name: getattr(manifest, name) for name in names}, **asdict(summary)}, _answered(summary)


def _answered(summary: Summary) -> str:
    failed = f", {summary.failed:,} failed" if summary.failed else ""
    return f"{summary.answered:,} of {summary.rows:,} answered{failed}"


def _factors(folder: Path) -> _Described:
    about, whole = read_about(folder)
    count = len(whole.get("factors", ()))
    facts = {
        "task": "factors",
        "outcome": about.outcome.value,
        "model": about.model,
        "language": about.language,
        "created": about.created,
        "finished": about.finished,
        "factors": count,
    }
    return facts, f"{count} factors" if about.finished else "not finished"


def _chain(folder: Path) -> _Described:
    about = read_chain(folder)
    standing = about.standing()
    facts = {
        "task": "chain",
        "name": about.told["name"],
        "model": about.told["model"],
        "language": about.told["language"],
        "created": about.told.get("created") or _changed(folder / CHAIN_NAME),
        **asdict(standing),
    }
    state = f"{standing.done} of {standing.steps} steps done"
    if standing.step is not None:
        state += f", at {standing.step!r}"
        if standing.rows is not None:
            state += f" ({standing.answered:,} of {standing.rows:,} answered)"
    return facts, state + (f", {standing.failed:,} answers missing" if standing.failed else "")


def _summary(folder: Path) -> _Described:
    about = read_summary_about(folder)
    facts = {"task": "summarize", **asdict(about), "finished": about.documents is not None}
    if about.documents is not None:
        failed = f", {about.failed:,} failed" if about.failed else ""
        return (
            facts,
            f"{about.documents - about.failed:,} of {about.documents:,} documents summarized{failed}",
        )
    if not (folder / "parts" / MANIFEST_NAME).is_file():
        return facts, "not begun"
    with closing(open_run(folder / "parts")) as parts:
        read = parts.summary()
    return facts, f"not finished: {read.answered:,} of {read.rows:,} parts read"


def _predictor(folder: Path) -> _Described:
    from naze.predictions.stored import read_predictor  # loads scikit-learn

    about = read_predictor(folder)
    questions = about.questions
    facts = {
        "task": "predictor",
        "model": None if questions is None else questions.judge or questions.factors_model,
        "created": _changed(folder / _PREDICTOR),
        "votes": about.votes,
        "extra_votes": about.extra_votes,
        "languages": about.languages,
    }
    return facts, f"learnt from {about.votes + about.extra_votes:,} votes"


def _changed(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


_KINDS: dict[str, Callable[[Path], _Described]] = {
    MANIFEST_NAME: _run,
    ABOUT_NAME: _factors,
    CHAIN_NAME: _chain,
    SUMMARY_NAME: _summary,
    _PREDICTOR: _predictor,
}
"""The file by which a folder is known -> what describes it."""
