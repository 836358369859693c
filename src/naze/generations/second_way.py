"""An answer with a fault goes in; what is asked instead, once, and which of the two answers is kept, comes out."""

from typing import ClassVar, Protocol

from naze.records import Answer, FittedPrompt, Prompt, Status

__all__ = ["Check", "asks_again", "is_better"]


class Check(Protocol):
    """Finds faults in the answers of a run, and says how else to ask."""

    asks_again: ClassVar[bool] = True
    """Whether what has a fault is asked once more; else it is only marked."""

    def look(self, row: FittedPrompt, answer: Answer) -> Answer:
        """Return an answer with the marks of what is wrong with it. One that is invalid may be found of use, marked.

        Args:
            row: what was asked, as it was planned.
            answer: answered, or invalid.
        """
        ...

    def again(self, row: FittedPrompt, answer: Answer) -> Prompt:
        """Say what to ask instead of a row whose answer has faults (`answer.marks`)."""
        ...


def asks_again(check: Check | None) -> bool:
    """Tell whether somebody looks at the answers and has what is faulty asked once more."""
    return check is not None and check.asks_again


def is_better(second: Answer, first: Answer) -> bool:
    """Tell whether the answer to the second way of asking is kept: it is usable where the first is not, or has fewer faults."""
    return _badness(second) < _badness(first)


def _badness(answer: Answer) -> tuple[bool, int]:
    return answer.status is not Status.ANSWERED, len(answer.marks)
