"""Texts go in; runs of characters and words, hashed into a fixed number of columns, come out: one sparse row a text.

Hashing needs no vocabulary, so that nothing of the texts that taught a model has to be stored with it. The runs of
some texts are hashed in numpy all at once: scikit-learn's HashingVectorizer makes a Python string of each run, and is
some twenty times slower on runs of characters (`benchmarks/predict_speed.py` counts votes a second).
"""

import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["COLUMNS", "distinct_runs", "hashed_ngrams", "shared_runs"]

COLUMNS = 2**17
"""Columns that runs are hashed into; the first half holds characters, the second words."""
_HALF = COLUMNS // 2
_HALF_BITS = np.uint32(_HALF.bit_length() - 1)
_MASK = np.uint64(_HALF - 1)
_CHARACTERS = (1, 2, 3, 4)
"""Lengths of the runs of characters."""
_HEAD, _TAIL = 1_500, 500
"""Characters that are read at the beginning and at the end of a long text."""
_TOGETHER = 60_000
"""Characters of texts that are hashed at once."""
_MOST_TEXTS = 10_000
"""Texts that are hashed at once: their numbers have 15 bits."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(31)

_Codes = NDArray[np.uint64]


def hashed_ngrams(texts: Sequence[str]) -> "csr_matrix":
    """Hash runs of 1 to 4 characters, and runs of 1 and 2 words without case, of each text.

    Of a text longer than 2,000 characters the first 1,500 and the last 500 are read. A count c becomes 1 + log c; characters
    and words are put to length 1 each, so that long texts have no larger rows than short ones.

    Args:
        texts: one string a row.

    Returns:
        (texts, `COLUMNS`) sparse, float32. The same text has the same row on every machine and in every version.

    Source: Weinberger, Dasgupta, Langford, Smola and Attenberg 2009, "Feature hashing for large scale multitask learning".
    """
    from scipy.sparse import csr_matrix, vstack

    pieces = [_ends(text) for text in texts]
    chunks = [pieces[start:stop] for start, stop in _chunks([len(piece) for piece in pieces])]
    with ThreadPoolExecutor() as threads:  # numpy lets go of the interpreter in arrays of this size
        rows = list(threads.map(_hashed, chunks))
    return vstack(rows, "csr") if rows else csr_matrix((0, COLUMNS), dtype=np.float32)


def _chunks(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Cut texts into runs of texts with so many characters that numpy's arrays stay in the processor's cache."""
    start, count = 0, 0
    for place, length in enumerate(lengths):
        count += length
        if count >= _TOGETHER or place - start >= _MOST_TEXTS:
            yield start, place + 1
            start, count = place + 1, 0
    if start < len(lengths):
        yield start, len(lengths)


def _hashed(texts: Sequence[str]) -> "csr_matrix":
    """Hash some texts at once. A run is a number of 64 bits: the text's own above its column."""
    from scipy.sparse import csr_matrix

    keys = np.concatenate([_character_runs(texts), _word_runs(texts)])
    keys.sort()
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    weights = 1 + np.log(np.diff(first, append=len(keys)))
    halves = (keys[first] >> _HALF_BITS).astype(np.int64)
    lengths = np.sqrt(np.bincount(halves, weights * weights, 2 * len(texts)))
    columns = (keys[first] & np.uint32(COLUMNS - 1)).astype(np.int32)
    ends = np.cumsum(np.bincount(halves // 2, minlength=len(texts)))
    values = (weights / lengths[halves]).astype(np.float32)
    return csr_matrix((values, columns, np.append(0, ends)), shape=(len(texts), COLUMNS))


def distinct_runs(text: str, length: int = 3) -> _Codes:
    """Hash the different runs of characters of a text, without case and spacing: sorted, for `shared_runs`.

    Of a longer text the first 1,500 and the last 500 characters are read.
    """
    runs = np.sort(next(_runs(_codes(_plain(text)), (length,)), np.empty(0, np.uint64)))
    return np.asarray(runs[np.append(True, runs[1:] != runs[:-1])[: len(runs)]], np.uint64)


def shared_runs(one: _Codes, other: _Codes) -> int:
    """Count the runs that two texts share, of each the `distinct_runs`."""
    # A stable sort merges what is sorted already.
    both = np.sort(np.concatenate([one, other]), kind="stable")
    return int(np.count_nonzero(both[1:] == both[:-1]))


def _plain(text: str) -> str:
    return _ends(" ".join(_ends(text).casefold().split()))


def _ends(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\0{text[-_TAIL:]}"


def _keys(runs: _Codes, rows: NDArray[np.uint32], half: int) -> NDArray[np.uint32]:
    """Put a text's number, a half and a column side by side into one number."""
    return (rows * np.uint32(2) + np.uint32(half)) << _HALF_BITS | (runs & _MASK).astype(np.uint32)


def _laid_out(texts: Sequence[str]) -> tuple[_Codes, NDArray[np.uint32], NDArray[np.int64]]:
    """Return the characters of all texts, whose text each is of, and how many of that text are left from it on."""
    sizes = np.array([len(text) for text in texts])
    rows = np.repeat(np.arange(len(texts), dtype=np.uint32), sizes)
    left = np.repeat(np.cumsum(sizes), sizes) - np.arange(sizes.sum())
    return _codes("".join(texts)), rows, left


def _character_runs(texts: Sequence[str]) -> NDArray[np.uint32]:
    codes, rows, left = _laid_out(texts)
    found = [np.empty(0, np.uint32)]
    for length, runs in zip(_CHARACTERS, _runs(codes, _CHARACTERS), strict=False):
        whole = left[: len(runs)] >= length
        found.append(_keys(runs[whole], rows[: len(runs)][whole], 0))
    return np.concatenate(found)


def _word_runs(texts: Sequence[str]) -> NDArray[np.uint32]:
    # Behind each text stands a character that is in no word, so that no word goes on in the next text.
    codes, rows, _ = _laid_out([text.lower() + "\0" for text in texts])
    inside = np.append(np.int8(0), _in_words()[codes - np.uint64(1)].view(np.int8))
    edges = np.diff(inside)
    starts, stops = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    if not len(starts):
        return np.empty(0, np.uint32)
    # A polynomial over the letters of each word, by differences of running sums.
    powers = np.multiply.accumulate(np.full(int((stops - starts).max()), _FACTOR))
    places = _places(starts, len(codes))
    terms = np.where(inside[1:] > 0, codes * powers[np.where(inside[1:] > 0, places, 0)], np.uint64(0))
    sums = np.concatenate([np.zeros(1, np.uint64), np.add.accumulate(terms)])
    words, rows = _mixed(sums[stops] - sums[starts]), rows[starts]
    found = [_keys(words, rows, 1)]
    for pairs in _runs(words, (2,)):
        same = rows[1:] == rows[:-1]
        found.append(_keys(pairs[same], rows[1:][same], 1))
    return np.concatenate(found)


@cache
def _in_words() -> NDArray[np.bool_]:
    """Tell of every character whether it is a letter or a digit: (characters of Unicode,)."""
    found = np.zeros(sys.maxunicode + 1, bool)
    for match in re.finditer(r"[^\W_]+", "".join(map(chr, range(sys.maxunicode + 1)))):
        found[slice(*match.span())] = True
    return found


def _places(starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Say how far each character is from the beginning of the word before it; -1 before the first word."""
    places = np.full(count, -1, np.int64)
    lengths = np.diff(np.append(starts, count))
    places[starts[0] :] = np.arange(starts[0], count) - np.repeat(starts, lengths)
    return places


def _codes(text: str) -> _Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64) + np.uint64(
        1
    )


def _runs(codes: _Codes, lengths: Sequence[int]) -> Iterator[_Codes]:
    """Yield the hashes of all runs of each length."""
    rolling = np.zeros(len(codes), np.uint64)
    for length in range(1, max(lengths) + 1):
        if len(codes) < length:
            return
        rolling = rolling[: len(codes) - length + 1] * _FACTOR + codes[length - 1 :]
        if length in lengths:
            yield _mixed(rolling + np.uint64(length))


def _mixed(codes: _Codes) -> _Codes:
    """Spread the bits, so that the remainder by a power of two depends on all of them."""
    codes = (codes ^ (codes >> _SHIFT)) * _MIX
    return codes ^ (codes >> _SHIFT)
