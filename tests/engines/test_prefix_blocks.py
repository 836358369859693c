"""The account of what a cache of whole blocks saves."""

import numpy as np

from naze.engines.prefix_blocks import PrefixBlocks

PROMPT = np.arange(100, dtype=np.int64)


def test_whole_leading_blocks_are_reused_and_one_token_is_always_computed():
    cache = PrefixBlocks(32, 100)
    assert cache.cached_tokens(PROMPT) == 0
    cache.add(PROMPT)
    assert cache.cached_tokens(PROMPT) == 96
    assert cache.cached_tokens(PROMPT[:64]) == 63
    changed = PROMPT.copy()
    changed[40] = 7
    assert cache.cached_tokens(changed) == 32
    changed[0] = 7
    assert cache.cached_tokens(changed) == 0


def test_what_was_used_longest_ago_is_forgotten_first():
    cache = PrefixBlocks(32, 3)
    cache.add(PROMPT)
    cache.add(PROMPT[:32])
    cache.add(PROMPT + 1000)
    assert cache.cached_tokens(PROMPT) == 0
    assert cache.cached_tokens(PROMPT + 1000) == 96


def test_without_room_nothing_is_reused():
    cache = PrefixBlocks(32, 0)
    cache.add(PROMPT)
    assert cache.cached_tokens(PROMPT) == 0
