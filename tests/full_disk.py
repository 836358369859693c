"""A disk without room, as the system has it: files take no more than so many bytes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="no limits on files")


@contextmanager
def no_room(most_bytes: int = 0) -> Iterator[None]:
    """Have every write beyond so many bytes of a file fail (`File too large`), in this process and its children."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
