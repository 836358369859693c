"""The tables of docs/prediction.md about a language model: what its verdicts, mind and factors add, what a cascade saves.

Enters: files of votes, and a run of `naze predict fit --judge MODEL --probe` (its folder `asked/judge`) or of `naze judge`,
finished or not (`--judged`), or runs of `naze factors` that tested on votes of these files (`--factors`), or a model that is
to judge them, all or a sample (`--judge`). Leaves: Markdown tables on standard output, and with `--write docs/prediction.md`
in that page.

naze without a model learns from all votes of the files; each is predicted by a model that did not see its prompt. On the votes
that were judged, what the model says is then added to that prediction, by a calibration out of fold. So few judged votes are
put to the question that matters: does the language model know something that counting does not?
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from judges_published import table_of_judges
from naze.factors.result import open_factors
from naze.predictions.asking import factor_group, probe_columns
from naze.predictions.baselines import BASELINES, naze_learner
from naze.predictions.calibrating import calibrate_judge, cascade_curve
from naze.predictions.features.groups import Floats, Group, Ints, VoteFeatures, Wide
from naze.predictions.judging import Verdicts, read_verdicts
from naze.predictions.models.learnt import Taught, principal_axes, prompt_parts
from naze.predictions.scores import class_numbers
from naze.records import Vote
from naze.report import write_cascade_figure
from prediction_tables import FOLDS, Comparison, decided, taught, write_into

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True)
class Predicted:
    """Votes that a model was asked about, as naze predicts them without it."""

    told: Taught
    cheap: Floats
    """(votes, 3): by naze without a model, out of fold."""
    prior: Floats
    """(votes, 3): the shares of the outcomes among the votes of the other folds."""

    @property
    def logits(self) -> tuple[Floats, Floats]:
        """Log odds of a against b, and of a tie."""
        held = np.clip(self.cheap, 1e-9, 1.0)
        return np.log(held[:, 0] / held[:, 1]), np.log(held[:, 2] / (held[:, 0] + held[:, 1]))

    def with_model(self, groups: Sequence[Group | Wide], *, alone: bool = False) -> Floats:
        """Add what the model says to naze's prediction, or take it alone; out of fold: (votes, 3)."""
        prompts, outcomes = self.told.prompts, self.told.outcomes
        parts = prompt_parts(prompts, FOLDS, 0)
        found = np.empty((len(outcomes), 3))
        for fold in range(FOLDS):
            rest, own = np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)
            group = joined_columns(groups, rest)
            _, numbers = np.unique(prompts[rest], return_inverse=True)
            cheap = None if alone else self.logits
            first = None if cheap is None else (cheap[0][rest], cheap[1][rest])
            second = None if cheap is None else (cheap[0][own], cheap[1][own])
            learnt = calibrate_judge(group.take(rest), outcomes[rest], numbers, cheap=first)
            found[own] = learnt.apply(group.take(own), second)
        return found


@dataclass(frozen=True)
class Judged(Predicted):
    """The votes that a model judged in both orders."""

    verdicts: Verdicts
    probe: Wide | None


def joined_columns(groups: Sequence[Group | Wide], rest: Ints) -> Group:
    """Put groups side by side; wide ones are reduced to directions found on the rows to learn from."""
    odd, even = [], []
    for one in groups:
        if isinstance(one, Wide):
            axes = principal_axes(one.take(rest), 0)
            odd.append(axes.odd(one))
            even.append(axes.even(one))
        else:
            odd += [] if one.odd is None else [one.odd]
            even += [] if one.even is None else [one.even]
    columns = np.hstack(odd), np.hstack(even)
    names = tuple(
        f"{parity} {place}"
        for parity, one in zip("oe", columns, strict=True)
        for place in range(one.shape[1])
    )
    count = columns[0].shape[1]
    return Group("model", names[:count], columns[0], names[count:], columns[1])


def predicted(everything: Taught, rows: Ints) -> Predicted:
    """Predict all votes without a model, and keep some."""
    base = Comparison(everything, "naze")
    base.add("prior", everything, BASELINES["prior"])
    base.add("naze", everything, naze_learner())
    own = everything.take(rows)
    _, numbers = np.unique(own.prompts, return_inverse=True)
    own = Taught(own.features, own.outcomes, np.asarray(numbers, np.int64), own.models, own.sources)
    return Predicted(own, base.found["naze"][rows], base.found["prior"][rows])


def read(votes: list[Vote], folder: Path) -> Judged:
    """Predict all votes without a model, and keep those that were judged."""
    verdicts = read_verdicts(folder, [vote.id for vote in votes])
    rows = np.flatnonzero(np.asarray(verdicts.answered, bool))
    if not len(rows):
        raise SystemExit(f"{folder}: no vote of this file was judged in both orders yet.")
    some = verdicts.take([int(row) for row in rows])
    probe = None if some.states is None else probe_columns(some.states)
    known = predicted(taught([votes], embeddings=False), rows)
    return Judged(known.told, known.cheap, known.prior, some, probe)


def with_factors(votes: list[Vote], folders: Sequence[Path]) -> str:
    """Say what verdicts on factors add, on the votes that each run tested them on."""
    everything = taught([votes], embeddings=False)
    rows = {vote.id: row for row, vote in enumerate(votes)}
    tables = []
    for folder in folders:
        run = open_factors(folder)
        matrix = run.matrix()
        answered = ~np.isnan(matrix.probabilities).any(axis=(1, 2))
        asked = np.array([rows[name] for name, fine in zip(matrix.vote_ids, answered, strict=True) if fine])
        known = predicted(everything, asked)
        if (known.told.outcomes != 0).all():
            known = without_ties(known)
        group = factor_group(matrix, run.factors).take(np.flatnonzero(answered))
        table = Comparison(known.told, "naze without a model")
        table.found = {
            "prior": known.prior,
            f"{len(run.factors)} factors alone": known.with_model([group], alone=True),
            "naze without a model": known.cheap,
            f"naze and {len(run.factors)} factors": known.with_model([group]),
        }
        tables.append(f"{len(asked)} votes, factors of a {run.about.outcome}.\n\n{table.table()}")
    return "\n\n".join(tables)


def without_ties(known: Predicted) -> Predicted:
    """Predict a or b alone: none of the votes is a tie."""
    told = []
    for one in (known.cheap, known.prior):
        decided = one * (1.0, 1.0, 0.0)
        told.append(decided / decided.sum(axis=1, keepdims=True))
    return Predicted(known.told, *told)


def beside_naze(judged: Judged) -> tuple[str, Floats]:
    """Compare verdicts alone, and added to naze; return the table and the best-informed prediction."""
    group = judged.verdicts.group()
    table = Comparison(judged.told, "naze without a model")
    told: dict[str, Floats] = {
        "prior": judged.prior,
        "verdict as it is, one order": judged.verdicts.shown,
        "verdict as it is, both orders": judged.verdicts.probabilities,
        "verdict, calibrated": judged.with_model([group], alone=True),
        "naze without a model": judged.cheap,
        "naze and verdicts": judged.with_model([group]),
    }
    if judged.probe is not None:
        told["probe alone"] = judged.with_model([judged.probe], alone=True)
        told["naze and probe"] = judged.with_model([judged.probe])
        told["naze, verdicts and probe"] = judged.with_model([group, judged.probe])
    for name, one in told.items():
        table.found[name] = one / one.sum(axis=1, keepdims=True)
    return table.table(), told["naze and verdicts"]


def taught_by_them_alone(judged: Judged) -> str:
    """Compare predictors that learn from the judged votes alone, as `naze predict fit` does."""
    group = judged.verdicts.group()
    sets: dict[str, tuple[Group | Wide, ...]] = {"without a model": (), "with verdicts": (group,)}
    if judged.probe is not None:
        sets |= {"with the probe": (judged.probe,), "with verdicts and probe": (group, judged.probe)}
    table = Comparison(judged.told, "without a model")
    table.keep = None  # the judged votes become more while a run goes on
    for name, given in sets.items():
        own = judged.told.features
        features = VoteFeatures(
            own.count,
            (*own.groups, *(one for one in given if isinstance(one, Group))),
            own.ngrams,
            tuple(one for one in given if isinstance(one, Wide)),
        )
        told = Taught(
            features, judged.told.outcomes, judged.told.prompts, judged.told.models, judged.told.sources
        )
        table.add(name, told, naze_learner())
    return table.table()


def cascade(judged: Judged, together: Floats, happened: Ints, figure: Path | None) -> str:
    """Say what asking the model about the least sure votes alone saves and costs, and draw it."""
    lines = ["| votes judged | log loss | as many at random |", "|---|---|---|"]
    points = cascade_curve(judged.cheap, together, happened, SHARES)
    if figure is not None:
        write_cascade_figure(points, figure)
    for point in points:
        lines.append(
            f"| {point.judged:,} ({point.share:.0%}) | {point.loss:.4f} | {point.loss_at_random:.4f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Make the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("votes", type=Path, nargs="+")
    parser.add_argument("--judged", type=Path, help="folder of the judge's run")
    parser.add_argument("--factors", type=Path, action="append", default=[], help="folder of a factors run")
    parser.add_argument(
        "--name",
        default="judge",
        help="tables are called NAME, NAME-alone, NAME-cascade, NAME-factors, NAME-published",
    )
    parser.add_argument("--judge", help="a model that judges each file, beside what others publish about it")
    parser.add_argument("--runs", type=Path, default=Path("judged"), help="--judge: its runs are kept here")
    parser.add_argument("--sample", type=int, help="--judge: so many votes of each file, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="--judge: decides the sample")
    parser.add_argument(
        "--context", type=int, help="--judge: tokens of its prompts; longer votes are shortened"
    )
    parser.add_argument("--write", type=Path)
    parser.add_argument("--figure", type=Path, help="--judged: the cascade's curve is drawn here, as SVG")
    parser.add_argument(
        "--keep", type=Path, help="as for prediction_tables.py: naze's own predictions are taken from there"
    )
    asked = parser.parse_args()
    if asked.judged is None and not asked.factors and asked.judge is None:
        parser.error("expected --judged, --factors or --judge")
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
        Comparison.keep = asked.keep
    votes = [vote for path in asked.votes for vote in decided(path)]
    tables = {}
    if asked.judge is not None:
        tables[f"{asked.name}-published"] = table_of_judges(
            {path.stem: decided(path) for path in asked.votes}, asked.judge, asked.runs, sample=asked.sample,
            seed=asked.seed, context=asked.context,
        )  # fmt: skip
    if asked.judged is not None:
        judged = read(votes, asked.judged)
        count = f"{len(judged.told.outcomes):,} votes"
        print(f"{count} judged; first place preferred by {judged.verdicts.position_bias:+.3f}", flush=True)
        table, together = beside_naze(judged)
        tables[asked.name] = f"{count}.\n\n{table}"
        curve = cascade(judged, together, class_numbers(judged.told.outcomes), asked.figure)
        tables[f"{asked.name}-cascade"] = f"{count}.\n\n{curve}"
        tables[f"{asked.name}-alone"] = f"{count}.\n\n{taught_by_them_alone(judged)}"
    if asked.factors:
        tables[f"{asked.name}-factors"] = with_factors(votes, asked.factors)
    for name, one in tables.items():
        print(f"\n{name}\n\n{one}\n", flush=True)
    if asked.write:
        write_into(asked.write, tables)


if __name__ == "__main__":
    main()
