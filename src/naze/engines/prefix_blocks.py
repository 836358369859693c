"""Prompts that a model has read go in; how much of the next prompt it need not read again comes out."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class PrefixBlocks:
    """Remembers which beginnings of prompts stand in a key-value cache that reuses whole blocks.

    OpenVINO GenAI does not tell what it took from its cache. Its rule is: leading blocks that were computed
    before are taken, the longest unused go first when room is needed, and at least one token is computed. This
    keeps the same account; a block that was given away earlier than that is counted as reused all the same.

    Args:
        block_tokens: tokens in one block.
        capacity_blocks: blocks that the cache holds.
    """

    def __init__(self, block_tokens: int, capacity_blocks: int) -> None:
        self._block_tokens = block_tokens
        self._capacity_blocks = capacity_blocks
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def cached_tokens(self, tokens: NDArray[np.int64]) -> int:
        """Count the leading tokens whose blocks are known, all but one at most.

        Args:
            tokens: ids of one prompt, (tokens,).
        """
        blocks = 0
        for block in self._blocks(tokens):
            if block not in self._known:
                break
            blocks += 1
        return min(blocks * self._block_tokens, max(0, len(tokens) - 1))

    def add(self, tokens: NDArray[np.int64]) -> None:
        """Remember a prompt that has been read.

        Args:
            tokens: ids of one prompt, (tokens,).
        """
        for block in self._blocks(tokens):
            self._known[block] = None
            self._known.move_to_end(block)
        while len(self._known) > self._capacity_blocks:
            self._known.popitem(last=False)

    def _blocks(self, tokens: NDArray[np.int64]) -> Iterator[bytes]:
        """Name each whole block by its own tokens and all before it."""
        name = hashlib.blake2b(digest_size=16)
        for end in range(self._block_tokens, len(tokens) + 1, self._block_tokens):
            name.update(tokens[end - self._block_tokens : end].tobytes())
            yield name.digest()
