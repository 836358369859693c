"""Features and outcomes go in; a model that predicts votes comes out: what is reduced, who wins, whether it is a tie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from naze.predictions.features.groups import Floats, Ints, VoteFeatures, Wide
from naze.predictions.models.part import Part, PartData, fit_part
from naze.predictions.models.strength import TextStrength, fit_strength, strength_out_of_fold
from naze.predictions.models.ties import probabilities
from naze.predictions.models.trees import trees_missing

__all__ = ["DIRECTION", "Axes", "Columns", "Learnt", "Taught", "learn", "principal_axes"]

_AXES = 16
"""Principal directions that wide columns are reduced to at most."""
_VOTES_FOR_AXIS = 50
"""Fewer directions where votes are few: they would be learnt by heart."""
_PARTS = 5
_STRENGTH = "strength of the wording"
DIRECTION = " (direction "
"""Stands in the name of a direction, between what it is one of and its number."""
_CLOSENESS = "how unequal the responses look"

Models = Sequence[tuple[str | None, str | None]]


@dataclass(frozen=True)
class Taught:
    """Votes to learn from."""

    features: VoteFeatures
    outcomes: Floats
    """(votes,) 1: a, -1: b, 0: tie."""
    prompts: Ints
    """(votes,) number of the prompt."""
    models: Models
    """(votes,) names of both models; None where unknown."""
    sources: Ints
    """(votes,) 0: of the person's own set; 1, 2, …: of other sets, which count as far as they help."""

    def take(self, rows: Ints) -> "Taught":
        """Return some of the votes."""
        return Taught(
            self.features.take(rows),
            self.outcomes[rows],
            self.prompts[rows],
            [self.models[row] for row in rows],
            self.sources[rows],
        )


@dataclass(frozen=True)
class Axes:
    """Principal directions of wide columns, learnt without winners."""

    difference: Floats
    """(dimensions, axes) of the odd columns; not centred, so that they stay odd."""
    both: Floats
    """(dimensions, axes) of the even columns."""
    center: Floats
    """(dimensions,) mean of the even columns."""

    def odd(self, wide: Wide) -> Floats:
        """Return (votes, axes)."""
        return np.asarray(wide.odd @ self.difference, np.float64)

    def even(self, wide: Wide) -> Floats:
        """Return (votes, axes)."""
        return np.asarray((wide.even - self.center) @ self.both, np.float64)


@dataclass(frozen=True)
class Columns:
    """What the halves see of some votes."""

    odd_names: tuple[str, ...]
    odd: Floats
    even_names: tuple[str, ...]
    """Those of the tie's half; the last is how unequal the responses look."""
    even: Floats

    def for_trees(self) -> Floats:
        """Return odd columns, then even ones without the last: (votes, columns)."""
        return np.hstack([self.odd, self.even])

    def with_closeness(self, win: Floats) -> Floats:
        """Return even columns and how sure the other half is: (votes, columns + 1)."""
        return np.column_stack([self.even, np.abs(win)])

    @property
    def tie_names(self) -> tuple[str, ...]:
        """Name the columns of `with_closeness`."""
        return (*self.even_names, _CLOSENESS)


@dataclass(frozen=True)
class Learnt:
    """A fitted predictor of votes."""

    strength: TextStrength | None
    axes: Mapping[str, Axes]
    """Group of wide columns -> its directions."""
    win: Part
    tie: Part

    def columns(self, features: VoteFeatures, strength: Floats | None = None) -> Columns:
        """Make the columns of some votes.

        Args:
            features: of the votes.
            strength: differences of text strength that were read out of fold; None: they are read now.
        """
        return _columns(features, self.strength, self.axes, strength)

    def logits(self, features: VoteFeatures) -> tuple[Floats, Floats]:
        """Return log odds of a against b, and of a tie against a decision: (votes,) each."""
        columns = self.columns(features)
        win = self.win.predict(columns.odd, columns.for_trees())
        closeness = columns.with_closeness(win)
        return win, self.tie.predict(closeness, closeness)

    def predict(self, features: VoteFeatures) -> Floats:
        """Return probabilities (votes, 3) of a, b, tie."""
        return probabilities(*self.logits(features))


def learn(taught: Taught, *, seed: int = 0, with_trees: bool = True) -> Learnt:
    """Learn to predict votes; everything chosen is chosen within these votes.

    Args:
        taught: votes to learn from.
        seed: decides the parts of the inner cross-validation.
        with_trees: blend with LightGBM where it can be loaded.
    """
    features, outcomes = taught.features, taught.outcomes
    parts = prompt_parts(taught.prompts, _PARTS, seed + 1)
    strength = read = None
    if features.ngrams is not None:
        strength = fit_strength(features.ngrams, outcomes, taught.models, seed=seed)
        read = strength_out_of_fold(features.ngrams, outcomes, taught.models, parts, seed=seed)
    axes = {one.name: principal_axes(one, seed) for one in features.wide}
    columns = _columns(features, strength, axes, read)
    with_trees = with_trees and trees_missing() is None
    win, logits = fit_part(
        PartData(
            columns.odd, columns.for_trees(), (outcomes > 0).astype(np.float64), outcomes != 0, taught.sources, parts,
            odd=columns.odd.shape[1],
        ),
        with_trees=with_trees,
    )  # fmt: skip
    closeness = columns.with_closeness(logits)
    everything = np.ones(len(outcomes), bool)
    tie, _ = fit_part(
        PartData(
            closeness, closeness, (outcomes == 0).astype(np.float64), everything, taught.sources, parts, odd=0
        ),
        with_trees=with_trees,
    )
    return Learnt(strength, axes, win, tie)


def prompt_parts(prompts: Ints, parts: int, seed: int) -> Ints:
    """Deal prompts to parts of nearly equal size: (votes,), 0 to parts - 1."""
    counts = np.bincount(prompts)
    order = np.random.default_rng(seed).permutation(len(counts))
    order = order[np.argsort(-counts[order], kind="stable")]
    filled = np.zeros(parts)
    part_of = np.zeros(len(counts), np.int64)
    for prompt in order:
        part_of[prompt] = filled.argmin()
        filled[part_of[prompt]] += counts[prompt]
    return np.asarray(part_of[prompts], np.int64)


def _columns(
    features: VoteFeatures, strength: TextStrength | None, axes: Mapping[str, Axes], read: Floats | None
) -> Columns:
    odd_names, odd = features.odd()
    even_names, even = features.even()
    if strength is not None and features.ngrams is not None:
        told = strength.differences(features.ngrams) if read is None else read
        odd, odd_names = np.column_stack([odd, told]), (*odd_names, _STRENGTH)
        even, even_names = np.column_stack([even, np.abs(told)]), (*even_names, f"{_STRENGTH}, difference")
    for one in features.wide:
        found = axes[one.name]
        odd = np.hstack([odd, found.odd(one)])
        even = np.hstack([even, found.even(one)])
        names = [f"{one.label}{DIRECTION}{place + 1})" for place in range(found.difference.shape[1])]
        odd_names = (*odd_names, *names)
        even_names = (*even_names, *(f"{name}, both" for name in names))
    return Columns(odd_names, odd, even_names, even)


def principal_axes(wide: Wide, seed: int) -> Axes:
    """Find the directions along which wide columns vary most: 16 at most, and no more than one for 50 votes."""
    from sklearn.decomposition import PCA, TruncatedSVD

    count = max(1, min(_AXES, len(wide.odd) // _VOTES_FOR_AXIS, wide.odd.shape[1] - 1, len(wide.odd) - 1))
    difference = TruncatedSVD(count, random_state=seed).fit(wide.odd)
    both = PCA(count, random_state=seed, svd_solver="randomized").fit(wide.even)
    return Axes(
        np.asarray(difference.components_.T, np.float64),
        np.asarray(both.components_.T, np.float64),
        np.asarray(both.mean_, np.float64),
    )
