"""Votes go in; a predictor of the next vote comes out, with scikit-learn's conventions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from naze.counting import counted
from naze.errors import ConfigurationError, InputError
from naze.factors.resampling import Estimate
from naze.one_thread import one_thread_if_small
from naze.predictions.baselines import BASELINES, cross_validate, naze_learner, outcome_shares
from naze.predictions.contents import Hashes, content_hashes
from naze.predictions.features.counted import measure_votes
from naze.predictions.features.groups import Floats, Group, Ints, VoteFeatures, Wide, joined
from naze.predictions.models.learnt import Learnt, Taught, learn
from naze.predictions.models.part import LEAST_DECIDED, Bools
from naze.predictions.models.trees import trees_missing
from naze.predictions.scores import (
    CLASSES,
    PredictionScore,
    class_numbers,
    difference,
    log_loss,
    score_probabilities,
)
from naze.records import Vote, Winner
from naze.votes.language import languages_in
from naze.votes.split import normalised_prompt

if TYPE_CHECKING:
    from naze.predictions.asking import Questions
    from naze.predictions.explaining import Explained
    from naze.predictions.surprising import SurprisingVote

__all__ = [
    "FitReport",
    "Given",
    "Labels",
    "VotePredictor",
    "accuracy_of",
    "check_prompts",
    "class_labels",
    "outcomes_of",
    "prompt_numbers",
]

Labels = Sequence[str | int]
"""A winner for each vote: `a`, `b`, `tie`, `both_bad`, or 0, 1, 2 for the places in `CLASSES`, as scikit-learn numbers them."""
Given = Sequence[Group | Wide]
"""Further columns of votes, such as a judge's verdicts, its hidden states, or verdicts on factors."""
_OUTCOMES = {Winner.A: 1.0, Winner.B: -1.0, Winner.TIE: 0.0, Winner.BOTH_BAD: 0.0}
_NUMBERED: Mapping[object, float] = {0: 1.0, 1: -1.0, 2: 0.0}
"""Outcomes of the places in `CLASSES`."""
_LEAST_VOTES = 30


@dataclass(frozen=True)
class FitReport:
    """How well votes are predicted that the predictor did not see: grouped cross-validation by prompt."""

    folds: int
    score: PredictionScore
    """Of naze."""
    baselines: Mapping[str, PredictionScore]
    """Of the shares of the outcomes, of length alone, and of models with one number for ties; on the same folds."""
    gains: Mapping[str, Estimate]
    """Baseline -> its log loss minus naze's, vote by vote: above 0 naze is better."""
    out_of_fold: Floats
    """(votes, 3): the probabilities that were scored."""
    happened: Ints
    """(votes,) 0: a, 1: b, 2: tie."""
    vote_ids: tuple[str, ...]
    notes: tuple[str, ...]


class VotePredictor(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Predicts who a person will prefer, or whether they will call it a tie.

    Follows scikit-learn: `fit`, `predict_proba`, `predict`, `score`, `classes_`, `get_params`; votes are a sequence of `Vote`,
    so that it works in pipelines, in `cross_val_score` and in a `VotingClassifier`. Votes both of whose responses are called
    bad count as ties.

    Where scikit-learn numbers the labels before it passes them on (`cross_val_predict` with `predict_proba`,
    `VotingClassifier`), 0, 1, 2 are a, b, tie. That is its alphabetical order of labels that hold all three and no other:
    call `both_bad` a `tie` there.

    Example:
        >>> from naze import read_votes
        >>> votes = read_votes("examples/explained.parquet")
        >>> predictor = VotePredictor(folds=0, leave_out=["n-grams"]).fit(votes)
        >>> predictor.predict_proba(votes[:2]).shape
        (2, 3)
    """

    def __init__(
        self,
        *,
        folds: int = 5,
        embedding_model: str | None = None,
        leave_out: Sequence[str] = (),
        trees: bool = True,
        seed: int = 0,
    ) -> None:
        """Set a predictor up; nothing is read or loaded yet.

        Args:
            folds: of the cross-validation that tells how good it is; 0: none is made.
            embedding_model: a name, folder or server whose vectors of prompt and responses are used too; None: none.
            leave_out: groups of features that are not used, e.g. `n-grams`, `markdown`.
            trees: blend with LightGBM where it can be loaded.
            seed: decides folds, draws and resamples.
        """
        self.folds = folds
        self.embedding_model = embedding_model
        self.leave_out = leave_out
        self.trees = trees
        self.seed = seed

    def fit(
        self,
        votes: Sequence[Vote],
        y: Labels | None = None,
        *,
        extra: Sequence[Sequence[Vote]] = (),
        given: Given = (),
    ) -> Self:
        """Learn from votes.

        Args:
            votes: at least 30, of at least as many prompts as there are folds.
            y: `a`, `b`, `tie` or `both_bad` of each vote, or 0, 1, 2 for a, b, tie (then `classes_` and `predict` are such
                numbers too); None: the votes' own winners.
            extra: votes of other sets. Each set counts as far as it lowers the loss on `votes` out of fold, and not otherwise.
            given: further columns of `votes`; cannot be had together with `extra`.

        Raises:
            InputError: fewer votes or prompts than needed, one outcome only, no winners.
            ConfigurationError: an unknown group is left out.
        """
        outcomes = outcomes_of(votes, y)
        _check(votes, outcomes, self.folds)
        sets = [list(votes), *(list(one) for one in extra if len(one))]
        if given and len(sets) > 1:
            raise ConfigurationError("further columns (given) and extra votes cannot be used together yet.")
        features = [
            _check_given(self._features(one, given if not place else ()), one)
            for place, one in enumerate(sets)
        ]
        told = np.concatenate([outcomes, *(outcomes_of(one, None) for one in sets[1:])])
        together = [vote for one in sets for vote in one]
        taught = Taught(
            features=joined(features),
            outcomes=told,
            prompts=prompt_numbers(together),
            models=[(vote.model_a, vote.model_b) for vote in together],
            sources=np.concatenate([np.full(len(one), place) for place, one in enumerate(sets)]),
        )
        self.group_names_ = taught.features.names
        self.classes_ = class_labels(y)
        self.languages_ = list(languages_in(votes))
        with one_thread_if_small(len(together)):
            self.report_ = self._cross_validated(taught, list(votes)) if self.folds else None
            self.learnt_: Learnt = learn(taught, seed=self.seed, with_trees=self.trees)
        self.questions_: Questions | None = None
        self.surprising_ = self._surprising(taught, list(votes))
        self.votes_, self.extra_votes_ = len(votes), sum(len(one) for one in sets[1:])
        self.prior_ = outcome_shares(outcomes)
        self.contents_: Hashes = content_hashes(together)[:, 0]
        return self

    def predict_proba(self, votes: Sequence[Vote], *, given: Given = ()) -> Floats:
        """Return probabilities (votes, 3) in the order of `classes_`: a, b, tie.

        Raises:
            InputError: further columns that were there in `fit` are missing, or hold what is no number.
        """
        self._is_fitted()
        if not len(votes):
            return np.empty((0, 3))
        return self.learnt_.predict(self._asked(votes, given))

    def predict(self, votes: Sequence[Vote], *, given: Given = ()) -> Any:  # noqa: ANN401 - strings or numbers
        """Return the likeliest outcome of each vote: `a`, `b` or `tie`; their numbers where it was fitted with numbers."""
        return self.classes_[self.predict_proba(votes, given=given).argmax(axis=1)]

    def score(
        self,
        votes: Sequence[Vote],
        y: Labels | None = None,
        sample_weight: Sequence[float] | None = None,
        *,
        given: Given = (),
    ) -> float:
        """Return the accuracy: the share of votes, 0-1, whose outcome was held likeliest; `both_bad` counts as a tie.

        Args:
            votes: at least one.
            y: as in `fit`; None: the votes' own winners.
            sample_weight: (votes,) how much each vote counts; None: all alike.
            given: further columns that were there in `fit`.

        Raises:
            InputError: no votes, no winners, or further columns are missing.
        """
        return accuracy_of(self.predict_proba(votes, given=given), votes, y, sample_weight)

    def explain(self, votes: Sequence[Vote], *, given: Given = (), most: int = 6) -> "list[Explained]":
        """Say for each vote which features moved its prediction, and how far."""
        from naze.predictions.explaining import explain_predictions

        self._is_fitted()
        return explain_predictions(self.learnt_, self._asked(votes, given), votes, most)

    def unseen_languages(self, votes: Sequence[Vote]) -> tuple[str, ...]:
        """Name the languages of votes that none of the votes learnt from was in.

        Where votes bring no language, that of their prompts is detected, of 1,000 at most; a language in fewer than 2 % of
        them is not named. Nothing is named where no language of the votes learnt from is known.
        """
        if not self.languages_:
            return ()
        return tuple(one for one in languages_in(votes) if one not in self.languages_)

    def out_of_fold_of(self, votes: Sequence[Vote]) -> tuple[Bools, Floats]:
        """Find the votes that were learnt from, and what was predicted of them by a model that did not see their prompt.

        Votes are known by what they show (prompt and both responses, the sides exchanged or not), not by their ids.

        Returns:
            (votes,) whether it was learnt from, extra votes included; and (votes, 3) probabilities of a, b, tie. These are NaN
            for a vote that was not learnt from, for an extra vote, and for all where nothing was held out (`folds=0`).
        """
        self._is_fitted()
        told = np.empty((0, 3)) if self.report_ is None else self.report_.out_of_fold
        places: dict[int, int] = {}
        for place, one in enumerate(self.contents_.tolist()):
            places.setdefault(one, place)
        known, found = np.zeros(len(votes), bool), np.full((len(votes), 3), np.nan)
        for row, (shown, exchanged) in enumerate(content_hashes(votes).tolist()):
            order, content = ([0, 1, 2], shown) if shown in places else ([1, 0, 2], exchanged)
            known[row] = content in places
            if known[row] and places[content] < len(told):
                found[row] = told[places[content], order]
        return known, found

    def save(self, folder: str | Path) -> Path:
        """Write the predictor into a folder: JSON, arrays and LightGBM's own text; nothing that runs code when it is read."""
        from naze.predictions.stored import save_predictor

        self._is_fitted()
        return save_predictor(self, folder)

    @classmethod
    def load(cls, folder: str | Path) -> "VotePredictor":
        """Read a predictor that was saved.

        Raises:
            InputError: no predictor is there, a file is damaged, or a newer version wrote it.
        """
        from naze.predictions.stored import load_predictor

        return load_predictor(folder)

    def _asked(self, votes: Sequence[Vote], given: Given) -> VoteFeatures:
        features = _check_given(self._features(votes, given), votes)
        missing = [name for name in self.group_names_ if name not in features.names]
        if missing:
            raise InputError(
                f"this predictor was fitted with {', '.join(missing)}, which these votes come without. "
                "Give them again (on the command line: the same --judge and --factors)."
            )
        return features

    def _features(self, votes: Sequence[Vote], given: Given) -> VoteFeatures:
        from contextlib import ExitStack, closing

        from naze.engines.embeddings import open_embedder

        ngrams = "n-grams" not in self.leave_out
        with ExitStack() as stack:
            embedder = None
            if self.embedding_model is not None:
                embedder = stack.enter_context(closing(open_embedder(self.embedding_model)))
            features = measure_votes(votes, ngrams=ngrams, embedder=embedder)
        features = VoteFeatures(
            features.count,
            (*features.groups, *(one for one in given if isinstance(one, Group))),
            features.ngrams,
            (*features.wide, *(one for one in given if isinstance(one, Wide))),
        )
        unknown = [name for name in self.leave_out if name not in (*features.names, "n-grams", "embeddings")]
        if unknown:
            raise ConfigurationError(
                f"there is no group of features {unknown[0]!r}; expected some of {', '.join(features.names)}."
            )
        return features.without(tuple(self.leave_out))

    def _cross_validated(self, taught: Taught, votes: list[Vote]) -> FitReport:
        own = taught.sources == 0
        happened, prompts = class_numbers(taught.outcomes[own]), taught.prompts[own]
        told = cross_validate(taught, naze_learner(trees=self.trees, seed=self.seed), self.folds, self.seed)
        losses = log_loss(told, happened)
        baselines, gains = {}, {}
        for name, learner in BASELINES.items():
            if name == "length alone" and "length" not in taught.features.names:
                continue
            other = cross_validate(taught, learner, self.folds, self.seed)
            baselines[name] = score_probabilities(other, happened, prompts, seed=self.seed)
            gains[name] = difference(log_loss(other, happened), losses, prompts, seed=self.seed)
        return FitReport(
            folds=self.folds,
            score=score_probabilities(told, happened, prompts, seed=self.seed),
            baselines=baselines,
            gains=gains,
            out_of_fold=told,
            happened=happened,
            vote_ids=tuple(vote.id for vote in votes),
            notes=self._notes(taught, votes),
        )

    def _surprising(self, taught: Taught, votes: list[Vote]) -> "tuple[SurprisingVote, ...]":
        from naze.predictions.surprising import surprising_votes

        if self.report_ is None:
            return ()
        own = np.flatnonzero(taught.sources == 0)
        return surprising_votes(
            self.learnt_, taught.features.take(own), votes, self.report_.out_of_fold, self.report_.happened,
            taught.prompts[own],
        )  # fmt: skip

    def _notes(self, taught: Taught, votes: list[Vote]) -> tuple[str, ...]:
        notes = []
        missing = trees_missing()
        if self.trees and missing:
            notes.append(f"the linear model alone, without trees: {missing}")
        decided = int((taught.outcomes[taught.sources == 0] != 0).sum())
        if decided < LEAST_DECIDED:
            notes.append(
                f"only {decided:,} of {len(votes):,} votes are decided: who wins is learnt from {LEAST_DECIDED} or more, so "
                "that A and B are held equally likely"
            )
        against = _contradictions(votes, taught.outcomes)
        if against:
            notes.append(
                f"votes on the same two responses contradict each other (prompts: {against:,}); all are kept, since "
                "people differ"
            )
        return tuple(notes)

    def _is_fitted(self) -> None:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "learnt_")


def prompt_numbers(votes: Sequence[Vote]) -> Ints:
    """Number prompts; votes on the same first turn have the same number: (votes,)."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(normalised_prompt(vote.prompt), len(numbers)) for vote in votes], np.int64
    )


def outcomes_of(votes: Sequence[Vote], y: Labels | None = None) -> Floats:
    """Return 1: a, -1: b, 0: tie of each vote."""
    told: list[str | int | None] = [vote.winner for vote in votes] if y is None else list(y)
    if len(told) != len(votes):
        raise InputError(
            f"{counted(len(votes), 'vote')} and {counted(len(told), 'winner')}; expected as many."
        )
    found = np.empty(len(told))
    for row, winner in enumerate(told):
        if winner is None:
            raise InputError(
                f"vote {row + 1:,} ({votes[row].id}) has no winner; expected votes that were decided. "
                "`naze votes check FILE` counts those without."
            )
        try:
            found[row] = _NUMBERED[winner] if _is_number(winner) else _OUTCOMES[Winner(str(winner))]
        except (KeyError, ValueError):
            raise InputError(
                f"vote {row + 1:,}: the winner is {winner!r}; expected {', '.join(Winner)}, or 0, 1, 2 for "
                f"{', '.join(CLASSES)}. Where scikit-learn numbers the labels, call both_bad a tie before."
            ) from None
    return found


def class_labels(y: Labels | None) -> Any:  # noqa: ANN401 - an array of strings or of numbers
    """Return `classes_` of a predictor that was fitted with these labels: names, or numbers where they are numbers."""
    numbered = y is not None and all(_is_number(one) for one in y)
    return np.arange(len(CLASSES)) if numbered else np.array(CLASSES)


def accuracy_of(
    probabilities: Floats,
    votes: Sequence[Vote],
    y: Labels | None = None,
    sample_weight: Sequence[float] | None = None,
) -> float:
    """Return the share of votes, 0-1, whose outcome has the highest probability.

    Raises:
        InputError: no votes, or no winners.
    """
    if not len(votes):
        raise InputError("0 votes; expected at least one to score.")
    right = probabilities.argmax(axis=1) == class_numbers(outcomes_of(votes, y))
    return float(np.average(right, weights=sample_weight))


def _is_number(label: object) -> bool:
    return isinstance(label, int | np.integer) and not isinstance(label, bool)


def _check(votes: Sequence[Vote], outcomes: Floats, folds: int) -> None:
    if len(votes) < _LEAST_VOTES:
        raise InputError(
            f"{counted(len(votes), 'vote')}; expected at least {_LEAST_VOTES} to learn from (some hundreds to be of use)."
        )
    counts = np.bincount(class_numbers(outcomes), minlength=3)
    if (counts > 0).sum() < 2:
        only = CLASSES[int(counts.argmax())]
        raise InputError(
            f"all {counted(len(votes), 'vote')} ended as {only!r}; expected at least two different outcomes."
        )
    if folds == 1 or folds < 0:
        raise ConfigurationError(f"folds is {folds}; expected at least 2, or 0 for no cross-validation.")
    check_prompts(votes, folds)


def check_prompts(votes: Sequence[Vote], folds: int) -> None:
    """See that votes are on as many prompts as there are folds.

    Raises:
        InputError: they are on fewer.
    """
    prompts = len({normalised_prompt(vote.prompt) for vote in votes})
    if prompts < max(folds, 2):
        raise InputError(
            f"{counted(prompts, 'different prompt')} for {folds} folds; expected at least as many prompts as folds, since "
            "votes on one prompt stay together. Give more votes, or fewer --folds."
        )


def _check_given(features: VoteFeatures, votes: Sequence[Vote]) -> VoteFeatures:
    everything: tuple[Group | Wide, ...] = (*features.groups, *features.wide)
    for group in everything:
        for parity in ("odd", "even"):
            values = getattr(group, parity)
            if values is None:
                continue
            if len(values) != len(votes):
                raise InputError(
                    f"{group.name}: {counted(len(values), 'row')} for {counted(len(votes), 'vote')}; expected as many."
                )
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                row, column = bad[0]
                name = (
                    f"column {column + 1}"
                    if isinstance(group, Wide)
                    else getattr(group, f"{parity}_names")[column]
                )
                raise InputError(
                    f"{group.name}: {name!r} of vote {votes[row].id} is {values[row, column]}; expected a number. "
                    "An engine that gives no probabilities cannot be used here."
                )
    return features


def _contradictions(votes: list[Vote], outcomes: Floats) -> int:
    """Count prompts with the same two responses and both winners."""
    seen: dict[tuple[Any, ...], set[float]] = {}
    for vote, outcome in zip(votes, outcomes, strict=False):
        if not outcome:
            continue
        turned = (repr(vote.response_a), repr(vote.response_b))
        key, sign = (turned, outcome) if turned[0] <= turned[1] else (turned[::-1], -outcome)
        seen.setdefault((normalised_prompt(vote.prompt), key), set()).add(sign)
    return sum(len(signs) > 1 for signs in seen.values())
