"""How factors were made goes in; the lists that a reader sees of it come out: names as text keys, values as they are shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from naze.factors.about import About
from naze.factors.naming import Refused, WhyRefused
from naze.factors.notes import Told
from naze.report.note_texts import ENGINE_WORDS
from naze.report.numbers import duration, percent
from naze.report.wording import Key, Message

__all__ = ["Made", "how_made", "note_words", "why_refused"]

Fact = tuple[Key | str, Key | str]
"""What it is and its value; a key is worded in the reader's language, anything else stands as it is."""
_COUNTS = (
    "votes", "explanations", "explained", "reasons", "distinct_reasons", "kinds", "factors", "held_out", "judged",
    "verdicts", "unanswered",
)  # fmt: skip
_PLAIN = (
    "engine",
    "embedding_model",
    "test_source",
    "test_where",
    "where",
    "resamples",
    "permutations",
    "seed",
    "alpha",
)


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that decided what was found, and what it took."""

    settings: tuple[Fact, ...]
    counts: tuple[Fact, ...]
    templates: tuple[Fact, ...]
    costs: tuple[tuple[Key | str, ...], ...]
    """A row a step: its name, the model, prompts, tokens read, of them reused, tokens written, time."""


def how_made(about: About) -> Made:
    """Lay out how factors were made."""
    names = [*_COUNTS, *(name for name in about.counts if name not in _COUNTS)]
    return Made(
        settings=tuple(_settings(about)),
        counts=tuple(
            (_key(f"count_{name}", name, name in _COUNTS), f"{about.counts[name]:,}")
            for name in names
            if name in about.counts
        ),
        templates=(
            *((_step(step), template) for step, template in about.templates.items()),
            *((name, version) for name, version in about.versions.items()),
        ),
        costs=tuple(
            (
                _step(step), cost.model, f"{cost.prompts:,}", f"{cost.prompt_tokens:,}", f"{cost.cached_tokens:,}",
                f"{cost.generated_tokens:,}", duration(cost.seconds),
            )
            for step, cost in about.costs.items()
        ),
    )  # fmt: skip


def why_refused(one: Refused) -> Message | str:
    """Word why a group became no factor; a reason that the page has no words for stands as it is."""
    for why in WhyRefused:
        if one.why == why:
            return f"refused_{why.name.lower()}", {}
    if one.why.startswith(f"{WhyRefused.SAME_AS} "):
        return "refused_same_as", {"factor": one.why.removeprefix(f"{WhyRefused.SAME_AS} ")}
    return one.why


def note_words(note: Told) -> tuple[Message | str, ...]:
    """Word a note, in one part or, where it is about one of several sources, two.

    An engine's own words that the page does not know stand as they are.

    Example:
        >>> note_words("words of another engine")
        ('words of another engine',)
    """
    if isinstance(note, str):
        for key, known in ENGINE_WORDS.items():
            found = re.fullmatch(known, note)
            if found is not None:
                return ((key, found.groupdict()),)
        return (note,)
    words: Message = f"note_{note.key}", note.values
    return (words,) if note.of is None else (("note_of", {"of": note.of}), words)


def _settings(about: About) -> Iterator[Fact]:
    """Give each setting that is there, the most telling first."""
    yield Key("fact_outcome"), Key(f"outcome_{about.outcome.value}")
    yield Key("fact_source"), Path(about.source).name
    if about.explainer:
        yield Key("fact_explainer"), about.explainer
    way = about.way.replace(" ", "_")
    yield Key("fact_way"), _key(f"way_{way}", about.way, way in ("sentences", "model", "long_context"))
    yield Key("fact_model"), about.model
    yield Key("fact_language"), about.language
    yield Key("fact_count"), f"{about.count:,}"
    yield Key("fact_holdout"), percent(about.holdout)
    if about.test_limit is not None:
        yield Key("fact_test_limit"), f"{about.test_limit:,}"
    for name in _PLAIN:
        value = getattr(about, name)
        if value not in (None, ""):
            yield Key(f"fact_{name}"), f"{value:,}" if isinstance(value, int) else str(value)
    for name in ("source_fingerprint", "model_fingerprint"):
        if getattr(about, name):
            yield Key(f"fact_{name}"), getattr(about, name)[:16]
    yield Key("fact_created"), about.created
    yield Key("fact_finished"), about.finished or ""


def _step(step: str) -> Key | str:
    return _key(f"step_{step}", step, step in ("extract", "name", "verdicts"))


def _key(key: str, otherwise: str, known: bool) -> Key | str:
    return Key(key) if known else otherwise
