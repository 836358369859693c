"""Votes go in; what can be counted in their texts comes out, as groups of odd and even columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from naze.factors.similarity import joined
from naze.predictions.features.agreement import agreement
from naze.predictions.features.groups import Floats, Group, Ngrams, VoteFeatures, Wide
from naze.predictions.features.languages import languages_of, same_language
from naze.predictions.features.measures import COUNTS, SCRIPTS, SHARES, measure_texts
from naze.predictions.features.ngrams import distinct_runs, hashed_ngrams, shared_runs
from naze.records import Vote

if TYPE_CHECKING:
    import polars as pl

    from naze.engines.embeddings import Embedder

__all__ = ["measure_votes"]

_MARKS = ("headings", "list_items", "bold", "table_rows", "code_blocks", "inline_code", "links", "formulas")
_GROUPS: dict[str, tuple[str, ...]] = {
    "length": ("characters", "words", "sentences", "lines", "paragraphs"),
    "markdown": (*_MARKS, "code_share"),
    "refusals": ("refusals", "unfinished", "empty"),
    "language": tuple(SCRIPTS),
    "repetition": ("unique_words", "unique_lines"),
    "wording": (
        *(name for name in COUNTS if name not in (*_MARKS, "refusals")),
        *(name for name in SHARES if name not in SCRIPTS),
        "opens_politely",
        "word_length",
    ),
}
"""Group -> the measures in it."""
_AS_THEY_ARE = {
    *SHARES,
    "code_share",
    "unique_words",
    "unique_lines",
    "unfinished",
    "opens_politely",
    "empty",
}
"""Measures between 0 and 1; all others are counts and put on a log scale."""


def measure_votes(
    votes: Sequence[Vote], *, ngrams: bool = True, embedder: "Embedder | None" = None
) -> VoteFeatures:
    """Measure votes, without a look at who won.

    Of each measure of a response m (counts as log(1 + m)): the odd column `m` is m(A) - m(B); the even ones are
    `m, difference`, |m(A) - m(B)|, and `m, both`, m(A) + m(B). Measures of the prompt are even.

    Args:
        votes: at least one.
        ngrams: hash runs of characters and words too.
        embedder: makes vectors of prompts and responses; None: no embeddings.

    Returns:
        The groups `length`, `markdown`, `refusals`, `language`, `repetition`, `wording`, `overlap`, `agreement`, `prompt`;
        and, where asked for, n-grams and embeddings with the group `similarity`.
    """
    prompts = [joined(vote.prompt) for vote in votes]
    sides = [[joined(vote.response_a) for vote in votes], [joined(vote.response_b) for vote in votes]]
    of_prompt, of_a, of_b = (measure_texts(texts) for texts in (prompts, *sides))
    groups = [_compared(name, measures, of_a, of_b) for name, measures in _GROUPS.items()]
    place = list(_GROUPS).index("language")
    groups[place] = _with_script(groups[place], _scripts(of_prompt), _scripts(of_a), _scripts(of_b))
    groups[place] = _with_language(groups[place], prompts, sides)
    groups += [_overlap(prompts, sides), agreement(*sides), _prompt(votes, of_prompt)]
    wide: tuple[Wide, ...] = ()
    if embedder is not None:
        vectors = np.asarray(embedder.embed([*prompts, *sides[0], *sides[1]]), np.float32)
        prompt, a, b = np.split(vectors, 3)
        groups.append(_similarity(prompt, a, b))
        both = np.hstack([(a + b) / 2, prompt])
        wide = (Wide("embeddings", "the meaning of the texts", a - b, both),)
    hashed = Ngrams(hashed_ngrams(sides[0]), hashed_ngrams(sides[1])) if ngrams else None
    return VoteFeatures(len(votes), tuple(groups), hashed, wide)


def _values(measured: "pl.DataFrame", names: Sequence[str]) -> Floats:
    columns = [measured[name].to_numpy().astype(np.float64) for name in names]
    return np.column_stack(
        [one if name in _AS_THEY_ARE else np.log1p(one) for name, one in zip(names, columns, strict=True)]
    )


_SPOKEN = {
    "upper": "capital letters",
    "latin": "Latin letters",
    "cyrillic": "Cyrillic letters",
    "han": "Han characters",
    "other_script": "letters of other scripts",
    "spaces": "white space",
    "unfinished": "an unfinished end",
    "empty": "emptiness",
    "opens_politely": "a polite opening",
    "word_length": "length of words",
    "unique_words": "different words",
    "unique_lines": "different lines",
    "code_share": "share of code",
    "reasons": "words of reason",
    "examples": "words of example",
    "closings": "closing phrases",
    "hedges": "hedging words",
    "first_person": "first person",
    "second_person": "second person",
}
"""Measure -> what people call it, where its name alone does not say."""


def _words(name: str) -> str:
    return _SPOKEN.get(name, name.replace("_", " "))


def _compared(name: str, measures: Sequence[str], of_a: "pl.DataFrame", of_b: "pl.DataFrame") -> Group:
    return _odd_and_even(
        name, [_words(one) for one in measures], _values(of_a, measures), _values(of_b, measures)
    )


def _odd_and_even(name: str, measures: Sequence[str], a: Floats, b: Floats) -> Group:
    return Group(
        name,
        tuple(measures),
        a - b,
        tuple([f"{one}, difference" for one in measures] + [f"{one}, both" for one in measures]),
        np.hstack([np.abs(a - b), a + b]),
    )


def _scripts(measured: "pl.DataFrame") -> Floats:
    """Return the shares of the writing systems among the letters: (texts, systems)."""
    shares = measured.select(list(SCRIPTS)).to_numpy()
    return np.asarray(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9), np.float64)


def _with_script(group: Group, prompt: Floats, a: Floats, b: Floats) -> Group:
    """Add how far a response is written as its prompt is: the common part of their shares of writing systems."""
    match_a, match_b = (np.minimum(one, prompt).sum(axis=1, keepdims=True) for one in (a, b))
    match = _odd_and_even("language", ["match with the prompt's script"], match_a, match_b)
    return _side_by_side(group, match)


def _with_language(group: Group, prompts: Sequence[str], sides: Sequence[Sequence[str]]) -> Group:
    """Add whether a response is in the language of its prompt: two languages may share their letters."""
    asked, *said = (languages_of(texts) for texts in (prompts, *sides))
    of_a, of_b = (same_language(asked, languages) for languages in said)
    return _side_by_side(group, _odd_and_even("language", ["match with the prompt's language"], of_a, of_b))


def _side_by_side(first: Group, second: Group) -> Group:
    return Group(
        first.name,
        (*first.odd_names, *second.odd_names),
        np.hstack([one.odd for one in (first, second) if one.odd is not None]),
        (*first.even_names, *second.even_names),
        np.hstack([one.even for one in (first, second) if one.even is not None]),
    )


def _overlap(prompts: Sequence[str], sides: Sequence[Sequence[str]]) -> Group:
    shares = np.empty((len(prompts), 2, 2))
    alike = np.empty((len(prompts), 3))
    for row, (prompt, a, b) in enumerate(zip(prompts, *sides, strict=True)):
        asked, *said = (distinct_runs(text) for text in (prompt, a, b))
        for side, runs in enumerate(said):
            common = shared_runs(asked, runs)
            shares[row, side] = common / max(len(asked), 1), common / max(len(runs), 1)
        common, of_a, of_b = shared_runs(*said), len(said[0]), len(said[1])
        same = a.strip() == b.strip()
        alike[row] = common / max(of_a + of_b - common, 1), common / max(min(of_a, of_b), 1), same
        if same:
            alike[row] = 1.0
    group = _odd_and_even(
        "overlap", ["prompt's wording taken up", "own wording from the prompt"], shares[:, 0], shares[:, 1]
    )
    names = ("likeness of the responses", "one response within the other", "identical responses")
    return _side_by_side(group, Group("overlap", (), np.empty((len(alike), 0)), names, alike))


def _prompt(votes: Sequence[Vote], measured: "pl.DataFrame") -> Group:
    names = list(measured.columns)
    turns = np.array([len(vote.prompt) for vote in votes], np.float64)
    return Group(
        "prompt",
        even_names=(
            *(f"prompt's {_words(name).removeprefix('a ').removeprefix('an ')}" for name in names),
            "turns",
        ),
        even=np.column_stack([_values(measured, names), np.log(np.maximum(turns, 1))]),
    )


def _similarity(prompt: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32]) -> Group:
    """Compare unit vectors: how near the responses are to each other, and each to the prompt."""
    own = [(prompt * side).sum(axis=1, keepdims=True).astype(np.float64) for side in (a, b)]
    group = _odd_and_even("similarity", ["nearness to the prompt"], own[0], own[1])
    near = (a * b).sum(axis=1, keepdims=True).astype(np.float64)
    nothing = np.empty((len(near), 0))
    return _side_by_side(group, Group("similarity", (), nothing, ("nearness of the responses",), near))
