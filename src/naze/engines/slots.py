"""A GGUF file's header and the memory there is go in; how many prompts llama.cpp runs at once comes out.

The memory is that of the graphics cards that the server can use, where the model fits there, else the machine's own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from naze.engines.gguf_header import read_header
from naze.engines.protocol import EngineOptions

__all__ = [
    "LEAST_CONTEXT_TOKENS",
    "SLOTS",
    "SLOTS_ON_CARD",
    "USUAL_TOKENS",
    "cache_room_tokens",
    "card_room_bytes",
    "own_context",
    "slots_in",
    "slots_on_card",
    "token_bytes",
]

USUAL_TOKENS = 4096
"""Prompt and answer of a usual row: what the cache holds for each slot when memory allows."""
SLOTS = 8
"""On a CPU; more bring nothing there."""
SLOTS_ON_CARD = 32
"""More bring little (docs/performance.md: 3.1 times one after another with 32, 3.2 times with 64)."""
LEAST_CONTEXT_TOKENS = 2048
MEMORY_SHARE = 0.25
"""The share of the memory left beside the weights that the key-value cache may take when nothing is set."""
CACHE_VALUE_BYTES = 2
"""llama.cpp keeps keys and values in 16 bits."""
CARD_SHARE = 0.95
"""Of a card's free memory that may be used."""
CARD_WORKING_BYTES = 700_000_000
"""What a server needs on a card beside weights and cache."""


def slots_in(room_tokens: int, most: int) -> int:
    """Count the slots for which there is room, at least one.

    Args:
        room_tokens: that fit into the key-value cache.
        most: slots that are worth having.
    """
    return max(1, min(most, room_tokens // LEAST_CONTEXT_TOKENS))


def slots_on_card(path: Path, memory_bytes: int) -> int:
    """Count the slots that a card of this memory runs a GGUF file in; 0: the model does not fit there whole.

    Raises:
        ModelFileError: no GGUF file, or one that is cut short.
    """
    room = card_room_bytes(path, memory_bytes)
    room_tokens = int(room / token_bytes(read_header(path).metadata))
    return 0 if room_tokens < LEAST_CONTEXT_TOKENS else slots_in(room_tokens, SLOTS_ON_CARD)


def card_room_bytes(path: Path, memory_bytes: int) -> float:
    """Count the bytes that a model's weights leave of a card's memory for the key-value cache; below 0: it does not fit."""
    return memory_bytes * CARD_SHARE - path.stat().st_size - CARD_WORKING_BYTES


def cache_room_tokens(
    path: Path, metadata: Mapping[str, Any], options: EngineOptions, card_bytes: int | None = None
) -> int:
    """Count the tokens whose keys and values fit into the memory that may be used for them.

    Args:
        path: the GGUF file.
        metadata: of its header.
        options: `cache_gigabytes`, where it is set, goes before everything.
        card_bytes: free memory of the cards that the server can use; None: it computes on the processor.
    """
    if options.cache_gigabytes is not None:
        room_bytes = options.cache_gigabytes * 1e9
    elif card_bytes is not None and card_room_bytes(path, card_bytes) > 0:
        room_bytes = card_room_bytes(path, card_bytes)
    else:
        room_bytes = max(0.0, psutil.virtual_memory().available - path.stat().st_size) * MEMORY_SHARE
    return int(room_bytes / token_bytes(metadata))


def token_bytes(metadata: Mapping[str, Any]) -> int:
    """Count the bytes that one token takes in the key-value cache."""
    layers = int(_value(metadata, "block_count", 32))
    heads = _value(metadata, "attention.head_count", 32)
    kv_heads = _value(metadata, "attention.head_count_kv", heads)
    widest = max(heads) if isinstance(heads, list) else int(heads)
    all_heads = sum(kv_heads) if isinstance(kv_heads, list) else int(kv_heads) * layers
    size = int(_value(metadata, "embedding_length", 4096)) // max(1, widest)
    key = int(_value(metadata, "attention.key_length", size))
    value = int(_value(metadata, "attention.value_length", size))
    return max(1, all_heads * (key + value) * CACHE_VALUE_BYTES)


def own_context(metadata: Mapping[str, Any]) -> int:
    """Return the tokens that the model was made for."""
    return int(_value(metadata, "context_length", USUAL_TOKENS))


def _value(metadata: Mapping[str, Any], key: str, default: Any) -> Any:  # noqa: ANN401 - many types
    return metadata.get(f"{metadata.get('general.architecture')}.{key}", default)
