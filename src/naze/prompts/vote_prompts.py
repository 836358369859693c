"""A `Vote` and a `Template` go in; the `Prompt` that asks about this vote comes out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from naze.prompts.shortening import Room, longest_room, shorten_vote, smallest_room
from naze.prompts.template import Template
from naze.records import Prompt, Vote

__all__ = ["VoteMaterial", "vote_prompt", "vote_values"]


@dataclass(frozen=True, slots=True)
class VoteMaterial:
    """A vote as fitting sees it: its responses give way first, the person's turns only after them."""

    vote: Vote
    template: Template
    schema: Callable[[Vote], str] | None = None
    """Makes the schema of the answer, as JSON text, from the vote as it is shown; None: the template's."""

    def prompts(self, room: tuple[int, ...] | None) -> tuple[Prompt, ...]:
        """Make the one prompt about this vote."""
        vote = self.vote if room is None else shorten_vote(self.vote, Room(*room), self.template.language)
        prompt = vote_prompt(self.template, vote)
        return (prompt if self.schema is None else replace(prompt, schema=self.schema(vote)),)

    def rooms(self) -> tuple[tuple[int, ...], ...]:
        """Name the steps of shortening."""
        widest, least = longest_room(self.vote), smallest_room(self.vote)
        return widest, Room(least.responses, widest.prompt), least


def vote_prompt(template: Template, vote: Vote) -> Prompt:
    """Ask about one vote.

    Raises:
        TemplateError: the template uses a name that a vote does not have.
    """
    return template.render(vote_values(vote), subject_id=vote.id)


def vote_values(vote: Vote) -> dict[str, Any]:
    """Name what a template can use of a vote.

    `turns` has, for each turn, `number` (from 1), `person`, `a` and `b`: a text, or none for a null turn. A
    side that has fewer turns than the other has nulls there. `winner` is `a`, `b`, `tie`, `both_bad` or none.
    """
    length = max(len(vote.prompt), len(vote.response_a), len(vote.response_b))
    sides = [
        (*side, *[None] * (length - len(side))) for side in (vote.prompt, vote.response_a, vote.response_b)
    ]
    return {
        "id": vote.id,
        "prompt": vote.prompt,
        "response_a": vote.response_a,
        "response_b": vote.response_b,
        "turns": [
            {"number": number, "person": person, "a": a, "b": b}
            for number, (person, a, b) in enumerate(zip(*sides, strict=True), start=1)
        ],
        "winner": None if vote.winner is None else str(vote.winner),
        "model_a": vote.model_a,
        "model_b": vote.model_b,
        "language": vote.language,
        "source": vote.source,
        "extra": dict(vote.extra),
    }
