"""A name that does not exist and the names that do go in; what may have been meant comes out, or nothing."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "did_you_mean_any", "nearest"]

_ASKED_FOR_MORE = 5
"""How many near names are looked at; those that are used already or mean something else fall out."""
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def nearest(name: str, known: Iterable[str], *, used: Iterable[str] = ()) -> str | None:
    """Find the known name that a wrong one is most likely a slip of.

    A name that is like it but for a number or a single letter of its own (`response_a` and `response_b`, `text1` and
    `text2`) is no slip, but another thing, and never suggested.

    Args:
        name: does not exist.
        known: names that do.
        used: those of them that stand for something else already.

    Example:
        >>> nearest("respons_b", ["response_a", "response_b"])
        'response_b'
        >>> nearest("response_b", ["prompt", "response_a"]) is None
        True
    """
    taken = set(used)
    near = get_close_matches(name, [one for one in known if one not in taken], n=_ASKED_FOR_MORE)
    return next((one for one in near if not _siblings(name, one)), None)


def did_you_mean(name: str, known: Iterable[str], *, used: Iterable[str] = ()) -> str:
    """Say it as the end of a message: ` Did you mean 'text'?`, or nothing. See `nearest`."""
    found = nearest(name, known, used=used)
    return "" if found is None else f" Did you mean {found!r}?"


def did_you_mean_any(names: Iterable[str], known: Iterable[str], *, used: Iterable[str] = ()) -> str:
    """Say it once for several wrong names, each known name once: ` Did you mean 'prompt' and 'text'?`.

    Example:
        >>> did_you_mean_any(["response_a", "response_b"], ["respons_a", "respons_b"])
        " Did you mean 'respons_a' and 'respons_b'?"
        >>> did_you_mean_any(["respons_a", "responsea"], ["response_a"])
        " Did you mean 'response_a'?"
    """
    known, used = list(known), list(used)
    meant = dict.fromkeys(nearest(name, known, used=used) for name in names)
    shown = " and ".join(repr(name) for name in meant if name is not None)
    return f" Did you mean {shown}?" if shown else ""


def _siblings(one: str, other: str) -> bool:
    """Tell whether two names say different things of the same kind: they differ in numbers or single letters alone."""
    ours, theirs = _words(one), _words(other)
    if len(ours) != len(theirs):
        return False
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    return bool(pairs) and all(
        (a.isdigit() and b.isdigit()) or (len(a) == 1 and len(b) == 1) for a, b in pairs
    )


def _words(name: str) -> list[str]:
    return _WORDS.findall(_HUMP.sub("_", name).casefold())
