"""Votes go in; parts of them come out such that no prompt stands in two parts."""

import hashlib
import unicodedata

from naze.errors import ConfigurationError
from naze.records import Turns
from naze.votes.votes import Votes

__all__ = ["folds", "normalised_prompt", "split"]


def normalised_prompt(prompt: Turns) -> str:
    """Reduce a prompt to what decides whether two are the same: the first turn, without case and spacing.

    The first turn alone, because a conversation that begins with the same question is about the same thing.

    Example:
        >>> normalised_prompt(("  Ｈello,   World ", "Go on"))
        'hello, world'
    """
    first = next((turn for turn in prompt if turn), "")
    return " ".join(unicodedata.normalize("NFKC", first).casefold().split())


def split(votes: Votes, *, holdout: float = 0.2, seed: int = 0) -> tuple[Votes, Votes]:
    """Split votes into a part to learn from and a part held out, by prompt.

    Args:
        votes: at least two prompts.
        holdout: share of the votes that is held out, 0 to 1; met as nearly as whole prompts allow.
        seed: another seed, another split; the same seed, the same split everywhere.

    Returns:
        (train, held out), each in the order of the votes.

    Raises:
        ConfigurationError: the share is not between 0 and 1.
    """
    if not 0.0 < holdout < 1.0:
        raise ConfigurationError(f"holdout is {holdout}; expected a share between 0 and 1, such as 0.2.")
    wanted = holdout * len(votes)
    taken: set[int] = set()
    for rows in _groups(votes, seed):
        if abs(len(taken) + len(rows) - wanted) < abs(len(taken) - wanted):
            taken.update(rows)
    return _part(votes, set(range(len(votes))) - taken), _part(votes, taken)


def folds(votes: Votes, k: int, seed: int = 0) -> list[tuple[Votes, Votes]]:
    """Make k splits (train, held out), by prompt; each vote is held out exactly once.

    Raises:
        ConfigurationError: fewer than 2 folds.
    """
    if k < 2:
        raise ConfigurationError(f"{k} folds; expected at least 2.")
    parts: list[set[int]] = [set() for _ in range(k)]
    for rows in _groups(votes, seed):
        min(parts, key=len).update(rows)
    everything = set(range(len(votes)))
    return [(_part(votes, everything - part), _part(votes, part)) for part in parts]


def _groups(votes: Votes, seed: int) -> list[list[int]]:
    """Group rows by prompt, in an order drawn from the seed and the prompts alone."""
    groups: dict[str, list[int]] = {}
    for row, prompt in enumerate(votes.frame()["prompt"].to_list()):
        groups.setdefault(normalised_prompt(tuple(prompt)), []).append(row)
    drawn = sorted(groups, key=lambda key: hashlib.sha256(f"{seed}\x00{key}".encode()).digest())
    return [groups[key] for key in drawn]


def _part(votes: Votes, rows: set[int]) -> Votes:
    return votes.select(sorted(rows))
