"""What a person should know about a run: a key and its figures go in, words in any language come out.

A note is kept in `factors.json` as its key and figures, so that a page says it in the reader's language; English stands
here, Japanese beside the other texts of the page (`naze.report.factor_texts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

__all__ = ["NOTES", "Note", "Told"]

NOTES: dict[str, str] = {
    # what went in
    "votes_unexplained": "{n:,} votes of the run have no explanation (open or failed)",
    "faulty_left_out": "{n:,} explanations are left out: they loop, are in another language, copy or argue for the loser",
    "rows_unexplained": "{n:,} rows have no explanation",
    "rows_aside": "{n:,} rows are kept aside, the first: {first}",
    "shared_prompts": "{n:,} of {all:,} votes to test on share a prompt with explained votes and are left out",
    "test_limit": "{n:,} of {all:,} held-out votes are asked about (--test-limit)",
    "known_votes": "{n:,} of {all:,} votes to test on are left out: they were judged before or share a prompt with "
    "explained votes",
    "verdicts_taken_over": "the verdicts on {earlier:,} of the {all:,} votes were given earlier by {model} and taken over "
    "from {source}; those on {n:,} were given here",
    "other_engine": "the verdicts that were taken over come from the same model in another engine ({earlier}; here {engine})",
    # reasons
    "quotes_rejected": "{n:,} quotes of the model do not occur in their explanation; rejected",
    "unsupported": "{n:,} reasons of the model share no word with their quote; rejected",
    "rules_stood_in": "{n:,} of {all:,} explanations were cut by rules, since the model's answer was of no use",
    "echoed": "{n:,} reasons only repeat what the explainer was told to do; rejected",
    "silent": "{n:,} of {all:,} explanations name no reason",
    # kinds
    "vacuous": "{n:,} of {all:,} reasons only state the result and were refused",
    "few_kinds": "{n:,} kinds of reasons instead of {count:,}: {distinct:,} distinct reasons hold no more kinds that at least "
    "{least:,} votes name",
    "few_reasons": "{n:,} kinds of reasons instead of {count:,}: there are only {distinct:,} distinct reasons",
    "further_kinds": "{n:,} further kinds ({reasons:,} reasons) that fewer votes name were left out; a higher --count "
    "includes them",
    "no_kind": "{n:,} of {all:,} reasons are like too few others to belong to a kind",
    # names
    "unnamed": "{n:,} kinds got no valid name of the model; each bears the words of its most central reason",
    "names_asked_again": "{n:,} names or definitions had a fault and were asked for once more; {better:,} are better now",
    "names_faulty": "{n:,} names or definitions have a fault still; they are marked",
    "names_refused": "{empty:,} kinds were refused because their name says nothing, {same:,} were named like another",
    "few_factors": "{n:,} factors instead of {count:,}: the kinds that are left hold no more",
}
"""Key -> the note in English, with gaps for its figures."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that the person should know.

    Example:
        >>> str(Note("rows_unexplained", {"n": 1200}))
        '1,200 rows have no explanation'
    """

    key: str
    """One of `NOTES`."""
    values: Mapping[str, int | str] = field(default_factory=dict)
    """What fills its gaps."""
    of: str | None = None
    """Which of several sources it is about."""

    def __str__(self) -> str:
        """Word the note in English."""
        words = NOTES[self.key].format(**self.values)
        return words if self.of is None else f"{self.of}: {words}"

    def about(self, name: str) -> "Note":
        """Say which of several sources the note is about."""
        return replace(self, of=name)


Told = Note | str
"""A note of naze, or what an engine says of itself, in its own words."""
