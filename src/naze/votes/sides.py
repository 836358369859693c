"""A vote goes in; the same vote with its sides exchanged comes out."""

from dataclasses import replace

from naze.records import Vote, Winner

__all__ = ["swap_sides"]

SWAPPED = {Winner.A: Winner.B, Winner.B: Winner.A}


def swap_sides(vote: Vote) -> Vote:
    """Exchange A and B: responses, models and winner. A tie stays a tie. Twice gives the vote itself.

    The extras stay as the file has them; what they say of a side is not exchanged.
    """
    return replace(
        vote,
        response_a=vote.response_b,
        response_b=vote.response_a,
        model_a=vote.model_b,
        model_b=vote.model_a,
        winner=None if vote.winner is None else SWAPPED.get(vote.winner, vote.winner),
    )
