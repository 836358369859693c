"""Explanations go in; named reasons come out, each with quotes, each tested on votes that were held out.

The package itself can be called: `naze.factors(run, "tie", count=50)` is `naze.find_factors(run, "tie", count=50)`.
"""

import sys
from types import ModuleType
from typing import Any

from naze.factors.cases import Case, Quote, Role
from naze.factors.compare import Comparison, Matched, compare_factors
from naze.factors.drill import Drill
from naze.factors.extraction import Explanation, Proposed, Way, propose
from naze.factors.matrix import VERDICTS, VerdictMatrix
from naze.factors.merge import Kind, Merged, MergeSettings, merge_reasons, reason_groups
from naze.factors.reasons import split_reasons
from naze.factors.result import Factors, is_factors_folder, open_factors, read_about
from naze.factors.retest import RetestSettings, retest_factors
from naze.factors.run import FactorSettings, find_factors
from naze.factors.saturation import Saturation, saturation_curve
from naze.factors.within import Part, Parted, PartFigures, Within, compare_within

__all__ = [
    "VERDICTS",
    "Case",
    "Comparison",
    "Drill",
    "Explanation",
    "FactorSettings",
    "Factors",
    "Kind",
    "Matched",
    "MergeSettings",
    "Merged",
    "Part",
    "PartFigures",
    "Parted",
    "Proposed",
    "Quote",
    "RetestSettings",
    "Role",
    "Saturation",
    "VerdictMatrix",
    "Way",
    "Within",
    "compare_factors",
    "compare_within",
    "find_factors",
    "is_factors_folder",
    "merge_reasons",
    "open_factors",
    "propose",
    "read_about",
    "reason_groups",
    "retest_factors",
    "saturation_curve",
    "split_reasons",
]


class _Room(ModuleType):
    """This package, as something that can be called.

    Source: Python's data model, "Customizing module attribute access": a module's `__class__` may be set.
    """

    def __call__(self, *arguments: Any, **settings: Any) -> Factors:  # noqa: ANN401 - find_factors' own
        """Find factors. See `find_factors`."""
        return find_factors(*arguments, **settings)


sys.modules[__name__].__class__ = _Room
