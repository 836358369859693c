"""A text file of records goes in; pieces of about a megabyte come out, each of whole records, in order.

What is parsed piece by piece is never in memory whole, however large its file is.
"""

from collections.abc import Iterator
from typing import IO

__all__ = ["header_and_pieces", "whole_lines"]

_PIECE_BYTES = 1 << 20
_QUOTE, _LINE_END = b'"', b"\n"


def header_and_pieces(file: IO[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Cut a CSV file at the ends of its records.

    A line end between quotes is a part of its cell, so a record ends at a line end that an even number of quotes
    stands before.

    Args:
        file: opened at its beginning.

    Returns:
        The record that names the columns, with empty lines before it; and the rest, to be read once.
    """
    header, odd = b"", False
    while line := file.readline():
        header += line
        odd ^= bool(line.count(_QUOTE) % 2)
        if not odd and header.removeprefix(b"\xef\xbb\xbf").strip():
            break
    return header, _pieces(file, quoted=True)


def whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Cut a JSONL file at the ends of its lines."""
    return _pieces(file, quoted=False)


def _pieces(file: IO[bytes], *, quoted: bool) -> Iterator[bytes]:
    waiting: list[bytes] = []
    odd = False
    while block := file.read(_PIECE_BYTES):
        odd ^= quoted and bool(block.count(_QUOTE) % 2)
        end = _last_end(block, odd=odd, quoted=quoted)
        if end:
            yield b"".join([*waiting, block[:end]])
            waiting.clear()
        waiting.append(block[end:])
    if rest := b"".join(waiting):
        yield rest


def _last_end(block: bytes, *, odd: bool, quoted: bool) -> int:
    """Say where the last record that ends in a block ends; 0 where none does.

    Args:
        block: a part of a file.
        odd: whether the number of quotes up to the end of the block is odd.
        quoted: whether line ends between quotes count as text.
    """
    end = len(block)
    while (at := block.rfind(_LINE_END, 0, end)) >= 0:
        odd ^= quoted and bool(block.count(_QUOTE, at, end) % 2)
        if not odd:
            return at + 1
        end = at
    return 0
