"""The tables of docs/prediction.md: what predicts votes, what each group of features gives, how many votes it takes.

Enters: a file of votes, further files that may help, and which tables are wanted. Leaves: Markdown tables on standard
output, and with `--write docs/prediction.md` in that page, between the lines `<!-- table: NAME -->` and `<!-- end -->`.

Every figure is of votes that the model did not see: five folds by prompt, the same for every row. Everything that is chosen
is chosen within the votes to learn from. Intervals are of a bootstrap over prompts; differences are paired, vote by vote.
"""

import argparse
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from judges_published import COLUMNS, published_rows
from naze.engines.embeddings import DEFAULT_EMBEDDER, open_embedder
from naze.factors.resampling import Estimate
from naze.factors.similarity import joined as text_of
from naze.predictions.baselines import BASELINES, Learner, cross_validate, naze_learner
from naze.predictions.features.counted import measure_votes
from naze.predictions.features.groups import Floats, Group, Ints, VoteFeatures, joined
from naze.predictions.models.learnt import Taught, learn, prompt_parts
from naze.predictions.predictor import outcomes_of, prompt_numbers
from naze.predictions.scores import class_numbers, difference, log_loss, score_probabilities
from naze.records import Vote, Winner
from naze.votes import read_votes

FOLDS = 5
SIZES = (100, 200, 400, 800)


def decided(path: Path) -> list[Vote]:
    """Read the votes that have a winner."""
    return [vote for vote in read_votes(path) if vote.winner is not None]


def taught(sets: Sequence[list[Vote]], *, embeddings: bool, given: Sequence[Group] = ()) -> Taught:
    """Measure votes; the first set is the person's own."""
    features = []
    for place, votes in enumerate(sets):
        embedder = open_embedder(DEFAULT_EMBEDDER) if embeddings else None
        one = measure_votes(votes, embedder=embedder)
        if embedder is not None:
            embedder.close()
        groups = (*one.groups, *given) if not place else one.groups
        features.append(VoteFeatures(one.count, groups, one.ngrams, one.wide))
    together = [vote for votes in sets for vote in votes]
    return Taught(
        joined(features),
        outcomes_of(together),
        prompt_numbers(together),
        [(vote.model_a, vote.model_b) for vote in together],
        np.concatenate([np.full(len(votes), place) for place, votes in enumerate(sets)]),
    )


def vectors_of(votes: Sequence[Vote]) -> Floats:
    """Return the vectors of prompt, A and B side by side: (votes, 3 x dimensions)."""
    with closing(open_embedder(DEFAULT_EMBEDDER)) as embedder:
        sides = [
            [text_of(getattr(vote, part)) for vote in votes]
            for part in ("prompt", "response_a", "response_b")
        ]
        return np.hstack([np.asarray(embedder.embed(side), np.float64) for side in sides])


def recipe(votes: Sequence[Vote], vectors: Floats | None) -> Learner:
    """Return the story's baseline: TF-IDF of all texts reduced to 32, embeddings beside it, LightGBM with three classes.

    The learner is told positions through the features' row numbers, since TF-IDF has to be fitted on the votes to learn from.
    """
    import lightgbm
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [
        "\n".join((text_of(vote.prompt), text_of(vote.response_a), "|||", text_of(vote.response_b)))
        for vote in votes
    ]

    def learner(told: Taught, asked: VoteFeatures) -> Floats:
        rows, others = _rows(told.features), _rows(asked)
        words = TfidfVectorizer(max_features=50_000, sublinear_tf=True)
        reduced = TruncatedSVD(32, random_state=0)
        train = reduced.fit_transform(words.fit_transform([texts[row] for row in rows]))
        test = reduced.transform(words.transform([texts[row] for row in others]))
        if vectors is not None:
            train, test = np.hstack([train, vectors[rows]]), np.hstack([test, vectors[others]])
        # As many trees as a part that is held out within the votes to learn from likes best.
        settings = {
            "objective": "multiclass", "num_class": 3, "learning_rate": 0.05, "verbosity": -1, "num_threads": 2,
            "seed": 0,
        }  # fmt: skip
        inner = prompt_parts(told.prompts, 5, 1) == 0
        happened = class_numbers(told.outcomes)
        data = lightgbm.Dataset(train[~inner], happened[~inner])
        held = lightgbm.Dataset(train[inner], happened[inner], reference=data)
        stop: list[Any] = [lightgbm.early_stopping(30, verbose=False)]
        grown = lightgbm.train(settings, data, 400, valid_sets=[held], callbacks=stop)
        return np.asarray(grown.predict(test, num_iteration=grown.best_iteration), np.float64)

    return learner


def _rows(features: VoteFeatures) -> list[int]:
    [group] = [group for group in features.groups if group.name == "row"]
    return [] if group.even is None else [int(row) for row in group.even[:, 0]]


def numbered(told: Taught) -> Taught:
    """Add a group that holds each vote's row, so that a learner can find its texts."""
    rows = Group("row", even_names=("row",), even=np.arange(told.features.count, dtype=np.float64)[:, None])
    features = VoteFeatures(told.features.count, (rows,))
    return Taught(features, told.outcomes, told.prompts, told.models, told.sources)


class Comparison:
    """Rows of one table: predictions of the same votes, out of fold."""

    keep: Path | None = None
    """Folder of predictions that were made: a table that was stopped goes on there. Remove it when the code has changed."""

    def __init__(self, told: Taught, reference: str, settings: str = "") -> None:
        """Compare on the person's own votes of `told`; `settings` are those of the learners, for the names of kept files."""
        own = told.sources == 0
        self.happened, self.prompts = class_numbers(told.outcomes[own]), told.prompts[own]
        self.reference, self.settings = reference, settings
        self.found: dict[str, Floats] = {}

    def add(self, name: str, told: Taught, learner: Learner) -> None:
        """Predict, and say how it went."""
        began = time.monotonic()
        kept = None if self.keep is None else self.keep / self.kept_name(name, told)
        if kept is not None and kept.exists():
            self.found[name] = np.load(kept)
        else:
            self.found[name] = cross_validate(told, learner, FOLDS)
            if kept is not None:
                np.save(kept, self.found[name])
        loss = log_loss(self.found[name], self.happened).mean()
        print(f"{name}: {loss:.4f}, {time.monotonic() - began:.0f} s", flush=True)

    def kept_name(self, name: str, told: Taught) -> str:
        """Name the file of a row's predictions: by the row, the settings of its learner, the votes and their features."""
        about = (self.settings, told.features.names, told.outcomes.tolist(), told.prompts.tolist())
        digest = hashlib.sha256(repr(about).encode()).hexdigest()[:12]
        return f"{self.reference} - {name} - {len(told.outcomes)} - {digest}.npy"

    def table(self) -> str:
        """Lay all rows out as Markdown."""
        base = log_loss(self.found[self.reference], self.happened)
        head = (
            "",
            "log loss",
            f"less that of {self.reference}",
            "AUC, a against b",
            "AUC, ties",
            "accuracy",
            "calibration error",
        )
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for name, told in self.found.items():
            score = score_probabilities(told, self.happened, self.prompts)
            gap = difference(log_loss(told, self.happened), base, self.prompts)
            cells = [
                name,
                figure(score["log_loss"], 4),
                "" if name == self.reference else figure(gap, 4, sign=True),
            ]
            cells += [figure(score[one], 3) for one in ("win_auc", "tie_auc", "accuracy")]
            error = score["calibration_error"].value
            lines.append("| " + " | ".join([*cells, "" if error is None else f"{error:.3f}"]) + " |")
        return "\n".join(lines)


def figure(one: Estimate, places: int, *, sign: bool = False) -> str:
    """Write a figure with its interval."""
    if one.value is None:
        return "–"
    plus = "+" if sign else ""
    if one.low is None or one.high is None:
        return f"{one.value:{plus}.{places}f}"
    short = places - 1 if places > 3 else places
    return f"{one.value:{plus}.{places}f} ({one.low:{plus}.{short}f} – {one.high:{plus}.{short}f})"


def side_by_side(votes: list[Vote], extra: Sequence[list[Vote]], *, embeddings: bool) -> str:
    """Compare what predicts votes."""
    plain = taught([votes], embeddings=False)
    table = Comparison(plain, "naze")
    for name, learner in BASELINES.items():
        table.add(name, plain, learner)
    with_vectors = taught([votes], embeddings=True) if embeddings else None
    told = with_vectors or plain
    words = "TF-IDF, embeddings, LightGBM" if embeddings else "TF-IDF, LightGBM"
    table.add(words, numbered(told), recipe(votes, vectors_of(votes) if embeddings else None))
    table.add("naze, linear alone", plain, naze_learner(trees=False))
    table.add("naze", plain, naze_learner())
    if extra:
        more = taught([votes, *extra], embeddings=False)
        table.add("naze, votes from elsewhere", more, naze_learner())
    if with_vectors is not None:
        table.add("naze, embeddings", with_vectors, naze_learner())
        if extra:
            both = taught([votes, *extra], embeddings=True)
            table.add("naze, embeddings, votes from elsewhere", both, naze_learner())
    return table.table()


def ablation(votes: list[Vote], *, embeddings: bool, trees: bool) -> str:
    """Leave each group of features out, and take each alone."""
    told = taught([votes], embeddings=embeddings)
    names = told.features.names
    table = Comparison(told, "all groups", "" if trees else "linear")
    table.add("all groups", told, naze_learner(trees=trees))
    for name in names:
        others = naze_learner(trees=trees, leave_out=(name,))
        table.add(f"without {name}", told, others)
    for name in names:
        alone = naze_learner(trees=trees, leave_out=tuple(one for one in names if one != name))
        table.add(f"{name} alone", told, alone)
    return table.table()


def learning_curve(votes: list[Vote], *, embeddings: bool) -> str:
    """Learn from fewer and fewer votes; all are predicted."""
    told = taught([votes], embeddings=embeddings)
    table = Comparison(told, "all votes to learn from")
    for size in SIZES:

        def learner(few: Taught, asked: VoteFeatures, size: int = size) -> Floats:
            rows = np.sort(np.random.default_rng(1).permutation(len(few.outcomes))[:size])
            part = few.take(rows)
            _, numbers = np.unique(part.prompts, return_inverse=True)
            part = Taught(part.features, part.outcomes, numbers, part.models, part.sources)
            return learn(part).predict(asked)

        table.add(f"{size} votes to learn from", told, learner)
    table.add("all votes to learn from", told, naze_learner())
    return table.table()


def published(sets: Mapping[str, list[Vote]], arena: list[Vote]) -> str:
    """Score as Auto-J and PandaLM do, in four ways: naze taught on the set itself, and naze taught on other votes alone."""
    head = ("set", "predictor", *COLUMNS)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    teacher = learn(taught([arena], embeddings=False))
    for name, votes in sets.items():
        lines += ["| " + " | ".join([name, *row]) + " |" for row in published_rows(name)]
        told = taught([votes], embeddings=False)
        happened = class_numbers(told.outcomes)
        rows = {
            "the longer one wins": longer_wins(told.features),
            f"naze, taught by {len(arena):,} arena votes": teacher.predict(told.features),
            "naze, taught by the set itself (out of fold)": cross_validate(told, naze_learner(), FOLDS),
        }
        for words, probabilities in rows.items():
            shares = shares_right(probabilities, happened)
            lines.append("| " + " | ".join([name, words, *(f"{100 * one:.1f} %" for one in shares)]) + " |")
    return "\n".join(lines)


def apart(sets: Mapping[str, list[Vote]], arena: list[Vote]) -> str:
    """Predict who wins in decided votes of sets on which nothing was chosen; all is learnt from other votes, once."""
    head = ("set", "predictor", "log loss", "less that of naze", "AUC, a against b")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    told = taught([arena], embeddings=False)
    own = {text_of(vote.prompt).strip().casefold() for vote in arena}
    for name, every in sets.items():
        votes = [vote for vote in every if text_of(vote.prompt).strip().casefold() not in own]
        votes = [vote for vote in votes if vote.winner in (Winner.A, Winner.B)]
        asked = taught([votes], embeddings=False)
        happened = class_numbers(asked.outcomes)
        losses: dict[str, Floats] = {}
        for words, learner in {"naze": naze_learner(), **BASELINES}.items():
            probabilities = learner(told, asked.features)
            pair = probabilities[:, :2] / probabilities[:, :2].sum(axis=1, keepdims=True)
            losses[words] = log_loss(np.column_stack([pair, np.zeros(len(pair))]), happened)
            score = score_probabilities(probabilities, happened, asked.prompts)
            gap = difference(losses[words], losses["naze"], asked.prompts)
            cells = [f"{name}, {len(happened):,}", words, f"{losses[words].mean():.4f}"]
            cells += ["" if words == "naze" else figure(gap, 4, sign=True), figure(score["win_auc"], 3)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def longer_wins(features: VoteFeatures) -> Floats:
    """Give all probability to the response with more characters, or to a tie where they have as many: (votes, 3)."""
    [length] = [group for group in features.groups if group.name == "length"]
    assert length.odd is not None
    more = length.odd[:, length.odd_names.index("characters")]
    return np.eye(3)[np.select([more > 0, more < 0], [0, 1], 2)]


def shares_right(probabilities: Floats, happened: Ints) -> list[float]:
    """Return the shares of votes that are right: in both orders, in one, disagreeing ones as ties; of decided pairs; of ties.

    Exchanging the sides exchanges what is predicted here exactly, so that the first three are one figure. A decided pair in
    which neither response is held likelier is half right.
    """
    likeliest = probabilities.argmax(axis=1)
    pairs = happened != 2
    lead = np.sign(probabilities[:, 0] - probabilities[:, 1]) * np.where(happened == 0, 1, -1)
    both = float((likeliest == happened).mean())
    return [both, both, both, float((lead[pairs] + 1).mean() / 2), float((likeliest == 2)[~pairs].mean())]


def write_into(page: Path, tables: Mapping[str, str]) -> None:
    """Put tables between their marks in a page."""
    text = page.read_text("utf-8")
    for name, table in tables.items():
        mark = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.S)
        found = mark.search(text)
        if found is None:
            raise SystemExit(f"{page}: no line <!-- table: {name} -->; nothing of this table was written.")
        text = f"{text[: found.start()]}{found[1]}\n{table}\n\n{found[2]}{text[found.end() :]}"
    page.write_text(text, "utf-8")


def main() -> None:
    """Make the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("votes", type=Path)
    parser.add_argument("--extra", type=Path, action="append", default=[])
    parser.add_argument(
        "--table", choices=("side", "ablation", "curve", "published", "apart"), action="append"
    )
    parser.add_argument("--embeddings", action="store_true", help="use vectors of the texts too")
    parser.add_argument(
        "--linear", action="store_true", help="the ablation by the linear model alone: a fourth of the time"
    )
    parser.add_argument("--set", type=Path, action="append", default=[], help="a test set of others")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--keep", type=Path, help="keep each row's predictions here, and go on with them")
    asked = parser.parse_args()
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
        Comparison.keep = asked.keep
    votes = decided(asked.votes)[: asked.limit]
    extra = [decided(path)[: asked.limit] for path in asked.extra]
    tables = {}
    for name in asked.table or ("side", "ablation", "curve"):
        if name == "side":
            tables[name] = side_by_side(votes, extra, embeddings=asked.embeddings)
        elif name == "ablation":
            tables[name] = ablation(votes, embeddings=asked.embeddings, trees=not asked.linear)
        elif name == "curve":
            tables[name] = learning_curve(votes, embeddings=asked.embeddings)
        else:
            sets = {path.stem: decided(path)[: asked.limit] for path in asked.set}
            tables[name] = (published if name == "published" else apart)(sets, votes)
        print(f"\n{name}\n\n{tables[name]}\n", flush=True)
    if asked.write:
        write_into(asked.write, tables)


if __name__ == "__main__":
    main()
