"""What a model called a group of reasons goes in; whether that can be its name at all comes out.

Three things that small models do: a definition that runs on until it is cut off (it lists the reasons instead of defining
them), a word that lacks its beginning ("larity"), and a fault's name for a group that praises.
"""

import re
from collections.abc import Iterable, Set

__all__ = ["DEFINITION_CHARACTERS", "is_broken", "is_cut_off", "says_fault", "vocabulary"]

DEFINITION_CHARACTERS = 240
"""A definition is held to so many; one that uses all of them was cut off."""
_MISSING = 2
"""Letters that a broken word lacks at most."""
_WORD = re.compile(r"[a-z]{3,}")
_FAULT = re.compile(
    r"^(?:the |an? )?(?:in(?:complete|correct|accura|appropriate|sufficien|consisten|coheren|effective|effici|valid)"
    r"|ir?relevan|un(?:clear|helpful|specific|organi[sz]ed|related|natural|realistic)|im(?:precis|polite)|dis(?:organi|respect)"
    r"|(?:lack|miss|fail|error|mistake|wrong|confus|contradict|mislead|redundan|repeti|repeats?\b|superfluous|unnecessar"
    r"|vague|verbos|wordy|shallow|superficial|nonsens|off-topic|poor|weak|bad\b|too |not |no |does not|without))"
    r"|不(?:正確|適切|十分|足|明|完全|自然|親切)|欠(?:け|如|落)|誤(?:り|解|情報|字)|間違|冗長|曖昧|矛盾|重複|繰り返し|無関係|逸脱|"
    r"(?:が|の)な(?:い|さ)|して(?:い)?ない|できない",
    re.I,
)


def is_cut_off(definition: str) -> bool:
    """Tell whether a definition is as long as it may be at most, so that its end is missing."""
    return len(definition) >= DEFINITION_CHARACTERS


def vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """Return the Latin words of some texts, in lower case, three letters or more."""
    return frozenset(word for text in texts for word in _WORD.findall(text.casefold()))


def is_broken(name: str, known: Set[str]) -> bool:
    """Tell whether a name holds a word that is a known word without its first letters.

    Args:
        name: as the model gave it.
        known: the words of the reasons that are named (`vocabulary`).

    Example:
        >>> is_broken("larity", {"clarity", "brief"}), is_broken("clarity", {"clarity"}), is_broken("detail", {"details"})
        (True, False, False)
    """
    return any(_lacks_beginning(word, known) for word in _WORD.findall(name.casefold()) if word not in known)


def _lacks_beginning(word: str, known: Set[str]) -> bool:
    return any(0 < len(one) - len(word) <= _MISSING and one.endswith(word) for one in known)


def says_fault(name: str) -> bool:
    """Tell whether a name is that of a fault: "incomplete", "lacks detail", 「冗長」.

    A rule for English and Japanese; of other names it says no.

    Example:
        >>> [says_fault(name) for name in ("incomplete", "lack of detail", "concise", "具体性の欠如", "簡潔さ")]
        [True, True, False, True, False]
    """
    return _FAULT.search(name.strip()) is not None
