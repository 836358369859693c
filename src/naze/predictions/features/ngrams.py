"""Texts go in; runs of characters and words, hashed into a fixed number of columns, come out: one sparse row a text.

Hashing needs no vocabulary, so that nothing of the texts that taught a model has to be stored with it. The runs of
a text are hashed in numpy all at once: scikit-learn's HashingVectorizer makes a Python string of each run, and is
some twenty times slower on runs of characters (`benchmarks/predict_speed.py` counts votes a second).
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["COLUMNS", "hashed_ngrams", "shared_runs"]

COLUMNS = 2**17
"""Columns that runs are hashed into; the first half holds characters, the second words."""
_HALF = COLUMNS // 2
_MASK = np.uint64(_HALF - 1)
_CHARACTERS = (1, 2, 3, 4)
"""Lengths of the runs of characters."""
_HEAD, _TAIL = 1_500, 500
"""Characters that are read at the beginning and at the end of a long text."""
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
    from scipy.sparse import csr_matrix

    columns, values, ends = [], [], [0]
    for text in texts:
        for found, first in ((_character_runs(text), 0), (_word_runs(text), _HALF)):
            met, weights = _weights(found)
            columns.append(met + first)
            values.append(weights)
        ends.append(ends[-1] + len(columns[-1]) + len(columns[-2]))
    joined = np.concatenate(columns) if columns else np.empty(0, np.int32)
    weights = np.concatenate(values) if values else np.empty(0, np.float32)
    return csr_matrix((weights, joined, np.array(ends)), shape=(len(texts), COLUMNS))


def shared_runs(first: str, second: str, length: int = 3) -> tuple[int, int, int]:
    """Count the different runs of characters that two texts share, and that each has; without case and spacing.

    Of a longer text the first 1,500 and the last 500 characters are compared.
    """
    one, other = (
        np.unique(next(_runs(_codes(_plain(text)), (length,)), np.empty(0, np.uint64)))
        for text in (first, second)
    )
    return len(np.intersect1d(one, other, assume_unique=True)), len(one), len(other)


def _plain(text: str) -> str:
    return _ends(" ".join(_ends(text).casefold().split()))


def _ends(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\0{text[-_TAIL:]}"


def _weights(runs: _Codes) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    if not len(runs):
        return np.empty(0, np.int32), np.empty(0, np.float32)
    # Numbers of 16 bits are sorted by their digits, several times quicker than by comparing.
    met, counts = np.unique((runs & _MASK).astype(np.uint16), return_counts=True)
    weights = 1 + np.log(counts)
    return met.astype(np.int32), (weights / np.sqrt(weights @ weights)).astype(np.float32)


def _character_runs(text: str) -> _Codes:
    codes = _codes(_ends(text))
    return np.concatenate([np.empty(0, np.uint64), *_runs(codes, _CHARACTERS)])


def _word_runs(text: str) -> _Codes:
    text = _ends(text).lower()
    spans = [match.span() for match in re.finditer(r"[^\W_]+", text)]
    if not spans:
        return np.empty(0, np.uint64)
    codes = _codes(text)
    starts, stops = np.array(spans).T
    # A polynomial over the letters of each word, by differences of running sums.
    powers = np.multiply.accumulate(np.full(int((stops - starts).max()), _FACTOR))
    places = _places(starts, len(codes))
    inside = (places >= 0) & (places < len(powers))
    terms = np.where(inside, codes * powers[np.where(inside, places, 0)], np.uint64(0))
    sums = np.concatenate([np.zeros(1, np.uint64), np.add.accumulate(terms)])
    words = _mixed(sums[stops] - sums[starts])
    return np.concatenate([words, *_runs(words, (2,))])


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
