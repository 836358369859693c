"""`Votes` go in; a `VotesReport` comes out: what is in them, and what is wrong with them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from statistics import median
from typing import Any

import polars as pl

from naze.errors import ConfigurationError, RowError
from naze.records import Prompt, Vote
from naze.votes.duplicates import Duplicates, find_duplicates
from naze.votes.language import detect_languages
from naze.votes.proportions import Proportion
from naze.votes.votes import Votes

__all__ = ["Context", "VotesReport", "check"]

SIDES = ("prompt", "response_a", "response_b")
OUTCOMES = ("a", "b", "tie", "both_bad", "none")
COUNTED_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Context:
    """How the votes fit a model."""

    limit_tokens: int
    """The most tokens that a prompt may have."""
    rows: int
    """Votes that were counted."""
    exceeding: int
    """Votes whose prompt is longer."""
    longest_tokens: int
    median_tokens: int
    exceeding_ids: tuple[str, ...]
    """The first of them."""


@dataclass(frozen=True, slots=True)
class VotesReport:
    """What is in a file of votes. Shares carry 95 % Wilson intervals."""

    path: str | None
    format: str
    rows: int
    """Rows in the file: votes and rows kept aside."""
    votes: int
    kept_aside: tuple[tuple[int, str], ...]
    """(row, reason) of each row that cannot be read."""
    replaced_surrogates: int
    """Broken characters that were replaced with U+FFFD."""
    outcomes: dict[str, int]
    """a, b, tie, both_bad, none (not voted yet) -> votes."""
    turns: dict[int, int]
    """Number of the person's turns -> votes."""
    languages: dict[str, int]
    """ISO 639-1 code, or unsure -> votes."""
    models: int
    """Different models named."""
    null_turns: dict[str, int]
    """Side -> votes in which one of its turns is null."""
    empty_turns: dict[str, int]
    """Side -> votes in which one of its turns is empty or white space."""
    identical_responses: dict[str, int]
    """How votes on two identical responses went: outcome -> votes."""
    duplicates: Duplicates
    position_bias: Proportion
    """Of the decided votes: how many A won. Without bias .5 lies inside the interval."""
    length_bias: Proportion
    """Of the decided votes with responses of different length: how many the longer won."""
    context: Context | None = None
    """None when no model was named."""

    def to_dict(self) -> dict[str, Any]:
        """Lay the report out as what JSON can hold."""
        return asdict(self) | {
            "kept_aside": [{"row": row, "reason": reason} for row, reason in self.kept_aside],
            "turns": {str(number): count for number, count in self.turns.items()},
            "position_bias": self.position_bias.to_dict(),
            "length_bias": self.length_bias.to_dict(),
        }


def check(
    votes: Votes,
    *,
    count: Callable[[Sequence[Prompt]], list[int]] | None = None,
    render: Callable[[Vote], Prompt] | None = None,
    limit_tokens: int | None = None,
) -> VotesReport:
    """Look a file of votes over.

    Args:
        votes: as `read_votes` gives them.
        count: a model's own count of tokens (`Engine.count_tokens`).
        render: makes of a vote the prompt that will be asked.
        limit_tokens: the most tokens that a prompt may have; all three together, or none.

    Raises:
        ConfigurationError: one or two of the three.
    """
    if len({value is None for value in (count, render, limit_tokens)}) > 1:
        raise ConfigurationError(
            "count, render and limit_tokens belong together: give all three to count tokens, or none."
        )
    frame = votes.frame()
    winners = frame["winner"].fill_null("none")
    return VotesReport(
        path=None if votes.path is None else str(votes.path),
        format=votes.format,
        rows=len(votes) + len(votes.problems),
        votes=len(votes),
        kept_aside=tuple((problem.row, _reason(problem)) for problem in votes.problems),
        replaced_surrogates=votes.replaced_surrogates,
        outcomes=_counted(winners.to_list(), OUTCOMES),
        turns=dict(sorted(Counter(frame["prompt"].list.len().to_list()).items())),
        languages=_languages(frame),
        models=len({*frame["model_a"].drop_nulls(), *frame["model_b"].drop_nulls()}),
        null_turns={side: _rows_with(frame[side], pl.element().is_null()) for side in SIDES},
        empty_turns={side: _rows_with(frame[side], pl.element().str.strip_chars() == "") for side in SIDES},
        identical_responses=_identical(frame),
        duplicates=find_duplicates(votes),
        position_bias=Proportion(
            winners.eq("a").arg_true().len(), winners.is_in(["a", "b"]).arg_true().len()
        ),
        length_bias=_length_bias(frame),
        context=None
        if count is None or render is None or limit_tokens is None
        else _context(votes, count, render, limit_tokens),
    )


def _reason(problem: RowError) -> str:
    """Take the place off a message: the report names the row by itself."""
    message = str(problem)
    return message.partition(f"row {problem.row}: ")[2] or message


def _counted(words: list[str], order: Sequence[str] = ()) -> dict[str, int]:
    counts = Counter(words)
    first = {word: counts[word] for word in order if counts[word]}
    return first | dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _languages(frame: pl.DataFrame) -> dict[str, int]:
    """Count languages: as the file gives them, else as detected."""
    languages = frame["language"].to_list()
    unknown = [row for row, language in enumerate(languages) if language is None]
    prompts = frame["prompt"].gather(unknown).list.eval(pl.element().drop_nulls()).list.join("\n").to_list()
    for row, found in zip(unknown, detect_languages(prompts), strict=True):
        languages[row] = found
    return _counted([language or "unsure" for language in languages])


def _rows_with(turns: pl.Series, what: pl.Expr) -> int:
    return turns.list.eval(what.fill_null(False)).list.any().arg_true().len()


def _identical(frame: pl.DataFrame) -> dict[str, int]:
    same = frame.filter(pl.col("response_a") == pl.col("response_b"))
    return _counted(same["winner"].fill_null("none").to_list(), OUTCOMES)


def _length_bias(frame: pl.DataFrame) -> Proportion:
    sizes = [
        pl.col(side).list.eval(pl.element().str.len_chars()).list.sum().alias(side) for side in SIDES[1:]
    ]
    unequal = frame.select("winner", *sizes).filter(
        pl.col("winner").is_in(["a", "b"]) & (pl.col("response_a") != pl.col("response_b"))
    )
    longer_is_a = pl.col("response_a") > pl.col("response_b")
    longer_won = unequal.filter(longer_is_a == (pl.col("winner") == "a")).height
    return Proportion(longer_won, unequal.height)


def _context(
    votes: Votes,
    count: Callable[[Sequence[Prompt]], list[int]],
    render: Callable[[Vote], Prompt],
    limit_tokens: int,
) -> Context:
    """Count every vote's prompt in the model's own tokens, some hundred at a time."""
    every = iter(votes)
    tokens: list[int] = []
    while part := list(islice(every, COUNTED_AT_ONCE)):
        tokens += count([render(vote) for vote in part])
    exceeding = [row for row, size in enumerate(tokens) if size > limit_tokens]
    ids = votes.frame()["id"]
    return Context(
        limit_tokens=limit_tokens,
        rows=len(tokens),
        exceeding=len(exceeding),
        longest_tokens=max(tokens, default=0),
        median_tokens=int(median(tokens)) if tokens else 0,
        exceeding_ids=tuple(ids[row] for row in exceeding[:5]),
    )
