"""Every format, in the order in which they are tried; a stranger's format is passed as an object."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from naze.errors import FormatError
from naze.suggesting import did_you_mean
from naze.votes.formats.alpaca_eval import AlpacaEval
from naze.votes.formats.autoj import AutoJ
from naze.votes.formats.canonical import Canonical
from naze.votes.formats.chosen_rejected import ChosenRejected
from naze.votes.formats.conversations import Conversations
from naze.votes.formats.kaggle import Kaggle
from naze.votes.formats.label_studio import LabelStudio, LabelStudioFlat
from naze.votes.formats.named_sides import NAMED_SIDES
from naze.votes.formats.notes import Notes
from naze.votes.formats.pandalm import PandaLM
from naze.votes.formats.plain import Plain
from naze.votes.formats.ranked import ArgillaRanking, Nectar, UltraFeedback

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FORMATS", "Unfolding", "VoteFormat", "find_format", "recognise"]


class VoteFormat(Protocol):
    """A layout of votes in a table."""

    @property
    def name(self) -> str:
        """Short name, as `--format` takes it."""
        ...

    @property
    def title(self) -> str:
        """What a person calls it."""
        ...

    @property
    def consumes(self) -> tuple[str, ...]:
        """Columns that go into the vote itself; all others are kept as extras."""
        ...

    def recognises(self, first: "pl.DataFrame") -> bool:
        """Say whether a table is laid out so, from its columns and first rows."""
        ...

    def convert(self, batch: "pl.DataFrame", notes: Notes) -> "pl.DataFrame":
        """Convert rows to `prompt`, `response_a`, `response_b` (lists of turns).

        Also, where there are any, `id`, `winner`, `model_a`, `model_b`. As many rows come out as go in; a bad
        row is noted.
        """
        ...


@runtime_checkable
class Unfolding(Protocol):
    """A layout with several votes in a row: each row is made into one for each vote before it is converted."""

    def unfold(self, batch: "pl.DataFrame", notes: Notes) -> "tuple[pl.DataFrame, list[int]]":
        """Return the rows, and for each of them the number of the row that it comes from; notes are moved with their rows."""
        ...


FORMATS: tuple[VoteFormat, ...] = (
    Conversations(),
    Canonical(),
    Kaggle(),
    AlpacaEval(),
    PandaLM(),
    AutoJ(),
    LabelStudio(),
    LabelStudioFlat(),
    UltraFeedback(),
    Nectar(),
    *NAMED_SIDES,
    ChosenRejected(),
    Plain(),
    ArgillaRanking(),
)


def find_format(name: str) -> VoteFormat:
    """Find a format by its name.

    Raises:
        FormatError: there is none; the nearest is suggested.
    """
    names = [known.name for known in FORMATS]
    if name not in names:
        raise FormatError(f"no format {name!r}; there are: {', '.join(names)}.{did_you_mean(name, names)}")
    return FORMATS[names.index(name)]


def recognise(first: "pl.DataFrame") -> VoteFormat | None:
    """Find the format of a table from its columns and first rows; None when none fits."""
    return next((known for known in FORMATS if known.recognises(first)), None)
