"""Arithmetic on small matrices stays in one thread: with more, the threads wait for each other longer than they compute."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["one_thread_if_small"]

MANY_ROWS = 12_000
"""From so many rows on a matrix is large enough for a second thread to pay (docs/performance.md)."""


@contextmanager
def one_thread_if_small(rows: int) -> Iterator[None]:
    """Keep the linear algebra of numpy and scipy to one thread meanwhile, where a matrix has few rows.

    A fit of some hundred votes is ten thousand products of small matrices. Shared by two threads each ends with one waiting
    for the other, so that nothing is gained; on a busy machine it takes nearly twice as long.
    """
    if rows >= MANY_ROWS:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
