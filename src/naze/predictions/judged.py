"""A file of votes goes in; a judge's verdicts on them come out, scored and calibrated where winners are known.

With a predictor that costs nothing, the judge is asked about the votes that the predictor is least sure of: a cascade.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from naze.configuration import read_configuration
from naze.engines.protocol import EngineOptions
from naze.errors import ConfigurationError, InputError
from naze.factors.resampling import Estimate
from naze.generations import Progress
from naze.invocation import as_typed
from naze.jobs.asking import opened_worker
from naze.predictions.agreement import Agreement, agreement_with_people
from naze.predictions.calibrating import (
    CascadePoint,
    calibrate_judge,
    calibrated_out_of_fold,
    cascade_curve,
    unsureness,
)
from naze.predictions.features.groups import Floats, Group, Ints
from naze.predictions.judging import Verdicts, judge_votes
from naze.predictions.predictor import VotePredictor, outcomes_of, prompt_numbers
from naze.predictions.scores import PredictionScore, class_numbers, difference, log_loss, score_probabilities
from naze.records import Vote, Winner
from naze.tables.beside import beside
from naze.tables.write import write_table
from naze.votes import Votes, read_votes

__all__ = ["JudgeSettings", "Judged", "better", "judge_file"]

_LEAST_KNOWN = 30
"""With fewer winners nothing is calibrated or scored."""
_USES = ("prior", "one order", "both orders", "calibrated", "predictor", "together")
"""What is scored, in the order in which it is shown."""
_SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """How votes are judged."""

    model: str | None = None
    """None: the configuration's."""
    out: Path | None = None
    """The run's folder; None: beside the file, named after it."""
    language: str = "en"
    """ISO 639-1 code of the question."""
    examples: int = 0
    """Votes with winners that the model is shown first; they are not judged."""
    predictor: Path | None = None
    """Folder of a predictor that is asked first."""
    unsure: float = 1.0
    """Share of the votes, those that the predictor is least sure of, that are judged."""
    limit: int | None = None
    columns: Mapping[str, str] | None = None
    seed: int = 0
    engine: str | None = None
    options: EngineOptions = field(default_factory=EngineOptions)


@dataclass(frozen=True)
class Judged:
    """What a judge said, and what it is worth."""

    model: str
    file: Path
    """The table: id, p_a, p_b, p_tie, calibrated_a, calibrated_b, calibrated_tie, judged (in both orders)."""
    votes: int
    judged: int
    unanswered: int
    """Votes that were asked about and have no answer in one order or both."""
    position_bias: float
    scores: Mapping[str, PredictionScore]
    """`prior`, `one order`, `both orders`, `calibrated`; with a predictor `predictor` and `together`. Out of fold."""
    gains: Mapping[str, Estimate]
    """Log loss less the prior's; below 0 is better."""
    cascade: tuple[CascadePoint, ...] = ()
    """What each share of judged votes costs and saves; with a predictor, where all votes were asked about."""
    added: Estimate | None = None
    """What the calibrated verdicts add: log loss less the prior's or, with a predictor, less the predictor's alone."""
    kept: str | None = None
    """What the columns `calibrated_…` hold of the judged votes, by its name in `scores`: the verdicts where they help beyond
    chance, else `prior` or `predictor`. None: too few winners are known."""
    agreement: Agreement | None = None
    """Of the verdicts as they are with people, as published judges are counted; None where no winner is known."""


def judge_file(
    path: str | Path,
    settings: JudgeSettings | None = None,
    *,
    progress: Callable[[], Progress | None] | None = None,
) -> Judged:
    """Judge the votes of a file. Durable: the same call again asks nothing twice.

    Raises:
        InputError: no votes, or nothing left to judge; or a predictor that learnt from these votes and held none of them out.
        ConfigurationError: no model is named, or a share that is none.
    """
    settings = settings or JudgeSettings()
    model = settings.model or read_configuration().model
    if model is None:
        raise ConfigurationError("no model is named. Give --model (`naze models` shows what there is).")
    if not 0 < settings.unsure <= 1:
        raise ConfigurationError(f"unsure is {settings.unsure}; expected a share above 0 and at most 1.")
    if settings.unsure < 1 and settings.predictor is None:
        raise ConfigurationError("--unsure needs --predictor: somebody has to say which votes are unsure.")
    read = read_votes(path, columns=settings.columns, limit=settings.limit)
    folder = settings.out or beside(Path(path), "-judge", suffix="")
    examples, votes = _examples(read, settings)
    cheap = None if settings.predictor is None else _cheap(settings.predictor, votes)
    asked = _asked_rows(cheap, len(votes), settings.unsure)
    with opened_worker(model, engine=settings.engine, options=settings.options, begun=folder) as worker:
        verdicts = judge_votes(
            Votes.from_votes([votes[row] for row in asked]), worker, folder, language=settings.language,
            examples=examples, progress=progress() if progress else None,
        )  # fmt: skip
    return _Reckoning(votes, asked, verdicts, cheap, settings.seed).judged(model, folder)


def _examples(read: Votes, settings: JudgeSettings) -> tuple[list[Vote], list[Vote]]:
    """Draw the examples, of each outcome in turn, and leave out all votes on their prompts."""
    votes = list(read)
    if not settings.examples:
        return [], votes
    random = np.random.default_rng(settings.seed)
    order = [votes[int(row)] for row in random.permutation(len(votes))]
    kinds: list[list[Vote]] = [
        [vote for vote in order if vote.winner in winners]
        for winners in ((Winner.A,), (Winner.B,), (Winner.TIE, Winner.BOTH_BAD))
    ]
    shown = [
        kinds[number % 3][number // 3]
        for number in range(settings.examples)
        if number // 3 < len(kinds[number % 3])
    ]
    if len(shown) < settings.examples:
        raise InputError(
            f"{len(shown)} examples can be drawn in equal parts from {len(votes):,} votes; expected {settings.examples}. "
            "Give fewer --examples, or votes with more winners."
        )
    prompts = prompt_numbers(votes)
    ids = {vote.id for vote in shown}
    taken = {int(number) for vote, number in zip(votes, prompts, strict=True) if vote.id in ids}
    rest = [vote for vote, number in zip(votes, prompts, strict=True) if int(number) not in taken]
    if not rest:
        raise InputError("no vote is left to judge once the examples' prompts are left out. Give more votes.")
    return shown, rest


def _cheap(folder: Path, votes: Sequence[Vote]) -> Floats:
    """Predict votes; those that the predictor learnt from are taken out of fold, else it would know their winners."""
    predictor = VotePredictor.load(folder)
    known, found = predictor.out_of_fold_of(votes)
    within = np.flatnonzero(known & np.isnan(found).any(axis=1))
    if len(within):
        raise InputError(
            f"{folder}: the predictor learnt from {len(within):,} of these {len(votes):,} votes ({votes[within[0]].id} is "
            "the first) and has no prediction of them that does not know their winners (fitted with --folds 0, or they were "
            "--extra votes). Fit it with --folds 5, or judge votes that it did not learn from."
        )
    new = np.flatnonzero(~known)
    if len(new):
        found[new] = predictor.predict_proba([votes[int(row)] for row in new])
    return found


def _asked_rows(cheap: Floats | None, count: int, share: float) -> list[int]:
    if cheap is None or share == 1:
        return list(range(count))
    order = np.argsort(unsureness(cheap), kind="stable")[::-1]
    return sorted(int(row) for row in order[: max(1, round(share * count))])


def _logits(told: Floats) -> tuple[Floats, Floats]:
    held = np.clip(told, 1e-9, 1.0)
    return np.log(held[:, 0] / held[:, 1]), np.log(held[:, 2] / (held[:, 0] + held[:, 1]))


def _whole(told: Floats) -> Floats:
    return np.asarray(told / told.sum(axis=1, keepdims=True), np.float64)


def better(change: Estimate | None) -> bool:
    """Say whether a change of the log loss is below 0 beyond chance: its whole interval is."""
    return change is not None and change.high is not None and change.high < 0


@dataclass(frozen=True)
class _Scored:
    """What verdicts on votes with winners are worth; the fields are those of `Judged`."""

    scores: Mapping[str, PredictionScore]
    gains: Mapping[str, Estimate]
    added: Estimate
    cascade: tuple[CascadePoint, ...]
    kept: str
    final: Floats
    """(answered, 3): what is written as calibrated."""


@dataclass(frozen=True)
class _Reckoning:
    """What was asked of which votes."""

    votes: list[Vote]
    asked: list[int]
    verdicts: Verdicts
    cheap: Floats | None
    seed: int

    def judged(self, model: str, folder: Path) -> Judged:
        """Calibrate, score, write."""
        answered = np.flatnonzero(np.asarray(self.verdicts.answered, bool))
        if not len(answered):
            raise InputError(
                f"none of {len(self.asked):,} votes was answered by {model}. "
                f"`{as_typed('naze', 'runs', 'show', folder)}` says why."
            )
        rows = np.asarray(self.asked, np.int64)[answered]
        known = np.array([self.votes[int(row)].winner is not None for row in rows], bool)
        final = np.full((len(self.votes), 3), np.nan) if self.cheap is None else self.cheap.copy()
        scored = None
        if known.sum() >= _LEAST_KNOWN:
            scored = self._scored(answered, rows, known)
            final[rows] = scored.final
        file = self._write(folder / "verdicts.parquet", final, rows)
        found = Judged(
            model, file, len(self.votes), len(answered), len(self.asked) - len(answered), self.verdicts.position_bias,
            {}, {}, agreement=self._agreement(answered[known], rows[known]),
        )  # fmt: skip
        if scored is None:
            return found
        return replace(
            found, scores=scored.scores, gains=scored.gains, cascade=scored.cascade, added=scored.added, kept=scored.kept
        )  # fmt: skip

    def _agreement(self, answered: Ints, rows: Ints) -> Agreement | None:
        if not len(rows):
            return None
        voted = [self.votes[int(row)] for row in rows]
        return agreement_with_people(
            self.verdicts.shown[answered],
            self.verdicts.swapped[answered],
            [vote.winner for vote in voted if vote.winner is not None],
            prompt_numbers(voted),
            seed=self.seed,
        )

    def _scored(self, answered: Ints, rows: Ints, known: Ints) -> _Scored:
        """Score every way of using the verdicts, and choose the one that is written: the judge only where it helps."""
        verdicts, own = self.verdicts.take([int(row) for row in answered]), np.flatnonzero(known)
        voted = [self.votes[int(row)] for row in rows[own]]
        outcomes, prompts = outcomes_of(voted), prompt_numbers(voted)
        happened, group = class_numbers(outcomes), verdicts.group()
        counts = np.bincount(happened, minlength=3) + 1.0
        counts[:2] = counts[:2].mean()
        told = {"one order": verdicts.shown[own], "both orders": verdicts.probabilities[own]}
        written = {"prior": np.tile(counts / counts.sum(), (len(rows), 1))}
        written["calibrated"] = self._calibrated(group, own, outcomes, prompts, None)
        cascade: tuple[CascadePoint, ...] = ()
        if self.cheap is not None:
            written["predictor"] = self.cheap[rows]
            written["together"] = self._calibrated(group, own, outcomes, prompts, _logits(self.cheap[rows]))
            if len(self.asked) == len(self.votes):
                together = written["together"][own]
                cascade = tuple(cascade_curve(self.cheap[rows][own], together, happened, _SHARES))
        told |= {name: one[own] for name, one in written.items()}
        losses = {name: log_loss(one, happened) for name, one in told.items()}
        without, best = list(written)[-2:]
        added = difference(losses[best], losses[without], prompts, seed=self.seed)
        kept = best if better(added) else without
        order = [name for name in _USES if name in told]
        scores = {
            name: score_probabilities(_whole(told[name]), happened, prompts, seed=self.seed) for name in order
        }
        gains = {
            name: difference(losses[name], losses["prior"], prompts, seed=self.seed)
            for name in order
            if name != "prior"
        }
        return _Scored(scores, gains, added, cascade, kept, written[kept])

    def _calibrated(
        self, group: Group, own: Ints, outcomes: Floats, prompts: Ints, cheap: tuple[Floats, Floats] | None
    ) -> Floats:
        """Calibrate all answered votes; those whose winners taught it (`own`) out of fold."""
        of_own = None if cheap is None else (cheap[0][own], cheap[1][own])
        learnt = calibrate_judge(group.take(own), outcomes, prompts, cheap=of_own, seed=self.seed)
        final = learnt.apply(group, cheap)
        final[own] = calibrated_out_of_fold(group.take(own), outcomes, prompts, cheap=of_own, seed=self.seed)
        return final

    def _write(self, path: Path, final: Floats, answered: Ints) -> Path:
        import polars as pl

        raw = np.full((len(self.votes), 3), np.nan)
        raw[self.asked] = self.verdicts.probabilities
        columns: dict[str, object] = {"id": [vote.id for vote in self.votes]}
        columns |= dict(zip(("p_a", "p_b", "p_tie"), raw.T, strict=True))
        names = ("calibrated_a", "calibrated_b", "calibrated_tie")
        columns |= dict(zip(names, final.T, strict=True))
        columns["judged"] = np.isin(np.arange(len(self.votes)), answered)
        write_table(path, pl.DataFrame(columns).fill_nan(None))
        return path
