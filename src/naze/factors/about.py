"""How factors were found and tested: the record that stands in `factors.json` beside the factors themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from naze.errors import ManifestMismatchError
from naze.factors.naming import Refused
from naze.factors.notes import Told
from naze.factors.saturation import Saturation
from naze.records import Outcome

__all__ = ["FORMAT", "About", "Cost", "check_same"]

FORMAT = 1
"""The version of the folder."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one step asked of a model."""

    model: str
    prompts: int
    prompt_tokens: int
    cached_tokens: int
    """Of the prompt tokens, those that were computed before and kept."""
    generated_tokens: int
    seconds: float
    """On the clock, over all sittings."""


@dataclass(frozen=True)
class About:
    """Everything that decides what was found, and what it took."""

    outcome: Outcome
    count: int
    """Factors asked for."""
    language: str
    """ISO 639-1 code of names, definitions and questions."""
    source: str
    """The run or table of explanations."""
    source_fingerprint: str
    explainer: str | None
    """The model that explained, where that is known."""
    way: str
    """How reasons were found in explanations: `sentences`, `model` or `long context`."""
    model: str
    """Names, defines and judges."""
    engine: str
    model_fingerprint: str
    embedding_model: str
    holdout: float
    """Share of the votes that was held out, by prompt."""
    test_source: str | None
    """Where further votes to test on came from; None: from the source alone."""
    test_limit: int | None
    where: str | None
    """The condition that chose votes."""
    seed: int
    alpha: float
    test_where: str | None = None
    """The condition that chose among the votes of `test_source`."""
    least_votes: int | None = None
    """As asked for: how many votes must name a kind of reasons; None: as many as leave enough kinds."""
    retested: str | None = None
    """Factors of another folder were tested on further votes (`naze factors retest`): its name, and a hash of its factors and
    of the verdicts that were taken over; None: the factors were found here."""
    resamples: int = 0
    permutations: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """`votes`, `explanations` (in all), `explained` (that reasons were found in), `reasons`, `distinct_reasons`,
    `kinds`, `factors`, `held_out` (votes), `judged` (held-out votes that were asked about), `verdicts` (questions),
    `unanswered` (questions without a verdict)."""
    costs: Mapping[str, Cost] = field(default_factory=dict)
    """Step (`extract`, `name`, `verdicts`) -> what it asked."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Step -> template's name and the start of its hash."""
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Told, ...] = ()
    """What the person should know."""
    refused: tuple[Refused, ...] = ()
    saturation: Saturation | None = None
    created: str = ""
    """ISO 8601, UTC."""
    finished: str | None = None
    """None: the run has not come to its end; the same command continues it."""
    format: int = FORMAT


def check_same(folder: Path, kept: About, asked: About, names: Iterable[str]) -> None:
    """Refuse a folder whose factors were made with other settings.

    Args:
        folder: where `kept` was read.
        kept: what the folder says of itself.
        asked: what is asked for now.
        names: of the settings that decide what comes out.

    Raises:
        ManifestMismatchError: some differ.
    """
    different = tuple(name for name in names if getattr(kept, name) != getattr(asked, name))
    if not different:
        return
    if different == ("source_fingerprint",):
        raise ManifestMismatchError(
            f"{folder}: the explanations in {asked.source} have changed since these factors were found. "
            "Give another --out to find factors in what is there now.",
            fields=different,
        )
    lines = [
        f"  {name}: the folder has {getattr(kept, name)!r}, this command {getattr(asked, name)!r}"
        for name in different
    ]
    raise ManifestMismatchError(
        f"{folder}: these factors were found or tested with other settings:\n" + "\n".join(lines) + "\n"
        "Give another --out for the new settings, or use the folder's own to continue it.",
        fields=different,
    )
