"""A factor goes in; everything that is known of it comes out: its test, its cases, where it holds, what they show."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from naze.engines.protocol import EngineOptions
from naze.factors.analysis import Analysis, analyse, read_analysis
from naze.factors.cases import Case, Role, cases_of
from naze.factors.slices import Slice, slices_of
from naze.factors.tested import FactorTest
from naze.generations import Progress, open_run
from naze.jobs.asking import opened_worker
from naze.records import Factor

if TYPE_CHECKING:
    from naze.factors.result import Factors

__all__ = ["Drill", "drill"]


@dataclass(frozen=True)
class Drill:
    """One factor, looked into."""

    factor: Factor
    test: FactorTest
    cases: tuple[Case, ...]
    slices: tuple[Slice, ...]
    analysis: Analysis | None
    """None: no model was asked."""

    def of(self, role: Role) -> tuple[Case, ...]:
        """Return the cases of one role."""
        return tuple(case for case in self.cases if case.role is role)


def drill(
    factors: "Factors",
    words: str,
    *,
    most: int = 6,
    model: str | None = None,
    engine: str | None = None,
    options: EngineOptions | None = None,
    progress: Progress | None = None,
) -> Drill:
    """Look into one factor.

    Args:
        factors: the folder.
        words: the factor's id, or words of its name or definition.
        most: cases of each role.
        model: has the cases analysed; None: nothing is asked, and an analysis that was made before is taken.
        engine: a registered engine; None: the best here.
        options: how it runs.
        progress: is told of the answer.

    Raises:
        InputError: no such factor, or several.
        NazeError: the model cannot be found or loaded.
    """
    factor = factors.find(words)
    cases = cases_of(factors, factor, most)
    folder = _folder(factors, factor, model)
    analysis = None
    if model is not None:
        with opened_worker(model, engine=engine, options=options, begun=folder) as worker:
            analysis = analyse(
                factor, cases_of(factors, factor), worker, folder, language=factors.about.language,
                progress=progress,
            )  # fmt: skip
    elif (folder / "manifest.json").is_file():
        run = open_run(folder)
        try:
            analysis = read_analysis(run)
        finally:
            run.close()
    return Drill(factor, factors.tests[factor.id], cases, slices_of(factors, factor), analysis)


def _folder(factors: "Factors", factor: Factor, model: str | None) -> Path:
    """Name the run of an analysis; another model than the one that judged has its own."""
    name = factor.id
    if model is not None and model != factors.about.model:
        name += "-" + re.sub(r"[^\w.-]+", "-", Path(model).name).strip("-").lower()
    return factors.folder / "drill" / name
