"""Votes go in; a hash of what each shows comes out, by which a vote is known again whatever its id."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from naze.records import Turns, Vote

__all__ = ["Hashes", "content_hashes"]

Hashes = NDArray[np.uint64]
_BYTES = 8


def content_hashes(votes: Sequence[Vote]) -> Hashes:
    """Hash prompt and both responses of each vote; id, winner and names of models do not matter, nor does spacing.

    Returns:
        (votes, 2): as shown, and with the sides exchanged.
    """
    found = np.empty((len(votes), 2), np.uint64)
    for row, vote in enumerate(votes):
        prompt, a, b = (_digest(_spaced(turns)) for turns in (vote.prompt, vote.response_a, vote.response_b))
        for column, parts in enumerate(((prompt, a, b), (prompt, b, a))):
            found[row, column] = int.from_bytes(_digest(b"".join(parts)), "little")
    return found


def _spaced(turns: Turns) -> bytes:
    """Lay turns out as JSON, each with single spaces; a null turn is an empty one."""
    return json.dumps([" ".join((turn or "").split()) for turn in turns]).encode()


def _digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=_BYTES).digest()
